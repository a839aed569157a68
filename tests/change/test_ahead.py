"""A playbook's process that is loaded ahead: it plays once, or ends; real ansible-playbook."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from weibao.adapters.left_running import left_running
from weibao.adapters.leftovers import clear_steps
from weibao.adapters.playbook_runner import AnsiblePlaybookRunner

PLAY = """
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.shell: "echo {{ word }} $PPID >> {{ file }}; sleep {{ seconds }}"
    - ansible.builtin.shell: "echo over >> {{ file }}"
      when: seconds > 0
"""
KILLED = """
import os, signal, sys
from pathlib import Path
from weibao.adapters.left_running import left_running
from weibao.adapters.playbook_runner import AnsiblePlaybookRunner
folder = Path(sys.argv[1])
AnsiblePlaybookRunner(folder).ahead(folder / "changes" / "CHG-1")
while not left_running(folder / "changes"):
    pass
os.kill(os.getpid(), signal.SIGKILL)
"""


PLAYING = """
import os, signal, sys, threading, time
from pathlib import Path
from weibao.adapters.playbook_runner import AnsiblePlaybookRunner
folder = Path(sys.argv[1])
change, said = folder / "changes" / "CHG-1", folder / "said"
runner = AnsiblePlaybookRunner(folder)
AHEAD
def end():
    while not said.exists():
        time.sleep(0.02)
    AHEAD
    time.sleep(1)
    os.kill(os.getpid(), signal.SIGKILL)
threading.Thread(target=end).start()
runner.run("play.yml", inventory=str(folder / "hosts"), limit=("one",), folder=change / "first",
           variables={"word": "first", "file": str(said), "seconds": 3})
"""


class Place:
    """A folder with a playbook, and a runner."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.change = base / "changes" / "CHG-1"
        self.said = base / "said"
        (base / "play.yml").write_text(PLAY)
        (base / "hosts").write_text(
            f"one ansible_connection=local ansible_python_interpreter={sys.executable}\n"
        )
        self.runner = AnsiblePlaybookRunner(base, {"TOLD_NOBODY": "Secret-of-the-environment"})

    def play(self, step: str, *, seconds: float = 0, time_limit: float | None = None):
        """Play it in the folder of a step."""
        return self.runner.run(
            "play.yml",
            inventory=str(self.base / "hosts"),
            limit=("one",),
            variables={"word": step, "file": str(self.said), "seconds": seconds},
            folder=self.change / step,
            time_limit=time_limit,
        )

    @property
    def left(self) -> tuple[int, ...]:
        return left_running(self.change)

    @property
    def files(self) -> set[str]:
        found = self.change.glob("**/*")
        return {str(path.relative_to(self.change)) for path in found if not path.is_dir()}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    place.runner.let_go()
    assert wait(lambda: not place.left)


def wait(what: Callable[[], object]) -> object:
    """What ``what`` says within some seconds."""
    until = time.monotonic() + 30
    while not (found := what()) and time.monotonic() < until:
        time.sleep(0.02)
    return found


def test_each_step_is_played_once_by_a_process_of_its_own(place: Place) -> None:
    place.runner.ahead(place.change)
    place.runner.ahead(place.change)
    assert place.play("first").return_code == 0
    assert place.play("second").return_code == 0
    assert place.play("third").return_code == 0  # nothing was loaded ahead for it
    said = [line.split() for line in place.said.read_text().splitlines()]
    assert [word for word, _ in said] == ["first", "second", "third"]
    assert len({process for _, process in said}) == 3
    assert not wait(lambda: place.left) or place.left == ()


def test_its_files_lie_where_every_playbooks_do_and_hold_no_environment(place: Place) -> None:
    place.runner.ahead(place.change)
    assert place.play("first").hosts["one"].status == "ok"
    assert place.play("second").hosts["one"].status == "ok"
    files = place.files
    ahead, not_ahead = (
        {name.removeprefix(f"{step}/") for name in files if name.startswith(f"{step}/")}
        for step in ("first", "second")
    )
    assert ahead == not_ahead
    assert not [name for name in files if "env" in name or "ahead-" in name]
    text = "".join((place.change / name).read_text(errors="replace") for name in files)
    assert "Secret-of-the-environment" not in text


def test_one_that_nobody_needed_ends_and_leaves_nothing(place: Place) -> None:
    place.runner.ahead(place.change)
    assert wait(lambda: place.left)
    place.runner.let_go()
    assert place.left == () and place.files == set()
    assert not place.said.exists()


def test_one_that_was_killed_while_it_waited_is_replaced(place: Place) -> None:
    place.runner.ahead(place.change)
    for pid in wait(lambda: place.left):  # type: ignore[attr-defined]
        os.kill(pid, signal.SIGKILL)
    assert wait(lambda: not place.left)
    time.sleep(1.5)  # until ansible-runner has seen it
    assert place.play("first").return_code == 0
    assert place.said.read_text().startswith("first")


def test_a_runner_that_is_killed_takes_it_along_and_nothing_is_played(place: Place) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(place.base)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert wait(lambda: not place.left)
    assert not place.said.exists()


@pytest.mark.parametrize("ahead", [True, False])
def test_what_a_killed_runner_left_is_swept(place: Place, ahead: bool) -> None:
    """Neither the environment nor variables stay on the disk, whether it played or waited."""
    program = PLAYING.replace("AHEAD", "runner.ahead(change)" if ahead else "pass")
    done = subprocess.run([sys.executable, "-c", program, str(place.base)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert wait(lambda: not place.left)
    assert any("envvars" in name for name in place.files)
    for _ in range(2):  # by each that comes after
        clear_steps(place.base, "CHG-1")
    assert not [name for name in place.files if "/env/" in name or name.endswith("/command")]
    kept = [name for name in place.files if name.endswith("stdout")]
    assert len(kept) == 1, kept  # what was played is told; what waited left nothing


@pytest.mark.parametrize("ahead", [True, False])
def test_the_time_limit_ends_it_and_counts_from_the_play(place: Place, ahead: bool) -> None:
    if ahead:
        place.runner.ahead(place.change)
        time.sleep(3)
    found = place.play("first", seconds=12, time_limit=2 if ahead else 6)
    assert found.timed_out and found.return_code
    assert place.said.read_text().startswith("first")
    assert wait(lambda: not place.left)  # a worker ends the task that it does
    assert "over" not in place.said.read_text()


def test_an_interrupted_play_does_not_go_on(place: Place) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 6)
    try:
        with pytest.raises(KeyboardInterrupt):
            place.play("first", seconds=12)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert wait(lambda: not place.left)
    assert "over" not in place.said.read_text()
