"""When the night should be, and whether it was: pure functions of the clock (JOB-19, SCH-01).

A night is planned at ``HH:MM`` of an IANA time zone. Everything is compared in UTC, so
that daylight saving neither loses nor doubles a night: a local time that the clock skips
is planned at the moment to which the clock jumps, and one that comes twice is planned at
its first coming.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field

from weibao.domain.base import Moment, Value
from weibao.domain.local_time import instant

__all__ = [
    "Schedule",
    "SchedulerKind",
    "Span",
    "StartDecision",
    "StartVerdict",
    "decide_start",
    "examined_nights",
    "missed_nights",
    "next_planned",
    "planned_between",
]

_DAY = timedelta(days=1)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is no IANA time zone such as Asia/Shanghai") from error
    return name


class SchedulerKind(StrEnum):
    """What starts the night."""

    user = "user"
    """The user's own systemd manager."""
    system = "system"
    """The machine's systemd manager."""
    cron = "cron"


class Schedule(Value):
    """A daily time, and how late a night may start before it counts as missed."""

    at: str = Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    """``HH:MM``, local time of ``zone``."""
    zone: Annotated[str, AfterValidator(_zone)]
    """IANA name."""
    grace_minutes: int = Field(ge=1)

    @property
    def time(self) -> time:
        """``at`` as a time of day."""
        return time.fromisoformat(self.at)

    @property
    def zone_info(self) -> ZoneInfo:
        """The zone's rules."""
        return ZoneInfo(self.zone)

    @property
    def grace(self) -> timedelta:
        """The longest delay of a start."""
        return timedelta(minutes=self.grace_minutes)


class Span(Value):
    """A schedule and the time in which it was installed; ``until`` None: still."""

    schedule: Schedule
    since: Moment
    until: Moment | None = None


class StartVerdict(StrEnum):
    """Whether a scheduled start may run."""

    run = "run"
    missed = "missed"
    """It is too late: the night is reported, and not made up."""
    not_due = "not_due"
    """The latest night has had its run, or none was planned yet."""


class StartDecision(Value):
    """What a scheduled start is to do."""

    verdict: StartVerdict
    planned: Moment | None = None
    """The latest planned moment, in UTC; None where none was planned yet."""


def planned_between(schedule: Schedule, start: datetime, end: datetime) -> Iterator[datetime]:
    """The planned moments from ``start`` on and before ``end``, in UTC, in order."""
    zone = schedule.zone_info
    day = start.astimezone(zone).date() - _DAY
    last = end.astimezone(zone).date() + _DAY
    while day <= last:
        planned = instant(datetime.combine(day, schedule.time), zone)
        if start <= planned < end:
            yield planned
        day += _DAY


def next_planned(schedule: Schedule, now: datetime) -> datetime:
    """The first planned moment after ``now``, in UTC."""
    first = now + timedelta(microseconds=1)
    return next(planned_between(schedule, first, first + 3 * _DAY))


def _deadline(schedule: Schedule, planned: datetime) -> datetime:
    """The last moment at which a start belongs to the night: within the grace, and its own."""
    last = next_planned(schedule, planned) - timedelta(microseconds=1)
    return min(planned + schedule.grace, last)


def examined_nights(
    spans: Iterable[Span], after: datetime | None, now: datetime
) -> list[tuple[Schedule, datetime]]:
    """The nights that can be judged now and could not at ``after``, the last check.

    A night can be judged when its grace is over, and counts only where its schedule was
    installed from the planned moment to the end of the grace.
    """
    nights: list[tuple[Schedule, datetime]] = []
    for span in spans:
        start = span.since
        if after is not None:
            start = max(start, after - span.schedule.grace - 2 * _DAY)
        until = min(now, span.until) if span.until else now
        for planned in planned_between(span.schedule, start, until):
            over = _deadline(span.schedule, planned)
            if over <= until and (after is None or over > after):
                nights.append((span.schedule, planned))
    return sorted(nights, key=lambda night: night[1])


def _served(schedule: Schedule, planned: datetime, starts: Iterable[datetime]) -> bool:
    deadline = _deadline(schedule, planned)
    return any(planned <= start <= deadline for start in starts)


def missed_nights(
    spans: Iterable[Span], starts: Iterable[datetime], after: datetime | None, now: datetime
) -> list[datetime]:
    """The planned moments, in UTC and in order, that no scheduled start followed in time.

    ``starts`` are the starts of scheduled runs; ``after`` is the last check (None: there
    was none), so that a night is found once.
    """
    known = sorted(starts)
    return [
        planned
        for schedule, planned in examined_nights(spans, after, now)
        if not _served(schedule, planned, known)
    ]


def decide_start(
    schedule: Schedule,
    now: datetime,
    starts: Iterable[datetime] = (),
    since: datetime | None = None,
) -> StartDecision:
    """Whether a start by the timer at ``now`` may run the backup.

    A night that was missed must not run in the morning: a start later than the grace is
    refused and reported. A night runs once, however often a timer fires (cron has no time
    zone, so that its line may fire at more hours than one). ``since`` is when the schedule
    was installed; a night before it is nobody's.
    """
    earliest = now - 3 * _DAY
    moments = list(planned_between(schedule, earliest, now + timedelta(microseconds=1)))
    if not moments or (since is not None and moments[-1] < since):
        return StartDecision(verdict=StartVerdict.not_due)
    planned = moments[-1]
    if _served(schedule, planned, starts):
        return StartDecision(verdict=StartVerdict.not_due, planned=planned)
    late = now - planned > schedule.grace
    return StartDecision(verdict=StartVerdict.missed if late else StartVerdict.run, planned=planned)
