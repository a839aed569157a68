"""The log as blocks in reading order, for Word and Markdown."""

from __future__ import annotations

from collections.abc import Iterable

from weibao.domain.port_finding import PortFinding
from weibao.domain.port_report import PortReport, PortStanding
from weibao.domain.records import Severity
from weibao.i18n import Language
from weibao.reports.change.document import (
    Block,
    Document,
    Fact,
    Facts,
    Heading,
    Section,
    Signature,
    Signatures,
    Table,
    Text,
    Tone,
)
from weibao.reports.ports.items import CheckState
from weibao.reports.ports.view import Line, PortView
from weibao.reports.words import visible

__all__ = ["compose"]

_SEVERITY: dict[Severity, Tone] = {
    Severity.serious: "bad",
    Severity.warning: "warning",
    Severity.info: "note",
}
_STATE: dict[CheckState, Tone] = {
    "good": "good",
    "found": "warning",
    "partly": "warning",
    "not_checked": "warning",
    "manual": "note",
}
_LEVEL: dict[str, Tone] = {"good": "good", "attention": "warning", "incomplete": "bad"}
_STANDING: dict[PortStanding, Tone] = {
    PortStanding.up: "good",
    PortStanding.down: "",
    PortStanding.shut: "note",
    PortStanding.unknown: "warning",
    PortStanding.lost: "bad",
}
_SIGNS = {
    PortStanding.up: "▲",
    PortStanding.down: "▽",
    PortStanding.shut: "▬",
    PortStanding.unknown: "?",
    PortStanding.lost: "×",
}
_MOST_PORTS = 2000
"""More make a document of hundreds of pages, which nobody prints; the page has them all."""
_PARTS = ("new", "lasting", "gone", "waived")


def compose(report: PortReport, language: Language) -> Document:
    """The log in ``language``; of a big fleet the ports are not listed one by one."""
    view = PortView(report, language)
    say = view.words.say
    count = sum(len(line.ports) for line in view.lines)
    listed = count <= _MOST_PORTS
    sections = [
        _section(view, "record", _record(view)),
        _section(view, "differences", _differences(view)),
        _section(view, "unread", _unread(view)),
        _section(view, "forwarding", view.forwarding),
        _section(view, "advice", _advice(view)),
        _section(view, "history", _history(view)),
        _section(view, "devices", _devices(view)),
        _section(view, "ports", _ports(view) if listed else _left_out(view, count)),
        _section(view, "evidence", _evidence(view)),
        _section(view, "verify", _verify(view)),
        _section(view, "sign", _sign(view)),
    ]
    return Document(
        kind="port_report",
        language=language,
        title=view.title,
        subtitle=visible(report.contract.customer),
        number=visible(report.number),
        customer=visible(report.contract.customer),
        head=Facts(tuple(Fact(label, text) for label, text in view.head())),
        banner=Text(view.verdict.sentence, _LEVEL[view.verdict.level]),
        sections=(Section(say("section.totals"), tuple(_totals(view))), *sections),
        footer=f"{view.words('footer')} {view.zone_note}",
    )


def _section(view: PortView, name: str, blocks: Iterable[Block]) -> Section:
    return Section(view.words.say(f"section.{name}"), tuple(blocks))


def _totals(view: PortView) -> Iterable[Block]:
    words, totals = view.words, view.report.totals
    yield from (Text(detail) for detail in view.verdict.details)
    names = ("read", "partly", "failed", "not_checked")
    counts = [str(getattr(totals, name)) for name in names]
    head = (words.say("band.devices"), *(words.say(f"outcome.{name}") for name in names))
    yield Table(head, ((str(totals.inventory), *counts),), (1,) * 5)
    yield Text(
        words.say("band.devices.sum", sum=" + ".join(counts), total=totals.inventory), "note"
    )
    ports = totals.ports
    counts = [str(getattr(ports, each.value)) for each in PortStanding]
    head = (words.say("band.ports"), *(words.standing(each) for each in PortStanding))
    yield Table(head, ((str(ports.total), *counts),), (1,) * len(head))
    said = words.say("band.ports.sum", sum=" + ".join(counts), total=ports.total)
    if totals.stale_ports:
        said += " " + words.count("band.stale", totals.stale_ports)
    yield Text(said, "note")


def _record(view: PortView) -> Iterable[Block]:
    say = view.words.say
    yield Table(
        (say("head.item"), say("head.result"), say("head.told")),
        tuple((item.title, say(f"state.{item.state}"), item.text) for item in view.items),
        (26, 14, 60),
        tuple(_STATE[item.state] for item in view.items),
        marked=1,
    )


def _differences(view: PortView) -> Iterable[Block]:
    say = view.words.say
    if not any(view.differences.counts().values()):
        seen = view.verdict.level == "good"
        yield Text(say("section.differences.none" if seen else "section.differences.none_seen"))
    for name in _PARTS:
        found = view.part(name)
        if found:
            yield Heading(f"{say(f'part.{name}')} ({len(found)})")
            yield _found(view, found, waived=name == "waived")


def _found(view: PortView, found: tuple[PortFinding, ...], *, waived: bool) -> Table:
    say = view.words.say
    last = "until" if waived else "cuts_off"
    head = tuple(say(f"head.{n}") for n in ("severity", "where", "what", "since", last))
    rows = tuple(
        (
            view.words(f"severity.{d.finding.severity.value}"),
            " ".join(part for part in (d.device, d.port) if part),
            f"{d.title}{view.words('colon')}{d.text}",
            d.since or "—",
            (d.waived if waived else d.cuts_off) or "—",
        )
        for d in view.shown(found)
    )
    tones = tuple(_SEVERITY[finding.severity] for finding in found)
    return Table(head, rows, (9, 24, 34, 15, 18), tones, marked=0)


def _unread(view: PortView) -> Iterable[Block]:
    say = view.words.say
    if not view.unread:
        known = view.report.totals.inventory
        yield Text(say("section.unread.none" if known else "verdict.empty"))
        return
    yield Text(say("section.unread.note"), "note")
    head = (view.words("device"), view.words("place"), view.words("outcome"), say("head.why"),
            say("head.last"))  # fmt: skip
    rows = tuple(
        (
            line.device,
            line.place,
            say(f"outcome.{line.outcome.value}"),
            line.why or say("no_reason"),
            _last(view, line),
        )
        for line in view.unread
    )
    tones: tuple[Tone, ...] = tuple("bad" for _ in rows)
    yield Table(head, rows, (18, 18, 10, 32, 22), tones, marked=2)


def _last(view: PortView, line: Line) -> str:
    if not line.stale:
        return view.words.say("never_read")
    parts = [line.last_at, view.counts(line.tally), view.words.say("stale.tag")]
    if line.open_before:
        parts.append(view.words.count("open_before", line.open_before))
    return "\n".join(parts)


def _advice(view: PortView) -> Iterable[Block]:
    say = view.words.say
    if not view.advice:
        yield Text(say("section.advice.none"))
    for expands, title in ((True, "advice.expand"), (False, "advice.repair")):
        chosen = [item for item in view.advice if item.expands is expands]
        if not chosen:
            continue
        yield Heading(say(title))
        rows = tuple((i.title, i.text, _places(view, i.places)) for i in chosen)
        head = (say("head.what"), say("head.advice"), say("head.places"))
        yield Table(head, rows, (18, 47, 35), tuple(_SEVERITY[i.severity] for i in chosen), 0)


def _places(view: PortView, places: tuple[str, ...], most: int = 12) -> str:
    shown = list(places[:most])
    if len(places) > most:
        shown.append(view.words.say("more", n=len(places) - most))
    return "\n".join(shown)


def _history(view: PortView) -> Iterable[Block]:
    words, days = view.words, view.report.days
    if not days:
        yield Text(words.say("section.history.none"))
        return
    head = (
        words.say("head.day"), words.say("head.devices"), words.say("head.ports"),
        *(words.standing(each) for each in PortStanding), words.say("chart.findings"),
    )  # fmt: skip
    rows = tuple(
        (
            words.moment(day.at),
            f"{day.devices_read} / {day.devices_total}",
            str(day.ports.total),
            *(str(getattr(day.ports, each.value)) for each in PortStanding),
            str(day.findings),
        )
        for day in reversed(days)
    )
    yield Table(head, rows, (20, 14, 11, 9, 9, 9, 9, 9, 10))
    if len(days) == 1:
        yield Text(words.say("section.history.first"), "note")


def _devices(view: PortView) -> Iterable[Block]:
    words = view.words
    if not view.lines:
        yield Text(words("section.devices.none"))
        return
    head = (
        words("device"), words("place"), words("platform"), words("outcome"),
        words.say("head.ports"), words.say("head.found"),
    )  # fmt: skip
    rows = tuple(
        (
            line.device,
            line.place,
            line.title,
            words.say(f"outcome.{line.outcome.value}"),
            words.say("stale.tag") if line.stale else view.counts(line.tally),
            str(line.found),
        )
        for line in view.lines
    )
    tones: tuple[Tone, ...] = tuple(
        "good" if line.outcome.value == "read" else "bad" for line in view.lines
    )
    yield Table(head, rows, (20, 20, 16, 11, 25, 8), tones, marked=3)


def _ports(view: PortView) -> Iterable[Block]:
    """Each device's ports, one by one."""
    for line in view.lines:
        if line.ports:
            yield Heading(line.device)
            if line.stale:
                yield Text(view.words.say("stale.note", at=line.last_at), "warning")
            yield _port_table(view, line)


def _port_table(view: PortView, line: Line) -> Table:
    say = view.words.say
    marks = {} if line.stale else view.marks(line)
    names = ("port", "state", "link", "vlan", "neighbour", "description", "place", "found")
    rows, tones = [], []
    for state in line.ports:
        name = state.port.name
        port = view.port(state, line.row.expectations.get(name), marks.get(name))
        word = f"{_SIGNS[port.standing]} {view.words.standing(port.standing)}"
        stands = f"{word} ({port.why})" if port.why else word
        found = view.words.join(list(port.mark.titles)) if port.mark else ""
        rows.append((port.name, stands, port.link, port.vlan, port.neighbour, port.description,
                     port.place, found))  # fmt: skip
        tones.append("note" if line.stale else _STANDING[port.standing])
    head = tuple(say(f"head.{name}") for name in names)
    return Table(head, tuple(rows), (20, 14, 9, 7, 15, 14, 11, 10), tuple(tones), marked=1)


def _left_out(view: PortView, count: int) -> Iterable[Block]:
    yield Text(view.words.say("ports_left_out", n=count), "note")


def _evidence(view: PortView) -> Iterable[Block]:
    words = view.words
    if not view.pieces:
        yield Text(words("section.evidence.none"), "note")
        return
    rows = tuple(
        (
            f"E{piece.number}",
            visible(piece.record.device),
            visible(piece.record.command),
            piece.record.sha256,
        )
        for piece in view.pieces
    )
    head = (words("piece"), words("device"), words("what"), "SHA-256")
    yield Table(head, rows, (7, 20, 25, 48))


def _verify(view: PortView) -> Iterable[Block]:
    words, report = view.words, view.report
    ledger = report.ledger
    where = words("verify.head_value", site=ledger.site, sequence=ledger.sequence)
    yield Facts(
        (
            *(Fact(label, text) for label, text in view.run_facts()),
            Fact(words("verify.head"), f"{where}\n{ledger.hash}", wide=True),
            Fact(words("verify.runbook"), report.run.runbook_sha256, wide=True),
            Fact("weibao verify", words("verify.all"), wide=True),
            Fact("weibao ports history DEVICE PORT", words.say("verify.history"), wide=True),
        )
    )


def _sign(view: PortView) -> Iterable[Block]:
    words = view.words
    yield Facts(
        (
            Fact(words.say("sign.alarms"), "\n\n", wide=True),
            Fact(words.say("sign.handling"), "\n\n", wide=True),
        )
    )
    manager = visible(view.report.contract.project_manager)
    yield Signatures(
        (
            Signature(words.say("recorder"), view.recorder),
            Signature(words("sign.reviewer"), manager),
        )
    )
