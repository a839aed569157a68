"""Accepting a reading where something is expected already (PRT-07)."""

from __future__ import annotations

from typing import Any

from weibao.domain.port import Neighbour, Port
from weibao.domain.port_case import DeviceCase
from weibao.domain.port_expectation import (
    PortBaseline,
    PortExpectation,
    PortTerms,
    dump_expectation,
    expected,
)
from weibao.domain.routing import NeighbourState, RoutingNeighbour, RoutingReading
from weibao.services.ports.accepting import Accepted, accepted
from weibao.services.ports.baseline import baseline_of

from .judging import NOW, port, reading

ROLES = {"uplink": PortExpectation(use="used", uplink=True, speed="10G")}
HANDS: dict[str, Any] = {
    "ports": {
        "GE1/0/1-4": {"use": "used", "speed": "1G", "vlan": "10"},
        "GE1/0/2": {"serves": "三楼", "room": "301", "errors_per_hour": 2},
        "GE1/0/5": "ignored",
        "GE1/0/6-8": "reserved",
        "XGE1/0/1": {"role": "uplink", "neighbour": "core-1", "redundancy": "core"},
    },
    "waivers": [{"match": "GE1/0/3", "reason": "装修", "until": "2026-12-31"}],
}


def gigabit(number: int, **more: Any) -> Port:
    return port(f"GE1/0/{number}", **{"speed": 10**9, "vlan": "10", **more})


def uplink(**more: Any) -> Port:
    core = (Neighbour(system="CORE.example.net", port="1"),)
    return port("XGE1/0/1", **{"speed": 10**10, "neighbours": core, **more})


def accept(*ports: Port, old: Any = HANDS, retired: str = "", **more: Any) -> Accepted:
    had = PortBaseline.model_validate(old)
    now = reading(*ports, **more)
    names = [one.name for one in ports]
    wanted = expected([*names, "GE1/0/3"], [had.ports], ROLES)
    case = DeviceCase(
        reading=now,
        last=None,
        expectations=wanted,
        terms=PortTerms(roles=ROLES),
        called={"core": ("core-1",)},
    )
    return accepted(had, baseline_of(now, NOW, "wang"), case, lambda name: name, retired)


def lines(taken: Accepted) -> dict[str, Any]:
    return {name: dump_expectation(said) for name, said in taken.baseline.ports.items()}


def as_written(document: dict[str, Any]) -> dict[str, Any]:
    ports = PortBaseline.model_validate(document).ports
    return {name: dump_expectation(said) for name, said in ports.items()}


def told(taken: Accepted) -> list[tuple[str, str, str, str]]:
    return [(c.port, c.field, c.before, c.after) for c in taken.changed]


QUIET = (*(gigabit(n) for n in range(1, 5)), port("GE1/0/5", oper="down"), uplink())


def test_what_hands_wrote_stays_as_it_is() -> None:
    """Roles, rooms, budgets, other names of neighbours: a reading knows nothing of them."""
    taken = accept(*QUIET, port("GE1/0/6", oper="down"), port("GE1/0/7", "down", "down"))
    assert lines(taken) == {
        **as_written(HANDS),
        "XGE1/0/1": {"role": "uplink", "neighbour": "core-1", "redundancy": "core"}
        | {"neighbour_port": "1"},
    }
    assert (taken.changed, taken.kept) == ((), ())
    assert [waiver.reason for waiver in taken.baseline.waivers] == ["装修"]
    assert taken.baseline.accepted_by == "wang"


def test_a_used_port_that_is_down_today_stays_used_and_is_named() -> None:
    shut = [gigabit(2, admin="down", oper="down"), gigabit(4, oper="down")]
    taken = accept(gigabit(1), *shut, QUIET[4], uplink(oper="dormant"))
    assert taken.kept == ("GE1/0/2", "GE1/0/4", "XGE1/0/1", "GE1/0/3")
    assert lines(taken) == as_written(HANDS)
    assert taken.changed == ()


def test_what_is_used_no_more_is_said() -> None:
    shut = [gigabit(2, admin="down", oper="down"), gigabit(4, oper="down")]
    taken = accept(gigabit(1), *shut, uplink(), retired="GE1/0/2-4, GE1/0/1, GE7/0/7")
    assert taken.kept == ()
    assert taken.retired == ("GE1/0/2-4",)  # one is up, and one is none of its ports
    two, three, four = expected(
        ["GE1/0/2", "GE1/0/3", "GE1/0/4"], [taken.baseline.ports], ROLES
    ).values()
    assert (two.use, two.serves, two.vlan) == ("closed", "三楼", "10")
    assert (three.use, four.use) == ("reserved", "reserved")
    assert ("GE1/0/2", "use", "used", "closed") in told(taken)


def test_what_is_expected_otherwise_than_before_is_named() -> None:
    slow = [gigabit(n, speed=10**8) for n in (1, 2, 3)]
    taken = accept(*slow, gigabit(4, vlan="20"), gigabit(6), gigabit(9), uplink())
    assert told(taken) == [
        ("GE1/0/1-3", "speed", "1G", "100M"),
        ("GE1/0/4", "vlan", "10", "20"),
        ("GE1/0/6", "use", "reserved", "used"),
    ]
    ports = taken.baseline.ports
    wanted = expected(["GE1/0/2", "GE1/0/4", "GE1/0/9"], [ports], ROLES)
    two, four, nine = wanted.values()
    assert (two.speed, two.serves, two.vlan, two.use) == (10**8, "三楼", "10", "used")
    assert (four.speed, four.vlan) == (10**9, "20")
    assert (nine.use, nine.speed) == ("used", 10**9)


def test_a_change_is_in_force_though_a_later_line_says_otherwise() -> None:
    old = {"ports": {"GE1/0/1": {"use": "used", "vlan": "30"}, "GE1/0/*": {"vlan": "10"}}}
    taken = accept(gigabit(1, vlan="20"), old=old)
    assert expected(["GE1/0/1"], [taken.baseline.ports], {})["GE1/0/1"].vlan == "20"
    assert told(taken) == [("GE1/0/1", "vlan", "10", "20")]


def test_a_routing_neighbour_that_is_not_up_stays_expected() -> None:
    up = RoutingNeighbour(protocol="ospf", address="10.0.0.2", state=NeighbourState.up)
    old = {"routing": ["ospf 10.0.0.1"]}
    taken = accept(old=old, routing=RoutingReading(neighbours=(up,), asked=("show",)))
    assert taken.baseline.routing == ("ospf 10.0.0.1", "ospf 10.0.0.2")
    assert taken.kept == ("ospf 10.0.0.1",)
    brief = accept(old=old, routing=None)
    assert brief.baseline.routing == ("ospf 10.0.0.1",)
    gone = accept(old=old, routing=None, retired="ospf 10.0.0.1,ospf 10.9.9.9")
    assert gone.retired == ("ospf 10.0.0.1",)
    assert (gone.baseline.routing, gone.kept) == ((), ())
    heard = RoutingReading(neighbours=(up,), asked=("show",))
    there = accept(old={"routing": [up.key]}, routing=heard, retired=up.key)
    assert (there.baseline.routing, there.retired) == ((up.key,), ()), "it is up"


def test_the_first_reading_is_taken_as_it_is() -> None:
    now = reading(gigabit(1))
    made = baseline_of(now, NOW, "wang")
    case = DeviceCase(reading=now, last=None, expectations={}, terms=PortTerms())
    assert accepted(None, made, case, str) == Accepted(made)
