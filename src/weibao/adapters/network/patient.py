"""Waiting for a library that has no time limit of its own for the whole of what it does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from weibao.adapters.network.trouble import Trouble

__all__ = ["Patience"]

_T = TypeVar("_T")
_STEP = 0.2


class Patience:
    """Calls that end at a device's time limit, or when the run is stopped.

    What then still waits for the device is left to itself: it has no more say, and ends with the
    process at the latest.
    """

    def __init__(self, deadline: float, stop: Callable[[], bool]) -> None:
        """``deadline`` is a moment of the monotonic clock."""
        self._deadline = deadline
        self._stop = stop

    def call(self, work: Callable[[], _T]) -> _T:
        """What ``work`` gives, or raises.

        Raises:
            Trouble: ``time_limit``, ``interrupted``.
        """
        done: list[_T] = []
        failed: list[BaseException] = []

        def run() -> None:
            try:
                done.append(work())
            except BaseException as error:
                failed.append(error)

        working = threading.Thread(target=run, daemon=True)
        working.start()
        while working.is_alive():
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise Trouble("time_limit")
            if self._stop():
                raise Trouble("interrupted")
            working.join(min(left, _STEP))
        if failed:
            raise failed[0]
        return done[0]
