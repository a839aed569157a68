"""The archive's git repository is damaged, gone, or held by another program, in a night.

The full texts are safe in each case: the night says what is wrong and what to do, and once it
is done, everything stands in the archive.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from services.nights import Answer, Night, config
from weibao.domain.records import FindingCode
from weibao.services.read_backup import export
from weibao.services.rebuild_archive import rebuild_archive
from weibao.services.recover import recover
from weibao.services.verify import verify

NAMES = {"sw1": "default", "sw2": "default"}


def said(*lines: str) -> dict[str, Answer]:
    return {name: Answer(running=config(name, *lines)) for name in NAMES}


def sound(night: Night) -> None:
    parts = night.parts
    found = verify(
        parts.journal, parts.evidence, parts.archive, parts.texts, contracts=parts.contracts
    )
    assert found.passed, (found.problems, found.unchecked)


@pytest.fixture
def night(tmp_path: Path) -> Night:
    made = Night(tmp_path, NAMES)
    made.run(said("vlan 1"))
    made.run(said("vlan 2"))
    return made


def folder_of(night: Night) -> Path:
    return night.workshop.archive("default").folder


def _gone(folder: Path) -> None:
    shutil.rmtree(folder)


def _no_head(folder: Path) -> None:
    (folder / ".git/HEAD").write_text("garbage\n")


def _no_branch(folder: Path) -> None:
    (folder / ".git/refs/heads/main").write_text("")  # as a power cut leaves it


def _no_objects(folder: Path) -> None:
    for path in folder.glob(".git/objects/pack/*"):
        path.unlink()


@pytest.mark.parametrize("quiet", [True, False])
@pytest.mark.parametrize("spoil", [_gone, _no_head, _no_branch, _no_objects])
def test_a_lost_archive_is_noticed_also_in_a_quiet_night(
    night: Night, spoil: Callable[[Path], None], quiet: bool
) -> None:
    spoil(folder_of(night))
    for _ in range(2):  # it stays so until somebody acts
        result = night.run(said("vlan 2" if quiet else "vlan 3"))
        assert result.exit_code == 1
        found = next(f for f in result.findings if f.code is FindingCode.archive_failed)
        assert str(folder_of(night)) in found.params["detail"]
        assert "weibao backup rebuild" in found.params["detail"]
        assert {t.outcome.value for t in result.targets} <= {"archived", "unchanged"}
    expected = said("vlan 2" if quiet else "vlan 3")["sw1"].running
    assert export(night.parts, "sw1", "me@test")[1] == expected

    shutil.rmtree(folder_of(night), ignore_errors=True)  # what the words advise
    night.reopen()
    rebuild_archive(night.parts, "default", "me@test")
    sound(night)
    assert night.run(said("vlan 4")).exit_code == 0
    assert "vlan 4" in night.parts.archive("default").read("sw1")
    sound(night)


def test_a_rebuild_keeps_the_order_that_a_clock_set_back_does_not(night: Night) -> None:
    night.clock.at -= timedelta(days=9)
    night.run(said("vlan 3"))
    shutil.rmtree(folder_of(night))
    night.reopen()
    rebuild_archive(night.parts, "default", "me@test")
    assert "vlan 3" in night.parts.archive("default").read("sw1")
    sound(night)


def test_a_git_that_works_there(night: Night) -> None:
    """Somebody's git holds the branch: said, nothing is taken from it; made up the next night."""
    lock = folder_of(night) / ".git/refs/heads/main.lock"
    lock.touch()
    os.utime(lock, (1_700_000_000, 1_700_000_000))
    with subprocess.Popen(
        ["git", "hash-object", "--stdin"],
        cwd=folder_of(night),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    ) as person:
        while not Path(f"/proc/{person.pid}/comm").read_text().startswith("git"):
            time.sleep(0.01)
        began = time.monotonic()
        result = night.run(said("vlan 3"))
        assert time.monotonic() - began < 30
        assert lock.exists()
        assert person.stdin is not None
        person.stdin.close()
    assert result.exit_code == 1
    found = next(f for f in result.findings if f.code is FindingCode.archive_failed)
    assert "another git" in found.params["detail"]
    sound(night)
    recover(night.parts, night.inventory.devices)  # now the lock is a dead one's
    assert not lock.exists()
    assert "vlan 3" in night.parts.archive("default").read("sw1")
    assert night.run(said("vlan 3")).exit_code == 0
    sound(night)
