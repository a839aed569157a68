"""A change whose database goes away, whose records are elsewhere, whose process is killed.

What was done before is on record; what was being done is asked about; nothing is done twice.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from change.flows import WEIBAO
from change.office import HOSTS, Office
from weibao.adapters.clock import SystemClock
from weibao.adapters.journal import database
from weibao.domain.change import StepState
from weibao.errors import FailedError, WeibaoError

from .database_server import Server
from .estates import missing_part

KILLS, SEED = 4, 5


@pytest.fixture(autouse=True)
def ssh_keygen() -> None:
    if shutil.which("ssh-keygen") is None:
        missing_part("ssh-keygen is not here")


def goes_on(office: Office, number: str) -> None:
    """Resumed, it asks about the step that was cut off, and comes to its end."""
    office.open()
    assert office.resume(number).state.value == "paused"
    asked = [row.device for row in office.steps(number, "write") if row.state is StepState.unknown]
    assert asked == ["host2", "host3"]
    answers = [(host, "write", StepState.done) for host in asked]
    assert office.resume(number, *answers).state.value == "verified"
    assert sorted(office.hosts.of("write")) == sorted(HOSTS)
    office.sound()


# --- SQLite


def test_a_database_that_another_program_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(tmp_path)
    number = office.approved()
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.5)
    office.open()
    file = office.flow.folder / "var" / "journal.db"
    other = sqlite3.connect(file, isolation_level=None)
    office.hosts.during["write", "host2"] = lambda: other.execute("BEGIN IMMEDIATE") and None
    with pytest.raises(FailedError) as caught:
        office.start(number)
    assert caught.value.key == "journal.locked"
    other.execute("ROLLBACK")
    other.close()
    goes_on(office, number)


def test_a_database_that_is_taken_away(tmp_path: Path) -> None:
    office = Office(tmp_path / "here")
    number = office.approved()
    folder = office.flow.folder / "var"
    aside = tmp_path / "aside"
    aside.mkdir()

    def move(one: Path, other: Path) -> None:
        for file in one.glob("journal.db*"):
            shutil.move(file, other / file.name)

    office.hosts.during["write", "host2"] = lambda: move(folder, aside)
    with pytest.raises(FailedError) as caught:
        office.start(number)
    assert caught.value.key == "journal.gone"
    office.close()
    move(aside, folder)
    goes_on(office, number)


# --- PostgreSQL


def test_a_server_that_stays_away(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_AWAY_SECONDS", 1)
    office = Office(tmp_path, database=server.url)
    number = office.approved()
    office.hosts.during["write", "host2"] = server.stop
    with pytest.raises(WeibaoError) as caught:
        office.start(number)
    assert caught.value.key == "journal.unavailable"
    assert "数据库" in caught.value.say("zh")
    server.start()
    goes_on(office, number)


def test_a_server_that_is_restarted_is_waited_for(tmp_path: Path, server: Server) -> None:
    office = Office(tmp_path, database=server.url)
    number = office.approved()
    back: list[threading.Timer] = []

    def restart() -> None:
        server.stop("immediate")
        back.append(threading.Timer(2, server.start))
        back[0].start()

    office.hosts.during["write", "host2"] = restart
    assert office.start(number).state.value == "verified"
    back[0].join()
    assert sorted(office.hosts.of("write")) == sorted(HOSTS)
    office.sound()


def test_the_gate_with_records_on_a_server(tmp_path: Path, server: Server) -> None:
    """Ansible's workers ask PostgreSQL, each by itself; by hand nothing is let through."""
    office = Office(tmp_path, database=server.url, clock=SystemClock(), real=True)
    flow = office.flow
    number = office.approved()
    office.close()
    playbook = [
        str(Path(sys.executable).with_name("ansible-playbook")), "playbooks/write_note.yml",
        "-i", "inventory", "-e", f"weibao_change={number}", "-e", f"weibao_estate={flow.folder}",
        "-e", "note=hello", "-e", "weibao_step=write", "-e", "weibao_phase=implement",
    ]  # fmt: skip
    by_hand: Callable[[], subprocess.CompletedProcess[str]] = lambda: subprocess.run(  # noqa: E731
        playbook, cwd=flow.folder, env=flow.environment, capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip
    refused = by_hand()
    assert refused.returncode != 0
    assert number in refused.stdout + refused.stderr
    assert flow.notes() == {}
    done = subprocess.run(
        [WEIBAO, "change", "start", number, "--as", "li.op"], cwd=flow.folder,
        env=flow.environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert flow.notes() == dict.fromkeys(HOSTS, "hello")
    assert all(flow.log(host) == ["write"] for host in HOSTS)
    assert by_hand().returncode != 0  # it is over
    assert flow.log("host1") == ["write"]
    flow.weibao("verify")


# --- killed


def test_changes_killed_at_seeded_moments(tmp_path: Path) -> None:
    """A handful of what ``scripts/kill_changes.py`` does by the hundred."""
    script = Path(__file__).parents[2] / "scripts/kill_changes.py"
    done = subprocess.run(
        [sys.executable, str(script), "--count", str(KILLS), "--seed", str(SEED), "--switches=0"],
        check=False,
        capture_output=True,
        encoding="utf-8",
        timeout=900,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{KILLS} kills, " in done.stdout
    # A module of Ansible that is killed leaves its unpacked code; nobody else can know of it.
    left = [p for p in tmp_path.iterdir() if "_payload_" not in p.name]
    assert not left
