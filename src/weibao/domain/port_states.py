"""Since when a port is as it is: from the last reading to this one (PRT-07)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from weibao.domain.port import Port
from weibao.domain.port_record import DeviceReading, PortState

__all__ = ["follow", "recent_changes"]

_KEPT = 10


def follow(
    ports: Iterable[Port], last: DeviceReading | None, at: datetime
) -> tuple[PortState, ...]:
    """The ports with what the last good reading knew of them.

    A port that stays unknown keeps no age: what it was in between, nobody saw.
    """
    before = {state.port.name: state for state in last.ports} if last else {}
    states = []
    for port in ports:
        earlier = before.get(port.name)
        if earlier is None:
            states.append(PortState(port=port, since=at, at_least=last is None))
        elif _condition(earlier.port) == _condition(port):
            states.append(earlier.model_copy(update={"port": port}))
        else:
            changes = (*earlier.changes, at)[-_KEPT:]
            states.append(PortState(port=port, since=at, at_least=False, changes=changes))
    return tuple(states)


def _condition(port: Port) -> tuple[str, str]:
    return port.admin_status.value, port.oper_status.value


def recent_changes(state: PortState, at: datetime, within: timedelta) -> int:
    """How often its state changed in the last time."""
    return sum(at - moment <= within for moment in state.changes)
