"""The second half of a run: judge, archive, find what is overdue, report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from weibao.boundary import OutcomeBatch
from weibao.domain.inventory import Device
from weibao.domain.reasons import Reason
from weibao.domain.records import Finding, Outcome, Run, RunState, RunTarget
from weibao.services.ahead import Ahead
from weibao.services.clock_check import record_clock
from weibao.services.ingest import ingest, judges_of
from weibao.services.issue_report import issue_reports
from weibao.services.overdue import record_overdue
from weibao.services.parts import Parts, PublishedReport
from weibao.services.schedule import missed_findings
from weibao.services.steps import Steps

__all__ = ["BackupResult", "finish_run"]


@dataclass(frozen=True)
class BackupResult:
    """What came of it."""

    run: Run
    targets: tuple[RunTarget, ...]
    findings: tuple[Finding, ...]
    reports: tuple[PublishedReport, ...] = field(default=())

    @property
    def exit_code(self) -> int:
        """0: every device has a proven backup; 1: some have not; 4: none was tried."""
        if all(t.outcome.good for t in self.targets) and not _run_failed(self.findings):
            return 0
        if self.targets and all(t.outcome is Outcome.not_checked for t in self.targets):
            return 4
        return 1


def _run_failed(findings: Iterable[Finding]) -> bool:
    codes = {"archive_failed", "push_failed", "second_copy", "notify_failed"}
    return any(f.code.value in codes for f in findings)


def finish_run(
    parts: Parts,
    run: Run,
    devices: Sequence[Device],
    steps: Steps,
    *,
    why: Reason,
    state: RunState = RunState.finished,
    ahead: Ahead | None = None,
) -> BackupResult:
    """Everything after collecting: also what a run that was cut off is owed.

    ``devices`` is the whole inventory as it is known; ``why`` is the reason of devices
    that the bundle does not mention; ``ahead`` has judged some entries already.
    """
    judged = ahead or Ahead(judges_of(parts, run))
    try:
        ingested = ingest(parts, run, steps, why=why, ahead=judged)
    finally:
        judged.close()
    record_overdue(parts, run, devices, ingested.targets)
    _record_missed_nights(parts, run, ingested.targets)
    record_clock(parts, run, {t.contract for t in ingested.targets} & parts.contracts.keys())
    parts.journal.close_run(run.id, state, parts.clock.now(), run.actor)
    parts.bundle(parts.runs / run.id / "bundle").discard_blobs()
    closed = parts.journal.run(run.id) or run
    reports = issue_reports(parts, closed, devices)
    return BackupResult(
        run=closed,
        targets=tuple(ingested.targets),
        findings=tuple(parts.journal.findings(run.id)),
        reports=reports,
    )


def _record_missed_nights(parts: Parts, run: Run, targets: Iterable[RunTarget]) -> None:
    """Nights missed since the run before this one stand in this one's report (JOB-19)."""
    now = parts.clock.now()
    earlier = [
        r
        for r in parts.journal.runs(job=run.job, limit=2)
        if r.id != run.id and r.started_at <= now  # a clock that was ahead dates nothing
    ]
    since = earlier[0].started_at if earlier else None
    for contract in sorted({t.contract for t in targets if t.contract in parts.contracts}):
        found = missed_findings(parts.journal, run.id, contract, since, now)
        if found:
            parts.journal.record(run.id, OutcomeBatch(findings=tuple(found)), run.actor)
