"""A change from application to closed record, with real signatures and a real Ansible."""

from __future__ import annotations

from pathlib import Path

import pytest

from .flows import HOSTS, Flow


@pytest.fixture
def flow(tmp_path: Path) -> Flow:
    return Flow(tmp_path)


def test_from_application_to_closed_record(flow: Flow) -> None:
    number = flow.approved()
    assert flow.state(number) == "scheduled"
    flow.change("start", number, who="li.op")
    assert flow.notes() == dict.fromkeys(HOSTS, "hello")
    assert all(flow.log(host) == ["write"] for host in HOSTS)
    assert flow.state(number) == "verified"
    steps = flow.data("show", number)["steps"]
    assert {step["wave"] for step in steps} == {0, 1, 2}
    assert all(step["state"] == "done" for step in steps)
    flow.change("close", number, who="wang.pm", fails=3)
    flow.change(
        "close", number, "--documents", "拓扑图", "--result", "电话", who="wang.pm"
    )
    assert flow.state(number) == "closed"
    flow.weibao("verify")
