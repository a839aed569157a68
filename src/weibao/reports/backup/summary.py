"""The night in a few lines, for mail and webhooks: failures first, no device text."""

from __future__ import annotations

from collections.abc import Iterable

from weibao.boundary.notify import Notice
from weibao.domain.records import Outcome, RunState, Severity
from weibao.domain.report import BackupReport
from weibao.i18n import Language
from weibao.reports.backup.view import BackupView
from weibao.reports.notices import NoticePart, notice_of

__all__ = ["summarise"]


def summarise(report: BackupReport, language: Language, where: str = "") -> Notice:
    """What became of the night; ``where`` is the path or address of the full report.

    ``failed`` is True where any device has no good backup, the run was cut off, or
    something serious was found.
    """
    view = BackupView(report, language)
    return notice_of(
        view,
        view.words,
        _parts(view),
        counts=_counts(view),
        failed=_failed(report),
        data=_data(view),
        where=where,
    )


def _failed(report: BackupReport) -> bool:
    return (
        report.totals.good < report.totals.inventory
        or not report.totals.inventory
        or report.run.state is RunState.interrupted
        or any(finding.severity is Severity.serious for finding in report.findings)
    )


def _counts(view: BackupView) -> list[str]:
    words, totals = view.words, view.report.totals
    counts = [words("summary.good", n=totals.good, total=totals.inventory)]
    for outcome in (Outcome.refused, Outcome.failed, Outcome.not_checked):
        if number := totals.count(outcome):
            counts.append(words(f"summary.{outcome.value}", n=number))
    return counts


def _parts(view: BackupView) -> Iterable[NoticePart]:
    words = view.words
    troubles = [(item.line.device, f"{_label(view, item.line.outcome)} {item.why}")
                for item in view.troubles]  # fmt: skip
    if outside := len(view.outside) + view.unlisted:
        troubles.append(("", words.number("out_of_scope.note", outside)))
    yield NoticePart(words("section.failures"), troubles, len(troubles))
    changes = []
    for change in view.changes:
        reference = change.change.change_ref
        linked = words("change.linked", ref=reference) if reference else words("change.unlinked")
        said = f"+{change.change.added} −{change.change.removed} {linked}"
        changes.append((change.device, said))
    yield NoticePart(words("section.changes"), changes, len(changes))
    late = [
        (line.device, f"{line.last_at} ({line.age})" if line.last_at else words("never"))
        for line in view.overdue
    ]
    yield NoticePart(words("section.overdue"), late, len(late))
    found = [
        (group.title, group.shared if group.whole_run else words.number("count", len(group.noted)))
        for group in view.findings
    ]
    yield NoticePart(words("section.findings"), found, len(found))


def _label(view: BackupView, outcome: Outcome) -> str:
    return f"[{view.words(f'outcome.{outcome.value}')}]"


def _data(view: BackupView) -> dict[str, object]:
    """For programs: codes and counts, the lists whole."""
    report, totals = view.report, view.report.totals
    return {
        "schema": report.schema_id,
        "totals": {"inventory": totals.inventory, "targeted": totals.targeted}
        | {outcome.value: totals.count(outcome) for outcome in Outcome},
        "devices": [
            {
                "device": item.line.row.device,
                "outcome": item.line.outcome.value,
                "reason": item.line.row.target.reason.code
                if item.line.row.target and item.line.row.target.reason
                else "",
            }
            for item in view.troubles
        ],
        "changed": [
            {"device": item.change.device, "change": item.change.change_ref}
            for item in view.changes
        ],
        "overdue": [line.row.device for line in view.overdue],
        "findings": [
            {
                "code": finding.code.value,
                "device": finding.device,
                "severity": finding.severity.value,
            }
            for finding in report.findings
        ],
    }
