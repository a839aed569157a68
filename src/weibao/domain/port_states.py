"""Since when a port is as it is: from the last reading to this one (PRT-07).

What a reading does not say (a brief one, half a table) is kept of the one before, as stale.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from weibao.domain.port import Optical, Port, PortCounters
from weibao.domain.port_record import DeviceReading, PortState

__all__ = ["counted", "follow", "recent_changes", "without"]

_KEPT = 10
_UNSEEN_KEPT = 1024
"""Ports of a device that are remembered though they are not there."""
_NOT_COUNTED = PortCounters()
_NOT_MEASURED = Optical()
_ERRORS = ("in_errors", "out_errors", "in_crc_errors")


def follow(
    ports: Iterable[Port], last: DeviceReading | None, at: datetime
) -> tuple[PortState, ...]:
    """The ports with what the last good reading knew of them.

    A port that stays unknown keeps no age: what it was in between, nobody saw.
    """
    ports = tuple(ports)
    before = _known(last)
    back = {state.port.name for state in last.lost} if last else set()
    later = last is not None and at > last.at
    heard = any(port.neighbours for port in ports)
    states = []
    for port in ports:
        earlier = before.get(port.name)
        if last is None or earlier is None:
            states.append(PortState(port=port, since=at, at_least=last is None))
            continue
        stale, counted_at = _stale(earlier, port, last.at, heard=heard)
        update = {
            "port": port,
            "compared": later and _comparable(earlier, port, last.at),
            "stale": stale,
            "counted_at": counted_at,
            "unseen_at": None,
        }
        if _condition(earlier.port) != _condition(port) or port.name in back:
            changes = (*earlier.changes, at)[-_KEPT:]
            update |= {"since": at, "at_least": False, "changes": changes}
        states.append(earlier.model_copy(update=update))
    return tuple(states)


def without(ports: Iterable[PortState], last: DeviceReading, at: datetime) -> tuple[PortState, ...]:
    """Ports that the last reading knew and that are not among ``ports``, as last seen."""
    there = {state.port.name for state in ports}
    return tuple(
        state if state.unseen_at else state.model_copy(update={"unseen_at": at})
        for name, state in _known(last).items()
        if name not in there
    )[:_UNSEEN_KEPT]


def _known(last: DeviceReading | None) -> dict[str, PortState]:
    states = (*last.ports, *last.lost, *last.unseen) if last else ()
    return {state.port.name: state for state in states}


def _stale(
    earlier: PortState, port: Port, read_at: datetime, *, heard: bool
) -> tuple[Port | None, datetime | None]:
    """What ``port`` does not say and was known, and when its counters were read.

    ``heard``: somebody was heard of at some port, so it was asked who is there.
    """
    update: dict[str, object] = {}
    old = earlier.stale
    for field, nothing, said in (
        ("optical", _NOT_MEASURED, port.optical != _NOT_MEASURED),
        ("neighbours", (), bool(port.neighbours) or heard),
        ("last_change", "", bool(port.last_change)),
    ):
        kept = getattr(earlier.port, field)
        if kept == nothing and old is not None:
            kept = getattr(old, field)
        if not said and kept != nothing:
            update[field] = kept
    counters, counted_at = _missing(earlier.port.counters, port.counters), read_at
    if counters is _NOT_COUNTED and old is not None and earlier.counted_at is not None:
        counters, counted_at = _missing(old.counters, port.counters), earlier.counted_at
    if counters is not _NOT_COUNTED:
        update["counters"] = counters
    if not update:
        return None, None
    stale = Port(name=port.name, native_name=port.native_name, **update)
    return stale, counted_at if "counters" in update else None


def _missing(then: PortCounters, now: PortCounters) -> PortCounters:
    """Those that were known and are not."""
    missing = {
        name: count
        for name in PortCounters.model_fields
        if getattr(now, name) is None and (count := getattr(then, name)) is not None
    }
    return PortCounters(**missing) if missing else _NOT_COUNTED


def counted(state: PortState, read_at: datetime, counter: str) -> tuple[int | None, datetime]:
    """The last count of a port that a reading of ``read_at`` knows, and when it was read."""
    now = getattr(state.port.counters, counter)
    if now is None and state.stale is not None and state.counted_at is not None:
        return getattr(state.stale.counters, counter), state.counted_at
    return now, read_at


def _comparable(earlier: PortState, port: Port, read_at: datetime) -> bool:
    """Where a counter is smaller than it was, they have been cleared: no growth can be told."""
    pairs = [(counted(earlier, read_at, each)[0], getattr(port.counters, each)) for each in _ERRORS]
    known = [(then, now) for then, now in pairs if then is not None and now is not None]
    return bool(known) and all(now >= then for then, now in known)


def _condition(port: Port) -> tuple[str, str]:
    return port.admin_status.value, port.oper_status.value


def recent_changes(state: PortState, at: datetime, within: timedelta) -> int:
    """How often its state changed in the last time."""
    return sum(at - moment <= within for moment in state.changes)
