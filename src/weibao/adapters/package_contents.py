"""What a package file holds, laid beside it for a scanner: files and the scripts of its maker.

Scanners do not look into packages: ClamAV calls a .deb or .rpm clean whatever is in it.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

__all__ = ["unpack_package"]

_TIMEOUT = 900.0


def unpack_package(file: Path, folder: Path) -> str:
    """Unpack ``file`` into ``folder``; why it cannot be, or nothing. Nothing of it is run."""
    if file.suffix == ".deb":
        return _run(["dpkg-deb", "-R", str(file), str(folder)])[1]
    if file.suffix == ".rpm":
        return _unpack_rpm(file, folder)
    return f"{file.name}: ?"


def _unpack_rpm(file: Path, folder: Path) -> str:
    scripts, why = _run(["rpm", "-qp", "--nosignature", "--scripts", "--triggers", str(file)])
    if why:
        return why
    payload, why = _run(["rpm2archive", "-"], given=file.read_bytes())
    if why:
        return why
    _, why = _run(["tar", "-xz", "-f", "-", "-C", str(folder)], given=payload)
    if not why:
        (folder / "scripts-of-the-package").write_bytes(scripts)
    return why


def _run(command: list[str], *, given: bytes | None = None) -> tuple[bytes, str]:
    """What a program said, and why it did not do it."""
    try:
        done = subprocess.run(
            command,
            input=given,
            stdin=subprocess.DEVNULL if given is None else None,
            capture_output=True,
            timeout=_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return b"", f"{command[0]}: {getattr(error, 'strerror', '') or type(error).__name__}"
    said = done.stderr.decode("utf-8", "replace")
    why = f"{command[0]}: {said or done.returncode}" if done.returncode else ""
    return done.stdout, " ".join(why.split())[:300]
