"""Runs that are killed, run out of space, or meet another run."""

from __future__ import annotations

import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from weibao_lab import DeviceHandle

from .estates import (
    Estate,
    alive,
    descendants,
    missing_part,
    new_estate,
    same_environment,
)

KILLS = int(os.environ.get("WEIBAO_TEST_KILLS", "4" if os.environ.get("CI") else "2"))
SEED = 20260301


def _wait(until, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if until():
            return True
        time.sleep(0.1)
    return bool(until())


def _children_left(estate: Estate, known: set[int]) -> list[int]:
    return [pid for pid in known if alive(pid) and same_environment(pid, estate.home)]


def test_a_killed_run_loses_nothing_and_leaves_nothing(
    tmp_path: Path, devices: list[DeviceHandle]
) -> None:
    """SIGKILL at seeded moments of a night, one after the other on the same estate."""
    estate = new_estate(tmp_path, devices)
    chance = random.Random(SEED)
    collected: set[str] = set()
    for number in range(KILLS):
        for device in devices[::3]:
            device.set_fault(print_seconds=1.0)
        word = "sysname" if devices[0].platform == "huawei" else "hostname"
        devices[0].configure([f"{word} killed-{number}"])
        moment = chance.uniform(0.4, 5.0)
        process = estate.start("backup", "run")
        known: set[int] = set()
        end = time.monotonic() + moment
        while time.monotonic() < end:
            known |= descendants(process.pid)
            time.sleep(0.05)
        known |= descendants(process.pid)
        process.send_signal(signal.SIGKILL)
        out, err = process.communicate(timeout=20)
        where = f"kill {number} after {moment:.2f} s\n{out}{err}"
        assert _wait(lambda known=known: not _children_left(estate, known), 25), (
            f"{where}\nleft: {_children_left(estate, known)}"
        )
        for device in devices:
            device.clear_faults()
        said = estate.weibao("verify")
        assert said.code in (0, 4), f"{where}\n{said.all}"  # 4: nothing was recorded yet
        collected |= {line.split()[1] for line in err.splitlines() if line.endswith("collected")}
        began = time.monotonic()
        shown = estate.run()
        assert time.monotonic() - began < 45
        assert len(shown) == len(devices)
        assert {d["outcome"] for d in shown.values()} <= {"archived", "unchanged"}, where
        estate.ok("verify")

    runs = estate.ok("run", "list", "--json", "--limit", "99").json["runs"]
    assert {r["state"] for r in runs} <= {"finished", "interrupted"}
    for run in runs:
        assert sum(run["outcomes"].values()) == len(devices), run
        if run["state"] == "interrupted":
            found = estate.ok("run", "show", run["id"], "--json").json["findings"]
            assert "interrupted_run" in {f["code"] for f in found}
    interrupted = [r for r in runs if r["state"] == "interrupted"]
    assert interrupted, "no kill met a run; choose other moments"
    # What a killed run had read counts as read.
    kept = sum(r["outcomes"].get(o, 0) for r in interrupted for o in ("archived", "unchanged"))
    assert kept > 0 or not collected


def test_nights_killed_at_seeded_moments(tmp_path: Path) -> None:
    """A handful of what ``scripts/kill_nights.py`` does by the thousand."""
    script = Path(__file__).parents[2] / "scripts/kill_nights.py"
    done = subprocess.run(
        [sys.executable, str(script), "--count", str(KILLS), "--seed", str(SEED)],
        check=False,
        capture_output=True,
        encoding="utf-8",
        timeout=600,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{KILLS} kills, 0 broken" in done.stdout
    assert not list(tmp_path.iterdir())


def test_two_runs_at_once(estate: Estate, devices: list[DeviceHandle]) -> None:
    devices[0].set_fault(silence_seconds=4.0)
    first = estate.start("backup", "run")
    try:
        assert _wait(lambda: list(estate.state.glob("locks/*.holder")), 20)
        refused = estate.weibao("backup", "run", "--json")
        assert refused.code == 3, refused.all
        assert "backup run" in refused.json["error"]["message"]
        waited = estate.weibao("backup", "run", "--wait", "60", "--json")
        assert waited.code == 0, waited.all
        assert {d["outcome"] for d in waited.json["devices"]} == {"unchanged"}
    finally:
        first.communicate(timeout=60)
    assert first.returncode == 0
    estate.ok("verify")


def test_reading_goes_on_beside_a_run(estate: Estate, devices: list[DeviceHandle]) -> None:
    estate.run()
    devices[0].set_fault(silence_seconds=4.0)
    process = estate.start("backup", "run")
    try:
        assert _wait(lambda: list(estate.state.glob("locks/*.holder")), 20)
        estate.ok("backup", "status")
        assert estate.export(devices[1].name)
        estate.ok("run", "list")
    finally:
        process.communicate(timeout=60)


def test_interrupted_by_the_keyboard(estate: Estate, devices: list[DeviceHandle]) -> None:
    for device in devices[:5]:
        device.set_fault(silence_seconds=4.5)
    process = estate.start("backup", "run", start_new_session=True)
    assert _wait(lambda: list(estate.state.glob("runs/*/bundle")), 20)
    known = descendants(process.pid)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode in (1, 4, 130), f"{process.returncode}\n{out}{err}"
    assert "Traceback" not in err
    assert _wait(lambda: not _children_left(estate, known), 25)
    for device in devices:
        device.clear_faults()
    assert len(estate.run()) == 5
    estate.ok("verify")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own that can be filled."""
    if os.geteuid() != 0:
        missing_part("mounting a file system needs root")
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m,mode=700", "tmpfs", str(place)], check=True
    )
    yield place
    subprocess.run(["umount", str(place)], check=True)


def _fill(place: Path, leave: int) -> Path:
    filler = place / "filler"
    with filler.open("wb") as stream:
        stream.write(b"x" * max(0, shutil.disk_usage(place).free - leave))
    return filler


@pytest.mark.parametrize("leave", [0, 40_000, 120_000])
def test_a_full_disk(
    tmp_path: Path, small_disk: Path, devices: list[DeviceHandle], leave: int
) -> None:
    """A clear error or failed devices, never a pass; afterwards all is as it should be."""
    estate = new_estate(tmp_path, devices[:6], state=str(small_disk / "var"))
    estate.run()
    word = "sysname" if devices[1].platform in {"huawei", "hp_comware"} else "hostname"
    devices[1].configure([f"{word} full-{leave}"])
    filler = _fill(small_disk, leave)
    said = estate.weibao("backup", "run")
    assert said.code in (1, 4), said.all
    assert "Traceback" not in said.err, said.err
    assert "space" in said.all.lower(), said.all
    filler.unlink()
    shown = estate.run()
    # The change is not lost: this run archives it, unless the full one still could.
    assert {d["outcome"] for d in shown.values()} <= {"archived", "unchanged"}
    assert f"full-{leave}".encode() in estate.export(devices[1].name)
    estate.ok("verify")


@pytest.mark.parametrize("size", [0, 20_000, 120_000])
def test_a_limit_on_file_sizes(tmp_path: Path, devices: list[DeviceHandle], size: int) -> None:
    """What a full disk is to a user without root: every file ends there."""
    estate = new_estate(tmp_path, devices[:3])
    shutil.rmtree(estate.state / "cache")
    process = estate.start(
        "backup",
        "run",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
    )
    out, err = process.communicate(timeout=90)
    assert process.returncode in (1, 4), f"{process.returncode}\n{out}{err}"
    assert "Traceback" not in err, err
    assert re.search("too large|space|I/O error|full", out + err), out + err
    estate.run()
    estate.ok("verify")
