"""Ports of a device that two sources tell of: its own commands, and a source beside them."""

from __future__ import annotations

from collections.abc import Iterable

from weibao.adapters.ports.reader import TextPortReader, senseless
from weibao.domain.port import PortReading
from weibao.domain.port_rows import Rows, assemble
from weibao.domain.port_rules import SOURCES

__all__ = ["JoinedReader"]


class JoinedReader:
    """Implements ``boundary.ports.PortReader`` for both; what the commands say goes first."""

    def __init__(self, commands: TextPortReader, source: TextPortReader) -> None:
        """``source`` gives its ports the names that ``commands`` gives them."""
        self._commands, self._source = commands, source
        own, beside = commands.rules, source.rules
        joined = {
            "commands": (*own.commands, *beside.commands),
            "words": {**own.words, **beside.words},
        }
        self._rules = own.model_copy(update=joined)

    def cut(self, name: str, text: str) -> Rows:
        """One output of either, cut up.

        Raises:
            InputError: a command that neither knows.
            FailedError: a device's own error instead of an output.
        """
        beside = name.split(" ", 1)[0] in SOURCES
        return (self._source if beside else self._commands).cut(name, text)

    def asks(self, command: str) -> bool:
        """Whether either asks it."""
        return self._commands.asks(command) or self._source.asks(command)

    def assemble(self, outputs: Iterable[Rows]) -> PortReading:
        """Ports out of the outputs of both.

        Raises:
            FailedError: what was printed makes no port.
        """
        with senseless(self._rules.platform):
            return assemble(self._rules, outputs)
