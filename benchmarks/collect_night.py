"""A night of configuration backup beside nornir + netmiko that merely write files.

``python benchmarks/collect_night.py [--devices 500] [--concurrency 200] [--slow] [--rounds 3]``

Both read the same simulated switches with as many sessions at once. Weibao's figure is that of
the whole ``weibao backup run``: playbook, acceptance, archive, journal, evidence, report. In a
changed night a tenth of the switches print another configuration. ``--farm FILE`` takes another
program that answers to the options of ``switches.py`` in its place, such as a faster one.
CPU is that of the whole process tree; memory the sum of what its processes hold.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from measuring import machine, table
from switches import PASSWORD, USER, address, name

HERE = Path(__file__).resolve().parent
WEIBAO = Path(sys.executable).with_name("weibao")
SAMPLE = 0.1


@dataclass
class Figures:
    """Of some runs of one command."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    peak: float = 0.0
    """MiB of the process tree."""

    def of(self, devices: int) -> tuple[float, float, float]:
        """Median wall seconds, median CPU milliseconds a device, peak MiB."""
        return statistics.median(self.wall), statistics.median(self.cpu) * 1000 / devices, self.peak


def measure(figures: Figures, command: Sequence[object], cwd: Path, expected: str = "") -> str:
    """Run a program; what it said."""
    with tempfile.TemporaryFile("w+") as said:
        began = time.perf_counter()
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
        peak = _Peak(process.pid)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        figures.wall.append(time.perf_counter() - began)
        figures.cpu.append(used.ru_utime + used.ru_stime)
        figures.peak = max(figures.peak, peak.end())
        said.seek(0)
        text = said.read()
    if process.returncode not in {0, 1} or not re.search(expected, text):
        sys.exit(f"{command}: exit {process.returncode}\n{text[-3000:]}")
    return text


class _Peak:
    """Samples the memory of a process and its descendants."""

    def __init__(self, process: int) -> None:
        self._process = process
        self._most = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def end(self) -> float:
        """The largest sum, in MiB."""
        self._over.set()
        self._thread.join()
        return self._most / 1024

    def _sample(self) -> None:
        while not self._over.wait(SAMPLE):
            self._most = max(self._most, sum(_held(p) for p in _descendants(self._process)))


def _held(process: int) -> int:
    """KiB that a process holds, shared pages in shares."""
    try:
        text = Path(f"/proc/{process}/smaps_rollup").read_text()
    except OSError:
        return 0
    found = re.search(r"^Pss: +(\d+)", text, re.MULTILINE)
    return int(found[1]) if found else 0


def _descendants(process: int) -> Iterator[int]:
    yield process
    try:
        tasks = list(Path(f"/proc/{process}/task").iterdir())
    except OSError:
        return
    for task in tasks:
        try:
            children = (task / "children").read_text().split()
        except OSError:
            continue
        for child in children:
            yield from _descendants(int(child))


@contextmanager
def switches(how: argparse.Namespace, *more: str) -> Iterator[None]:
    """The simulated devices; ``more`` are further options of theirs."""
    program = how.farm or HERE / "switches.py"
    options = [*more, *(["--latency", "0.05", "--dump-seconds", "1.0"] if how.slow else [])]
    process = subprocess.Popen(
        [sys.executable, program, "-n", str(how.devices), "--port", str(how.port), *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(1.0)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def write_inventory(estate: Path, places: Mapping[str, tuple[str, int]]) -> None:
    """The estate's inventory."""
    hosts = "".join(
        f"    {host}: {{ansible_host: {where}, ansible_port: {port}}}\n"
        for host, (where, port) in places.items()
    )
    (estate / "inventory" / "hosts.yml").write_text(
        "all:\n  vars:\n"
        f"    ansible_user: {USER}\n    ansible_password: {PASSWORD}\n"
        "    ansible_network_os: cisco_ios\n    weibao_contract: default\n"
        f"  hosts:\n{hosts}",
        encoding="utf-8",
    )


def changed(places: Mapping[str, tuple[str, int]]) -> dict[str, tuple[str, int]]:
    """Every tenth switch answers for another, and so prints another configuration."""
    tenth = list(places)[::10]
    return {**places, **{a: places[b] for a, b in zip(tenth, tenth[1:] + tenth[:1], strict=True)}}


def make_estate(folder: Path, places: Mapping[str, tuple[str, int]], concurrency: int) -> Path:
    """An estate that trusts the switches."""
    estate = folder / "estate"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([WEIBAO, "init", estate], check=True, **quiet)  # type: ignore[call-overload]
    settings = estate / "weibao.yml"
    text = re.sub(r"(?m)^# backup:.*$", "backup:", settings.read_text(encoding="utf-8"))
    text = re.sub(r"(?m)^# +concurrency:.*$", f"  concurrency: {concurrency}", text)
    settings.write_text(text, encoding="utf-8")
    write_inventory(estate, places)
    subprocess.run([WEIBAO, "inventory", "trust"], cwd=estate, check=True, **quiet)  # type: ignore[call-overload]
    return estate


def options(about: str | None) -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--devices", type=int, default=500)
    parser.add_argument("--concurrency", type=int, default=200)
    parser.add_argument("--slow", action="store_true", help="50 ms a command, 1 s to print")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--port", type=int, default=2222)
    parser.add_argument("--farm", default="", metavar="FILE")
    parser.add_argument("--no-peer", action="store_true", help="Weibao alone")
    return parser.parse_args()


Rows = list[tuple[object, ...]]


def compared(found: Mapping[str, Figures], how: argparse.Namespace) -> Rows:
    """A row for each kind of run; the first one is the peer's, to which the others compare."""
    peer = next(iter(found))
    base = found[peer].of(how.devices) if found[peer].wall else None
    rows: Rows = []
    for kind, figures in found.items():
        if not figures.wall:
            continue
        wall, cpu, peak = figures.of(how.devices)
        ratios = (wall / base[0], cpu / base[1]) if base else ("-", "-")
        rows.append((kind, wall, ratios[0], cpu, ratios[1], peak))
    return rows


def show(how: argparse.Namespace, rows: Rows, slow: str) -> None:
    """The table; ``slow`` says what is slow of slow devices."""
    print(machine())
    kind = slow if how.slow else "no latency"
    print(f"{how.devices} switches, {how.concurrency} at once, {kind}, {how.rounds} rounds\n")
    table(("", "wall s", "ratio", "CPU ms/device", "ratio", "peak MiB"), rows)


def make_peer(
    folder: Path, program: str, how: argparse.Namespace, places: Mapping[str, tuple[str, int]]
) -> list[object]:
    """The command of the peer, which writes its files into ``folder``."""
    hosts = folder / "hosts.json"
    hosts.write_text(json.dumps(places), encoding="utf-8")
    return [sys.executable, HERE / program, hosts, folder / "files", how.concurrency]


def main() -> None:
    """Run it."""
    how = options(__doc__)
    places = {name(n): (address(n), how.port) for n in range(1, how.devices + 1)}
    with tempfile.TemporaryDirectory(prefix="weibao-bench-") as made, switches(how):
        rows = _rounds(Path(made), how, places)
    show(how, rows, "50 ms a command, 1 s to print")


def _rounds(folder: Path, how: argparse.Namespace, places: Mapping[str, tuple[str, int]]) -> Rows:
    estate = make_estate(folder, places, how.concurrency)
    peer = make_peer(folder, "nornir_files.py", how, places)
    night = [WEIBAO, "backup", "run"]
    found = {
        kind: Figures() for kind in ("nornir + netmiko", "first night", "unchanged", "a tenth")
    }
    measure(found["first night"], night, estate)
    for _ in range(how.rounds):
        if not how.no_peer:
            measure(found["nornir + netmiko"], peer, folder, r"failed 0\b")
        measure(found["unchanged"], night, estate)
        places = changed(places)
        write_inventory(estate, places)
        # The switches changed, not the inventory: its compiling is no part of the night.
        subprocess.run(
            [WEIBAO, "inventory", "list"], cwd=estate, check=True, stdout=subprocess.DEVNULL
        )
        measure(found["a tenth"], night, estate)
    return compared(found, how)


if __name__ == "__main__":
    main()
