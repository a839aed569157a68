"""Forwarding and routing (PRT-02, PRT-06, PRT-08, CHK-NET-07, CHK-LIN-05).

Routing neighbours, how many routes are in use, and tests of reachability. A part that nobody
looked at says *not checked*, which is no pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from weibao.domain.port_finding import PortFindingCode
from weibao.domain.port_report import PortReport
from weibao.domain.routing import TOTAL, NeighbourState, Reached, RoutingNeighbour, RoutingReading
from weibao.reports.change.document import Block, Heading, Table, Text, Tone
from weibao.reports.ports.items import CheckItem, CheckState
from weibao.reports.ports.verdict import unread
from weibao.reports.ports.words import PortWords
from weibao.reports.words import visible

__all__ = ["OF_FORWARDING", "forwarding_blocks", "forwarding_items"]

_CODE = PortFindingCode
_ROUTING = frozenset(
    {_CODE.routing_neighbour_down, _CODE.routing_neighbour_unknown, _CODE.routes_fewer}
)
OF_FORWARDING = _ROUTING | {_CODE.unreachable, _CODE.reach_unchecked}
"""Findings that are about no port."""
_TONES: dict[NeighbourState, Tone] = {
    NeighbourState.up: "good",
    NeighbourState.down: "bad",
    NeighbourState.unknown: "warning",
}
_WORST = (NeighbourState.down, NeighbourState.unknown, NeighbourState.up)
_MOST = 200
"""Neighbours that are listed; those that are not up always are."""


def forwarding_items(report: PortReport, words: PortWords) -> Iterator[CheckItem]:
    """Its lines of the day's record."""
    yield _routing_item(report, words)
    for name, line in (("reach", False), ("external", True)):
        yield _reach_item(report, name, [r for r in report.tests if r.line is line], words)


def forwarding_blocks(report: PortReport, words: PortWords) -> tuple[Block, ...]:
    """Its section: tables and sentences, laid out alike in HTML, Word and Markdown."""
    return (*_routing(report, words), *_reach(report, words))


def _readings(report: PortReport) -> Iterator[tuple[str, RoutingReading]]:
    """Devices whose routing was read in this run; a command that none answered says nothing."""
    for row in report.rows:
        routing = row.reading.routing
        if row.reading.good and routing is not None and routing.asked:
            yield row.device, routing


def _routing_item(report: PortReport, words: PortWords) -> CheckItem:
    title = words.say("item.forwarding")
    read = [routing for _, routing in _readings(report)]
    if not read:
        return CheckItem(title, "not_checked", words.say("item.forwarding.not_checked"))
    neighbours = [n for routing in read for n in routing.neighbours]
    up = sum(n.state is NeighbourState.up for n in neighbours)
    text = words.say("item.forwarding.text", n=len(read), neighbours=len(neighbours), up=up)
    found = sum(f.code in _ROUTING and not f.waived for f in report.findings)
    partly = unread(report) or any(routing.unparsed for routing in read)
    state: CheckState = "found" if found else "partly" if partly else "good"
    if found:
        text += words.count("item.found", found)
    if count := unread(report):
        text += words.count("item.unread", count)
    return CheckItem(title, state, text)


def _reach_item(
    report: PortReport, name: str, reached: Sequence[Reached], words: PortWords
) -> CheckItem:
    title = words.say(f"item.{name}")
    unmade = sum(one.loss is None for one in reached)
    if unmade == len(reached):
        return CheckItem(title, "not_checked", words.say(f"item.{name}.not_checked"))
    bad = _bad(report)
    failed = sum(_key(one) in bad for one in reached)
    good = len(reached) - unmade - failed
    text = words.say(f"item.{name}.text", n=len(reached), good=good, unmade=unmade)
    state: CheckState = "found" if failed else "partly" if unmade else "good"
    return CheckItem(title, state, text)


def _key(one: Reached) -> tuple[str, str]:
    return one.name, one.source


def _bad(report: PortReport) -> set[tuple[str, str]]:
    """Tests that were judged not to be good enough."""
    return {
        (f.params.get("name", ""), f.params.get("source", ""))
        for f in report.findings
        if f.code is _CODE.unreachable
    }


def _routing(report: PortReport, words: PortWords) -> Iterator[Block]:
    say = words.say
    yield Heading(say("forwarding.neighbours"))
    read = list(_readings(report))
    if not read:
        yield Text(say("forwarding.neighbours.not_checked"), "warning")
        return
    pairs = [(device, n) for device, routing in read for n in routing.neighbours]
    if pairs:
        yield from _neighbours(pairs, words)
    else:
        yield Text(say("forwarding.neighbours.none"), "note")
    rows = tuple(_routes(read, words))
    if rows:
        yield Heading(say("forwarding.routes"))
        head = (words("device"), say("head.total"), say("head.by_protocol"))
        yield Table(head, rows, (30, 15, 55))
    if lines := sum(routing.lines_unparsed for _, routing in read):
        yield Text(say("forwarding.unparsed", n=lines), "warning")


def _neighbours(pairs: Sequence[tuple[str, RoutingNeighbour]], words: PortWords) -> Iterator[Block]:
    say = words.say
    ordered = sorted(pairs, key=lambda pair: _WORST.index(pair[1].state))
    most = max(_MOST, sum(n.state is not NeighbourState.up for _, n in pairs))
    shown = ordered[:most]
    rows = tuple(
        tuple(
            visible(cell)
            for cell in (
                device,
                n.protocol.upper(),
                " ".join(part for part in (n.vrf, n.address) if part),
                n.interface,
                _state(n, words),
                n.since,
                "" if n.prefixes is None else str(n.prefixes),
            )
        )
        for device, n in shown
    )
    names = ("protocol", "neighbour", "interface", "state", "since", "prefixes")
    head = (words("device"), *(say(f"head.{name}") for name in names))
    tones = tuple(_TONES[n.state] for _, n in shown)
    yield Table(head, rows, (20, 9, 20, 17, 14, 11, 9), tones, marked=4)
    if len(ordered) > most:
        yield Text(say("forwarding.neighbours.more", n=len(ordered) - most), "note")


def _state(neighbour: RoutingNeighbour, words: PortWords) -> str:
    word = words.say(f"forwarding.{neighbour.state.value}")
    return f"{word} ({neighbour.native_state})" if neighbour.native_state else word


def _routes(
    read: Iterable[tuple[str, RoutingReading]], words: PortWords
) -> Iterator[tuple[str, ...]]:
    for device, routing in read:
        if not routing.routes:
            continue
        total = routing.routes_of(TOTAL)
        kinds = dict.fromkeys(r.protocol for r in routing.routes if r.protocol != TOTAL)
        parts = [f"{visible(kind)} {routing.routes_of(kind)}" for kind in kinds]
        yield visible(device), "—" if total is None else str(total), words.join(parts)


def _reach(report: PortReport, words: PortWords) -> Iterator[Block]:
    say = words.say
    yield Heading(say("forwarding.reach"))
    if not report.tests:
        yield Text(say("forwarding.reach.not_checked"), "warning")
        return
    bad = _bad(report)
    rows, tones = [], []
    for one in sorted(report.tests, key=lambda r: (not r.line, r.name)):
        name, tone = _judged(one, failed=_key(one) in bad)
        result = say(f"forwarding.{name}")
        if one.trouble:
            result += f" ({words.word('why', one.trouble, one.trouble)})"
        title = say("forwarding.line", name=one.name) if one.line else one.name
        rows.append(
            (
                visible(title),
                words.word("source", one.source, one.source),
                visible(one.target),
                "—" if one.loss is None else f"{one.loss:g}% ({one.received}/{one.sent})",
                "—" if one.rtt is None else f"{one.rtt:.1f} ms",
                result,
            )
        )
        tones.append(tone)
    names = ("test", "from", "to", "loss", "rtt", "result")
    head = tuple(say(f"head.{each}") for each in names)
    yield Table(head, tuple(rows), (24, 16, 20, 14, 13, 13), tuple(tones), marked=5)


def _judged(one: Reached, *, failed: bool) -> tuple[str, Tone]:
    if one.loss is None:
        return "unmade", "warning"
    return ("bad", "bad") if failed else ("good", "good")
