"""Processes of an estate: which there are, and ending them. For ``kill_nights.py``."""

from __future__ import annotations

import collections
import os
import signal
from pathlib import Path

__all__ = ["alive", "descendants", "kill", "name_of"]


def descendants(pid: int) -> set[int]:
    """The processes that descend from one."""
    children: dict[int, list[int]] = collections.defaultdict(list)
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = stat.read_text(errors="replace").rsplit(")", 1)[1].split()[1]
        except (OSError, IndexError):
            continue
        children[int(parent)].append(int(stat.parent.name))
    found: set[int] = set()
    left = [pid]
    while left:
        for child in children.get(left.pop(), ()):
            found.add(child)
            left.append(child)
    return found


def alive(pid: int, home: Path) -> bool:
    """Whether the process runs and is one of the estate whose home is ``home``."""
    try:
        if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return False
        return os.fsencode(f"HOME={home}") in Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False


def name_of(pid: int) -> str:
    """What a process is, for the record."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return "gone"
    text = " ".join(w.decode(errors="replace") for w in words[:6])
    for mark in ("network.worker", "ansible-playbook", "ansible-inventory", "git"):
        if mark in text.replace("ansible_ahead", "ansible-playbook"):
            return mark
    return text[:60] or "gone"


def kill(pids: set[int]) -> None:
    """SIGKILL to all of them; stopped first, so that none sees another one's end."""
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid in pids:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue
