"""Local times of a zone as points in time, daylight saving included."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

__all__ = ["instant"]


def instant(naive: datetime, zone: tzinfo) -> datetime:
    """The UTC moment of a local time.

    A local time that the clock skips is the moment to which the clock jumps; one that comes
    twice is its first coming.
    """
    after = naive.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if after.astimezone(zone).replace(tzinfo=None) == naive:
        return after
    # A skipped time: the offset changes between its two readings; find where.
    before = naive.replace(tzinfo=zone, fold=1).astimezone(UTC)
    old = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after
