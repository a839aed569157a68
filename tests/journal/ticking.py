"""A clock for the journal's tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class TickingClock:
    """One second later each time it is asked."""

    def __init__(self) -> None:
        self._now = datetime(2026, 3, 9, 18, 0, tzinfo=UTC)

    def now(self) -> datetime:
        self._now += timedelta(seconds=1)
        return self._now
