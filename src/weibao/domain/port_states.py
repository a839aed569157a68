"""Since when a port is as it is: from the last reading to this one (PRT-07)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from weibao.domain.port import Port
from weibao.domain.port_record import DeviceReading, PortState

__all__ = ["follow", "recent_changes"]

_KEPT = 10
_ERRORS = ("in_errors", "out_errors", "in_crc_errors")


def follow(
    ports: Iterable[Port], last: DeviceReading | None, at: datetime
) -> tuple[PortState, ...]:
    """The ports with what the last good reading knew of them.

    A port that stays unknown keeps no age: what it was in between, nobody saw.
    """
    before = {state.port.name: state for state in last.ports} if last else {}
    later = last is not None and at > last.at
    states = []
    for port in ports:
        earlier = before.get(port.name)
        if earlier is None:
            states.append(PortState(port=port, since=at, at_least=last is None))
            continue
        compared = later and _comparable(earlier.port, port)
        if _condition(earlier.port) == _condition(port):
            states.append(earlier.model_copy(update={"port": port, "compared": compared}))
        else:
            changes = (*earlier.changes, at)[-_KEPT:]
            states.append(
                PortState(port=port, since=at, at_least=False, changes=changes, compared=compared)
            )
    return tuple(states)


def _comparable(earlier: Port, now: Port) -> bool:
    """Where a counter is smaller than it was, they have been cleared: no growth can be told."""
    pairs = [(getattr(earlier.counters, each), getattr(now.counters, each)) for each in _ERRORS]
    known = [(then, there) for then, there in pairs if then is not None and there is not None]
    return bool(known) and all(there >= then for then, there in known)


def _condition(port: Port) -> tuple[str, str]:
    return port.admin_status.value, port.oper_status.value


def recent_changes(state: PortState, at: datetime, within: timedelta) -> int:
    """How often its state changed in the last time."""
    return sum(at - moment <= within for moment in state.changes)
