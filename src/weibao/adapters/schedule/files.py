"""Files that are all written, or all as they were."""

from __future__ import annotations

import contextlib
from pathlib import Path

from weibao.adapters.files import replace
from weibao.errors import FailedError

__all__ = ["Rollback"]

_MODE = 0o644


class Rollback:
    """Writes files into one folder and can put back what was there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._before: dict[str, bytes | None] = {}

    def write(self, name: str, text: str) -> None:
        """Write ``name`` atomically.

        Raises:
            FailedError: it cannot be written; the old file is still there.
            OSError: the old file cannot be read.
        """
        path = self._folder / name
        before = path.read_bytes() if path.is_file() else None
        replace(path, text.encode(), _MODE)
        self._before.setdefault(name, before)

    def was_new(self, name: str) -> bool:
        """Whether there was no such file before."""
        return self._before.get(name) is None

    def undo(self) -> None:
        """Put everything back as it was, as far as the disk allows."""
        for name, before in self._before.items():
            path = self._folder / name
            with contextlib.suppress(OSError, FailedError):
                if before is None:
                    path.unlink(missing_ok=True)
                else:
                    replace(path, before, _MODE)
