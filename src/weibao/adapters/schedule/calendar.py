"""Planned moments as systemd and cron can say them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from weibao.domain.schedule import Schedule, planned_between

__all__ = ["CHECK_DELAY", "TICK_MINUTES", "check_times", "cron_times", "systemd_calendar"]

TICK_MINUTES = 5
"""A change that a timer may start begins at most so long after its window does."""
CHECK_DELAY = timedelta(minutes=5)
"""After the end of the grace, so that a start in its last second is not called missed."""

_YEARS_AHEAD = 10
_DAY = timedelta(days=1)


def _wall(moment: datetime, zone: ZoneInfo | timezone) -> str:
    return moment.astimezone(zone).strftime("%H:%M")


def systemd_calendar(schedule: Schedule, now: datetime) -> tuple[list[str], list[str]]:
    """``OnCalendar=`` values of the night and of the check after it.

    systemd leaves out a day on which the clock skips the time (systemd issue 5595), so such
    nights of the next ten years are written out, in UTC; the check is written out wherever
    its daily time is skipped or comes before the end of that night's grace.
    """
    zone = schedule.zone_info
    end = now + timedelta(days=365 * _YEARS_AHEAD)
    nights = list(planned_between(schedule, now - _DAY, end))
    due = [night + schedule.grace + CHECK_DELAY for night in nights]
    check = schedule.model_copy(update={"at": _check_wall(schedule)})
    fires = set(planned_between(check, now - _DAY, end + 2 * _DAY))
    fires = {m for m in fires if _wall(m, zone) == check.at}
    hours = [timedelta(0), timedelta(minutes=30), timedelta(hours=1)]
    return (
        [_daily(schedule), *(_once(m) for m in nights if _wall(m, zone) != schedule.at)],
        [_daily(check), *(_once(m) for m in due if not any(m + h in fires for h in hours))],
    )


def _check_wall(schedule: Schedule) -> str:
    start = datetime(2000, 1, 1, schedule.time.hour, schedule.time.minute, tzinfo=UTC)
    return (start + schedule.grace + CHECK_DELAY).strftime("%H:%M")


def _daily(schedule: Schedule) -> str:
    return f"*-*-* {schedule.at}:00 {schedule.zone}"


def _once(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _lines(walls: Sequence[str]) -> list[str]:
    by_minute: dict[int, set[int]] = defaultdict(set)
    for wall in walls:
        by_minute[int(wall[3:])].add(int(wall[:2]))
    return [
        f"{minute} {','.join(str(hour) for hour in sorted(hours))} * * *"
        for minute, hours in sorted(by_minute.items())
    ]


def cron_times(schedule: Schedule, machine: ZoneInfo | timezone, now: datetime) -> list[str]:
    """Times for a crontab in the machine's zone that reach every night of the next year.

    Where the two zones do not keep the same distance all the year, there are several; a
    scheduled start at the wrong one of them is not due and does nothing.
    """
    zone = schedule.zone_info
    nights = list(planned_between(schedule, now, now + timedelta(days=400)))
    ordinary = {_wall(m, machine) for m in nights if _wall(m, zone) == schedule.at}
    if len(ordinary) == 1:  # cron itself makes up for a time that its own clock skips
        return _lines(sorted(ordinary))
    return _lines(sorted({_wall(m, machine) for m in nights}))


def check_times(schedule: Schedule, machine: ZoneInfo | timezone, now: datetime) -> list[str]:
    """Times for a crontab at which a missed night can be told."""
    check = schedule.model_copy(update={"at": _check_wall(schedule)})
    return cron_times(check, machine, now)
