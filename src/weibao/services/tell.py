"""The night's summary to those who are to know; what did not arrive is on record."""

from __future__ import annotations

from weibao.boundary import OutcomeBatch
from weibao.domain.reasons import Reason
from weibao.domain.records import Finding, FindingCode, Severity
from weibao.services.finish import BackupResult
from weibao.services.notify import notify
from weibao.services.parts import Parts

__all__ = ["tell"]


def tell(parts: Parts, result: BackupResult) -> list[Reason]:
    """Send the summary of every contract's report; what failed, as reasons."""
    settings = parts.settings
    notifiers = parts.notifiers()
    failures: list[Reason] = []
    for report in result.reports:
        failed = notify(report.notice, settings.notify, notifiers, settings.language)
        failures += failed
        findings = tuple(
            Finding(
                run_id=result.run.id,
                contract=report.contract,
                code=FindingCode.notify_failed,
                severity=Severity.serious,
                params=dict(reason.params),
                at=parts.clock.now(),
            )
            for reason in failed
        )
        if findings:
            batch = OutcomeBatch(findings=findings)
            parts.journal.record(result.run.id, batch, result.run.actor)
    return failures
