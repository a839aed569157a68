"""Waves: in which order the targets of a change are taken, and whether one still fits."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

from weibao.domain.runbook import Waves

__all__ = [
    "ENOUGH",
    "WaveTarget",
    "estimate",
    "fits",
    "make_waves",
    "minutes_left",
    "minutes_needed",
]

ENOUGH = 3
"""So many earlier executions are needed before they are believed."""
_QUANTILE = 0.9


class WaveTarget(Protocol):
    """What is to be put into a wave (``change.PlannedTarget`` is one)."""

    @property
    def device(self) -> str:
        """Its name."""
        ...

    @property
    def group(self) -> str:
        """Its redundancy group; empty where it has none."""
        ...


def make_waves(targets: Sequence[WaveTarget], waves: Waves) -> dict[str, int]:
    """The wave of each device, in the order of the waves.

    Wave 0 is the canary; without one the waves begin with 1. Targets keep their order, but a
    member of a redundancy group waits for a later wave while another member is in this one:
    two members never share a wave, the canary included. Percentages are of the targets
    without the canary, rounded up; the last size repeats until none is left.
    """
    pending = deque(targets)
    left = Counter(target.group for target in targets)
    found: dict[str, int] = {}
    for target in _take(pending, left, waves.canary):
        found[target.device] = 0
    for number, size in enumerate(_sizes(waves, len(pending)), start=1):
        if not pending:
            break
        for target in _take(pending, left, size):
            found[target.device] = number
    return found


def _sizes(waves: Waves, rest: int) -> Iterator[int]:
    size = 1
    for text in waves.batches:
        size = math.ceil(rest * int(text[:-1]) / 100) if text.endswith("%") else int(text)
        yield max(size, 1)
    while True:
        yield max(size, 1)


def _take(pending: deque[WaveTarget], left: Counter[str], size: int) -> list[WaveTarget]:
    """Up to ``size`` targets out of ``pending``, none of one group with another."""
    taken: list[WaveTarget] = []
    passed: list[WaveTarget] = []
    groups: set[str] = set()
    while pending and len(taken) < size:
        if not left[""] and len(groups) == len(left):
            break  # every group that is left is in already
        target = pending.popleft()
        if target.group and target.group in groups:
            passed.append(target)
            continue
        taken.append(target)
        if target.group:
            groups.add(target.group)
        else:
            left[""] -= 1
    pending.extendleft(reversed(passed))
    for group in groups:
        left[group] -= 1
    for group in [group for group, count in left.items() if not count]:
        del left[group]
    return taken


def estimate(history: Sequence[float], default_seconds: float) -> float:
    """Seconds that one more execution will hardly exceed.

    The 0.9 quantile (nearest rank) of what earlier ones took; the default while there are
    fewer than three. Values that are no duration are left out.
    """
    known = sorted(seconds for seconds in history if math.isfinite(seconds) and seconds >= 0)
    if len(known) < ENOUGH:
        return default_seconds
    return known[math.ceil(_QUANTILE * len(known)) - 1]


def minutes_needed(seconds: float) -> int:
    """What is needed, in whole minutes: never less than it is.

    >>> minutes_needed(61), minutes_needed(1), minutes_needed(0)
    (2, 1, 0)
    """
    return math.ceil(seconds / 60) if math.isfinite(seconds) else 0


def minutes_left(seconds: float) -> int:
    """What is left, in whole minutes: never more than it is.

    >>> minutes_left(119), minutes_left(-5)
    (1, 0)
    """
    return max(math.floor(seconds / 60), 0)


def fits(
    now: datetime, end: datetime, wave_seconds: float, back_out_seconds: float, reserve: float
) -> bool:
    """Whether a wave that starts now can be done, and all that is then changed undone, by ``end``.

    ``back_out_seconds`` is the way back of everything that is changed after the wave;
    ``reserve`` (1 or more) multiplies both. What cannot be judged (not a finite number,
    negative) does not fit.
    """
    seconds = (wave_seconds + back_out_seconds) * reserve
    if not math.isfinite(seconds) or wave_seconds < 0 or back_out_seconds < 0 or reserve < 1:
        return False
    left = end.astimezone(UTC) - now.astimezone(UTC)
    return seconds <= left / timedelta(seconds=1)
