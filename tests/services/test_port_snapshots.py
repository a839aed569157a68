"""The steps of a change that read ports before and after (JOB-12)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from services.nights import Answer
from services.port_days import LLDP, OSPF, PEERS, Days, table
from weibao.domain.change import ChangeStep, StepState
from weibao.domain.port_expectation import PortBaseline
from weibao.services.changes.port_snapshots import (
    BEFORE,
    EXPECTED,
    SETTLE,
    ports_after,
    ports_before,
    settle_seconds,
)

FAR = "GigabitEthernet0/0/1  core-1  GigabitEthernet0/0/9  101\n"
NO_PEERS = PEERS.splitlines(keepends=True)[0]


def with_lldp(*lines: str) -> Answer:
    head = "Local Intf   Neighbor Dev   Neighbor Intf   Exptime\n"
    return adding(table("up", "up"), LLDP, head + "".join(lines))


def adding(answer: Answer, command: str, text: str) -> Answer:
    answer.outputs = {**answer.outputs, command: text}
    return answer


class Desk(SimpleNamespace):
    """As much of the desk as the steps need."""

    @property
    def now(self) -> Any:
        return self.clock.at


class Gate:
    """One change on one switch; ``later`` is what the switch shows after a pause."""

    def __init__(self, folder: Path) -> None:
        self.days = Days(folder, {"sw1": "default"})
        self.paused: list[float] = []
        self.later: Answer | None = None
        self.rows: list[ChangeStep] = []
        self.step_before = BEFORE

    def work(self, variables: dict[str, Any]) -> Any:
        runbook = SimpleNamespace(steps=[SimpleNamespace(name=self.step_before, run=BEFORE)])
        desk = Desk(
            clock=self.days.clock,
            runbook=lambda _change: runbook,
            ports=lambda: self.days.ports,
            hold=lambda *_: contextlib.nullcontext(),
            records=SimpleNamespace(change_steps=lambda _change: self.rows),
        )
        run = SimpleNamespace(actor="ops@test")
        change = SimpleNamespace(id="C-1", variables=variables)
        return SimpleNamespace(desk=desk, run=run, change=change, sources=(), pause=self.pause)

    def pause(self, seconds: float) -> None:
        self.paused.append(seconds)
        self.days.clock.at += timedelta(seconds=seconds)
        if self.later is not None:
            self.days.runner.answers = {"sw1": self.later}

    def before(self, answer: Answer, **row: Any) -> Gate:
        """The ports are read, and then the change is made."""
        self.record(self.step_before, "precheck", **{**self.step(ports_before, answer), **row})
        self.record("apply", "implement", state=StepState.done)
        return self

    def record(self, step: str, phase: str, **found: Any) -> None:
        at = self.days.clock.at
        common = {"change": "C-1", "wave": 0, "device": "sw1", "actor": "ops@test"}
        row = ChangeStep(
            step=step, phase=phase, started_at=at, finished_at=at, **{**common, **found}
        )
        self.rows.append(row)

    def after(self, answer: Answer, seconds: float = 10, **variables: Any) -> Any:
        """What becomes of the change when its ports are read ``seconds`` after it was made."""
        self.days.clock.at += timedelta(seconds=seconds)
        return self.step(ports_after, answer, **variables)

    def step(self, do: Callable[..., Any], answer: Answer, **variables: Any) -> Any:
        self.days.runner.answers = {"sw1": answer}
        return do(self.work(variables), ["sw1"])["sw1"]


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path)


def test_a_neighbour_that_comes_back_is_waited_for(gate: Gate) -> None:
    gate.before(with_lldp(FAR)).later = with_lldp(FAR)
    after = gate.after(with_lldp())
    assert after["state"].value == "done", after
    assert after["detail"].endswith("no port is worse")
    (paused,) = gate.paused
    assert 40 <= paused <= 50


def test_a_neighbour_that_stays_away_fails_the_device(gate: Gate) -> None:
    gate.before(with_lldp(FAR))
    after = gate.after(with_lldp())
    assert (after["state"].value, len(gate.paused)) == ("failed", 1)
    assert "GigabitEthernet0/0/1: neighbour core-1 gone" in after["detail"]


def test_what_was_away_for_long_enough_is_not_waited_for(gate: Gate) -> None:
    gate.before(with_lldp(FAR)).later = with_lldp(FAR)
    assert gate.after(with_lldp(), seconds=61)["state"].value == "failed"
    assert gate.paused == []


def test_a_routing_neighbour_that_dies_late_is_found(gate: Gate) -> None:
    """It is up until its dead interval has run out."""
    up, dead = (adding(table("up"), OSPF, text) for text in (PEERS, NO_PEERS))
    gate.before(up).later = dead
    after = gate.after(up, **{SETTLE: 45})
    assert gate.paused == [35]
    assert after["state"].value == "failed"
    assert "ospf 10.8.0.2: Full -> gone" in after["detail"]


def test_a_routing_neighbour_on_a_port_that_is_meant_to_change(gate: Gate) -> None:
    gate.before(adding(table("up"), OSPF, PEERS))
    after = gate.after(adding(table("up"), OSPF, NO_PEERS), **{EXPECTED: "Gi0/0/1"})
    assert (after["state"].value, gate.paused) == ("done", [])


@pytest.mark.parametrize("row", [{}, {"device": "-"}, {"device": "-", "state": "skipped"}])
def test_a_runbook_of_the_estate_calls_its_steps_as_it_likes(
    gate: Gate, row: dict[str, Any]
) -> None:
    """And may read the ports once for a wave, of which a device could not be read at all."""
    gate.step_before = "what-is-up"
    after = gate.before(table("up", "up"), **row).after(table("up", "up"))
    assert after["detail"].endswith("no port is worse")
    assert gate.after(table("up", "down"))["state"].value == "failed"


def test_a_change_that_is_stopped_while_it_waits_has_not_passed(gate: Gate) -> None:
    def stop(_seconds: float) -> None:
        raise InterruptedError

    gate.before(adding(table("up"), OSPF, PEERS))
    gate.pause = stop  # type: ignore[method-assign]
    with pytest.raises(InterruptedError):
        gate.after(adding(table("up"), OSPF, PEERS))


def test_what_was_declared_is_left_out(gate: Gate) -> None:
    after = gate.before(with_lldp(FAR)).after(with_lldp(), **{EXPECTED: "Gi0/0/1"})
    assert (after["state"].value, gate.paused) == ("done", [])


def test_a_users_socket_may_go_down_meanwhile(gate: Gate) -> None:
    baseline = PortBaseline.model_validate({"device": "sw1", "ports": {"Gi0/0/2": "ignored"}})
    gate.days.ports.baselines.write("default", baseline)
    after = gate.before(table("up", "up")).after(table("up", "down"))
    assert after["state"].value == "done"
    after = gate.after(table("down", "down"))
    assert after["state"].value == "failed"
    assert "GigabitEthernet0/0/1: up -> down" in after["detail"]


def test_a_port_that_went_down_is_not_waited_for(gate: Gate) -> None:
    worse = adding(table("up", "down"), LLDP, with_lldp(FAR).outputs[LLDP])
    after = gate.before(with_lldp(FAR)).after(worse)
    assert (after["state"].value, gate.paused) == ("failed", [])
    assert "GigabitEthernet0/0/2: up -> down" in after["detail"]


def test_where_nothing_could_be_compared_nothing_passes(gate: Gate) -> None:
    after = gate.before(table("odd", "odd")).after(table("odd", "odd"))
    assert after["state"].value == "skipped"
    assert "not compared: GigabitEthernet0/0/1, GigabitEthernet0/0/2" in after["detail"]


def test_a_port_that_was_unknown_and_is_down_fails(gate: Gate) -> None:
    after = gate.before(table("odd", "up")).after(table("down", "up"))
    assert after["state"].value == "failed"
    assert "GigabitEthernet0/0/1: unknown -> down (link_down), not comparable" in after["detail"]


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ({}, 60),
        ({SETTLE: 0}, 0),
        ({SETTLE: 180.5}, 180.5),
        ({SETTLE: -3}, 0),
        ({SETTLE: float("nan")}, 60),
        ({SETTLE: float("inf")}, 60),
    ],
)
def test_how_long_it_is_waited(given: dict[str, Any], seconds: float) -> None:
    assert settle_seconds(given) == seconds
