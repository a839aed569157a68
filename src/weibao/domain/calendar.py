"""The contract's calendar: working days, make-up days, freezes, maintenance windows (SCH-32)."""

from __future__ import annotations

from datetime import date

from pydantic import model_validator

from weibao.domain.base import Value

__all__ = ["Calendar", "Freeze"]


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
    at any time. An end before the start is on the next day."""
