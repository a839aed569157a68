"""A change from application to closed record, with real signatures and a real Ansible."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from .flows import HOSTS, WEIBAO, Flow


@pytest.fixture
def flow(tmp_path: Path) -> Flow:
    return Flow(tmp_path)


def test_from_application_to_closed_record(flow: Flow) -> None:
    number = flow.approved()
    assert flow.state(number) == "scheduled"
    foretold = {target["difference"] for target in flow.data("show", number)["plan"]["targets"]}
    assert foretold == {
        "# ? Count the execution, and be slow where it is asked for\n"
        "# ~ Write or take away the note\n"
    }
    flow.change("start", number, who="li.op")
    assert flow.notes() == dict.fromkeys(HOSTS, "hello")
    assert all(flow.log(host) == ["write"] for host in HOSTS)
    assert flow.state(number) == "verified"
    steps = flow.data("show", number)["steps"]
    assert {step["wave"] for step in steps} == {0, 1, 2}
    assert all(step["state"] == "done" for step in steps)
    flow.change("close", number, who="wang.pm", fails=3)
    flow.change("close", number, "--documents", "拓扑图", "--result", "电话", who="wang.pm")
    assert flow.state(number) == "closed"
    flow.weibao("verify")


def test_a_killed_start_is_resumed_and_no_step_is_done_twice(flow: Flow) -> None:
    number = flow.approved(limit="host1:host2")
    (flow.place / "host2.slow").touch()
    process = subprocess.Popen(
        [WEIBAO, "change", "start", number, "--as", "li.op"],
        cwd=flow.folder, env=flow.environment, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    wait_for(lambda: flow.log("host2") == ["write"])
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert flow.state(number) == "running"
    # Ansible's worker ends its task without the runner: until then nothing is known.
    said = flow.change("resume", number, who="li.op", fails=3)
    assert "still running" in said or "仍在运行" in said
    early = ("--answer", "host2:write=again")
    flow.change("resume", number, *early, who="li.op", fails=3)
    (flow.place / "host2.slow").unlink()
    wait_for(lambda: "host2:write" in flow.change("resume", number, who="li.op", fails=None))
    assert flow.state(number) == "paused"
    flow.change("resume", number, "--answer", "host1:write=done", who="li.op", fails=2)
    flow.change("resume", number, *early, who="li.op")
    assert flow.state(number) == "verified"
    assert flow.log("host1") == ["write"]
    assert flow.log("host2") == ["write", "write"]  # the operator said so
    flow.weibao("verify")


def test_a_failed_canary_stops_the_change_and_goes_back(flow: Flow) -> None:
    (flow.place / "host1.write.fails").touch()
    number = flow.approved(limit="host1:host2:host3")
    said = flow.change("start", number, who="li.op", fails=1)
    assert "host1" in said
    assert flow.state(number) == "aborted"
    assert flow.log("host1") == ["write", "take-away"]
    assert flow.log("host2") == flow.log("host3") == []


def test_a_way_back_that_fails_too_is_said_loudly(flow: Flow) -> None:
    (flow.place / "host1.write.fails").touch()
    (flow.place / "host1.take-away.fails").touch()
    number = flow.approved(limit="host1:host2")
    said = flow.change("start", number, who="li.op", fails=1)
    assert "人工删除文件" in said
    event = flow.data("show", number)["events"][-1]
    assert event["detail"]["back_out_failed"] == ["host1"]
    assert flow.state(number) == "aborted"


def test_what_was_approved_is_what_runs_or_nothing(flow: Flow) -> None:
    number = flow.new(limit="host1")
    flow.change("start", number, who="li.op", fails=3)  # no plan, no approval
    flow.change("plan", number, who="wang.pm")
    flow.change("start", number, who="li.op", fails=3)
    flow.change("submit", number, who="wang.pm")
    flow.approve(number, "liu.cust", fails=3)  # not the customer's turn
    flow.approve(number, "li.op", fails=3)  # nor anybody's who works on it
    flow.approve(number, "chen.boss")
    flow.change("submit", number, who="wang.pm")
    flow.approve(number, "liu.cust")
    flow.change("start", number, who="zhao.rec", fails=3)  # the operator is another
    for name in ("runbooks/write-note.yml", "playbooks/write_note.yml"):
        path = flow.folder / name
        before = path.read_bytes()
        path.write_bytes(before + b"\n")
        assert flow.change("start", number, who="li.op", fails=3)
        assert flow.data("show", number)["differs"]
        path.write_bytes(before)
    flow.write_inventory(host1={"role": "core"})
    assert "host1" in flow.change("start", number, who="li.op", fails=3)
    flow.write_inventory()
    assert flow.notes() == {}
    assert flow.log("host1") == []
    flow.change("start", number, who="li.op")
    assert flow.notes() == {"host1": "hello"}


def test_a_marked_step_waits_for_the_recorders_own_key(flow: Flow) -> None:
    path = flow.folder / "runbooks" / "write-note.yml"
    path.write_text(
        path.read_text().replace("phase: implement", "phase: implement\n    two_person: true")
    )
    number = flow.approved(limit="host1")
    process = subprocess.Popen(
        [WEIBAO, "change", "start", number, "--as", "li.op"],
        cwd=flow.folder, env=flow.environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    confirm = ("confirm", number, "--step", "write", "--wave", "0", "--key")
    wait_for(lambda: any(s["state"] == "waiting" for s in flow.data("show", number)["steps"]))
    assert flow.log("host1") == []
    flow.change(*confirm, flow.key("li.op"), who="li.op", fails=3)
    flow.change(*confirm, flow.key("li.op"), who="zhao.rec", fails=3)
    flow.change(*confirm, flow.key("zhao.rec"), who="zhao.rec")
    assert process.wait(timeout=120) == 0
    assert flow.log("host1") == ["write"]


def wait_for(true: Callable[[], bool], seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.3)
