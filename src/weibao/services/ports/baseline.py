"""Taking a reading as what is expected, with few lines a switch (PRT-07)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from weibao.domain.port import AdminStatus, Port
from weibao.domain.port_case import UP
from weibao.domain.port_expectation import (
    PortBaseline,
    PortExpectation,
    PortUse,
    pattern_names,
)
from weibao.domain.port_record import DeviceReading
from weibao.domain.routing import NeighbourState

__all__ = ["baseline_of", "expectation_of", "lines_of"]

_LAST_NUMBER = re.compile(r"(.*?)(\d+)")


def baseline_of(reading: DeviceReading, at: datetime, actor: str) -> PortBaseline:
    """What a reading shows, as expectations.

    A port that is up is used; one that is shut down is closed; one that is down or not
    understood is expected to be nothing, since nobody knows which of both it should be.
    Ports whose expectation is the same, and that follow each other, share a line.
    """
    wanted = [(s.port.name, expectation_of(s.port)) for s in reading.ports]
    return PortBaseline(
        device=reading.device,
        run=reading.run_id,
        accepted_at=at,
        accepted_by=actor,
        ports=dict(lines_of([(n, e) for n, e in wanted if e is not None])),
        routing=tuple(
            dict.fromkeys(
                n.key
                for n in (reading.routing.neighbours if reading.routing else ())
                if n.state is NeighbourState.up
            )
        ),
    )


def expectation_of(port: Port) -> PortExpectation | None:
    """What is expected of a port that is as it should be; None where nobody knows."""
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


def lines_of(
    wanted: Sequence[tuple[str, PortExpectation]],
) -> Iterable[tuple[str, PortExpectation]]:
    """Runs of ports that differ only in their last number, as one pattern each."""
    run: list[str] = []
    said = PortExpectation()
    for name, expectation in wanted:
        if run and expectation == said and _next(run[-1]) == name:
            run.append(name)
            continue
        if run:
            yield _pattern(run), said
        run, said = [name], expectation
    if run:
        yield _pattern(run), said


def _next(name: str) -> str:
    found = _LAST_NUMBER.fullmatch(name)
    return f"{found[1]}{int(found[2]) + 1}" if found else ""


def _pattern(run: Sequence[str]) -> str:
    """A pattern that means these names and no other: ``1-4`` in ``eth1-4`` may be no range."""
    first, last = _LAST_NUMBER.fullmatch(run[0]), _LAST_NUMBER.fullmatch(run[-1])
    if first is None or last is None:
        return run[0]
    head, low, high = first[1], first[2], last[2]
    plain = f"{head}{low}" if low == high else f"{head}{low}-{high}"
    if pattern_names(plain) == tuple(run):
        return plain
    guarded = re.sub(r"(?<!\d)(\d+)(?=-\d|-$)", r"[\1-\1]", head) + f"[{low}-{high}]"
    return guarded if pattern_names(guarded) == tuple(run) else plain
