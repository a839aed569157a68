"""A night broken at each of its writes: disk full, killed; disks and files of every size.

``fault_points.py`` does it and lists all points. Here a seeded share of them is tried;
``WEIBAO_TEST_POINTS=all`` tries every one (some 300 points, a second each).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .estates import missing_part

SCRIPT = Path(__file__).with_name("fault_points.py")
ALL = os.environ.get("WEIBAO_TEST_POINTS") == "all"


def broken(folder: Path, mode: str, first: int, last: int, step: int) -> list[dict[str, Any]]:
    """What came of each point; what went wrong fails the test."""
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(folder), mode, str(first), str(last), str(step)],
        check=False,
        capture_output=True,
        encoding="utf-8",
        timeout=1800,
        env=os.environ | {"WEIBAO_LANGUAGE": "en"},
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines[0]["points"] > 100, "the night writes less than it did; is it watched?"
    tried = lines[1:]
    wrong = [line for line in tried if line["wrong"]]
    assert not wrong, json.dumps(wrong, indent=1, ensure_ascii=False)
    assert tried
    return tried


def test_killed_at_its_writes(tmp_path: Path) -> None:
    """What a SIGKILL before a write leaves, the next command finishes."""
    broken(tmp_path / "x", "kill", 3, 0, 1 if ALL else 19)


def test_a_disk_that_is_full_from_a_write_on(tmp_path: Path) -> None:
    tried = broken(tmp_path / "x", "full", 2, 0, 1 if ALL else 19)
    assert {line["exit"] for line in tried} >= {1}
    said = [line["said"] for line in tried if line["exit"]]
    assert all("space" in words for words in said), said


def test_one_write_that_fails(tmp_path: Path) -> None:
    broken(tmp_path / "x", "once", 5, 0, 1 if ALL else 23)


def test_files_that_must_not_grow(tmp_path: Path) -> None:
    """Reaches git and SQLite without root: RLIMIT_FSIZE in steps from nothing to enough."""
    tried = broken(tmp_path / "x", "file", 2000, 400_000, 12_000 if ALL else 57_000)
    assert tried[0]["exit"] != 0
    assert tried[-1]["exit"] == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own."""
    if os.geteuid() != 0:
        missing_part("mounting a file system needs root")
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(place)], check=True)
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_disks_of_every_size(small_disk: Path) -> None:
    """From no byte left to enough for the night."""
    tried = broken(small_disk / "x", "disk", 0, 600_000, 12_000 if ALL else 85_000)
    assert tried[0]["exit"] != 0
    assert tried[-1]["exit"] == 0
