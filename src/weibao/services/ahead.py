"""Judging while the rest is still being collected.

Devices answer at their own pace, and this process waits for them. What has come is judged
meanwhile; the verdicts are recorded afterwards, by the door through which every bundle goes.
"""

from __future__ import annotations

import threading

from weibao.domain.collection import DeviceCollection
from weibao.errors import WeibaoError
from weibao.services.judge_backup import DeviceVerdict, Judge

__all__ = ["Ahead"]

_MOST = 16 * 1024 * 1024
"""Characters of new versions that are held; what comes later is judged when it is recorded."""


class Ahead:
    """Verdicts of a run's entries, made before they are asked for."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._verdicts: dict[str, tuple[DeviceCollection, DeviceVerdict]] = {}
        self._held = 0
        self._lock = threading.Lock()

    def take_in(self, entry: DeviceCollection) -> None:
        """Judge an entry that was just collected; for the thread that follows the bundle."""
        with self._lock:
            if self._held > _MOST:
                return
            try:
                verdict = self._judge.verdict(entry)
            except WeibaoError:
                # A full disk, say: found again, and said, when the entry is recorded.
                return
            self._held += len(verdict.redacted)
            self._verdicts[entry.device] = (entry, verdict)

    def verdict(self, entry: DeviceCollection) -> DeviceVerdict:
        """The verdict on an entry of the bundle, each once.

        Raises:
            FailedError: evidence or archive cannot be written.
        """
        with self._lock:
            judged, verdict = self._verdicts.pop(entry.device, (None, None))
            if verdict is not None and judged == entry:
                return verdict
            return self._judge.verdict(entry)
