"""Routing out of what a device printed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from weibao.adapters.ports.cutter import Cutter, TextFSMTemplateError
from weibao.adapters.ports.reader import TextPortReader, senseless
from weibao.adapters.yaml_lines import read_model
from weibao.domain.port_rows import Row
from weibao.domain.port_rules import command_key
from weibao.domain.reachability import ReachTest
from weibao.domain.routing import RouteCount, RoutingNeighbour, RoutingReading
from weibao.domain.routing_rows import Counts, neighbours_of, pinged, routes_of
from weibao.domain.routing_rules import RoutingCommand, RoutingRules
from weibao.errors import InputError

__all__ = ["RoutingReader", "routing_reader"]

_FILE = "routing.yml"


class RoutingReader:
    """Implements ``boundary.ports.RoutingReader`` for one platform."""

    def __init__(self, folder: Path, ports: TextPortReader) -> None:
        """``ports`` cleans outputs of prompts and log lines.

        Raises:
            InputError: the rules are wrong.
        """
        self._folder = folder
        self._ports = ports
        self._cutters: dict[str, Cutter] = {}
        path = folder / _FILE
        self.rules = read_model(RoutingRules, path)

    def knows(self, command: str) -> bool:
        """Whether it understands the output of ``command``."""
        return self._find(command) is not None

    def read(self, outputs: Iterable[tuple[str, str]]) -> RoutingReading:
        """Routing out of ``(command, text)`` of one device.

        Raises:
            FailedError: what the device printed makes no routing.
        """
        with senseless(self._ports.rules.platform):
            return self._read(outputs)

    def _read(self, outputs: Iterable[tuple[str, str]]) -> RoutingReading:
        neighbours: dict[tuple[str, str], RoutingNeighbour] = {}
        routes: list[RouteCount] = []
        asked, unparsed = [], []
        for name, text in outputs:
            command = self._find(name)
            if command is None:
                continue
            asked.append(command.send)
            rows, left = self._cut(command, text)
            unparsed += left
            if command.kind == "routes":
                routes += routes_of(command, rows)
                continue
            for found in neighbours_of(command, rows):
                neighbours.setdefault((found.key, found.interface), found)
        return RoutingReading(
            neighbours=tuple(neighbours.values()),
            routes=tuple(routes),
            asked=tuple(asked),
            unparsed=tuple(unparsed),
        )

    def reached(self, outputs: Iterable[tuple[str, str]], test: ReachTest) -> Counts | None:
        """Sent, received and milliseconds of a test; None where the outputs do not have it."""
        rules = self.rules.ping
        if rules is None:
            return None
        sent = command_key(rules.send.format(to=test.target))
        for name, text in outputs:
            if command_key(name) == sent:
                return pinged(rules, text)
        return None

    def _find(self, name: str) -> RoutingCommand | None:
        key = command_key(name)
        return next((c for c in self.rules.commands if key in c.spellings()), None)

    def _cut(self, command: RoutingCommand, text: str) -> tuple[list[Row], list[str]]:
        lines = re.split(r"\r*\n", text)
        rows, left = self._cutter(command.template).cut(self._ports.clean(lines, command))
        ignored = [re.compile(pattern) for pattern in command.ignore]
        return rows, [line.rstrip() for _, line in left if not any(p.match(line) for p in ignored)]

    def _cutter(self, template: str) -> Cutter:
        if template not in self._cutters:
            path = self._folder / template
            try:
                self._cutters[template] = Cutter(path.read_text(encoding="utf-8"))
            except OSError as error:
                why = error.strerror or str(error)
                raise InputError("ports.no_template", file=str(path), why=why) from error
            except TextFSMTemplateError as error:
                raise InputError("ports.bad_template", file=str(path), why=str(error)) from error
        return self._cutters[template]


def routing_reader(folder: Path, ports: TextPortReader) -> RoutingReader | None:
    """The reader of a platform's folder; None where it says nothing of routing."""
    return RoutingReader(folder, ports) if (folder / _FILE).is_file() else None
