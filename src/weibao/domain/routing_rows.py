"""From rows of a template to neighbours and counts of routes."""

from __future__ import annotations

from collections.abc import Iterable

from weibao.domain.patterns import compiled
from weibao.domain.port_rows import Row
from weibao.domain.port_values import number, percent
from weibao.domain.routing import NeighbourState, RouteCount, RoutingNeighbour
from weibao.domain.routing_rules import PingRules, RoutingCommand

__all__ = ["Counts", "neighbours_of", "pinged", "routes_of"]


Counts = tuple[int, int, float | None]
"""Sent, received, milliseconds on average."""


def neighbours_of(command: RoutingCommand, rows: Iterable[Row]) -> Iterable[RoutingNeighbour]:
    """A neighbour for each row; a word that is not known makes it *unknown*."""
    for row in rows:
        state = _text(row, "STATE")
        yield RoutingNeighbour(
            protocol=command.protocol or _protocol(command, row),
            address=_text(row, "NEIGHBOUR"),
            interface=_text(row, "INTERFACE"),
            state=_state(command, state),
            native_state=state,
            since=_text(row, "SINCE"),
            prefixes=number(_text(row, "PREFIXES")) if _text(row, "PREFIXES") else None,
            vrf=_text(row, "VRF"),
        )


def routes_of(command: RoutingCommand, rows: Iterable[Row]) -> Iterable[RouteCount]:
    """A count for each row."""
    for row in rows:
        counts = [number(_text(row, name)) for name in row.cells if name.startswith("COUNT")]
        if any(count is not None for count in counts):
            count = sum(count or 0 for count in counts)
            yield RouteCount(protocol=_protocol(command, row), count=count, vrf=_text(row, "VRF"))


def pinged(rules: PingRules, text: str) -> Counts | None:
    """Sent, received, milliseconds; None where the output does not say."""
    sent = compiled(rules.sent).search(text)
    back = compiled(rules.received).search(text)
    if sent is None or back is None:
        return None
    count = number(sent["value"])
    groups = back.groupdict()
    lost = percent(groups["lost"]) if groups.get("lost") else None
    received = number(groups["value"]) if groups.get("value") else None
    if count is not None and lost is not None:
        received = round(count * (100 - lost) / 100)
    if count is None or received is None:
        return None
    found = compiled(rules.rtt).search(text) if rules.rtt else None
    return count, received, percent(found["value"]) if found else None


def _state(command: RoutingCommand, word: str) -> NeighbourState:
    if compiled(f"(?i:{command.up})").fullmatch(word):
        return NeighbourState.up
    if compiled(f"(?i:{command.down})").fullmatch(word):
        return NeighbourState.down
    return NeighbourState.unknown


def _protocol(command: RoutingCommand, row: Row) -> str:
    word = _text(row, "PROTOCOL").lower()
    return command.protocols.get(word, word)


def _text(row: Row, name: str) -> str:
    cell = row.cells.get(name, "")
    return (" ".join(cell) if isinstance(cell, list) else cell).strip()
