"""Reading the ports of one device: what its platform's data says, each with its fallbacks."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from weibao.adapters.network.collect import Attempt, Collector, Keep
from weibao.adapters.network.job import Endpoint, Job
from weibao.adapters.network.session import Session
from weibao.adapters.network.snmp_ports import read_agent
from weibao.adapters.network.trouble import Trouble
from weibao.adapters.platform_files import PlatformCatalogue
from weibao.adapters.ports.port_files import PortFiles
from weibao.adapters.ports.reader import TextPortReader, port_reader
from weibao.adapters.ports.routing_reader import RoutingReader, routing_reader
from weibao.domain.collection import ItemKind
from weibao.domain.platform import Command, Platform
from weibao.domain.port_rules import PortCommand
from weibao.domain.reasons import Reason
from weibao.domain.routing_rules import RoutingCommand
from weibao.domain.texts import decode
from weibao.errors import InputError

__all__ = ["PortCollector"]

_SHORT = 2000
"""Bytes; what is longer is an answer, whatever words are in it."""
_FEW_LINES = 6


class PortCollector(Collector):
    """Asks for ports instead of the configuration; all else is the collector's."""

    def __init__(
        self,
        job: Job,
        platforms: PlatformCatalogue,
        keep: Keep,
        stop: Callable[[], bool] = lambda: False,
        **rest: Any,
    ) -> None:
        super().__init__(job, platforms, keep, stop, **rest)
        self._details = job.purpose == "ports in detail"
        self._files = PortFiles([Path(folder) for folder in job.reading_folders])

    def _attempt(
        self, endpoint: Endpoint, platform: Platform | None, deadline: float, attempt: Attempt
    ) -> None:
        """By SNMP where the inventory says so, else at the command line."""
        if endpoint.snmp is None:
            super()._attempt(endpoint, platform, deadline, attempt)
            return
        for asked, text in read_agent(endpoint, self._job.limits, deadline, self._stop):
            used = Command(send=asked)
            attempt.items.append(self._item(endpoint, ItemKind.output, used, text, attempt))

    def _read(
        self, session: Session, endpoint: Endpoint, platform: Platform, attempt: Attempt
    ) -> None:
        try:
            reader = port_reader(self._files, platform.id, platform)
        except InputError as error:
            raise Trouble("ports_not_known", platform=platform.id) from error
        first: str = ""
        for command in reader.commands(details=self._details):
            text, refused = self._answer(session, reader, command, platform)
            if refused:
                first = first or refused
                attempt.warnings.append(Reason.of("command_refused", command=command.send))
                continue
            used = Command(send=command.send)
            attempt.items.append(self._item(endpoint, ItemKind.output, used, text, attempt))
        if not attempt.items:
            raise Trouble("ports_refused", line=first)
        routing = routing_reader(self._files.folder(reader.folder), reader)
        if routing is not None:
            self._routing(session, endpoint, platform, attempt, reader, routing)

    def _routing(
        self,
        session: Session,
        endpoint: Endpoint,
        platform: Platform,
        attempt: Attempt,
        reader: TextPortReader,
        routing: RoutingReader,
    ) -> None:
        """Routing, and what the device is to reach; it may not run a protocol, and refuse."""
        for command in routing.rules.commands if self._details else ():
            text, refused = self._answer(session, reader, command, platform)
            if refused:
                attempt.warnings.append(Reason.of("command_refused", command=command.send))
                continue
            used = Command(send=command.send)
            attempt.items.append(self._item(endpoint, ItemKind.output, used, text, attempt))
        for target in endpoint.pings if routing.rules.ping else ():
            sent = routing.rules.ping.send.format(to=target) if routing.rules.ping else ""
            text = session.ask(sent).text
            used = Command(send=sent)
            attempt.items.append(self._item(endpoint, ItemKind.output, used, text, attempt))

    @staticmethod
    def _answer(
        session: Session,
        reader: TextPortReader,
        command: PortCommand | RoutingCommand,
        platform: Platform,
    ) -> tuple[bytes, str]:
        """The answer to the first form that the device accepts, else what it said to the last."""
        text, refused = b"", ""
        for form in (command.send, *command.otherwise):
            text = session.ask(form).text
            shown = decode(text, platform.encodings)
            brief = len(text) < _SHORT and len(re.findall(r"\S+.*", shown)) <= _FEW_LINES
            refused = reader.refusal(shown) if brief else ""
            if not refused:
                break
        return text, refused
