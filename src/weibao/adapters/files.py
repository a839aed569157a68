"""Writing files so that a killed process or a full disk leaves nothing half done.

A file is written under a temporary name in its own folder, flushed to the disk, and only
then given its name; the folder is flushed too. The writer holds a lock (``flock``) on its
temporary file, so that ``sweep`` can tell what a dead writer left from what a living one
is still writing, also where process ids were used again.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from weibao.errors import FailedError

__all__ = [
    "failed",
    "make_folder",
    "replace",
    "sha256_file",
    "sweep",
    "sync_folder",
    "write_once",
]

_SUFFIX = ".weibao-tmp"
_CHUNK = 1 << 20
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_DENIED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS})


def write_once(path: Path, data: bytes, mode: int = 0o600, *, durable: bool = True) -> bool:
    """Write ``path`` unless it exists; True where it was written, False where it stays as it was.

    Missing folders above it are made (0700). ``durable=False`` leaves flushing to the system.

    Raises:
        FailedError: it cannot be written; names the path and what to do. Nothing is left.
    """
    if path.exists():
        return False
    with _explained(path):
        make_folder(path.parent)
        with _temporary(path, data, mode, durable=durable) as temporary:
            written = _link(temporary, path)
        if durable:
            sync_folder(path.parent)
    return written


def replace(path: Path, data: bytes, mode: int = 0o600, *, durable: bool = True) -> None:
    """Put ``data`` in the place of ``path``; readers see the old or the new bytes, never a mix.

    ``durable=False`` leaves flushing to the system: still whole after a killed process, but
    a power cut may bring the older bytes back.

    Raises:
        FailedError: it cannot be written; the old file stays.
    """
    with _explained(path):
        make_folder(path.parent)
        with _temporary(path, data, mode, durable=durable) as temporary:
            temporary.replace(path)
        if durable:
            sync_folder(path.parent)


def make_folder(path: Path, mode: int = 0o700) -> None:
    """Make ``path`` and the folders above it where they are missing, and flush them.

    Raises:
        FailedError: one of them cannot be made.
    """
    if path.is_dir():
        return
    with _explained(path):
        make_folder(path.parent, mode)
        path.mkdir(mode=mode, exist_ok=True)
        sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Flush a folder's entries to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network file systems cannot, and need not
            raise
    finally:
        os.close(descriptor)


def sha256_file(path: Path) -> str:
    """The sha256 of a file's bytes in hex, read piece by piece.

    Raises:
        OSError: it cannot be read (FileNotFoundError where it is missing).
    """
    with path.open("rb", buffering=0) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sweep(folder: Path) -> list[Path]:
    """Remove the temporary files of dead writers in ``folder`` and below; what was removed."""
    removed = []
    for path in folder.rglob(f".*{_SUFFIX}"):
        with contextlib.suppress(OSError):
            if _abandoned(path):
                removed.append(path)
    return removed


def _abandoned(path: Path) -> bool:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def _open_temporary(path: Path, mode: int) -> tuple[int, Path]:
    while True:
        temporary = path.parent / f".{path.name[:100]}.{secrets.token_hex(6)}{_SUFFIX}"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with contextlib.suppress(OSError):  # a file system without locks: sweep leaves it alone
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return descriptor, temporary
        os.close(descriptor)  # swept between its making and its locking


@contextlib.contextmanager
def _temporary(path: Path, data: bytes, mode: int, *, durable: bool = True) -> Iterator[Path]:
    descriptor, temporary = _open_temporary(path, mode)
    try:
        os.fchmod(descriptor, mode)
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view[:_CHUNK]) :]
        if durable:
            os.fsync(descriptor)
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)
        os.close(descriptor)


def _link(temporary: Path, path: Path) -> bool:
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if path.exists():  # no hard links on this file system
            return False
        temporary.rename(path)
    return True


def failed(path: Path, error: OSError) -> FailedError:
    """Why ``path`` cannot be written, and what to do, in words."""
    kind = "full" if error.errno in _FULL else "denied" if error.errno in _DENIED else "other"
    why = os.strerror(error.errno) if error.errno else str(error)
    return FailedError(f"files.{kind}", path=path, why=why)


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise failed(path, error) from error
