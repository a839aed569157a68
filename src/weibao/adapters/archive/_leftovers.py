"""What a killed git left in a repository: locks and temporary files.

A lock is abandoned when it is older than this process (Weibao is the only writer, under
the estate's lock) and no living git works in the repository.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

__all__ = ["clear", "living_git"]

_LOCKS = (
    "index.lock",
    "HEAD.lock",
    "ORIG_HEAD.lock",
    "config.lock",
    "packed-refs.lock",
    "refs/heads/main.lock",
)
_TEMPORARY = (
    "objects/pack/tmp_*",
    "objects/??/tmp_obj_*",
    "objects/pack/.tmp-*",
    "fast_import_crash_*",
)


def clear(git_dir: Path, *, young: bool = False) -> list[Path]:
    """Remove what is abandoned; ``young`` also what came after this process began.

    Nothing is removed while another git works there. Returns what was removed.
    """
    found = [path for name in _LOCKS if (path := git_dir / name).exists()]
    found += [path for pattern in _TEMPORARY for path in git_dir.glob(pattern)]
    found += [path for path in git_dir.glob("objects/pack/*.keep") if _of_an_import(path)]
    if not found or living_git(git_dir.parent):
        return []
    removed = []
    for path in found:
        with contextlib.suppress(OSError):
            if young or _age(path) > _own_age():
                path.unlink()
                removed.append(path)
    return removed


def living_git(folder: Path) -> bool:
    """Whether a git runs whose working directory is ``folder`` or below."""
    with contextlib.suppress(OSError):
        folder = folder.resolve()
    for process in Path("/proc").glob("[0-9]*"):
        # A process of another user cannot be asked, and cannot enter a folder of ours.
        with contextlib.suppress(OSError):
            if process.joinpath("comm").read_text().startswith("git") and (
                process.joinpath("cwd").readlink().is_relative_to(folder)
            ):
                return True
    return False


def _of_an_import(keep: Path) -> bool:
    """Whether a dead fast-import keeps a pack; the same import again would stumble over it."""
    try:
        return keep.read_bytes().strip() in {b"", b"fast-import"}
    except OSError:
        return False


def _age(path: Path) -> float:
    return time.time() - path.stat().st_mtime


def _own_age() -> float:
    """Seconds since this process began; 0 where the system does not say."""
    try:
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        started = int(fields[19]) / os.sysconf("SC_CLK_TCK")
        return time.clock_gettime(time.CLOCK_BOOTTIME) - started
    except (OSError, AttributeError, ValueError, IndexError):
        return 0.0
