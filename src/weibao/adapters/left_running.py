"""What a killed process left running: an Ansible that goes on for a moment without it."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["left_running"]

_PROC = Path("/proc")


def left_running(folder: Path, proc: Path = _PROC) -> tuple[int, ...]:
    """Processes whose command line names something in ``folder``; none where there is no /proc.

    A killed runner's ansible-playbook ends with its terminal, but each of its workers first ends
    the task that it does.
    """
    wanted = os.fsencode(folder) + b"/"
    found = []
    for entry in proc.glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes()
        except OSError:  # it has just ended, or is somebody else's
            continue
        if wanted in words:
            found.append(int(entry.name))
    return tuple(sorted(set(found) - {os.getpid()}))
