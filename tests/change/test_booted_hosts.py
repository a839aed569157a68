"""Waves over real SSH to booted hosts: canary, failure limit, and a process that is killed."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from patch.booted import Booted
from patch.booted_flow import BootedFlow, some_hosts

from .flows import WEIBAO
from .test_change_flow import wait_for

NAMES = ("node1", "node2", "node3", "node4")
PLACE = "/var/lib/notes"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Booted]:
    with some_hosts(tmp_path_factory, NAMES, mark="c") as lab:
        yield lab


class HostsFlow(BootedFlow):
    """What the playbook left on the hosts."""

    variables = {"place": PLACE}

    def start(self, number: str) -> subprocess.Popen[bytes]:
        """Start it and do not wait."""
        return subprocess.Popen(
            [*self.lab.inside, WEIBAO, "change", "start", number, "--as", "li.op"],
            cwd=self.folder, env=self.environment, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def file(self, host: str, name: str) -> Path:
        """A file of the host, seen from outside."""
        return self.lab.hosts[host].file(f"{PLACE}/{name}")

    def log(self, host: str) -> list[str]:
        path = self.file(host, f"{host}.log")
        return path.read_text().split() if path.exists() else []

    def notes(self) -> dict[str, str]:
        found = {}
        for host in NAMES:
            path = self.file(host, f"{host}.note")
            if path.exists():
                found[host] = path.read_text()
        return found


@pytest.fixture
def flow(tmp_path: Path, lab: Booted) -> HostsFlow:
    for host in lab.hosts.values():
        host.ssh(f"rm -rf {PLACE} && mkdir {PLACE}")
    return HostsFlow(tmp_path, lab, list(lab.hosts.values()))


def test_a_killed_wave_is_resumed_and_no_host_is_done_twice_unasked(flow: HostsFlow) -> None:
    """Two waves; the process is killed in the second one, while one of its hosts is slow."""
    number = flow.approved(limit="node1:node2:node3")
    flow.file("node3", "node3.slow").touch()
    process = flow.start(number)
    try:
        wait_for(lambda: flow.log("node2") == flow.log("node3") == ["write"], seconds=280)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert "node1" in flow.notes()
    flow.change("resume", number, who="li.op", fails=3)  # a host of the wave is still at work
    flow.file("node3", "node3.slow").unlink()
    asked = ("resume", number)
    wait_for(lambda: "node3:write" in flow.change(*asked, who="li.op", fails=None), seconds=120)
    # The note comes after what was cut off: who answered "done" would be found out below.
    answers = ("--answer", "node2:write=again", "--answer", "node3:write=again")
    flow.change(*asked, *answers, who="li.op")
    assert flow.state(number) == "verified"
    assert flow.log("node1") == ["write"]
    assert flow.log("node2") == flow.log("node3") == ["write", "write"]  # the operator said so
    assert set(flow.notes()) == set(NAMES[:3])
    flow.weibao("verify")


def test_a_step_that_was_wrongly_said_to_be_done_is_found_out(flow: HostsFlow) -> None:
    number = flow.approved(limit="node1")
    flow.file("node1", "node1.slow").touch()
    process = flow.start(number)
    try:
        wait_for(lambda: flow.log("node1") == ["write"], seconds=280)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    flow.file("node1", "node1.slow").unlink()
    asked = ("resume", number)
    wait_for(lambda: "node1:write" in flow.change(*asked, who="li.op", fails=None), seconds=120)
    flow.change(*asked, "--answer", "node1:write=done", who="li.op", fails=1)
    assert flow.state(number) == "aborted"
    assert flow.log("node1") == ["write", "take-away"]


def test_a_failing_canary_keeps_the_others_untouched(flow: HostsFlow) -> None:
    flow.file("node1", "node1.write.fails").touch()
    number = flow.approved(limit="all")
    said = flow.change("start", number, who="li.op", fails=1)
    assert "node1" in said
    assert flow.state(number) == "aborted"
    assert flow.log("node1") == ["write", "take-away"]
    assert [flow.log(name) for name in NAMES[1:]] == [[], [], []]


def test_a_limit_that_is_breached_stops_before_the_next_wave(flow: HostsFlow) -> None:
    flow.file("node3", "node3.write.fails").touch()
    number = flow.approved(limit="all")
    flow.change("start", number, who="li.op", fails=1)
    assert flow.state(number) == "aborted"
    assert flow.log("node3") == ["write", "take-away"]
    assert flow.log("node2") == ["write"]
    assert flow.log("node4") == []
    assert flow.notes()["node1"] == "hello"
