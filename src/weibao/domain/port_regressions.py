"""What a change did to ports that it was not to touch: a reading before, a reading after (JOB-12).

Pure. What was good and is not known any more is worse, and so is what was not known and is not
good; what neither side knows is named, and is no pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from weibao.domain.port import AdminStatus, Duplex, Neighbour, OperStatus, Port
from weibao.domain.port_case import UP, short
from weibao.domain.port_record import DeviceReading, PortOutcome
from weibao.domain.routing import NeighbourState, RoutingNeighbour

__all__ = ["Regressions", "regressions", "routing_up"]

_UNKNOWN = frozenset({OperStatus.unknown, OperStatus.testing})
_WORKS = UP | {OperStatus.dormant}
_NAMED = 5
Meant = Callable[[str], bool]
"""Whether a port is meant to change."""


def _none(_name: str) -> bool:
    return False


@dataclass(frozen=True)
class Regressions:
    """How one device's readings compare."""

    worse: tuple[str, ...]
    """Each with what is worse."""
    settling: tuple[str, ...]
    """Neighbours that are gone: after a flap they need a while to come back."""
    compared: int
    """Ports whose state is known on both sides."""
    uncompared: tuple[str, ...]
    """Ports whose state is not, and commands that are no longer answered."""

    def __str__(self) -> str:
        found = (*self.worse, *self.settling)
        if found:
            return "; ".join(found)
        if not self.uncompared:
            return "no port is worse"
        named = ", ".join(self.uncompared[:_NAMED])
        more = len(self.uncompared) - _NAMED
        rest = f" and {more} more" if more > 0 else ""
        said = f"no port is worse of {self.compared} that were compared"
        return f"{said}; not compared: {named}{rest}"


def regressions(
    before: DeviceReading, after: DeviceReading, meant: Meant, free: Meant = _none
) -> Regressions:
    """Compare; ports that are ``meant`` to change are left out.

    Those of which nothing is expected are ``free`` to come and go, as a user's socket does; a
    change of their configuration is one.
    """
    now = {state.port.name: state.port for state in after.ports}
    silent = [command for command in before.asked if command not in after.asked]
    worse: list[str] = []
    settling: list[str] = []
    uncompared = list(silent)
    compared = 0
    for state in before.ports:
        then, there = state.port, now.pop(state.port.name, None)
        if meant(then.name):
            continue
        if free(then.name):
            if there is not None and (found := [*_shut(then, there), *_moved(then, there)]):
                worse.append(f"{then.name}: {', '.join(found)}")
            continue
        if there is None:
            if then.oper_status in _WORKS:
                worse.append(f"{then.name}: gone")
            elif then.oper_status in _UNKNOWN:
                uncompared.append(then.name)
            continue
        known = not {then.oper_status, there.oper_status} & _UNKNOWN
        compared += known
        if found := list(_worse(then, there)):
            worse.append(f"{then.name}: {', '.join(found)}")
        elif not known and then.admin_status is not AdminStatus.down:
            uncompared.append(then.name)
        if lost := _lost(then, there):
            unheard = f" ({', '.join(silent)} not answered)" if silent else ""
            settling.append(f"{then.name}: neighbour {', '.join(sorted(lost))} gone{unheard}")
    for name, port in _unread_before(before, now).items():
        if meant(name) or free(name):
            continue
        if port is not None and _may_be_worse(port):
            worse.append(f"{name}: not read -> {port.oper_status.value}, not comparable")
        else:
            uncompared.append(name)
    settling += _routing(before, after, meant)
    uncompared += _unanswered(before, after)
    return Regressions(tuple(worse), tuple(settling), compared, tuple(uncompared))


def routing_up(reading: DeviceReading, meant: Meant) -> dict[str, RoutingNeighbour]:
    """Routing neighbours that are up, by their key; without those on ports ``meant`` to change."""
    there = reading.routing.neighbours if reading.routing else ()
    return {
        one.key: one
        for one in there
        if one.state is NeighbourState.up and not (one.interface and meant(one.interface))
    }


def _unread_before(before: DeviceReading, new: Mapping[str, Port]) -> Mapping[str, Port | None]:
    """Ports that the reading before did not show and that may have been there, and up, with what
    they are now; ``new`` are those that only the later one shows.
    """
    there = {state.port.name for state in before.ports}
    unseen = [state.port.name for state in before.unseen if state.port.name not in there]
    shown = new if before.outcome is PortOutcome.partly else ()
    return {name: new.get(name) for name in (*unseen, *shown)}


def _worse(before: Port, after: Port) -> Iterator[str]:
    reason = f" ({after.reason})" if after.reason else ""
    change = f"{before.oper_status.value} -> {after.oper_status.value}{reason}"
    waited = before.oper_status is OperStatus.dormant and after.oper_status not in _WORKS
    if waited or (before.oper_status in UP and after.oper_status not in UP):
        yield change
    elif shut := list(_shut(before, after)):
        yield from shut
    elif (
        before.oper_status in _UNKNOWN
        and before.admin_status is not AdminStatus.down
        and _may_be_worse(after)
    ):
        yield f"{change}, not comparable"
    if after.oper_status not in UP:
        return
    if before.speed and after.speed and after.speed < before.speed:
        yield f"speed {before.speed} -> {after.speed}"
    if before.duplex is Duplex.full and after.duplex is Duplex.half:
        yield "half duplex"
    if before.lag and before.lag != after.lag:
        yield f"left {before.lag}"
    yield from _moved(before, after)


def _shut(before: Port, after: Port) -> Iterator[str]:
    if before.admin_status is AdminStatus.up and after.admin_status is AdminStatus.down:
        yield "shut down"


def _moved(before: Port, after: Port) -> Iterator[str]:
    """Into another VLAN or mode."""
    if before.oper_status in UP and after.oper_status in UP:
        # Of a port that is down, some devices print another mode and VLAN than it has.
        if before.mode and after.mode and before.mode != after.mode:
            yield f"mode {before.mode} -> {after.mode}"
        # Others list what a trunk carries: that a VLAN is added to it is nothing worse.
        if before.vlan.isdigit() and after.vlan.isdigit() and int(before.vlan) != int(after.vlan):
            yield f"vlan {before.vlan} -> {after.vlan}"


def _may_be_worse(after: Port) -> bool:
    """Whether a port of which nobody knows what it was is in a state worse than up."""
    known = after.oper_status not in UP | _UNKNOWN
    return known and after.admin_status is not AdminStatus.down


def _lost(before: Port, after: Port) -> set[str]:
    """Neighbours of a link that was up and is."""
    if before.oper_status not in UP or after.oper_status not in UP:
        return set()
    return _names(before.neighbours) - _names(after.neighbours)


def _names(neighbours: Iterable[Neighbour]) -> set[str]:
    return {name for n in neighbours if (name := short(n.system) or n.chassis)}


def _unanswered(before: DeviceReading, after: DeviceReading) -> list[str]:
    """Commands about routing that were answered, and are not."""
    answered = after.routing.asked if after.routing else ()
    asked = before.routing.asked if before.routing else ()
    return [command for command in asked if command not in answered]


def _routing(before: DeviceReading, after: DeviceReading, meant: Meant) -> Iterator[str]:
    """Routing neighbours that were up and are not, or of which nothing is known any more."""
    there = {n.key: n for n in after.routing.neighbours} if after.routing else {}
    up = routing_up(after, lambda _name: False)
    silent = _unanswered(before, after)
    for key, one in routing_up(before, meant).items():
        if key in up:
            continue
        now = there.get(key)
        gone = f"gone ({', '.join(silent)} not answered)" if silent else "gone"
        state = (now.native_state or now.state.value) if now else gone
        yield f"{key}: {one.native_state or one.state.value} -> {state}"
