"""What only two devices together show: duplex of both ends, legs of one redundancy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from weibao.domain.port import Duplex, OperStatus
from weibao.domain.port_case import (
    UP,
    DeviceCase,
    cut_off_by,
    finding_of,
    of_port,
    same_port,
    short,
    waive,
)
from weibao.domain.port_expectation import PortExpectation
from weibao.domain.port_finding import PortFinding, PortFindingCode
from weibao.domain.port_record import PortState
from weibao.domain.records import Severity

__all__ = ["judge_links"]

_CODE = PortFindingCode


def judge_links(cases: Iterable[DeviceCase]) -> list[PortFinding]:
    """What only two devices together show: duplex of both ends, legs of one redundancy.

    Devices that were not read belong to ``cases``, too: a leg that nobody saw is still a leg.
    """
    by_contract: dict[str, list[DeviceCase]] = defaultdict(list)
    for case in cases:
        by_contract[case.reading.contract].append(case)
    return [finding for known in by_contract.values() for finding in _within(known)]


def _within(known: list[DeviceCase]) -> list[PortFinding]:
    """Of one contract: a customer's devices are not named in the log of another."""
    by_name = _by_name(known)
    found = [*_mismatches(known, by_name), *_legs(known)]
    return [waive(_case_of(known, f), f) for f in found]


def _by_name(known: list[DeviceCase]) -> dict[str, DeviceCase]:
    """By what a neighbour may call itself; a name that several devices have means none."""
    devices = {case.reading.device: case for case in known}
    meant: dict[str, set[str]] = defaultdict(set)
    for device in devices:
        meant[short(device)].add(device)
    # All cases of a contract share one.
    for called in {id(case.called): case.called for case in known}.values():
        for own, named in called.items():
            meant[own].update(named)
    return {
        name: devices[device]
        for name, (device, *others) in meant.items()
        if not others and device in devices
    }


def _case_of(cases: list[DeviceCase], finding: PortFinding) -> DeviceCase:
    return next(c for c in cases if c.reading.device == finding.device)


def _mismatches(
    cases: list[DeviceCase], by_name: Mapping[str, DeviceCase]
) -> Iterator[PortFinding]:
    seen: set[frozenset[tuple[str, str]]] = set()
    for case in cases:
        if not case.reading.good:
            continue
        for state in case.reading.ports:
            for neighbour in state.port.neighbours:
                other_case = by_name.get(short(neighbour.system))
                if other_case is None or not other_case.reading.good:
                    continue
                other = _find(other_case, neighbour.port)
                if other is None:
                    continue
                ends = frozenset(
                    {
                        (case.reading.device, state.port.name),
                        (other_case.reading.device, other.port.name),
                    }
                )
                if ends in seen or len(ends) < 2:
                    continue
                seen.add(ends)
                yield from _ends(case, state, other_case, other)


def _find(case: DeviceCase, port: str) -> PortState | None:
    for state in case.reading.ports:
        if port in {state.port.name, state.port.native_name}:
            return state
    alike = [s for s in case.reading.ports if same_port(port, s.port.name)]
    return alike[0] if len(alike) == 1 else None


def _ends(
    case: DeviceCase, state: PortState, other_case: DeviceCase, other: PortState
) -> Iterator[PortFinding]:
    kinds = {Duplex.full, Duplex.half}
    one, two = state.port.duplex, other.port.duplex
    if one in kinds and two in kinds and one is not two:
        said = case.expectations.get(state.port.name) or PortExpectation()
        yield of_port(
            case,
            state,
            said,
            _CODE.port_duplex_mismatch,
            Severity.serious,
            actual=one.value,
            other=f"{other_case.reading.device} {other.port.name}",
            other_duplex=two.value,
        )


def _legs(cases: list[DeviceCase]) -> Iterator[PortFinding]:
    legs: dict[str, list[tuple[DeviceCase, PortState | None, str, PortExpectation]]]
    legs = defaultdict(list)
    for case in cases:
        for name, said in case.expectations.items():
            if said.redundancy:
                legs[said.redundancy].append((case, case.reading.port(name), name, said))
    for redundancy, members in legs.items():
        read = [m for m in members if m[0].reading.good]
        down = [m for m in read if not _carries(m[1], m[3])]
        left, unread = len(read) - len(down), len(members) - len(read)
        if down and len(members) > 1:
            case, state, name, said = down[0]
            yield finding_of(
                case,
                state,
                _CODE.redundancy_lost,
                Severity.serious,
                port=name,
                cuts_off=cut_off_by(said) if len(down) == len(members) else "",
                name=redundancy,
                down=", ".join(f"{c.reading.device} {n}" for c, _, n, _ in down),
                up=f"{left}–{left + unread}" if unread else str(left),
                total=str(len(members)),
            )


def _carries(state: PortState | None, said: PortExpectation) -> bool:
    """Whether a leg is up, or waits for its turn as it should."""
    if state is None:
        return False
    waits = state.port.oper_status is OperStatus.dormant and bool(said.dormant)
    return waits or state.port.oper_status in UP
