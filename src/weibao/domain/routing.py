"""Forwarding and routing as a device shows them, and reachability (PRT-02, PRT-06, PRT-08)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from weibao.domain.base import Moment, Value
from weibao.domain.reachability import ReachTest

__all__ = [
    "TOTAL",
    "NeighbourState",
    "Reached",
    "RouteCount",
    "RoutingNeighbour",
    "RoutingReading",
    "unmade",
]


TOTAL = "total"
"""In place of a protocol: the routes of all."""


class NeighbourState(StrEnum):
    """What a neighbour's own word means."""

    up = "up"
    down = "down"
    """Not, or not yet, exchanging routes."""
    unknown = "unknown"
    """The word is not known: not checked."""


class RoutingNeighbour(Value):
    """One peer of a routing protocol."""

    protocol: str
    """``ospf``, ``bgp``, ``isis`` …"""
    address: str
    """Of the neighbour, or its router id where that is all that is printed."""
    interface: str = ""
    state: NeighbourState = NeighbourState.unknown
    native_state: str = ""
    since: str = ""
    """As printed."""
    prefixes: int | None = None
    """Received, where the device says so."""
    vrf: str = ""

    @property
    def key(self) -> str:
        """``ospf 10.0.0.1``: what it is called in findings and expectations."""
        return " ".join(word for word in (self.protocol, self.vrf, self.address) if word)


class RouteCount(Value):
    """How many routes of one kind are in use."""

    protocol: str
    """``direct``, ``static``, ``ospf`` …; ``total``."""
    count: int
    vrf: str = ""


class RoutingReading(Value):
    """What was understood of the routing of a device."""

    neighbours: tuple[RoutingNeighbour, ...] = ()
    routes: tuple[RouteCount, ...] = ()
    asked: tuple[str, ...] = ()
    """Commands that were answered; empty: not checked."""
    refused: tuple[str, ...] = ()
    """Commands that were not: the device runs no such protocol, or its program has ended."""
    unparsed: tuple[str, ...] = ()
    """Lines that no rule understands; of a record, the first of them."""
    unparsed_count: int = 0

    @property
    def lines_unparsed(self) -> int:
        """How many lines no rule understands."""
        return max(self.unparsed_count, len(self.unparsed))

    def routes_of(self, protocol: str) -> int | None:
        """Routes in use over all VRFs; None where the device does not say."""
        counts = [r.count for r in self.routes if r.protocol == protocol]
        return sum(counts) if counts else None


class Reached(Value):
    """One test between two defined points."""

    name: str
    source: str
    """A device, or ``controller``: the machine that Weibao runs on."""
    target: str
    sent: int = 0
    received: int = 0
    rtt: float | None = None
    """Milliseconds, on average."""
    line: bool = False
    """An outside line (外网线路)."""
    trouble: str = ""
    """Why it could not be made: not checked."""
    at: Moment

    @property
    def loss(self) -> float | None:
        """Per cent; None where nothing was sent."""
        return (self.sent - self.received) * 100 / self.sent if self.sent else None


def unmade(test: ReachTest, trouble: str, at: datetime) -> Reached:
    """In place of a result that there is not."""
    return Reached(
        name=test.name,
        source=test.source,
        target=f"{test.target}:{test.tcp}" if test.tcp else test.target,
        line=test.line,
        trouble=trouble,
        at=at,
    )
