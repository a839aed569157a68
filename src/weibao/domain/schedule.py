"""When the night should have been, as pure functions of the clock (JOB-19)."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

__all__ = ["missed_nights"]


def missed_nights(
    at: str,
    zone: ZoneInfo,
    installed: datetime,
    runs: list[datetime],
    now: datetime,
    grace: timedelta,
) -> list[datetime]:
    """The planned moments after ``installed`` that no run followed within ``grace``.

    ``at`` is ``HH:MM`` in ``zone``; ``runs`` are starts of scheduled runs. A moment
    that daylight saving skips counts at the moment the clock reaches instead.
    """
    hour, minute = (int(part) for part in at.split(":"))
    day = installed.astimezone(zone).date()
    missed: list[datetime] = []
    starts = sorted(runs)
    while True:
        planned = datetime.combine(day, time(hour, minute), tzinfo=zone)
        if planned + grace > now:
            return missed
        if planned >= installed and not any(planned <= s <= planned + grace for s in starts):
            missed.append(planned)
        day += timedelta(days=1)
