"""The contract's calendar: working days, make-up days, freezes, maintenance windows (SCH-32).

Days are those of the contract's time zone, which every function is given. Points in time are
compared in UTC, so that daylight saving neither lengthens a window nor shortens one.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import NamedTuple

from pydantic import field_validator, model_validator

from weibao.domain.base import Value
from weibao.domain.change import Window
from weibao.domain.local_time import instant

__all__ = [
    "Calendar",
    "Freeze",
    "MaintenanceWindow",
    "add_working_days",
    "freeze_at",
    "freezes_in",
    "in_maintenance_window",
    "is_working_day",
    "lead_time_hours",
    "maintenance_spans",
    "parse_maintenance_window",
    "window_allowed",
]

_DAY = timedelta(days=1)
_TICK = timedelta(microseconds=1)
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_KINDS = ("workdays", "restdays")
_CLOCK = r"(?:[01]\d|2[0-3]):[0-5]\d"
_TEXT = re.compile(rf"(?P<days>[a-z,-]+) (?P<start>{_CLOCK})-(?P<end>{_CLOCK}|24:00)")


class Freeze(Value):
    """A special period in which nothing planned is done (特殊时段; CHG-31)."""

    title: str
    first: date
    last: date
    """The last day, inclusive."""
    emergencies: bool = True
    """Whether emergencies go on."""

    @model_validator(mode="after")
    def _in_order(self) -> Freeze:
        if self.last < self.first:
            raise ValueError("a freeze's last day comes after its first")
        return self


class MaintenanceWindow(NamedTuple):
    """A text of ``Calendar.maintenance_windows``, understood."""

    days: frozenset[str]
    """On which it begins: ``mon`` … ``sun``, ``workdays``, ``restdays``."""
    start: time
    end: time
    """``00:00`` stands for the end of the day (``24:00``)."""

    @property
    def overnight(self) -> bool:
        """Whether it ends on the day after the one on which it begins."""
        return self.end <= self.start


class Calendar(Value):
    """Of one contract; days are those of its time zone."""

    weekend: tuple[int, ...] = (6, 7)
    """ISO weekdays without work."""
    holidays: tuple[date, ...] = ()
    make_up_days: tuple[date, ...] = ()
    """Weekend days that are worked (调休)."""
    freezes: tuple[Freeze, ...] = ()
    maintenance_windows: tuple[str, ...] = ()
    """When work is allowed, such as ``sat,sun 22:00-06:00`` or ``mon-fri 01:00-05:00``; none:
    at any time. The days are those on which it begins; ``workdays`` and ``restdays`` follow
    holidays and make-up days. An end before the start is on the next day."""

    @field_validator("weekend")
    @classmethod
    def _weekdays(cls, days: tuple[int, ...]) -> tuple[int, ...]:
        if not set(days) < set(range(1, 8)):
            raise ValueError("weekend: days are 1 (Monday) to 7 (Sunday), and not all of them")
        return days

    @field_validator("maintenance_windows")
    @classmethod
    def _windows(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        for text in texts:
            parse_maintenance_window(text)
        return texts

    @model_validator(mode="after")
    def _days_once(self) -> Calendar:
        both = sorted(set(self.holidays) & set(self.make_up_days))
        if both:
            raise ValueError(f"{both[0]} is both a holiday and a make-up day")
        return self


@functools.lru_cache(maxsize=256)
def parse_maintenance_window(text: str) -> MaintenanceWindow:
    """What a text of ``Calendar.maintenance_windows`` means.

    Raises:
        ValueError: it cannot be understood; the message names the text and the form.
    """
    found = _TEXT.fullmatch(" ".join(text.lower().split()))
    days = _days(found["days"]) if found else None
    if not found or not days:
        raise ValueError(
            f"{text!r} is no maintenance window; write days and times such as "
            "'sat,sun 22:00-06:00', 'mon-fri 01:00-05:00' or 'restdays 00:00-24:00'"
        )
    start = time.fromisoformat(found["start"])
    end = time() if found["end"] == "24:00" else time.fromisoformat(found["end"])
    if found["start"] == found["end"]:
        raise ValueError(
            f"{text!r}: start and end are the same; the whole day is written 00:00-24:00"
        )
    return MaintenanceWindow(days, start, end)


def _days(text: str) -> frozenset[str]:
    """The days of a list with ranges; empty where a word is unknown."""
    found: set[str] = set()
    for word in text.split(","):
        first, _, last = word.partition("-")
        if word in _KINDS or word in _WEEKDAYS:
            found.add(word)
        elif first in _WEEKDAYS and last in _WEEKDAYS:
            begin, end = _WEEKDAYS.index(first), _WEEKDAYS.index(last)
            # Such as fri-mon: over the turn of the week.
            found.update(_WEEKDAYS[(begin + i) % 7] for i in range((end - begin) % 7 + 1))
        else:
            return frozenset()
    return frozenset(found)


def is_working_day(calendar: Calendar, day: date) -> bool:
    """Whether ``day`` is worked: make-up days are, holidays and weekends are not (SCH-32)."""
    if day in calendar.make_up_days:
        return True
    return day not in calendar.holidays and day.isoweekday() not in calendar.weekend


def add_working_days(calendar: Calendar, day: date, n: int) -> date:
    """The ``n``-th working day after ``day`` (before it, where ``n`` is negative).

    ``n`` 0: ``day`` itself where it is worked, else the next working day. The 5th working day
    of a month is thus counted from the last day of the month before.
    """
    step = -_DAY if n < 0 else _DAY
    if n == 0:
        day, n = day - _DAY, 1
    left = abs(n)
    while left:
        day += step
        left -= is_working_day(calendar, day)
    return day


def freeze_at(calendar: Calendar, moment: datetime, zone: tzinfo) -> Freeze | None:
    """The freeze in which ``moment`` lies, by the day that it is in ``zone`` (CHG-31)."""
    day = moment.astimezone(zone).date()
    return next((f for f in calendar.freezes if f.first <= day <= f.last), None)


def freezes_in(calendar: Calendar, window: Window, zone: tzinfo) -> tuple[Freeze, ...]:
    """Every freeze that shares a moment with ``window``; its end no longer belongs to it."""
    first = window.start.astimezone(zone).date()
    last = (window.end.astimezone(UTC) - _TICK).astimezone(zone).date()
    return tuple(f for f in calendar.freezes if f.first <= last and f.last >= first)


def maintenance_spans(
    calendar: Calendar, window: Window, zone: tzinfo
) -> tuple[tuple[datetime, datetime], ...]:
    """When work is allowed in and about ``window``: UTC moments from, until before, in order.

    Maintenance windows that touch or overlap are one span. A local time that the clock skips
    is the moment to which it jumps, and one that comes twice its first coming: where the clock
    is set back, a window that ends in the doubled hour ends at its first end.
    """
    merged: list[tuple[datetime, datetime]] = []
    for start, end in sorted(_occurrences(calendar, window, zone)):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def _occurrences(
    calendar: Calendar, window: Window, zone: tzinfo
) -> Iterator[tuple[datetime, datetime]]:
    parsed = [parse_maintenance_window(text) for text in calendar.maintenance_windows]
    # One that began the evening before may still last.
    day = window.start.astimezone(zone).date() - _DAY
    last = window.end.astimezone(zone).date()
    while day <= last:
        names = {
            _WEEKDAYS[day.weekday()],
            _KINDS[0] if is_working_day(calendar, day) else _KINDS[1],
        }
        for one in parsed:
            if names & one.days:
                closing = day + _DAY if one.overnight else day
                start = instant(datetime.combine(day, one.start), zone)
                end = instant(datetime.combine(closing, one.end), zone)
                if start < end:
                    yield start, end
        day += _DAY


def in_maintenance_window(calendar: Calendar, moment: datetime, zone: tzinfo) -> bool:
    """Whether work is allowed at ``moment``; always, where the calendar names no windows."""
    if not calendar.maintenance_windows:
        return True
    point = moment.astimezone(UTC)
    spans = maintenance_spans(calendar, Window(start=point, end=point + _TICK), zone)
    return any(start <= point < end for start, end in spans)


def window_allowed(calendar: Calendar, window: Window, zone: tzinfo) -> bool:
    """Whether the whole of ``window`` lies inside maintenance windows."""
    if not calendar.maintenance_windows:
        return True
    begin, close = window.start.astimezone(UTC), window.end.astimezone(UTC)
    return any(
        start <= begin and close <= end for start, end in maintenance_spans(calendar, window, zone)
    )


def lead_time_hours(submitted_at: datetime, window: Window) -> float:
    """Hours that really pass from the submission to the customer until the window (CHG-20).

    Negative where it was submitted after the window's start.
    """
    return (window.start.astimezone(UTC) - submitted_at.astimezone(UTC)).total_seconds() / 3600
