"""The log in one sentence (JOB-10: not checked is no pass)."""

from __future__ import annotations

from weibao.domain.port_finding import PortFindingCode
from weibao.domain.port_record import PortOutcome
from weibao.domain.port_report import PortReport
from weibao.domain.records import RunState, Severity
from weibao.reports.ports.differences import Differences
from weibao.reports.ports.words import PortWords
from weibao.reports.verdict import Level, Verdict

__all__ = ["unread", "verdict", "without_baseline"]


def unread(report: PortReport) -> int:
    """Devices whose ports nobody saw in this run."""
    totals = report.totals
    return totals.failed + totals.not_checked


def _level(report: PortReport) -> Level:
    totals = report.totals
    if not totals.inventory or unread(report) or totals.partly or totals.ports.unknown:
        return "incomplete"
    if report.run.state is not RunState.finished:
        return "incomplete"
    noted = any(not f.waived and f.severity is not Severity.info for f in report.findings)
    return "attention" if noted or without_baseline(report) else "good"


def without_baseline(report: PortReport) -> int:
    """Devices that were read, but of whose ports nothing is expected."""
    return sum(
        row.reading.good
        and not row.expectations
        and all(f.code is not PortFindingCode.expectations_wrong for f in row.findings)
        for row in report.rows
    )


def verdict(report: PortReport, found: Differences, words: PortWords) -> Verdict:
    """The verdict of ``report``."""
    level = _level(report)
    details = [_differences(found, words)]
    if report.run.state is not RunState.finished:
        details.insert(0, words.say(f"verdict.{report.run.state.value}"))
    if count := unread(report):
        stale = report.totals.stale_ports
        details.append(words.count("verdict.unread", count))
        if stale:
            details.append(words.count("verdict.stale", stale))
    if count := report.totals.ports.unknown:
        details.append(words.count("verdict.unknown", count))
    if count := without_baseline(report):
        details.append(words.count("verdict.without_baseline", count))
    return Verdict(
        level=level,
        label=words.say(f"verdict.level.{level}"),
        sentence=_sentence(report, words),
        details=tuple(details),
    )


def _sentence(report: PortReport, words: PortWords) -> str:
    totals, ports = report.totals, report.totals.ports
    if not totals.inventory:
        return words.say("verdict.empty")
    if unread(report) == totals.inventory:
        return words.say("verdict.none", total=totals.inventory)
    devices = words.count("verdict.devices", totals.inventory, read=_read(report))
    counts = words("verdict.join").join(
        f"{words.standing(each)} {getattr(ports, each.value)}" for each in ports.told()
    )
    return devices + words.count("verdict.ports", ports.total, counts=counts)


def _read(report: PortReport) -> int:
    return report.totals.count(PortOutcome.read) + report.totals.count(PortOutcome.partly)


def _differences(found: Differences, words: PortWords) -> str:
    counts = found.counts()
    if not any(counts.values()):
        return words.say("verdict.no_differences")
    parts = [words.say(f"verdict.{name}", n=n) for name, n in counts.items() if n]
    return words.say("verdict.differences", counts=words("verdict.join").join(parts))
