"""The report in one sentence: what the night came to (JOB-10: not checked is no pass)."""

from __future__ import annotations

from weibao.domain.records import Outcome, RunState, Severity
from weibao.domain.report import BackupReport, Totals
from weibao.reports.verdict import Level, Verdict
from weibao.reports.words import Words

__all__ = ["BAD", "counts_sentence", "is_overdue", "verdict"]

BAD = (Outcome.failed, Outcome.refused, Outcome.not_checked)
"""Outcomes without a good backup."""


def is_overdue(report: BackupReport) -> dict[str, bool]:
    """Overdue devices by name (CFG-07); True where there never was a good backup."""
    return {row.device: row.last_good_at is None for row in report.rows if row.overdue}


def _level(report: BackupReport) -> Level:
    totals = report.totals
    if not totals.inventory or totals.good < totals.inventory:
        return "incomplete"
    if report.run.state is RunState.interrupted:
        return "incomplete"
    noted = any(finding.severity is not Severity.info for finding in report.findings)
    return "attention" if noted or any(row.overdue for row in report.rows) else "good"


def counts_sentence(totals: Totals, words: Words) -> str:
    """``24 台设备中 21 台备份完好，2 台失败，1 台未检查。``"""
    total, good = totals.inventory, totals.good
    if not total:
        return words("verdict.none")
    if good == total:
        return words.number("verdict.all", total, total=total)
    head = words.number("verdict.good", good, total=total)
    if not good:
        head = words("verdict.nothing", total=total)
    parts = []
    for outcome in (Outcome.refused, Outcome.failed, Outcome.not_checked):
        if count := totals.count(outcome):
            parts.append(words(f"verdict.{outcome.value}", n=count))
    return head + words("verdict.then") + words("verdict.join").join(parts) + words("verdict.end")


def _changes(report: BackupReport, words: Words) -> str:
    changed = [change for change in report.changes if change.previous is not None]
    first = len(report.changes) - len(changed)
    if not report.changes:
        return words("verdict.changes.none") if report.totals.good else ""
    parts = []
    if changed:
        parts.append(words.number("verdict.changes", len(changed)))
        if unlinked := sum(not change.change_ref for change in changed):
            parts.append(words("verdict.unlinked", n=unlinked))
    if first:
        parts.append(words.number("verdict.first", first))
    return words("verdict.join").join(parts) + words("verdict.end")


def verdict(report: BackupReport, words: Words) -> Verdict:
    """The verdict of ``report``."""
    level = _level(report)
    details = []
    if report.run.state is not RunState.finished:
        details.append(words(f"verdict.{report.run.state.value}"))
    details.append(_changes(report, words))
    if late := len(is_overdue(report)):
        allowed = words.age(report.max_age_hours)
        details.append(words("verdict.overdue", n=late, age=allowed) + words("verdict.end"))
    return Verdict(
        level=level,
        label=words(f"verdict.level.{level}"),
        sentence=counts_sentence(report.totals, words),
        details=tuple(detail for detail in details if detail),
    )
