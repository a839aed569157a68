"""What the ledger says of the jobs that a timer starts every day (JOB-19).

The ledger says which schedule was installed when, so a timer that somebody removed by
hand does not hide the nights that it no longer starts.

    schedule.installed      subject: estate   payload: schedule, ports, kind, since
    schedule.removed        subject: estate   payload: since
    schedule.checked        subject: estate   payload: until, missed, telling
    schedule.untold         subject: estate   payload: nights that nobody could be told
    schedule.ports_checked, schedule.ports_untold: the same of the daily check of ports
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from weibao.boundary.schedule import ScheduleJournal
from weibao.domain.records import LedgerRow, Run, Trigger
from weibao.domain.schedule import (
    Schedule,
    SchedulerKind,
    Span,
    examined_nights,
    missed_nights,
)

__all__ = [
    "INSTALLED",
    "NIGHT",
    "PLANS",
    "PORTS",
    "REMOVED",
    "Plan",
    "Recorded",
    "all_missed",
    "checks_of",
    "payload_of",
    "pending_of",
    "recorded",
    "runs_since",
    "scheduled_starts",
    "spans_of",
]

INSTALLED = "schedule.installed"
REMOVED = "schedule.removed"
_MANY = 10_000


@dataclass(frozen=True)
class Plan:
    """A job that a timer starts every day."""

    job: str
    """Its runbook."""
    schedule: str
    """Where its times stand in ``schedule.installed``."""
    checked: str
    untold: str
    notice: str
    """Prefix of the message about those that were missed."""
    event: str
    """The same for programs."""


NIGHT = Plan(
    job="backup-configs",
    schedule="schedule",
    checked="schedule.checked",
    untold="schedule.untold",
    notice="schedule.notice",
    event="missed_night",
)
PORTS = Plan(
    job="check-ports",
    schedule="ports",
    checked="schedule.ports_checked",
    untold="schedule.ports_untold",
    notice="schedule.ports_notice",
    event="missed_ports_check",
)
PLANS = (NIGHT, PORTS)


@dataclass(frozen=True)
class Recorded:
    """What the ledger says of the schedule."""

    schedule: Schedule
    kind: SchedulerKind
    since: datetime
    ports: Schedule | None = None
    """Of the daily check of ports; None: no timer starts it."""


def recorded(journal: ScheduleJournal) -> Recorded | None:
    """The schedule that the ledger says is installed now."""
    rows = journal.ledger_of(INSTALLED)
    gone = journal.ledger_of(REMOVED)
    if not rows or (gone and gone[0].sequence > rows[0].sequence):
        return None
    payload = payload_of(rows[0])
    ports = payload.get(PORTS.schedule)
    return Recorded(
        Schedule.model_validate(payload[NIGHT.schedule]),
        SchedulerKind(payload["kind"]),
        datetime.fromisoformat(payload["since"]),
        Schedule.model_validate(ports) if ports else None,
    )


def all_missed(journal: ScheduleJournal, now: datetime, plan: Plan = NIGHT) -> list[datetime]:
    """Every missed night: those on record, and those that no check has judged yet."""
    rows = checks_of(journal, now, plan)
    nights = {datetime.fromisoformat(n) for row in rows for n in payload_of(row)["missed"]}
    after = datetime.fromisoformat(payload_of(rows[0])["until"]) if rows else None
    spans = spans_of(journal, now, plan)
    examined = examined_nights(spans, after, now)
    if examined:
        starts = scheduled_starts(journal, examined[0][1], plan)
        nights.update(missed_nights(spans, starts, after, now))
    return sorted(nights)


def pending_of(
    journal: ScheduleJournal, last: list[LedgerRow], plan: Plan = NIGHT
) -> list[datetime]:
    """Those missed that nobody could be told; ``last`` is what ``checks_of`` found."""
    untold = journal.ledger_of(plan.untold)
    if not untold or not last or untold[0].sequence < last[0].sequence:
        return []
    return [datetime.fromisoformat(night) for night in payload_of(untold[0])["nights"]]


def checks_of(journal: ScheduleJournal, now: datetime, plan: Plan = NIGHT) -> list[LedgerRow]:
    """The checks on record, newest first, but those of a clock that was ahead of the later ones.

    Such a check has judged nights that had not come; they are judged when they have.
    """
    found = []
    earliest = now
    for row in journal.ledger_of(plan.checked, _MANY):
        at = datetime.fromisoformat(payload_of(row)["until"])
        if at <= earliest:
            found.append(row)
            earliest = at
    return found


def spans_of(journal: ScheduleJournal, now: datetime, plan: Plan = NIGHT) -> list[Span]:
    """The times of each schedule; one installed by a clock that was ahead counts for two days."""
    rows = [*journal.ledger_of(INSTALLED, _MANY), *journal.ledger_of(REMOVED, _MANY)]
    rows.sort(key=lambda row: row.sequence)
    spans: list[Span] = []
    for row, following in zip(rows, [*rows[1:], None], strict=False):
        if row.action == INSTALLED:
            payload = payload_of(row)
            if not payload.get(plan.schedule):
                continue
            until = payload_of(following)["since"] if following else None
            spans.append(
                Span(
                    schedule=Schedule.model_validate(payload[plan.schedule]),
                    since=_not_ahead(datetime.fromisoformat(payload["since"]), now),
                    until=datetime.fromisoformat(until) if until else None,
                )
            )
    return spans


def _not_ahead(since: datetime, now: datetime) -> datetime:
    return since if since <= now else now - timedelta(days=2)


def runs_since(journal: ScheduleJournal, since: datetime | None, plan: Plan = NIGHT) -> list[Run]:
    """The plan's runs, newest first, at least back to ``since`` (None: the newest ones)."""
    limit = 100
    while True:
        runs = journal.runs(job=plan.job, limit=limit)
        if since is None or len(runs) < limit or runs[-1].started_at < since:
            return runs
        limit *= 4


def scheduled_starts(
    journal: ScheduleJournal, since: datetime, plan: Plan = NIGHT
) -> list[datetime]:
    """When a timer started the plan's job, newest first."""
    runs = runs_since(journal, since, plan)
    return [run.started_at for run in runs if run.trigger is Trigger.schedule]


def payload_of(row: LedgerRow) -> dict[str, Any]:
    """What a row says."""
    found: dict[str, Any] = json.loads(row.payload)
    return found
