"""Judging while the rest is still being collected.

Devices answer at their own pace, and this process waits for them. What has come is judged
meanwhile, in a few threads (deriving keys, flushing and git need no interpreter); the verdicts
are recorded afterwards, by the door through which every bundle goes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from weibao.domain.collection import DeviceCollection
from weibao.errors import WeibaoError
from weibao.services.judge_backup import DeviceVerdict, Judge

__all__ = ["Ahead"]

_THREADS = 8
_MOST = 16 * 1024 * 1024
"""Characters of new versions that are held; what comes later is judged when it is recorded."""


class Ahead:
    """Verdicts of a run's entries, made before they are asked for."""

    def __init__(self, make_judge: Callable[[], Judge]) -> None:
        """``make_judge`` is called once in each thread."""
        self._make_judge = make_judge
        self._own = threading.local()
        self._begun: dict[str, tuple[DeviceCollection, Future[DeviceVerdict]]] = {}
        self._held = 0
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="ahead")

    def meanwhile(self, task: Callable[[], None]) -> None:
        """Do something useful while nothing has come yet; what it raises is lost."""
        self._pool.submit(task)

    def take_in(self, entry: DeviceCollection) -> None:
        """An entry was just collected; never waits."""
        if self._held <= _MOST:
            try:
                self._begun[entry.device] = (entry, self._pool.submit(self._judged, entry))
            except RuntimeError:
                return  # closed

    def verdict(self, entry: DeviceCollection) -> DeviceVerdict:
        """The verdict on an entry of the bundle, each once.

        Raises:
            FailedError: evidence or archive cannot be written.
        """
        before = self._begun.pop(entry.device, None)
        if before is not None and not before[1].cancel():
            try:
                found = before[1].result()
                if before[0] == entry:
                    return found
            except WeibaoError:
                pass  # A full disk, say: found again, and said, here.
        return self._judged(entry)

    def close(self) -> None:
        """Nothing more is judged; what is being judged ends."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _judged(self, entry: DeviceCollection) -> DeviceVerdict:
        judge: Judge | None = getattr(self._own, "judge", None)
        if judge is None:
            judge = self._own.judge = self._make_judge()
        verdict = judge.verdict(entry)
        self._held += len(verdict.redacted)
        return verdict
