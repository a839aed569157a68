"""The report as Markdown (GitHub's tables), for tickets, chats and further processing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from weibao.domain.report import BackupReport
from weibao.i18n import Language
from weibao.reports.backup.diff import plain
from weibao.reports.backup.view import BackupView, Change, FindingGroup, Line, Trouble
from weibao.reports.notices import escape
from weibao.reports.words import visible

__all__ = ["render_markdown"]

_BACKTICKS = re.compile(r"`+")


def render_markdown(report: BackupReport, language: Language) -> Iterator[str]:
    """The report in lines, each with its end; the order is that of the page."""
    view = BackupView(report, language)
    for part in (
        _head, _verdict, _failures, _changes, _overdue, _findings, _devices, _run, _evidence,
        _verify, _sign,
    ):  # fmt: skip
        for line in part(view):
            yield f"{line}\n"
        yield "\n"


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """Cells are Markdown already."""
    names = list(heads)
    yield ""
    yield f"| {' | '.join(names)} |"
    yield f"|{' --- |' * len(names)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _code(text: str) -> str:
    """``text`` in backticks; only for names and digits of our own."""
    return f"`{visible(text).replace('`', '')}`".replace("|", "\\|")


def _section(view: BackupView, name: str, count: int | None = None) -> Iterator[str]:
    shown = "" if count is None else f" ({count})"
    yield f"## {view.words(f'section.{name}')}{shown}"
    yield ""


def _proof(view: BackupView, pieces: tuple[int, ...]) -> str:
    return " ".join(f"E{n}" for n in pieces) or view.words("record")


def _outcome(view: BackupView, line: Line) -> str:
    return view.words(f"outcome.{line.outcome.value}")


def _head(view: BackupView) -> Iterator[str]:
    report, words = view.report, view.words
    author = words("meta.author_value", program=report.run.program, actor=report.run.actor)
    yield f"# {escape(view.title)}"
    yield from _table(
        (words("meta.number"), escape(report.number)),
        (
            (words("meta.version"), words("meta.version_value", n=report.version)),
            (words("meta.period"), escape(f"{view.period} {view.zone}")),
            (words("meta.customer"), escape(report.contract.customer) or "—"),
            (words("meta.provider"), escape(report.contract.provider) or "—"),
            (words("meta.contract"), escape(report.contract.title or report.contract.id)),
            (words("meta.author"), escape(author)),
            (words("sign.reviewer"), escape(report.contract.project_manager) or "—"),
            (words("meta.generated"), words.moment(report.generated_at)),
        ),
    )


def _verdict(view: BackupView) -> Iterator[str]:
    totals, words = view.report.totals, view.words
    yield f"**{view.verdict.sentence}**"
    yield ""
    yield from view.verdict.details
    yield from _table(
        (words(f"outcome.{share.outcome.value}") for share in view.shares),
        [[str(share.count) for share in view.shares]],
    )
    yield ""
    yield escape(
        words("band.sum", sum=" + ".join(str(s.count) for s in view.shares), total=totals.inventory)
    )
    if totals.targeted != totals.inventory:
        yield words("band.targeted", n=totals.targeted)


def _failures(view: BackupView) -> Iterator[str]:
    words = view.words
    outside = len(view.outside) + view.unlisted
    yield from _section(view, "failures", len(view.troubles) + outside)
    if not view.troubles and not outside:
        known = view.report.totals.inventory
        yield words("section.failures.none" if known else "verdict.none")
    for item in view.troubles:
        yield from _trouble(view, item)
    if outside:
        names = words.join([escape(line.device) for line in view.outside])
        note = words.number("out_of_scope.note", outside)
        yield f"- {note} {names}"


def _trouble(view: BackupView, item: Trouble) -> Iterator[str]:
    line = item.line
    where = escape(" · ".join(x for x in (line.place, line.platform, line.row.address) if x))
    yield f"- **{escape(line.device)}** ({where}) — {_outcome(view, line)}"
    yield f"  - {escape(item.why)}"
    yield f"  - {escape(item.since)}"
    facts = [x for x in (item.attempts, item.took) if x]
    yield f"  - {view.words.join([*facts, _proof(view, line.pieces)])}"


def _changes(view: BackupView) -> Iterator[str]:
    words = view.words
    yield from _section(view, "changes", len(view.changes))
    if not view.changes:
        yield words("section.changes.none")
    for item in view.changes:
        yield from _change(view, item)
    if view.firsts:
        names = words.join([escape(name) for name, _ in view.firsts])
        yield f"- {words.number('change.first.note', len(view.firsts))} {names}"


def _change(view: BackupView, item: Change) -> Iterator[str]:
    words, change = view.words, item.change
    linked = words("change.linked", ref=change.change_ref)
    reference = escape(linked) if change.change_ref else words("change.unlinked")
    counts = f"+{change.added} −{change.removed}"
    proof = _proof(view, item.line.pieces if item.line else ())
    yield f"### {escape(item.device)}"
    yield ""
    yield f"{item.versions}, {counts}, **{reference}**, {proof}"
    yield ""
    if change.diff:
        text = plain(change.diff)
        fence = "`" * max(3, *(len(run) + 1 for run in _BACKTICKS.findall(text) or [""]))
        yield f"{fence}diff"
        yield text
        yield fence
    else:
        yield words("change.hidden")
    if change.truncated:
        yield f"{words('change.truncated')} {_code(f'weibao backup diff {change.device}')}"
    yield ""


def _overdue(view: BackupView) -> Iterator[str]:
    words = view.words
    allowed = words.age(view.report.max_age_hours)
    yield from _section(view, "overdue", len(view.overdue))
    if not view.overdue:
        yield words("section.overdue.none", age=allowed)
        return
    yield words("section.overdue.note", age=allowed)
    yield from _table(
        (words("device"), words("last_good"), words("age"), words("outcome"), words("evidence")),
        (
            (
                escape(line.device),
                f"{line.last_version} {line.last_at}" if line.last_at else words("never"),
                line.age or "—",
                _outcome(view, line),
                _proof(view, line.pieces),
            )
            for line in view.overdue
        ),
    )


def _findings(view: BackupView) -> Iterator[str]:
    yield from _section(view, "findings", sum(len(group.noted) for group in view.findings))
    if not view.findings:
        yield view.words("section.findings.none")
    for group in view.findings:
        yield from _finding(view, group)


def _finding(view: BackupView, group: FindingGroup) -> Iterator[str]:
    words = view.words
    severity = words(f"severity.{group.severity.value}")
    yield f"- **{group.title}** ({severity})" + (f" {escape(group.shared)}" if group.shared else "")
    for item in group.noted:
        said = f" {escape(item.text)}" if item.text else ""
        yield f"  - {escape(item.device)}{said} ({_proof(view, item.pieces)})"
    yield f"  - {words('advice')}{words('colon')}{group.advice}"


def _devices(view: BackupView) -> Iterator[str]:
    words = view.words
    yield from _section(view, "devices", view.report.totals.inventory)
    heads = ("device", "place", "platform", "outcome", "last_good", "age", "seconds", "evidence")
    yield from _table((words(head) for head in heads), (_device(view, x) for x in view.lines))
    if view.unlisted:
        yield ""
        yield words("out_of_scope.unlisted", n=view.unlisted)


def _device(view: BackupView, line: Line) -> tuple[str, ...]:
    good = f"{line.last_version} {line.last_at}" if line.last_at else view.words("never")
    return (
        escape(line.device),
        escape(line.place),
        escape(line.platform),
        _outcome(view, line),
        good,
        line.age or "—",
        line.took or "—",
        _proof(view, line.pieces),
    )


def _run(view: BackupView) -> Iterator[str]:
    words, run = view.words, view.report.run
    yield from _section(view, "run")
    yield f"- {words('run.id')}{words('colon')}{_code(run.id)}"
    yield f"- {words('meta.trigger')}{words('colon')}{words(f'trigger.{run.trigger.value}')}"
    yield f"- {words('meta.runbook')}{words('colon')}{_code(run.runbook)}"
    yield f"- {words('meta.authorisation')}{words('colon')}{escape(view.authorisation)}"
    yield f"- {words('run.state')}{words('colon')}{words(f'run.state.{run.state.value}')}"
    if view.duration:
        yield f"- {words('run.duration')}{words('colon')}{view.duration}"
    heads = ("step", "step.start", "step.end", "seconds", "outcome")
    yield from _table(
        (words(head) for head in heads),
        (
            (
                escape(f"{step.title} {step.detail}"),
                step.start,
                step.end,
                step.took,
                words(f"step.outcome.{step.outcome}"),
            )
            for step in view.steps()
        ),
    )


def _evidence(view: BackupView) -> Iterator[str]:
    words = view.words
    yield from _section(view, "evidence", len(view.pieces))
    if not view.pieces:
        yield words("section.evidence.none")
        return
    yield words("section.evidence.note")
    yield from _table(
        (words("piece"), words("device"), words("what"), words("show")),
        (
            (
                f"E{piece.number}",
                escape(piece.device),
                escape(f"{view.kind(piece)} {piece.record.command}" if piece.record else ""),
                f"`weibao evidence show {piece.sha256}`",
            )
            for piece in view.pieces
        ),
    )


def _verify(view: BackupView) -> Iterator[str]:
    words, report = view.words, view.report
    head = words("verify.head_value", site=report.ledger.site, sequence=report.ledger.sequence)
    yield from _section(view, "verify")
    yield f"- {words('verify.head')}{words('colon')}{escape(head)} {_code(report.ledger.hash)}"
    yield f"- {words('verify.runbook')}{words('colon')}{_code(report.run.runbook_sha256)}"
    yield f"- `weibao verify` — {words('verify.all')}"
    yield f"- {_code(f'weibao run show {report.run.id}')} — {words('verify.run')}"


def _sign(view: BackupView) -> Iterator[str]:
    words = view.words
    yield from _section(view, "sign")
    blank = ("　" * 6, "　" * 6)
    yield from _table(
        ("", words("sign.name"), words("sign.signature"), words("sign.date")),
        (
            (words("sign.author"), escape(view.report.run.actor), *blank),
            (words("sign.reviewer"), escape(view.report.contract.project_manager), *blank),
            (words("sign.customer"), "", *blank),
        ),
    )
