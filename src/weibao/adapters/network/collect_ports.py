"""Reading the ports of one device: what its platform's data says, each with its fallbacks."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from weibao.adapters.network.collect import Attempt, Collector, Keep
from weibao.adapters.network.job import Endpoint, Job
from weibao.adapters.network.napalm_ports import document
from weibao.adapters.network.napalm_session import Device, open_device
from weibao.adapters.network.napalm_trouble import Refused
from weibao.adapters.network.session import Answer
from weibao.adapters.network.snmp_ports import read_agent
from weibao.adapters.network.trouble import Trouble
from weibao.adapters.platform_files import PlatformCatalogue
from weibao.adapters.ports.port_files import PortFiles
from weibao.adapters.ports.reader import TextPortReader, port_reader
from weibao.adapters.ports.routing_reader import RoutingReader, routing_reader
from weibao.domain.collection import ItemKind
from weibao.domain.patterns import compiled
from weibao.domain.platform import Command, Platform
from weibao.domain.port_rules import PortCommand, command_key
from weibao.domain.reasons import Reason
from weibao.domain.routing_rules import RoutingCommand
from weibao.domain.texts import decode
from weibao.errors import InputError

__all__ = ["PortCollector"]

_SHORT = 2000
"""Bytes; what is longer is an answer, whatever words are in it."""
_FEW_LINES = 6


class Asked(Protocol):
    """A device's command line, or its API."""

    def ask(self, send: str, /) -> Answer:
        """What it prints; an API raises ``Refused`` where it prints nothing."""
        ...


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
        """By SNMP or an API where the inventory says so, else at the command line."""
        if endpoint.napalm is not None:
            self._at_api(endpoint, platform, deadline, attempt)
            return
        if endpoint.snmp is None:
            super()._attempt(endpoint, platform, deadline, attempt)
            return
        if endpoint.snmp.version != "3":
            attempt.warnings.append(Reason.of("snmp_in_clear"))
        for asked, text in read_agent(endpoint, self._job.limits, deadline, self._stop):
            used = Command(send=asked)
            attempt.items.append(self._item(endpoint, ItemKind.output, used, text, attempt))

    def _at_api(
        self, endpoint: Endpoint, platform: Platform | None, deadline: float, attempt: Attempt
    ) -> None:
        """NAPALM's getters, and by the same API the commands that say more than they do."""
        with open_device(
            endpoint,
            platform,
            self._job.limits,
            deadline,
            self._stop,
            known=self._known_hosts.known,
            check_host_key=self._job.host_key_checking,
        ) as device:
            attempt.port = device.port
            attempt.warnings = list(device.warnings)
            said = self._getters(device, endpoint, attempt)
            assert platform is not None  # noqa: S101 - no API without one
            self._read(device, endpoint, platform, attempt, without=said)

    def _getters(self, device: Device, endpoint: Endpoint, attempt: Attempt) -> tuple[str, ...]:
        """Ask the getters; what commands need not be asked any more."""
        said: list[str] = []
        for command in self._files.rules("napalm").commands:
            getter = command.send.split()[-1]
            asked = f"napalm {device.name} {getter}"
            if command_key(asked) not in command.spellings():
                continue
            if command.detail and not self._details:
                continue
            try:
                given = device.get(getter)
            except Refused as refused:
                words = f"{asked} ({refused.said})"
                attempt.warnings.append(_without(words, passing=refused.may_pass))
                continue
            if given is None:
                continue
            text, rows = document(device.name, getter, given)
            used = Command(send=asked)
            attempt.items.append(self._item(endpoint, ItemKind.output, used, text, attempt))
            said += command.in_place_of if rows else ()
        return tuple(said)

    def _read(
        self,
        session: Asked,
        endpoint: Endpoint,
        platform: Platform,
        attempt: Attempt,
        without: tuple[str, ...] = (),
    ) -> None:
        """``without``: patterns of commands that are not asked, since something else says it."""
        try:
            reader = port_reader(self._files, platform.id, platform)
        except InputError as error:
            if error.key == "ports.unknown_platform":
                raise Trouble("ports_not_known", platform=platform.id) from error
            detail = "; ".join(str(error).splitlines())
            raise Trouble("ports_data_wrong", platform=platform.id, detail=detail) from error
        first: str = ""
        for command in reader.commands(details=self._details):
            if any(compiled(each).fullmatch(command.send) for each in without):
                continue
            text, refused, passing = self._answer(session, reader, command, platform)
            if refused:
                first = first or refused
                attempt.warnings.append(_without(command.send, passing=passing))
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
        session: Asked,
        endpoint: Endpoint,
        platform: Platform,
        attempt: Attempt,
        reader: TextPortReader,
        routing: RoutingReader,
    ) -> None:
        """Routing, and what the device is to reach; it may not run a protocol, and refuse."""
        for command in routing.rules.commands if self._details else ():
            text, refused, passing = self._answer(session, reader, command, platform)
            if refused:
                attempt.warnings.append(_without(command.send, passing=passing))
                continue
            used = Command(send=command.send)
            attempt.items.append(self._item(endpoint, ItemKind.output, used, text, attempt))
        for target in endpoint.pings if routing.rules.ping else ():
            sent = routing.rules.ping.send.format(to=target) if routing.rules.ping else ""
            try:
                text = session.ask(sent).text
            except Refused as refused:
                attempt.warnings.append(_without(sent, passing=refused.may_pass))
                continue
            used = Command(send=sent)
            attempt.items.append(self._item(endpoint, ItemKind.output, used, text, attempt))

    @staticmethod
    def _answer(
        session: Asked,
        reader: TextPortReader,
        command: PortCommand | RoutingCommand,
        platform: Platform,
    ) -> tuple[bytes, str, bool]:
        """The answer to the first form that the device accepts, else what it said to the last,
        and whether one of them went without an answer.
        """
        text, refused, passing = b"", "", False
        for form in (command.send, *command.otherwise):
            try:
                text = session.ask(form).text
            except Refused as error:
                refused, passing = error.said, passing or error.may_pass
                continue
            shown = decode(text, platform.encodings)
            brief = len(text) < _SHORT and len(re.findall(r"\S+.*", shown)) <= _FEW_LINES
            refused = reader.refusal(shown) if brief else ""
            if not refused:
                break
        return text, refused, passing


def _without(command: str, *, passing: bool) -> Reason:
    """What is not read of the device; a fault that may pass is no refusal."""
    return Reason.of("command_unanswered" if passing else "command_refused", command=command)
