"""Judging while the rest is still being collected.

Devices answer at their own pace, and this process waits for them. What has come is judged
meanwhile; the verdicts are recorded afterwards, by the door through which every bundle goes.
"""

from __future__ import annotations

import queue
import threading

from weibao.domain.collection import DeviceCollection
from weibao.errors import WeibaoError
from weibao.services.judge_backup import DeviceVerdict, Judge

__all__ = ["Ahead"]

_MOST = 16 * 1024 * 1024
"""Characters of new versions that are held; what comes later is judged when it is recorded."""


class Ahead:
    """Verdicts of a run's entries, made before they are asked for by a thread of their own.

    From the first question on, nothing more is judged ahead.
    """

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._verdicts: dict[str, tuple[DeviceCollection, DeviceVerdict]] = {}
        self._waiting: queue.SimpleQueue[DeviceCollection] = queue.SimpleQueue()
        self._asked = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def take_in(self, entry: DeviceCollection) -> None:
        """An entry was just collected; never waits."""
        self._waiting.put(entry)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, daemon=True)
            self._thread.start()

    def _work(self) -> None:
        held = 0
        while held <= _MOST:
            entry = self._waiting.get()
            with self._lock:
                if self._asked.is_set():
                    return
                try:
                    verdict = self._judge.verdict(entry)
                except WeibaoError:
                    # A full disk, say: found again, and said, when the entry is recorded.
                    return
                self._verdicts[entry.device] = (entry, verdict)
            held += len(verdict.redacted)

    def verdict(self, entry: DeviceCollection) -> DeviceVerdict:
        """The verdict on an entry of the bundle, each once.

        Raises:
            FailedError: evidence or archive cannot be written.
        """
        self._asked.set()
        with self._lock:
            judged, verdict = self._verdicts.pop(entry.device, (None, None))
            if verdict is not None and judged == entry:
                return verdict
            return self._judge.verdict(entry)
