"""Aggregates, pairs, and one end of a link against the other (PRT-03)."""

from __future__ import annotations

from typing import Any

import pytest

from weibao.domain.port import Neighbour
from weibao.domain.port_case import DeviceCase
from weibao.domain.port_expectation import (
    PortExpectation,
    PortTerms,
)
from weibao.domain.port_finding import PortFinding
from weibao.domain.port_links import judge_links
from weibao.domain.port_record import DeviceReading, PortOutcome

from .judging import DAY, NOW, found, port, reading


def test_an_aggregate_with_one_leg_down() -> None:
    one = port("GE1/0/1", lag="Eth-Trunk1")
    two = port("GE1/0/2", oper="down", lag="Eth-Trunk1")
    findings = found(one, two, port("Eth-Trunk1"))
    assert findings["redundancy_lost"].params["down"] == "GE1/0/2"


def test_a_member_that_is_not_there_any_more_counts_as_one_that_is_down() -> None:
    one, two = port("GE1/0/1", lag="Eth-Trunk1"), port("GE2/0/1", lag="Eth-Trunk1")
    last = reading(one, two, port("Eth-Trunk1"), at=NOW - 2 * DAY)
    first = found(one, port("Eth-Trunk1"), last=last)
    assert first["redundancy_lost"].params["down"] == "GE2/0/1"
    assert (first["redundancy_lost"].params["up"], first["redundancy_lost"].params["total"]) == (
        "1",
        "2",
    )
    without = reading(
        one, port("Eth-Trunk1"), last=last, at=NOW - DAY, findings=tuple(first.values())
    )
    assert "redundancy_lost" in found(one, port("Eth-Trunk1"), last=without)
    wants = {name: PortExpectation(use="used", lag="Eth-Trunk1") for name in ("GE1/0/1", "GE2/0/1")}
    assert "redundancy_lost" in found(one, port("Eth-Trunk1"), wants=wants)


@pytest.mark.parametrize(
    ("fields", "codes"),
    [
        ({}, {"port_lag"}),
        ({"asked": ("snmp walk",)}, set()),
        ({"refused": ("display eth-trunk",)}, {"command_refused"}),
    ],
)
def test_an_aggregate_that_was_not_read_is_not_another_one(
    fields: dict[str, Any], codes: set[str]
) -> None:
    wants = {"GE1/0/1": PortExpectation(use="used", lag="Eth-Trunk1")}
    assert found(port(), wants=wants, **fields).keys() == codes
    # Where one is shown, aggregates were read.
    wants["GE1/0/2"] = PortExpectation(use="used")
    other = port("GE1/0/2", lag="Eth-Trunk2")
    assert found(port(), other, wants=wants, **fields).keys() == codes | {"port_lag"}


def test_both_ends_and_both_legs() -> None:
    near = reading(port(duplex="full", neighbours=(Neighbour(system="sw2", port="GE1/0/9"),)))
    far = reading(
        port("GE1/0/9", duplex="half", neighbours=(Neighbour(system="sw1", port="GE1/0/1"),)),
        port("GE1/0/1", oper="down"),
        device="sw2",
    )
    leg = PortExpectation(use="used", redundancy="core")
    cases = [DeviceCase(each, None, {"GE1/0/1": leg}, PortTerms()) for each in (near, far)]
    findings = judge_links(cases)
    assert [f.code.value for f in findings] == ["port_duplex_mismatch", "redundancy_lost"]
    assert findings[1].params["down"] == "sw2 GE1/0/1"


@pytest.mark.parametrize(
    ("devices", "called"),
    [
        (("sw2.north", "sw2.south"), {}),
        (("a", "b"), {"sw2": ("a", "b")}),
        (("sw2", "b"), {"sw2": ("b",)}),
    ],
)
def test_a_name_that_two_devices_have_tells_no_end(
    devices: tuple[str, ...], called: dict[str, tuple[str, ...]]
) -> None:
    """Switches out of the box are all called alike: whose port it is, nobody can say."""
    near = reading(port(duplex="full", neighbours=(Neighbour(system="sw2", port="GE1/0/9"),)))
    fars = [reading(port("GE1/0/9", duplex="half"), device=name) for name in devices]

    def judged(*readings: DeviceReading) -> list[str]:
        cases = [DeviceCase(r, None, {}, PortTerms(), called=called) for r in readings]
        return [f.code.value for f in judge_links(cases)]

    assert judged(near, *fars) == []
    alone = reading(port("GE1/0/9", duplex="half"), device="sw2.north")
    called = {}
    assert judged(near, alone) == ["port_duplex_mismatch"]


def test_what_two_contracts_own_is_not_judged_together() -> None:
    """Names of devices and redundancies are each customer's own."""
    near = reading(port(duplex="full", neighbours=(Neighbour(system="sw2", port="GE1/0/1"),)))
    far = reading(port(oper="down", duplex="half"), device="sw2", contract="d")
    leg = PortExpectation(use="used", redundancy="core")
    cases = [DeviceCase(each, None, {"GE1/0/1": leg}, PortTerms()) for each in (near, far)]
    assert judge_links(cases) == []


def test_a_leg_that_was_not_read_is_still_a_leg() -> None:
    leg = PortExpectation(use="used", redundancy="core", serves="三楼")
    unread = reading(outcome=PortOutcome.failed, device="sw2")

    def judged(oper: str) -> list[PortFinding]:
        near = reading(port(oper=oper))
        cases = [DeviceCase(r, None, {"GE1/0/1": leg}, PortTerms()) for r in (near, unread)]
        return judge_links(cases)

    assert judged("up") == []
    (lost,) = judged("down")
    assert (lost.device, lost.params["up"], lost.params["total"]) == ("sw1", "0–1", "2")
    assert lost.params["down"] == "sw1 GE1/0/1"
    assert lost.cuts_off == ""  # the other one may be up
