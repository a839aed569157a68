"""The night as a timer: install, look at, take away, and find what was missed (JOB-19).

The ledger says which schedule was installed when, so a timer that somebody removed by
hand does not hide the nights that it no longer starts.

    schedule.installed   subject: estate   payload: schedule, kind, since
    schedule.removed     subject: estate   payload: since
    schedule.checked     subject: estate   payload: until, missed, telling
    schedule.untold      subject: estate   payload: nights that nobody could be told
"""

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
from weibao.domain.records import Finding, FindingCode, LedgerRow, Run, Severity, Trigger
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

__all__ = [
    "BACKUP_JOB",
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

BACKUP_JOB = "backup-configs"

_INSTALLED = "schedule.installed"
_REMOVED = "schedule.removed"
_CHECKED = "schedule.checked"
_UNTOLD = "schedule.untold"
_MANY = 10_000


@dataclass(frozen=True)
class Recorded:
    """What the ledger says of the schedule."""

    schedule: Schedule
    kind: SchedulerKind
    since: datetime


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


def install(
    job: ScheduleJob, scheduler: Scheduler, journal: ScheduleJournal, now: datetime, actor: str
) -> Installed:
    """Put the night in place and record it; the same again changes and records nothing.

    Raises:
        RefusedError, InputError, FailedError: as ``Scheduler.install``; nothing is recorded.
    """
    done = scheduler.install(job, now)
    before = recorded(journal)
    same = before and (before.schedule, before.kind) == (job.schedule, scheduler.kind)
    if not same:
        payload = {
            "schedule": job.schedule.model_dump(),
            "kind": scheduler.kind.value,
            "since": now.isoformat(),
        }
        journal.append(now, actor, _INSTALLED, job.name, _text(payload))
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
        journal.append(now, actor, _REMOVED, job.name, _text(payload))
    return files


def recorded(journal: ScheduleJournal) -> Recorded | None:
    """The schedule that the ledger says is installed now."""
    rows = journal.ledger_of(_INSTALLED)
    gone = journal.ledger_of(_REMOVED)
    if not rows or (gone and gone[0].sequence > rows[0].sequence):
        return None
    payload = _payload(rows[0])
    return Recorded(
        Schedule.model_validate(payload["schedule"]),
        SchedulerKind(payload["kind"]),
        datetime.fromisoformat(payload["since"]),
    )


def decide(journal: ScheduleJournal, fallback: Schedule, now: datetime) -> StartDecision:
    """Whether a start by the timer at ``now`` may run the backup.

    The schedule is the recorded one, so that an edited setting does not make last month's
    timer late; ``fallback`` is the settings' where none is recorded (a unit of one's own).
    """
    found = recorded(journal)
    schedule = found.schedule if found else fallback
    starts = _scheduled_starts(journal, now - timedelta(days=3))
    # Installed while the clock was ahead: that must not put off the nights until then.
    since = found.since if found and found.since <= now else None
    return decide_start(schedule, now, starts, since)


def check(journal: ScheduleJournal, teller: Teller, now: datetime, actor: str) -> CheckReport:
    """Find the nights that were missed since the last check, record them, and tell once.

    The record is written before anybody is told, so that a night is never told twice, even
    when the program is killed in between; nights that no notifier could be told are tried
    again by the next check. The caller holds a lock, so that two checks are not at once.
    """
    spans = _spans(journal, now)
    last = _checks(journal, now)
    after = datetime.fromisoformat(_payload(last[0])["until"]) if last else None
    pending = _pending(journal, last)
    examined = examined_nights(spans, after, now)
    if not examined and not pending:
        return CheckReport(examined=0)
    starts = _scheduled_starts(journal, examined[0][1]) if examined else []
    missed = missed_nights(spans, starts, after, now)
    telling = sorted({*missed, *pending})
    payload = {
        "until": now.isoformat(),
        "missed": [night.isoformat() for night in missed],
        "telling": [night.isoformat() for night in telling],
    }
    journal.append(now, actor, _CHECKED, teller.estate, _text(payload))
    told, failures = _tell(teller, telling, spans)
    if failures and not told:
        nights = {"nights": payload["telling"]}
        journal.append(now, actor, _UNTOLD, teller.estate, _text(nights))
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
    runs = [run for run in _runs_since(journal, None) if run.trigger is Trigger.schedule]
    return ScheduleView(
        recorded=found,
        state=state,
        next_at=next_planned(found.schedule, now) if found and state and state.active else None,
        last_runs=tuple(runs[:last]),
        missed=tuple(reversed(all_missed(journal, now)))[:last],
        warnings=tuple(warnings),
    )


def all_missed(journal: ScheduleJournal, now: datetime) -> list[datetime]:
    """Every missed night: those on record, and those that no check has judged yet."""
    rows = _checks(journal, now)
    nights = {datetime.fromisoformat(n) for row in rows for n in _payload(row)["missed"]}
    after = datetime.fromisoformat(_payload(rows[0])["until"]) if rows else None
    spans = _spans(journal, now)
    examined = examined_nights(spans, after, now)
    if examined:
        starts = _scheduled_starts(journal, examined[0][1])
        nights.update(missed_nights(spans, starts, after, now))
    return sorted(nights)


def missed_findings(
    journal: ScheduleJournal, run_id: str, contract: str, since: datetime | None, now: datetime
) -> list[Finding]:
    """Findings for a run's report: the nights missed after ``since``, the run before it."""
    spans = _spans(journal, now)
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


def missed_notice(teller: Teller, nights: Sequence[datetime], schedule: Schedule | None) -> Notice:
    """The message about missed nights, in the estate's language and the schedule's zone."""
    listed = "\n".join(f"- {_local(night, schedule)}" for night in nights)
    places = {"estate": teller.estate, "count": len(nights), "nights": listed}
    subject = translate("schedule.notice.subject", teller.language, **places)
    text = translate("schedule.notice.text", teller.language, **places)
    return Notice(
        subject=subject,
        text=text,
        markdown=f"### {subject}\n\n{text}",
        failed=True,
        data={
            "event": "missed_night",
            "estate": teller.estate,
            "nights": [night.isoformat() for night in nights],
        },
    )


def _tell(teller: Teller, nights: list[datetime], spans: list[Span]) -> tuple[bool, list[Reason]]:
    """Whether at least one way worked, and what did not."""
    if not nights:
        return False, []
    notice = missed_notice(teller, nights, spans[-1].schedule if spans else None)
    if not wanted(notice, teller.settings):
        return False, []
    failures = notify(notice, teller.settings, teller.notifiers, teller.language)
    return len(failures) < len(teller.notifiers), failures


def _local(night: datetime, schedule: Schedule | None) -> str:
    if schedule is None:
        return f"{night:%Y-%m-%d %H:%M} UTC"
    return f"{night.astimezone(schedule.zone_info):%Y-%m-%d %H:%M} {schedule.zone}"


def _differs(installed: Schedule, settings: Schedule) -> Reason:
    said = {
        side: f"{one.at} {one.zone}, {one.grace_minutes} min"
        for side, one in (("installed", installed), ("settings", settings))
    }
    return Reason.of("schedule_differs", **said)


def _pending(journal: ScheduleJournal, last: list[LedgerRow]) -> list[datetime]:
    untold = journal.ledger_of(_UNTOLD)
    if not untold or not last or untold[0].sequence < last[0].sequence:
        return []
    return [datetime.fromisoformat(night) for night in _payload(untold[0])["nights"]]


def _checks(journal: ScheduleJournal, now: datetime) -> list[LedgerRow]:
    """The checks on record, newest first, but those of a clock that was ahead of the later ones.

    Such a check has judged nights that had not come; they are judged when they have.
    """
    found = []
    earliest = now
    for row in journal.ledger_of(_CHECKED, _MANY):
        at = datetime.fromisoformat(_payload(row)["until"])
        if at <= earliest:
            found.append(row)
            earliest = at
    return found


def _spans(journal: ScheduleJournal, now: datetime) -> list[Span]:
    """The times of each schedule; one installed by a clock that was ahead counts for two days."""
    rows = [*journal.ledger_of(_INSTALLED, _MANY), *journal.ledger_of(_REMOVED, _MANY)]
    rows.sort(key=lambda row: row.sequence)
    spans: list[Span] = []
    for row, following in zip(rows, [*rows[1:], None], strict=False):
        if row.action == _INSTALLED:
            payload = _payload(row)
            until = _payload(following)["since"] if following else None
            spans.append(
                Span(
                    schedule=Schedule.model_validate(payload["schedule"]),
                    since=_not_ahead(datetime.fromisoformat(payload["since"]), now),
                    until=datetime.fromisoformat(until) if until else None,
                )
            )
    return spans


def _not_ahead(since: datetime, now: datetime) -> datetime:
    return since if since <= now else now - timedelta(days=2)


def _runs_since(journal: ScheduleJournal, since: datetime | None) -> list[Run]:
    """Backup runs, newest first, at least back to ``since`` (None: the newest ones)."""
    limit = 100
    while True:
        runs = journal.runs(job=BACKUP_JOB, limit=limit)
        if since is None or len(runs) < limit or runs[-1].started_at < since:
            return runs
        limit *= 4


def _scheduled_starts(journal: ScheduleJournal, since: datetime) -> list[datetime]:
    runs = _runs_since(journal, since)
    return [run.started_at for run in runs if run.trigger is Trigger.schedule]


def _payload(row: LedgerRow) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(row.payload)
    return found


def _text(payload: dict[str, Any]) -> str:
    return json.dumps(payload, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
