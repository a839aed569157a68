"""Where ports sit on a front: rows, stack units, kinds apart, what is no socket left over."""

from __future__ import annotations

import pytest

from weibao.domain.port_record import PortState
from weibao.reports.ports.front import Front, front

from .port_sample_devices import state


def of(*names: str) -> Front:
    return front([state(name) for name in names])


def rows(shown: Front) -> dict[str, tuple[list[str], list[str]]]:
    """Labels above and below, by unit and kind, as they stand from left to right."""
    found = {}
    for block in shown.blocks:
        for group in block.groups:
            ordered = sorted(group.sockets, key=lambda s: s.column)
            above, below = ([s.label for s in ordered if s.row == row] for row in (0, 1))
            found[f"{block.name}:{group.caption}"] = (above, below)
    return found


def numbered(head: str, first: int, last: int) -> list[str]:
    return [f"{head}{number}" for number in range(first, last + 1)]


def test_odd_ports_stand_above_even_ones_and_uplinks_apart() -> None:
    names = numbered("GigabitEthernet1/0/", 1, 24) + numbered("Ten-GigabitEthernet1/0/", 25, 28)
    assert rows(of(*names)) == {
        ":GE": ([str(n) for n in range(1, 25, 2)], [str(n) for n in range(2, 25, 2)]),
        ":10GE": (["25", "27"], ["26", "28"]),
    }


def test_counted_from_zero_the_even_ones_stand_above() -> None:
    shown = rows(of(*numbered("ge-0/0/", 0, 23), *numbered("xe-0/1/", 0, 3)))
    assert shown[":GE"][0][:3] == ["0", "2", "4"]
    assert shown[":10GE"] == (["0", "2"], ["1", "3"])


def test_stack_units_are_blocks() -> None:
    names = [n for unit in (1, 2, 3) for n in numbered(f"GigabitEthernet{unit}/0/", 1, 48)]
    shown = of(*names)
    assert [block.name for block in shown.blocks] == ["1", "2", "3"]
    assert all(group.columns == 24 for block in shown.blocks for group in block.groups)


def test_slots_of_a_chassis_in_a_stack_and_modules_of_letters_are_blocks() -> None:
    chassis = of("Ten-GigabitEthernet1/3/0/1", "Ten-GigabitEthernet2/3/0/1")
    assert [block.name for block in chassis.blocks] == ["1/3", "2/3"]
    letters = of(*numbered("A", 1, 4), *numbered("B", 1, 4))
    assert [block.name for block in letters.blocks] == ["A", "B"]


def test_bare_numbers_are_unit_slot_and_socket() -> None:
    names = numbered("1/1/", 1, 48) + numbered("2/1/", 1, 48) + numbered("1/2/", 1, 2)
    shown = of(*names)
    assert [block.name for block in shown.blocks] == ["1", "2"]
    assert [(g.caption, len(g.sockets)) for g in shown.blocks[0].groups] == [
        ("1/1", 48),
        ("1/2", 2),
    ]


def test_connectors_of_a_card_are_sockets_and_their_lanes_are_not() -> None:
    shown = of("1/1/1", *numbered("10/2/c", 1, 4), "10/2/c1/1", "10/2/c2/1", "A/1")
    assert [block.name for block in shown.blocks] == ["1", "10/2", "A"]
    assert [s.port.name for s in shown.others] == ["10/2/c1/1", "10/2/c2/1"]


def test_known_uplinks_of_the_same_kind_stand_apart() -> None:
    names = numbered("Ethernet1/", 1, 54)
    shown = front([state(name) for name in names], uplinks=set(names[48:]))
    assert [len(group.sockets) for group in shown.blocks[0].groups] == [48, 6]


@pytest.mark.parametrize(
    "name",
    ["Eth-Trunk1", "Port-channel10", "Bridge-Aggregation1", "AggregatePort 1", "ae0", "Trk1",
     "lag 10", "Vlanif10", "Vlan-interface10", "irb.10", "Vlan1", "LoopBack0", "NULL0", "Tunnel0",
     "MEth0/0/1", "M-GigabitEthernet0/0/0", "mgmt0", "Management1", "Ethernet1/1.100",
     "GigabitEthernet0/0/1.2", "xe-0/0/1:2", "InLoopBack0", "port-channel4096", "bond0", "ve10",
     "smartgroup1", "dmz"],
)  # fmt: skip
def test_what_is_no_socket_is_left_over(name: str) -> None:
    shown = of("GigabitEthernet0/0/1", name)
    assert [s.port.name for s in shown.others] == [name]


@pytest.mark.parametrize(
    "name",
    ["gi1/0/1", "te1/0/4", "XGigabitEthernet0/0/1", "MultiGE0/0/1", "1/1/1", "23", "A12", "ether1",
     "sfp-sfpplus1", "port1", "ethernet1/3", "eth0", "gei-0/1/1/1", "TwentyFiveGigE1/0/1",
     "HundredGigE1/0/49", "wan1", "swp1", "xgei-0/1/1/1", "GigabitEthernet 0/1",
     "port1.0.24", "1/A12", "esat-1/1/3"],
)  # fmt: skip
def test_sockets_of_many_vendors_are_known(name: str) -> None:
    shown = of(name)
    assert [s.state.port.name for s in shown.sockets()] == [name]


def test_the_aggregate_that_members_name_is_no_socket() -> None:
    member = state("ethernet1", lag="uplink7")
    shown = front([member, state("uplink7")])
    assert [s.port.name for s in shown.others] == ["uplink7"]


def test_no_port_is_lost_or_doubled() -> None:
    states: list[PortState] = [state(n) for n in (
        "Eth1/1", "Eth1/1", "eth1/1", "x", "", "99999999/1", "GigabitEthernet1/0/1",
        "GigabitEthernet1/0/9000", "ge-0/0/0", "端口1",
    )]  # fmt: skip
    shown = front(states)
    assert len([*shown.sockets()]) + len(shown.others) == len(states)
    assert max(s.column for s in shown.sockets()) < 10, "a far number leaves no hole"


def test_a_long_card_goes_on_in_the_next_strip() -> None:
    shown = of(*numbered("Ethernet3/", 1, 128))
    assert [len(group.sockets) for group in shown.blocks[0].groups] == [64, 64]
