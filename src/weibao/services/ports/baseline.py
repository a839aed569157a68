"""Taking a reading as what is expected, with few lines a switch (PRT-07)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from weibao.domain.port import AdminStatus, Port
from weibao.domain.port_case import UP
from weibao.domain.port_expectation import PortBaseline, PortExpectation, PortUse
from weibao.domain.port_record import DeviceReading
from weibao.domain.routing import NeighbourState

__all__ = ["baseline_of", "merged"]

_LAST_NUMBER = re.compile(r"(.*?)(\d+)")


def baseline_of(reading: DeviceReading, at: datetime, actor: str) -> PortBaseline:
    """What a reading shows, as expectations.

    A port that is up is used; one that is shut down is closed; one that is down or not
    understood is expected to be nothing, since nobody knows which of both it should be.
    Ports whose expectation is the same, and that follow each other, share a line.
    """
    wanted = [(s.port.name, _expectation(s.port)) for s in reading.ports]
    return PortBaseline(
        device=reading.device,
        run=reading.run_id,
        accepted_at=at,
        accepted_by=actor,
        ports=dict(_lines([(n, e) for n, e in wanted if e is not None])),
        routing=tuple(
            dict.fromkeys(
                n.key
                for n in (reading.routing.neighbours if reading.routing else ())
                if n.state is NeighbourState.up
            )
        ),
    )


def merged(old: PortBaseline | None, new: PortBaseline) -> PortBaseline:
    """The new one, with the waivers of the old."""
    if old is None:
        return new
    return new.model_copy(update={"waivers": old.waivers})


def _expectation(port: Port) -> PortExpectation | None:
    if port.admin_status is AdminStatus.down:
        return PortExpectation(use=PortUse.closed)
    if port.oper_status not in UP:
        return None
    said: dict[str, object] = {"use": PortUse.used}
    if port.speed:
        said["speed"] = port.speed
    if port.duplex in {"full", "half"}:
        said["duplex"] = port.duplex
    if port.vlan and port.vlan.isdigit():
        said["vlan"] = port.vlan
    if port.lag:
        said["lag"] = port.lag
    if len(port.neighbours) == 1 and port.neighbours[0].system:
        said["neighbour"] = port.neighbours[0].system
        said["neighbour_port"] = port.neighbours[0].port
    return PortExpectation.model_validate(said)


def _lines(
    wanted: Sequence[tuple[str, PortExpectation]],
) -> Iterable[tuple[str, PortExpectation]]:
    """Runs of ports that differ only in their last number, as one pattern each."""
    first: tuple[str, int, int, PortExpectation] | None = None
    for name, expectation in wanted:
        found = _LAST_NUMBER.fullmatch(name)
        if found is None:
            if first is not None:
                yield _line(first)
                first = None
            yield name, expectation
            continue
        head, number = found[1], int(found[2])
        follows = (
            first is not None
            and first[0] == head
            and first[2] + 1 == number
            and first[3] == expectation
        )
        if first is not None and follows:
            first = (head, first[1], number, expectation)
            continue
        if first is not None:
            yield _line(first)
        first = (head, number, number, expectation)
    if first is not None:
        yield _line(first)


def _line(first: tuple[str, int, int, PortExpectation]) -> tuple[str, PortExpectation]:
    head, low, high, expectation = first
    return f"{head}{low}" if low == high else f"{head}{low}-{high}", expectation
