"""The night's summary to those who are to know; what did not arrive is on record."""

from __future__ import annotations

from collections.abc import Sequence

from weibao.boundary import Notice, Notifier, OutcomeBatch
from weibao.domain.reasons import Reason
from weibao.domain.records import Finding, FindingCode, Severity
from weibao.domain.settings import Settings
from weibao.errors import WeibaoError
from weibao.i18n import translate
from weibao.services.finish import BackupResult
from weibao.services.notify import notify
from weibao.services.parts import Parts

__all__ = ["tell", "tell_error"]


def tell_error(
    settings: Settings, notifiers: Sequence[Notifier], error: WeibaoError
) -> list[Reason]:
    """Tell what stopped a night before there was a report; what failed, as reasons."""
    language = settings.language
    said = error.say(language)
    subject = translate("night.stopped.subject", language, estate=settings.name)
    text = translate("night.stopped.text", language, estate=settings.name, why=said)
    notice = Notice(
        subject=subject,
        text=text,
        markdown=f"### {subject}\n\n{text}",
        failed=True,
        data={
            "event": "night_stopped",
            "estate": settings.name,
            "code": error.key,
            "message": said,
            "exit_code": error.exit_code,
        },
    )
    return notify(notice, settings.notify, notifiers, language)


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
