"""Routing and reachability: this reading against the last, and against what is expected.

Pure and offline (PRT-02, PRT-06, PRT-08).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from weibao.domain.port_expectation import PortTerms
from weibao.domain.port_finding import PortFinding, PortFindingCode
from weibao.domain.port_record import DeviceReading
from weibao.domain.reachability import ReachTest
from weibao.domain.records import Severity
from weibao.domain.routing import TOTAL, NeighbourState, Reached, RoutingNeighbour, RoutingReading

__all__ = ["judge_reached", "judge_routing"]

_CODE = PortFindingCode


def judge_routing(
    reading: DeviceReading,
    last: DeviceReading | None,
    expected: Sequence[str],
    terms: PortTerms,
    held: Iterable[PortFinding] = (),
) -> list[PortFinding]:
    """Findings of one device; where its routing was not read, what is not known to be over.

    ``expected`` are neighbours that have to be up, as ``ospf 10.0.0.1``; ``held`` what the last
    reading found, and nobody accepted since: it stays as long as it is so.
    """
    now = reading.routing
    if not reading.good:
        return []
    known = list(held)
    if now is None:
        return [*_unread(reading, expected, known)]
    then = (last.routing or last.stale_routing) if last else None
    return [
        *_neighbours(reading, now, then, [*expected, *_missed(known)]),
        *_routes(reading, now, last, terms, known),
    ]


def _unread(
    reading: DeviceReading, expected: Sequence[str], held: Iterable[PortFinding]
) -> Iterator[PortFinding]:
    """What has to be up, or was found earlier, and was not looked at."""
    for finding in held:
        if finding.code is _CODE.routes_fewer:
            yield _finding(reading, finding.code, finding.severity, **finding.params)
    for key in dict.fromkeys((*expected, *_missed(held))):
        code = _CODE.routing_neighbour_unknown
        yield _finding(reading, code, Severity.warning, neighbour=key, state="-")


def _missed(held: Iterable[PortFinding]) -> Iterator[str]:
    """Neighbours that were up once, and were not in the last reading."""
    for finding in held:
        if finding.code in {_CODE.routing_neighbour_down, _CODE.routing_neighbour_unknown}:
            yield finding.params.get("neighbour", "")


def _neighbours(
    reading: DeviceReading,
    now: RoutingReading,
    then: RoutingReading | None,
    expected: Sequence[str],
) -> Iterator[PortFinding]:
    there = _by_key(now.neighbours)
    before = _by_key(then.neighbours) if then else {}
    wanted = dict.fromkeys(
        (*expected, *(k for k, n in before.items() if n.state is NeighbourState.up))
    )
    # A protocol that the device does not run is refused every time.
    silent = set(now.refused) - set(then.refused if then else ())
    for key in wanted:
        neighbour = there.get(key)
        if neighbour is None and (silent or not now.asked):
            yield _finding(
                reading,
                _CODE.routing_neighbour_unknown,
                Severity.warning,
                neighbour=key,
                state="-",
            )
        elif neighbour is None or neighbour.state is NeighbourState.down:
            state = neighbour.native_state if neighbour else ""
            yield _finding(
                reading,
                _CODE.routing_neighbour_down,
                Severity.serious,
                neighbour=key,
                state=state or "-",
                interface=(neighbour or before.get(key) or _NOBODY).interface,
            )
    for key, neighbour in there.items():
        if neighbour.state is NeighbourState.unknown:
            word = neighbour.native_state
            yield _finding(
                reading,
                _CODE.routing_neighbour_unknown,
                Severity.warning,
                neighbour=key,
                state=word,
            )


_NOBODY = RoutingNeighbour(protocol="", address="")


def _by_key(neighbours: Iterable[RoutingNeighbour]) -> dict[str, RoutingNeighbour]:
    """The best of several adjacencies with one neighbour."""
    found: dict[str, RoutingNeighbour] = {}
    for neighbour in neighbours:
        known = found.get(neighbour.key)
        if known is None or neighbour.state is NeighbourState.up:
            found[neighbour.key] = neighbour
    return found


def _routes(
    reading: DeviceReading,
    now: RoutingReading,
    last: DeviceReading | None,
    terms: PortTerms,
    held: Iterable[PortFinding],
) -> Iterator[PortFinding]:
    count, before = now.routes_of(TOTAL), None
    for then in (last.routing, last.stale_routing) if last else ():
        if before is None and then is not None:
            before = then.routes_of(TOTAL)
    for finding in held:
        if finding.code is _CODE.routes_fewer:
            before = int(finding.params.get("before", "0"))
    if count is None or not before:
        return
    if (before - count) * 100 / before > terms.routes_fewer:
        yield _finding(
            reading, _CODE.routes_fewer, Severity.serious, before=str(before), now=str(count)
        )


def judge_reached(
    reading: DeviceReading, reached: Iterable[Reached], tests: Iterable[ReachTest]
) -> Iterator[PortFinding]:
    """Findings of tests made from one device, or from the controller."""
    by_name = {test.name: test for test in tests}
    for one in reached:
        test = by_name.get(one.name)
        if test is None:
            continue
        words = {"name": one.name, "source": one.source, "target": one.target}
        if one.trouble or one.loss is None:
            yield _finding(
                reading, _CODE.reach_unchecked, Severity.warning, **words, why=one.trouble or "-"
            )
            continue
        slow = test.max_rtt is not None and one.rtt is not None and one.rtt > test.max_rtt
        if one.loss > test.max_loss or slow:
            severity = Severity.serious if test.line or one.loss == 100 else Severity.warning
            finding = _finding(
                reading,
                _CODE.unreachable,
                severity,
                **words,
                loss=f"{one.loss:g}",
                rtt=f"{one.rtt:.0f}" if one.rtt is not None else "-",
            )
            yield finding.model_copy(update={"cuts_off": test.serves})


def _finding(
    reading: DeviceReading, code: PortFindingCode, severity: Severity, **params: str
) -> PortFinding:
    return PortFinding(
        run_id=reading.run_id,
        contract=reading.contract,
        device=reading.device,
        code=code,
        severity=severity,
        params=params,
        at=reading.at,
    )
