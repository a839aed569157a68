"""What the port job needs besides an estate's parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from weibao.boundary.ports import PortBaselines, PortReader, PortRecords, RoutingReader
from weibao.domain.port_report import PortReport
from weibao.domain.reachability import ReachTest
from weibao.domain.routing import Reached
from weibao.services.parts import Parts, PublishedReport

__all__ = ["PortParts"]


@dataclass(frozen=True)
class PortParts:
    """An estate's parts, and those of ports."""

    parts: Parts
    records: PortRecords
    baselines: PortBaselines
    reader: Callable[[str], PortReader | None]
    """By platform id; None where its ports cannot be read."""
    sourced: Callable[[str, str], PortReader]
    """By source that is no command line (``snmp``) and platform id, whose names its ports have."""
    routing: Callable[[str], RoutingReader | None]
    """By platform id; None where its routing cannot be read."""
    reach: Callable[[Sequence[ReachTest]], list[Reached]]
    """Makes the tests of the controller."""
    canonical: Callable[[str], Callable[[str], str]]
    """By platform id: the long form of a port's name."""
    publish: Callable[[PortReport], PublishedReport]
