"""What a killed change left: secrets on disk, temporary files, processes at their last task."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from weibao.adapters.left_running import left_running
from weibao.bootstrap.workshop import open_workshop

from .flows import Flow


def test_the_next_one_sweeps_its_own_steps_and_no_run(tmp_path: Path) -> None:
    workshop = open_workshop(Flow(tmp_path).folder)
    state = workshop.estate.state
    env = state / "changes" / "CHG-1" / "00-write-1" / "ansible" / "env"
    others = state / "changes" / "CHG-2" / "00-write-1" / "ansible" / "env"
    spool = state / "runs" / "r1" / "redacted"
    for folder in (env, others, spool, state / "locks"):
        folder.mkdir(parents=True)
    (env / "extravars").write_text("secret")
    temporary = workshop.estate.keys / ".mark.0123.weibao-tmp"
    temporary.touch()
    with workshop.lock_named("change-CHG-1.lock", "test", 0):
        assert env.exists()  # nobody was killed
    note = {"pid": 1, "what": "killed"}
    (state / "locks" / "change-CHG-1.lock.holder").write_text(json.dumps(note))
    with workshop.lock_named("change-CHG-1.lock", "test", 0):
        assert not env.exists()
        assert not temporary.exists()
        assert others.exists()
        assert spool.exists()  # a run may be going on beside it
    (state / "locks" / "run.lock.holder").write_text(json.dumps(note))
    with workshop.lock_named("run.lock", "a change's backup", 0):
        assert not spool.exists()


def test_processes_are_known_by_the_folder_they_work_in(tmp_path: Path) -> None:
    folder = tmp_path / "CHG-1"
    code = "import sys; print(flush=True); sys.stdin.read()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(folder / "step")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout
    process.stdout.readline()  # it runs: for a moment after its start it has no words, yet
    try:
        assert left_running(folder) == (process.pid,)
        assert left_running(tmp_path / "CHG") == ()
        assert os.getpid() not in left_running(tmp_path)
    finally:
        process.communicate(b"")
    assert left_running(folder) == ()
    assert left_running(folder, proc=tmp_path / "none") == ()
