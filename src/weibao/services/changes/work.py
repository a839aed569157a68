"""What a step of a change is done with, and what it gives back."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from weibao.domain.change import Change
from weibao.domain.records import Run
from weibao.services.changes.desk import Desk

__all__ = ["Found", "Work"]

Found = Mapping[str, Mapping[str, object]]
"""By device, fields of its ``ChangeStep``."""


class Work(NamedTuple):
    """What a step is done with."""

    desk: Desk
    change: Change
    run: Run
    sources: tuple[str, ...]
    compiled: Callable[[Sequence[str]], str]
    """The compiled inventory of some hosts."""
    pause: Callable[[float], None] = time.sleep
    """Lets seconds pass; while a change is carried out, only as long as it may go on."""
