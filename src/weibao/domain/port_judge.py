"""Intended against actual, this reading against the last, one end against the other.

Pure and offline: the same readings give the same findings (PRT-03, PRT-04, PRT-07, PRT-09).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from weibao.domain.port import AdminStatus, Duplex, Neighbour, OperStatus, Port
from weibao.domain.port_absent import judge_absent, judge_lags, lags_read
from weibao.domain.port_case import (
    NOT_UP,
    UP,
    DeviceCase,
    differs,
    of_port,
    same_port,
    short,
    waive,
)
from weibao.domain.port_expectation import PortExpectation, PortUse
from weibao.domain.port_finding import PortFinding, PortFindingCode
from weibao.domain.port_judge_reading import judge_reading
from weibao.domain.port_record import PortState
from weibao.domain.port_states import counted, recent_changes
from weibao.domain.records import Severity

__all__ = ["judge_device"]

_DAY = timedelta(days=1)
_ERRORS = ("in_errors", "out_errors", "in_crc_errors")
_CODE = PortFindingCode
_NOT_BACK = (_CODE.port_went_down, _CODE.port_gone, _CODE.port_unknown, _CODE.port_dormant)
"""Found of a port that was up; so it stays until it is up again."""
_WORDS = {PortUse.used: "used", PortUse.reserved: "reserved", PortUse.closed: "closed"}


def judge_device(case: DeviceCase) -> list[PortFinding]:
    """Findings of one device; those that a waiver covers say so."""
    reading = case.reading
    if not reading.good:
        return [waive(case, f) for f in judge_reading(case)]
    found = list(judge_reading(case))
    last = case.last
    before = {s.port.name: s for s in (*last.ports, *last.unseen)} if last else {}
    for state in reading.ports:
        expectation = case.expectations.get(state.port.name)
        found += _port(case, state, expectation, before.get(state.port.name))
    found += judge_absent(case)
    found += judge_lags(case)
    return [waive(case, f) for f in found]


def _port(
    case: DeviceCase,
    state: PortState,
    expectation: PortExpectation | None,
    before: PortState | None,
) -> Iterator[PortFinding]:
    said = expectation or PortExpectation()
    if said.use is PortUse.ignored:
        return
    yield from _condition(case, state, said, before)
    yield from _flapping(case, state, said, before)
    port = state.port
    if port.oper_status in UP:
        yield from _link(case, state, said)
        yield from _load(case, state, said)
        yield from _light(case, state, said)
    yield from _errors(case, state, said, before)
    yield from _neighbour(case, state, said, before)


def _condition(
    case: DeviceCase, state: PortState, said: PortExpectation, before: PortState | None
) -> Iterator[PortFinding]:
    port = state.port
    severity = Severity.serious if said.uplink else Severity.warning
    unclear = port.oper_status in {OperStatus.unknown, OperStatus.testing}
    if unclear and port.admin_status is not AdminStatus.down:
        if said.use is not None or _was_up(case, port, before):
            status = port.native_status or port.oper_status.value
            yield of_port(case, state, said, _CODE.port_unknown, Severity.warning, status=status)
        return
    down = port.oper_status in NOT_UP
    dormant = port.oper_status is OperStatus.dormant and port.admin_status is not AdminStatus.down
    if dormant and said.use in {None, PortUse.used}:
        if not said.dormant and (said.use is PortUse.used or _was_up(case, port, before)):
            yield of_port(case, state, said, _CODE.port_dormant, severity)
    elif said.use is PortUse.used:
        if port.admin_status is AdminStatus.down:
            yield of_port(case, state, said, _CODE.port_shut, severity, reason=port.reason)
        elif down:
            reason = port.reason or port.native_status
            yield of_port(case, state, said, _CODE.port_down, severity, reason=reason)
    elif said.use in {PortUse.reserved, PortUse.closed}:
        use = _WORDS[said.use]
        if port.oper_status in UP:
            worse = Severity.serious if said.use is PortUse.closed else Severity.warning
            yield of_port(case, state, said, _CODE.port_unexpected_up, worse, expected=use)
        elif said.use is PortUse.closed and port.admin_status is not AdminStatus.down:
            status = port.admin_status.value
            yield of_port(case, state, said, _CODE.port_open, Severity.warning, status=status)
    elif (down or port.admin_status is AdminStatus.down) and _was_up(case, port, before):
        yield of_port(case, state, said, _CODE.port_went_down, severity, reason=port.reason)


def _was_up(case: DeviceCase, port: Port, before: PortState | None) -> bool:
    """In the last reading, or before that what it found of the port began."""
    return (before is not None and before.port.oper_status in UP) or any(
        (port.name, code) in case.held for code in _NOT_BACK
    )


def _flapping(
    case: DeviceCase, state: PortState, said: PortExpectation, before: PortState | None
) -> Iterator[PortFinding]:
    changes = recent_changes(state, case.reading.at, _DAY)
    grown, hours = _growth(case, state, before, "carrier_transitions")
    if grown is not None:
        changes = max(changes, round(grown * min(24 / max(hours, 1.0), 1.0)))
    if changes >= case.terms.flaps:
        severity = Severity.serious if said.uplink else Severity.warning
        yield of_port(case, state, said, _CODE.port_flapping, severity, changes=str(changes))


def _link(case: DeviceCase, state: PortState, said: PortExpectation) -> Iterator[PortFinding]:
    port = state.port
    severity = Severity.serious if said.uplink else Severity.warning
    if said.speed is not None and port.speed is not None and port.speed < said.speed:
        expected, actual = _bits(said.speed), _bits(port.speed)
        yield of_port(
            case, state, said, _CODE.port_speed, severity, expected=expected, actual=actual
        )
    known = port.duplex not in {Duplex.unknown, Duplex.auto}
    if said.duplex is not None and known and port.duplex is not said.duplex:
        yield differs(case, state, said, _CODE.port_duplex, said.duplex, port.duplex)
    elif port.duplex is Duplex.half and said.duplex is None and said.use is PortUse.used:
        yield differs(case, state, said, _CODE.port_duplex, Duplex.full, port.duplex)
    for code, wanted, actual in (
        (_CODE.port_vlan, said.vlan, port.vlan),
        (_CODE.port_mode, said.mode, port.mode),
        (_CODE.port_description, said.description, port.description),
    ):
        if wanted and actual and not _same(wanted, actual):
            yield differs(case, state, said, code, wanted, actual)
    if said.lag and not _same(said.lag, port.lag) and (port.lag or lags_read(case)):
        yield differs(case, state, said, _CODE.port_lag, said.lag, port.lag or "-")


def _load(case: DeviceCase, state: PortState, said: PortExpectation) -> Iterator[PortFinding]:
    if not said.uplink and said.utilisation is None:
        return
    limit = said.utilisation if said.utilisation is not None else case.terms.utilisation
    for direction in ("in", "out"):
        percent = _utilisation(state.port, direction)
        if percent is not None and percent > limit:
            yield of_port(
                case,
                state,
                said,
                _CODE.port_busy,
                Severity.warning,
                percent=f"{percent:.0f}",
                limit=f"{limit:g}",
                direction=direction,
            )


def _light(case: DeviceCase, state: PortState, said: PortExpectation) -> Iterator[PortFinding]:
    for direction, power, limit in state.port.optical.outside():
        yield of_port(
            case,
            state,
            said,
            _CODE.port_light,
            Severity.warning,
            direction=direction,
            power=f"{power:g}",
            limit=f"{limit:g}",
        )


def _utilisation(port: Port, direction: str) -> float | None:
    printed: float | None = getattr(port, f"{direction}_utilisation")
    if printed is not None:
        return printed
    rate: int | None = getattr(port, f"{direction}_rate")
    return rate * 100 / port.speed if rate is not None and port.speed else None


def _errors(
    case: DeviceCase, state: PortState, said: PortExpectation, before: PortState | None
) -> Iterator[PortFinding]:
    budget = said.errors_per_hour
    budget = case.terms.errors_per_hour if budget is None else budget
    for kind in _ERRORS:
        grown, hours = _growth(case, state, before, kind)
        if hours <= 0:
            return
        # A handful within minutes is no rate.
        hours = max(hours, 1.0)
        if grown is not None and grown / hours > budget:
            yield of_port(
                case,
                state,
                said,
                _CODE.port_errors,
                Severity.serious if said.uplink else Severity.warning,
                kind=kind,
                rate=f"{grown / hours:.0f}",
                budget=f"{budget:g}",
            )
            return


def _growth(
    case: DeviceCase, state: PortState, before: PortState | None, counter: str
) -> tuple[int | None, float]:
    """New counts since they were last read, at least, and the hours since then.

    None where either is not known.
    """
    if before is None or case.last is None:
        return None, 0.0
    then, at = counted(before, case.last.at, counter)
    hours = (case.reading.at - at).total_seconds() / 3600
    now = getattr(state.port.counters, counter)
    if now is None or then is None or not case.alike:
        return None, hours
    # After a reset all that is counted is new.
    return int(now - then if now >= then else now), hours


def _neighbour(
    case: DeviceCase, state: PortState, said: PortExpectation, before: PortState | None
) -> Iterator[PortFinding]:
    port = state.port
    actual = port.neighbours
    severity = Severity.serious if said.uplink else Severity.warning
    if said.neighbour:
        if actual and not any(case.is_named(said.neighbour, n.system) for n in actual):
            found = ", ".join(n.system or n.chassis for n in actual)
            yield of_port(
                case,
                state,
                said,
                _CODE.port_neighbour,
                severity,
                expected=said.neighbour,
                actual=found,
            )
        elif said.neighbour_port and actual:
            ports = {n.port for n in actual if case.is_named(said.neighbour, n.system)}
            if not any(same_port(said.neighbour_port, port) for port in ports):
                expected = f"{said.neighbour} {said.neighbour_port}"
                yield of_port(
                    case,
                    state,
                    said,
                    _CODE.port_neighbour,
                    severity,
                    expected=expected,
                    actual=", ".join(sorted(ports)),
                )
        return
    then = before.port.neighbours if before else ()
    if before and before.stale and not then:
        then = before.stale.neighbours
    held = case.held.get((port.name, _CODE.port_neighbour_moved))
    if held is not None:
        was = held.params.get("expected", "")
        moved = bool(actual) and all(not _same(was, _call(n)) for n in actual)
    else:
        was = _call(then[0]) if then else ""
        moved = bool(then and actual) and not {_key(n) for n in then} & {_key(n) for n in actual}
    if moved:
        yield of_port(
            case,
            state,
            said,
            _CODE.port_neighbour_moved,
            severity,
            expected=was,
            actual=_call(actual[0]),
        )


def _key(neighbour: Neighbour) -> tuple[str, str]:
    return (short(neighbour.system) or neighbour.chassis, neighbour.port)


def _call(neighbour: Neighbour) -> str:
    return " ".join(
        word for word in (neighbour.system or neighbour.chassis, neighbour.port) if word
    )


def _same(one: str, other: str) -> bool:
    return one.strip().lower() == other.strip().lower()


def _bits(bits: int) -> str:
    for factor, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if bits >= factor:
            return f"{bits / factor:g}{unit}"
    return str(bits)
