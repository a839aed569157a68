"""The morning in a few lines, for mail and webhooks: differences first, no device text."""

from __future__ import annotations

from collections.abc import Iterable

from weibao.boundary.notify import Notice
from weibao.domain.port_finding import PortFinding
from weibao.domain.port_report import PortReport
from weibao.domain.records import RunState, Severity
from weibao.i18n import Language
from weibao.reports.notices import MOST, NoticePart, notice_of
from weibao.reports.ports.verdict import unread
from weibao.reports.ports.view import Line, PortView
from weibao.reports.words import visible

__all__ = ["summarise"]


def summarise(report: PortReport, language: Language, where: str = "") -> Notice:
    """What the ports came to; ``where`` is the path or address of the full log.

    ``failed`` is True where a device was not read, the run was cut off, something serious
    stands, or something new was found that is more than a note.
    """
    view = PortView(report, language)
    return notice_of(
        view,
        view.words.say,
        _parts(view),
        counts=_counts(view),
        failed=_failed(view),
        data=_data(view),
        where=where,
    )


def _failed(view: PortView) -> bool:
    report, found = view.report, view.differences
    return (
        not report.totals.inventory
        or unread(report) > 0
        or report.run.state is not RunState.finished
        or any(f.severity is Severity.serious for f in (*found.new, *found.lasting))
        or any(f.severity is not Severity.info for f in found.new)
    )


def _counts(view: PortView) -> list[str]:
    words, totals, found = view.words, view.report.totals, view.differences
    return [
        words.say("summary.read", read=totals.read + totals.partly, total=totals.inventory),
        words.say("summary.differences", new=len(found.new), lasting=len(found.lasting)),
    ]


def _parts(view: PortView) -> Iterable[NoticePart]:
    say, found = view.words.say, view.differences
    for name in ("new", "lasting", "gone"):
        members: tuple[PortFinding, ...] = getattr(found, name)
        entries = [_entry(view, finding) for finding in members[:MOST]]
        yield NoticePart(f"{say(f'part.{name}')} ({len(members)})", entries, len(members))
    lines = [(line.device, _why(view, line)) for line in view.unread[:MOST]]
    count = len(view.unread)
    yield NoticePart(f"{say('summary.unread')} ({count})", lines, count)


def _entry(view: PortView, finding: PortFinding) -> tuple[str, str]:
    """By its title: a sentence may carry what a device or its neighbour says."""
    words = view.words
    where = " ".join(part for part in (words.device(finding), visible(finding.port)) if part)
    said = [f"[{words(f'severity.{finding.severity.value}')}] {words.title(finding.code)}"]
    if finding.cuts_off:
        said.append(words.say("summary.cuts_off", who=visible(finding.cuts_off)))
    return where, words("verdict.join").join(said)


def _why(view: PortView, line: Line) -> str:
    outcome = view.words.say(f"outcome.{line.outcome.value}")
    return f"[{outcome}] {line.why or view.words.say('no_reason')}"


def _data(view: PortView) -> dict[str, object]:
    """For programs: codes and counts, the lists whole."""
    report = view.report
    new = set(report.new)
    return {
        "schema": report.schema_id,
        "totals": report.totals.model_dump(mode="json"),
        "devices": [
            {
                "device": line.row.device,
                "outcome": line.outcome.value,
                "reason": line.row.reading.reason.code if line.row.reading.reason else "",
            }
            for line in view.unread
        ],
        "findings": [
            {
                "code": finding.code.value,
                "device": finding.device,
                "port": finding.port,
                "severity": finding.severity.value,
                "new": place in new,
                "waived": bool(finding.waived),
                "cuts_off": finding.cuts_off,
            }
            for place, finding in enumerate(report.findings)
        ],
    }
