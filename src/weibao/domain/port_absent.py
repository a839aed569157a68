"""Ports that should be there, or were, and that a reading does not show (PRT-03, PRT-07, PRT-09).

A card or a stack member that fails takes its ports out of every table: nothing says *down*.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from weibao.domain.port import OperStatus
from weibao.domain.port_case import (
    NOT_UP,
    UP,
    DeviceCase,
    cut_off_by,
    finding_of,
    source_of,
    waive,
)
from weibao.domain.port_expectation import PortExpectation, PortUse
from weibao.domain.port_finding import PortFinding, PortFindingCode
from weibao.domain.port_record import PortState
from weibao.domain.port_states import without
from weibao.domain.records import Severity

__all__ = ["absent_states", "judge_absent", "judge_lags", "lags_read"]

_CODE = PortFindingCode
_NOTHING = PortExpectation()
_NAMES_TOLD = 6
_NO_PACKETS = NOT_UP | {OperStatus.dormant}
_HELD = frozenset({_CODE.port_gone, _CODE.port_went_down, _CODE.port_unknown, _CODE.port_dormant})
"""Found in the last reading: still so, or worse, where the port is not there."""


def judge_absent(case: DeviceCase) -> Iterator[PortFinding]:
    """Ports that are expected to be used, or were up, and are not there.

    Where not all was read or understood (half a table), a port that is not seen may be there.
    """
    there = {state.port.name for state in case.reading.ports}
    whole = _whole(case)
    for name, said in case.expectations.items():
        if name not in there and said.use is PortUse.used:
            yield _absent(case, name, said, _CODE.port_missing if whole else _CODE.port_unknown)
    for name in _were_up(case, there):
        said = case.expectations.get(name) or PortExpectation()
        if said.use is None:
            yield _absent(case, name, said, _CODE.port_gone if whole else _CODE.port_unknown)
    yield from _fewer(case)


def absent_states(case: DeviceCase) -> tuple[tuple[PortState, ...], tuple[PortState, ...]]:
    """Ports that were known and are not there: those that are lost, and those not seen.

    What a reading that was accepted does without is not missed, nor what is to be ignored.
    """
    if case.last is None or not case.alike:
        return (), ()
    away = [
        state
        for state in without(case.reading.ports, case.last, case.reading.at)
        if (case.expectations.get(state.port.name) or _NOTHING).use is not PortUse.ignored
    ]
    known = {state.port.name for state in case.last.lost}
    if case.accepted:
        away = [state for state in away if state.port.name not in known]
    if _whole(case):
        return tuple(away), ()
    # What was lost before is still not there; of the rest nobody knows.
    lost = tuple(state for state in away if state.port.name in known)
    return lost, tuple(state for state in away if state.port.name not in known)


def _fewer(case: DeviceCase) -> Iterator[PortFinding]:
    """One finding of the device, for as long as ports of it are missing."""
    lost = [state for state in absent_states(case)[0] if not _waived(case, state)]
    if not lost:
        return
    names = [state.port.name for state in lost]
    more = ("…",) if len(names) > _NAMES_TOLD else ()
    found = finding_of(
        case,
        None,
        _CODE.ports_lost,
        Severity.serious if any(_mattered(case, state) for state in lost) else Severity.warning,
        count=str(len(lost)),
        total=str(len(case.reading.ports) + len(lost)),
        names=", ".join((*names[:_NAMES_TOLD], *more)),
    )
    since = min(state.unseen_at for state in lost if state.unseen_at)
    yield found.model_copy(update={"since": since})


def _mattered(case: DeviceCase, state: PortState) -> bool:
    said = case.expectations.get(state.port.name) or _NOTHING
    return said.use is PortUse.used or bool(said.uplink)


def _waived(case: DeviceCase, state: PortState) -> bool:
    gone = finding_of(case, state, _CODE.port_gone, Severity.warning)
    return bool(waive(case, gone).waived)


def _absent(
    case: DeviceCase, name: str, said: PortExpectation, code: PortFindingCode
) -> PortFinding:
    serious = code is _CODE.port_missing or (said.uplink and code is _CODE.port_gone)
    severity = Severity.serious if serious else Severity.warning
    params = {"status": "-"} if code is _CODE.port_unknown else {}
    cuts_off = cut_off_by(said)
    found = finding_of(case, None, code, severity, port=name, cuts_off=cuts_off, **params)
    before = case.held.get((name, code))
    return found.model_copy(update={"since": before.since}) if before else found


def _whole(case: DeviceCase) -> bool:
    """Whether a port that is not in the reading is not on the device."""
    reading, last = case.reading, case.last
    # What a device always refuses, it refused when the port was seen, too.
    refused = set(reading.refused) - set(last.refused if last else ())
    had = {*last.asked, *reading.had} if last and case.alike else set()
    asked = had <= set(reading.asked)
    understood = not (reading.unparsed_count or reading.unknown_words or reading.reason)
    return understood and asked and not refused


def lags_read(case: DeviceCase) -> bool:
    """Whether a port without an aggregate belongs to none: an agent does not say, nor does a
    command that was refused.
    """
    reading, last = case.reading, case.last
    if any(state.port.lag for state in reading.ports):
        return True
    if last is not None and case.alike and any(state.port.lag for state in last.ports):
        return _whole(case)
    return not source_of(reading) and not reading.refused


def _were_up(case: DeviceCase, there: set[str]) -> list[str]:
    """Ports that were up in the last reading, or whose loss it found already."""
    if case.last is None or not case.alike:
        return []
    up = [state.port.name for state in case.last.ports if state.port.oper_status in UP]
    held = [port for port, code in case.held if port and code in _HELD]
    return [name for name in dict.fromkeys((*up, *held)) if name not in there]


def judge_lags(case: DeviceCase) -> Iterator[PortFinding]:
    """An aggregate that is up, with members that are not: its redundancy is lost."""
    members: dict[str, dict[str, PortState | None]] = defaultdict(dict)
    for state in case.reading.ports:
        if state.port.lag:
            members[state.port.lag][state.port.name] = state
    there = {state.port.name for state in case.reading.ports}
    if _whole(case):
        for lag, name in _were_members(case):
            if lag in members and name not in there:
                members[lag][name] = None
    for lag, states in members.items():
        down = [n for n, s in states.items() if s is None or s.port.oper_status in _NO_PACKETS]
        if down and len(down) < len(states):
            said = case.expectations.get(lag) or PortExpectation()
            yield finding_of(
                case,
                states[down[0]],
                _CODE.redundancy_lost,
                Severity.serious,
                port=lag,
                cuts_off=cut_off_by(said),
                name=lag,
                down=", ".join(down),
                up=str(len(states) - len(down)),
                total=str(len(states)),
            )


def _were_members(case: DeviceCase) -> Iterator[tuple[str, str]]:
    """Aggregates and ports that belong to them, or did."""
    for name, said in case.expectations.items():
        if said.lag and said.use is PortUse.used:
            yield said.lag, name
    if case.last is None or not case.alike:
        return
    for state in case.last.ports:
        if state.port.lag:
            yield state.port.lag, state.port.name
    for (lag, code), finding in case.held.items():
        if code is _CODE.redundancy_lost:
            for name in finding.params.get("down", "").split(", "):
                yield lag, name
