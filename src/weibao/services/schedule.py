"""The night as a timer: install, look at, take away, and find what was missed (JOB-19)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from weibao.boundary.notify import Notice, Notifier
from weibao.boundary.schedule import (
    Installed,
    ScheduleJob,
    ScheduleJournal,
    Scheduler,
    SchedulerState,
)
from weibao.domain.reasons import Reason
from weibao.domain.records import Finding, FindingCode, Run, Severity, Trigger
from weibao.domain.schedule import (
    Schedule,
    SchedulerKind,
    Span,
    StartDecision,
    decide_start,
    examined_nights,
    missed_nights,
    next_planned,
)
from weibao.domain.settings import NotifySettings
from weibao.i18n import Language, translate
from weibao.services.notify import notify, wanted
from weibao.services.planned import (
    INSTALLED,
    NIGHT,
    PLANS,
    PORTS,
    REMOVED,
    Plan,
    Recorded,
    all_missed,
    checks_of,
    payload_of,
    pending_of,
    recorded,
    runs_since,
    scheduled_starts,
    spans_of,
)

__all__ = [
    "CheckReport",
    "Recorded",
    "ScheduleView",
    "Teller",
    "all_missed",
    "check",
    "decide",
    "install",
    "missed_findings",
    "missed_notice",
    "recorded",
    "remove",
    "show",
]


@dataclass(frozen=True)
class Teller:
    """How people are told, and what to call the estate."""

    estate: str
    language: Language
    settings: NotifySettings
    notifiers: Sequence[Notifier] = ()


@dataclass(frozen=True)
class CheckReport:
    """What a check found."""

    examined: int
    """Nights judged by this check."""
    missed: tuple[datetime, ...] = ()
    """Found missed by this check, in UTC."""
    told: tuple[datetime, ...] = ()
    """Told now: those, and earlier ones that nobody could be told."""
    failures: tuple[Reason, ...] = ()
    """``notify_failed`` of each way that did not work."""
    missed_ports: tuple[datetime, ...] = ()
    """Daily checks of ports found missed by this check, in UTC."""


@dataclass(frozen=True)
class ScheduleView:
    """What ``schedule show`` shows."""

    recorded: Recorded | None
    state: SchedulerState | None
    next_at: datetime | None
    """The next planned night, in UTC; None where nothing is installed or it is not active."""
    last_runs: tuple[Run, ...] = ()
    """Scheduled runs, newest first."""
    missed: tuple[datetime, ...] = field(default=())
    """Missed nights, newest first, in UTC."""
    warnings: tuple[Reason, ...] = ()
    ports_next_at: datetime | None = None
    """The next daily check of ports, in UTC; None where no timer starts it."""
    missed_ports: tuple[datetime, ...] = ()
    """Daily checks of ports that were missed, newest first, in UTC."""


def install(
    job: ScheduleJob, scheduler: Scheduler, journal: ScheduleJournal, now: datetime, actor: str
) -> Installed:
    """Put the night in place and record it; the same again changes and records nothing.

    Raises:
        RefusedError, InputError, FailedError: as ``Scheduler.install``; nothing is recorded.
    """
    done = scheduler.install(job, now)
    before = recorded(journal)
    wanted_now = (job.schedule, scheduler.kind, job.ports_schedule)
    same = before and (before.schedule, before.kind, before.ports) == wanted_now
    if not same:
        payload = {
            NIGHT.schedule: job.schedule.model_dump(),
            PORTS.schedule: job.ports_schedule.model_dump() if job.ports_schedule else None,
            "kind": scheduler.kind.value,
            "since": now.isoformat(),
        }
        journal.append(now, actor, INSTALLED, job.name, _text(payload))
    changed = not same if scheduler.kind is SchedulerKind.cron else done.changed or not same
    return Installed(changed, done.files, done.lines, done.warnings)


def remove(
    job: ScheduleJob,
    schedulers: Sequence[Scheduler],
    journal: ScheduleJournal,
    now: datetime,
    actor: str,
) -> tuple[str, ...]:
    """Take the night away wherever it is installed; the files removed.

    Raises:
        RefusedError, FailedError: as ``Scheduler.remove``; then it stays recorded.
    """
    files = tuple(file for scheduler in schedulers for file in scheduler.remove(job))
    if recorded(journal) is not None:
        payload = {"since": now.isoformat()}
        journal.append(now, actor, REMOVED, job.name, _text(payload))
    return files


def decide(journal: ScheduleJournal, fallback: Schedule, now: datetime) -> StartDecision:
    """Whether a start by the timer at ``now`` may run the backup.

    The schedule is the recorded one, so that an edited setting does not make last month's
    timer late; ``fallback`` is the settings' where none is recorded (a unit of one's own).
    """
    found = recorded(journal)
    schedule = found.schedule if found else fallback
    starts = scheduled_starts(journal, now - timedelta(days=3))
    # Installed while the clock was ahead: that must not put off the nights until then.
    since = found.since if found and found.since <= now else None
    return decide_start(schedule, now, starts, since)


def check(journal: ScheduleJournal, teller: Teller, now: datetime, actor: str) -> CheckReport:
    """Find the nights that were missed since the last check, record them, and tell once.

    The record is written before anybody is told, so that a night is never told twice, even
    when the program is killed in between; nights that no notifier could be told are tried
    again by the next check. The caller holds a lock, so that two checks are not at once.
    """
    nights, ports = (_check(journal, teller, now, actor, plan) for plan in PLANS)
    return CheckReport(
        examined=nights.examined + ports.examined,
        missed=nights.missed,
        told=(*nights.told, *ports.told),
        failures=(*nights.failures, *ports.failures),
        missed_ports=ports.missed,
    )


def _check(
    journal: ScheduleJournal, teller: Teller, now: datetime, actor: str, plan: Plan
) -> CheckReport:
    spans = spans_of(journal, now, plan)
    last = checks_of(journal, now, plan)
    after = datetime.fromisoformat(payload_of(last[0])["until"]) if last else None
    pending = pending_of(journal, last, plan)
    examined = examined_nights(spans, after, now)
    if not examined and not pending:
        return CheckReport(examined=0)
    starts = scheduled_starts(journal, examined[0][1], plan) if examined else []
    missed = missed_nights(spans, starts, after, now)
    telling = sorted({*missed, *pending})
    payload = {
        "until": now.isoformat(),
        "missed": [night.isoformat() for night in missed],
        "telling": [night.isoformat() for night in telling],
    }
    journal.append(now, actor, plan.checked, teller.estate, _text(payload))
    told, failures = _tell(teller, telling, spans, plan)
    if failures and not told:
        nights = {"nights": payload["telling"]}
        journal.append(now, actor, plan.untold, teller.estate, _text(nights))
    return CheckReport(
        examined=len(examined),
        missed=tuple(missed),
        told=tuple(telling) if told else (),
        failures=tuple(failures),
    )


def show(
    journal: ScheduleJournal,
    job: ScheduleJob,
    schedulers: Sequence[Scheduler],
    now: datetime,
    *,
    last: int = 7,
) -> ScheduleView:
    """What is recorded, what is really in place, what comes next and what was missed.

    ``job.schedule`` is the settings'; a difference from the recorded one is a warning.
    Nights that no check has judged yet are judged for the view, and not recorded.
    """
    found = recorded(journal)
    state = next((s.state(job) for s in schedulers if found and s.kind is found.kind), None)
    warnings = list(state.warnings) if state else []
    if found and state and not state.active and not state.warnings:
        warnings.append(Reason.of("schedule_not_active", kind=found.kind.value))
    if found and found.schedule != job.schedule:
        warnings.append(_differs(found.schedule, job.schedule))
    if found and found.ports != job.ports_schedule:
        warnings.append(_differs(found.ports, job.ports_schedule, "ports_schedule_differs"))
    active = bool(found and state and state.active)
    runs = [run for run in runs_since(journal, None) if run.trigger is Trigger.schedule]
    return ScheduleView(
        recorded=found,
        state=state,
        next_at=next_planned(found.schedule, now) if found and active else None,
        last_runs=tuple(runs[:last]),
        missed=tuple(reversed(all_missed(journal, now)))[:last],
        warnings=tuple(warnings),
        ports_next_at=next_planned(found.ports, now) if found and found.ports and active else None,
        missed_ports=tuple(reversed(all_missed(journal, now, PORTS)))[:last],
    )


def missed_findings(
    journal: ScheduleJournal, run_id: str, contract: str, since: datetime | None, now: datetime
) -> list[Finding]:
    """Findings for a run's report: the nights missed after ``since``, the run before it."""
    spans = spans_of(journal, now)
    zone = spans[-1].schedule.zone_info if spans else UTC
    return [
        Finding(
            run_id=run_id,
            contract=contract,
            code=FindingCode.missed_run,
            severity=Severity.serious,
            params={"planned": night.astimezone(zone).isoformat(timespec="minutes")},
            at=now,
        )
        for night in all_missed(journal, now)
        if since is None or night > since
    ]


def missed_notice(
    teller: Teller,
    nights: Sequence[datetime],
    schedule: Schedule | None,
    plan: Plan = NIGHT,
) -> Notice:
    """The message about missed nights, in the estate's language and the schedule's zone."""
    listed = "\n".join(f"- {_local(night, schedule)}" for night in nights)
    places = {"estate": teller.estate, "count": len(nights), "nights": listed}
    subject = translate(f"{plan.notice}.subject", teller.language, **places)
    text = translate(f"{plan.notice}.text", teller.language, **places)
    return Notice(
        subject=subject,
        text=text,
        markdown=f"### {subject}\n\n{text}",
        failed=True,
        data={
            "event": plan.event,
            "estate": teller.estate,
            "nights": [night.isoformat() for night in nights],
        },
    )


def _tell(
    teller: Teller, nights: list[datetime], spans: list[Span], plan: Plan
) -> tuple[bool, list[Reason]]:
    """Whether at least one way worked, and what did not."""
    if not nights:
        return False, []
    notice = missed_notice(teller, nights, spans[-1].schedule if spans else None, plan)
    if not wanted(notice, teller.settings):
        return False, []
    failures = notify(notice, teller.settings, teller.notifiers, teller.language)
    return len(failures) < len(teller.notifiers), failures


def _local(night: datetime, schedule: Schedule | None) -> str:
    if schedule is None:
        return f"{night:%Y-%m-%d %H:%M} UTC"
    return f"{night.astimezone(schedule.zone_info):%Y-%m-%d %H:%M} {schedule.zone}"


def _differs(
    installed: Schedule | None, settings: Schedule | None, code: str = "schedule_differs"
) -> Reason:
    said = {
        side: f"{one.at} {one.zone}, {one.grace_minutes} min" if one else "-"
        for side, one in (("installed", installed), ("settings", settings))
    }
    return Reason.of(code, **said)


def _text(payload: dict[str, Any]) -> str:
    return json.dumps(payload, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
