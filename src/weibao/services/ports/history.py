"""A port through time: spans in which nothing about it changed (PRT-07)."""

from __future__ import annotations

from collections.abc import Iterable

from weibao.domain.base import Moment, Value
from weibao.domain.port_record import DeviceReading, PortOutcome, PortState

__all__ = ["PortSpan", "port_history"]


class PortSpan(Value):
    """Readings after each other that say the same of a port."""

    first: Moment
    last: Moment
    status: str
    """``admin/oper``; ``unread`` where the device, or that part of it, was not read; ``absent``
    without the port.
    """
    reason: str = ""
    speed: int | None = None
    vlan: str = ""
    lag: str = ""
    neighbours: tuple[str, ...] = ()
    in_errors: int | None = None
    """Counted in the span, as far as it is known."""
    out_errors: int | None = None
    readings: int = 1


def port_history(readings: Iterable[DeviceReading], name: str) -> list[PortSpan]:
    """Spans of the port ``name``, oldest first; ``readings`` are oldest first."""
    spans: list[PortSpan] = []
    before: PortState | None = None
    there = False
    for reading in readings:
        state = reading.port(name) if reading.good else None
        unseen = any(each.port.name == name for each in reading.unseen)
        whole = reading.outcome is PortOutcome.read
        there = state is not None or unseen or (there and not whole)
        span = _span(reading, state, there=there)
        if spans and _alike(spans[-1], span):
            spans[-1] = _longer(spans[-1], span, before, state)
        else:
            spans.append(span)
        before = state or before
    return spans


def _span(reading: DeviceReading, state: PortState | None, *, there: bool) -> PortSpan:
    if state is None:
        status = "absent" if reading.good and not there else "unread"
        return PortSpan(first=reading.at, last=reading.at, status=status)
    port = state.port
    return PortSpan(
        first=reading.at,
        last=reading.at,
        status=f"{port.admin_status.value}/{port.oper_status.value}",
        reason=port.reason,
        speed=port.speed,
        vlan=port.vlan,
        lag=port.lag,
        neighbours=tuple(
            sorted(f"{n.system or n.chassis} {n.port}".strip() for n in port.neighbours)
        ),
    )


_SAME = ("status", "reason", "speed", "vlan", "lag", "neighbours")


def _alike(one: PortSpan, other: PortSpan) -> bool:
    return all(getattr(one, field) == getattr(other, field) for field in _SAME)


def _longer(
    span: PortSpan, by: PortSpan, before: PortState | None, state: PortState | None
) -> PortSpan:
    update: dict[str, object] = {"last": by.last, "readings": span.readings + 1}
    if before is not None and state is not None:
        for counter in ("in_errors", "out_errors"):
            now = getattr(state.port.counters, counter)
            then = getattr(before.port.counters, counter)
            if now is not None and then is not None and now >= then:
                update[counter] = (getattr(span, counter) or 0) + now - then
    return span.model_copy(update=update)
