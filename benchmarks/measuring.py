"""What the benchmarks share: wall time, CPU time of the process tree, memory, tables."""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["Spent", "machine", "peak_mib", "run", "spent", "table", "tree_cpu"]


@dataclass
class Spent:
    """Seconds; CPU is of this process and of its children that have ended."""

    wall: float = 0.0
    cpu: float = 0.0


@contextmanager
def spent() -> Iterator[Spent]:
    """Measure what happens inside."""
    found = Spent()
    wall, cpu = time.perf_counter(), _cpu()
    try:
        yield found
    finally:
        found.wall, found.cpu = time.perf_counter() - wall, _cpu() - cpu


def run(command: Sequence[object], cwd: Path, env: Mapping[str, str]) -> tuple[Spent, int, str]:
    """Run a program to its end: what it took, its exit code, and what it said."""
    with spent() as found:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            text=True,
        )
    return found, done.returncode, done.stdout


def tree_cpu() -> float:
    """CPU seconds so far of all that this process started, with what still runs (Linux)."""
    parents: dict[int, int] = {}
    used: dict[int, float] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry.name)] = int(fields[1])
            used[int(entry.name)] = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    own = os.getpid()
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    total = children.ru_utime + children.ru_stime
    for process, seconds in used.items():
        above = process
        while above not in (0, own):
            above = parents.get(above, 0)
        total += seconds if above == own and process != own else 0
    return total


def peak_mib() -> tuple[float, float]:
    """The largest resident memory so far, in MiB: this process, and the largest child."""
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return own / 1024, children / 1024


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table; numbers to the right, floats with three digits that count."""
    shown = [list(head), *([_cell(cell) for cell in row] for row in rows)]
    widths = [max(len(row[n]) for row in shown) for n in range(len(head))]
    for row in shown:
        cells = [
            cell.ljust(width) if n == 0 else cell.rjust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())


def machine() -> str:
    """The machine in a line, for the figures' record."""
    processor = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            processor = line.partition(":")[2].strip()
            break
    cores = len(os.sched_getaffinity(0))
    day = datetime.now(UTC).date()
    return f"{day}, {processor}, {cores} cores, Python {platform.python_version()}"


def _cpu() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return (
            f"{value:,.0f}"
            if abs(value) >= 1000
            else f"{value:.3g}"
            if value < 10
            else f"{value:.1f}"
        )
    if isinstance(value, int):
        return f"{value:,}"
    return str(value)
