"""What a change did to ports: worse, not comparable, or left alone (JOB-12)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from weibao.domain.port import AdminStatus, Neighbour, OperStatus, Port
from weibao.domain.port_expectation import port_pattern
from weibao.domain.port_record import DeviceReading, PortOutcome, PortState
from weibao.domain.port_regressions import Regressions, regressions
from weibao.domain.routing import NeighbourState, RoutingNeighbour, RoutingReading

AT = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
CORE = (Neighbour(system="core-1.example.net", port="Gi0/1"),)
LLDP = "show lldp neighbors"


def port(name: str, oper: str = "up", admin: str = "up", **more: Any) -> Port:
    states = {"oper_status": OperStatus(oper), "admin_status": AdminStatus(admin)}
    return Port(name=name, native_name=name, **(states | more))


def read(
    *ports: Port, outcome: str = "read", asked: tuple[str, ...] = (LLDP,), **more: Any
) -> DeviceReading:
    return DeviceReading(
        run_id="r1",
        contract="acme",
        device="sw1",
        platform="huawei",
        at=AT,
        outcome=PortOutcome(outcome),
        asked=asked,
        ports=tuple(PortState(port=each) for each in ports),
        **more,
    )


def compare(before: DeviceReading, after: DeviceReading, declared: str = "") -> Regressions:
    return regressions(before, after, port_pattern(declared))


@pytest.mark.parametrize(
    ("after", "said"),
    [
        ((port("e1", "down"),), "no port is worse"),
        ((), "no port is worse"),
        ((port("e1", "unknown"),), "no port is worse"),
        ((port("e1", speed=10**8, duplex="half"),), "no port is worse"),
        ((port("e1", "down", "down"),), "e1: shut down"),
        ((port("e1", vlan="20"),), "e1: vlan 10 -> 20"),
        ((port("e1", mode="trunk"),), "e1: mode access -> trunk"),
    ],
)
def test_a_port_of_which_nothing_is_expected_comes_and_goes(
    after: tuple[Port, ...], said: str
) -> None:
    was = port("e1", vlan="10", mode="access", speed=10**9, duplex="full", neighbours=CORE)
    free = regressions(read(was), read(*after), port_pattern(""), lambda name: name == "e1")
    assert str(free) == said
    assert said == "no port is worse" or free.worse


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (port("e1"), port("e1", "down"), "e1: up -> down"),
        (port("e1"), port("e1", "unknown"), "e1: up -> unknown"),
        (port("e1"), port("e1", "dormant"), "e1: up -> dormant"),
        (port("e1", "dormant"), port("e1", "down"), "e1: dormant -> down"),
        (port("e1", "down"), port("e1", "down", "down"), "e1: shut down"),
        (port("e1", "unknown"), port("e1", "down"), "e1: unknown -> down, not comparable"),
        (port("e1", "testing"), port("e1", "dormant"), "e1: testing -> dormant, not comparable"),
        (port("e1", vlan="10"), port("e1", vlan="20"), "e1: vlan 10 -> 20"),
        (port("e1", mode="access"), port("e1", mode="trunk"), "e1: mode access -> trunk"),
        (port("e1", speed=10**9), port("e1", speed=10**8), "e1: speed 1000000000 -> 100000000"),
        (port("e1", duplex="full"), port("e1", duplex="half"), "e1: half duplex"),
        (port("e1", lag="po1"), port("e1"), "e1: left po1"),
    ],
)
def test_what_is_worse(before: Port, after: Port, said: str) -> None:
    assert compare(read(before), read(after)).worse == (said,)
    assert str(compare(read(before), read(after))) == said
    assert compare(read(before), read(after), "e1").worse == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (port("e1", "down"), port("e1")),
        (port("e1", "dormant"), port("e1")),
        (port("e1", "dormant"), port("e1", "dormant")),
        (port("e1", "unknown"), port("e1")),
        (port("e1", "unknown", "down"), port("e1", "down", "down")),
        # What a port that is down prints of its VLAN is not what it has.
        (port("e1", "down", vlan="1"), port("e1", vlan="trunk")),
        (port("e1", vlan=""), port("e1", vlan="10")),
        (port("e1", vlan="10", mode="trunk"), port("e1", vlan="10,3999", mode="trunk")),
        (port("e1", neighbours=CORE), port("e1", neighbours=CORE)),
    ],
)
def test_what_is_not_worse(before: Port, after: Port) -> None:
    found = compare(read(before), read(after))
    assert (found.worse, found.settling) == ((), ())


@pytest.mark.parametrize(("oper", "worse"), [("up", ()), ("dormant", ("e2: gone",))])
def test_a_port_that_is_not_there_any_more(oper: str, worse: tuple[str, ...]) -> None:
    gone = compare(read(port("e1"), port("e2", oper)), read(port("e1")))
    assert gone.worse == (worse or ("e2: gone",))
    assert compare(read(port("e1"), port("e2", "down")), read(port("e1"))).worse == ()


def test_what_was_not_compared_is_said() -> None:
    before = read(port("e1"), port("e2", "unknown"), outcome="partly")
    after = read(port("e1"), port("e2", "unknown"), port("e3"))
    found = compare(before, after)
    assert (found.worse, found.compared, found.uncompared) == ((), 1, ("e2", "e3"))
    assert str(found) == "no port is worse of 1 that were compared; not compared: e2, e3"
    assert str(compare(read(port("e1")), read(port("e1"), port("Vlanif7")))) == "no port is worse"


def test_what_half_a_reading_did_not_show_before_is_not_good_by_that() -> None:
    before = read(port("e1"), outcome="partly")
    found = compare(before, read(port("e1"), port("e2", "down"), port("e3", "down", "down")))
    assert found.worse == ("e2: not read -> down, not comparable",)
    assert found.uncompared == ("e3",)
    assert compare(before, read(port("e1"), port("e2", "down")), "e2").worse == ()
    whole = read(port("e1"))
    assert compare(whole, read(port("e1"), port("e2", "down"))).worse == ()


def test_a_neighbour_that_is_gone_altogether() -> None:
    before = read(port("e1", neighbours=CORE))
    assert compare(before, read(port("e1"))).settling == ("e1: neighbour core-1 gone",)
    assert compare(before, read(port("e1")), "e1").settling == ()
    unread = compare(before, read(port("e1"), asked=()))
    assert unread.settling == (f"e1: neighbour core-1 gone ({LLDP} not answered)",)
    nobody = compare(read(port("e1")), read(port("e1"), asked=()))
    assert (nobody.settling, nobody.uncompared) == ((), (LLDP,))


def test_a_routing_neighbour_that_is_gone() -> None:
    def routing(state: str, *asked: str) -> RoutingReading:
        one = RoutingNeighbour(
            protocol="ospf", address="10.0.0.1", interface="e1", state=NeighbourState(state)
        )
        return RoutingReading(neighbours=(one,), asked=asked)

    ospf = "show ospf"
    before = read(port("e1"), routing=routing("up", ospf))
    down = read(port("e1"), routing=routing("down", ospf))
    gone = read(port("e1"), routing=RoutingReading(asked=(ospf,)))
    assert compare(before, down).settling == ("ospf 10.0.0.1: up -> down",)
    assert compare(before, gone).settling == ("ospf 10.0.0.1: up -> gone",)
    assert compare(before, down, "e1").settling == ()
    for silent in (read(port("e1")), read(port("e1"), routing=RoutingReading())):
        unknown = compare(before, silent)
        assert unknown.settling == (f"ospf 10.0.0.1: up -> gone ({ospf} not answered)",)
        assert unknown.uncompared == (ospf,)
    assert compare(down, before).settling == ()
    assert compare(down, gone).settling == ()


@pytest.mark.parametrize("outcome", ["read", "partly"])
def test_a_port_that_the_reading_before_knew_of_and_did_not_show(outcome: str) -> None:
    """It was up the day before; what it was right before the change nobody saw."""
    before = read(port("e1"), outcome=outcome, unseen=(PortState(port=port("e2")),))
    gone = compare(before, read(port("e1")))
    assert (gone.worse, gone.uncompared) == ((), ("e2",))
    down = compare(before, read(port("e1"), port("e2", "down")))
    assert down.worse == ("e2: not read -> down, not comparable",)
    up = compare(before, read(port("e1"), port("e2")))
    assert (up.worse, up.uncompared) == ((), ("e2",))
    assert compare(before, read(port("e1")), "e2").uncompared == ()
    new = compare(read(port("e1")), read(port("e1"), port("e3", "down")))
    assert (new.worse, new.uncompared) == ((), ())
