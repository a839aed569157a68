"""One mutating Weibao process an estate; the lock dies with its process."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from weibao.adapters.files import failed
from weibao.errors import RefusedError

__all__ = ["RUN_LOCK", "bundle_lock", "estate_lock"]

RUN_LOCK = "run.lock"
"""Of runs that collect; what a killed one left belongs to nobody."""

_WRITER_GRACE = 20.0
"""Seconds: a collection whose runner died ends within a poll and a process's end."""


@contextlib.contextmanager
def estate_lock(
    folder: Path,
    what: str,
    wait: float = 0.0,
    name: str = RUN_LOCK,
    died: Callable[[], None] = lambda: None,
) -> Iterator[None]:
    """Hold a lock of the estate; ``what`` is told to whom it keeps out.

    ``died`` is called first where the last holder was killed: its note is still there.

    Raises:
        RefusedError: somebody else holds it after ``wait`` seconds.
        FailedError: the lock's file cannot be written.
    """
    note = folder / f"{name}.holder"
    lock = FileLock(folder / name, mode=0o600)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock.acquire(timeout=wait if wait > 0 else 0)
    except Timeout as error:
        raise RefusedError("backup.busy", holder=_holder(note)) from error
    except OSError as error:
        raise failed(folder, error) from error
    try:
        if note.exists():
            died()
        with contextlib.suppress(OSError):
            note.write_text(json.dumps({"pid": os.getpid(), "what": what}), encoding="utf-8")
        yield
    finally:
        with contextlib.suppress(OSError):
            note.unlink()
        lock.release()


def _holder(note: Path) -> str:
    try:
        said = json.loads(note.read_text(encoding="utf-8"))
        return f"{said['what']}, pid {said['pid']}"
    except (OSError, ValueError, KeyError):
        return "?"


@contextlib.contextmanager
def bundle_lock(folder: Path) -> Iterator[None]:
    """Hold a run's bundle; waits for a collection that is about to end.

    Raises:
        RefusedError: it is still being written.
        FailedError: the lock's file cannot be written.
    """
    lock = FileLock(folder / "bundle.lock", mode=0o600)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock.acquire(timeout=_WRITER_GRACE)
    except Timeout as error:
        raise RefusedError("backup.busy", holder=folder.name) from error
    except OSError as error:
        raise failed(folder, error) from error
    try:
        yield
    finally:
        lock.release()
