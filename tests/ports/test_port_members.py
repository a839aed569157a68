"""Members of aggregates, put together from several commands (PRT-04)."""

from __future__ import annotations

from pathlib import Path

from weibao.bootstrap.ports import offline_reader

STATUS = """\
Interface  Status    Vlan  Duplex   Speed     Type
Gi0/1      up        1     Full     1000M     copper
Gi0/2      up        1     Full     1000M     copper
Gi0/3      down      1     Unknown  Unknown   copper
"""
AGGREGATES = """\
AggregatePort MaxPorts SwitchPort Mode   Load balance   Ports
Ag1           8        Enabled    TRUNK  src-dst-mac    Gi0/1  ,Gi0/2
"""


def test_members_know_an_aggregate_that_the_table_of_ports_leaves_out() -> None:
    reader = offline_reader(Path("/nowhere"), "ruijie_os")
    reading = reader.read(
        [("show aggregatePort summary", AGGREGATES), ("show interfaces status", STATUS)]
    )
    assert {port.name: port.lag for port in reading.ports} == {
        "GigabitEthernet 0/1": "AggregatePort 1",
        "GigabitEthernet 0/2": "AggregatePort 1",
        "GigabitEthernet 0/3": "",
    }


def test_the_details_say_why_a_port_is_down_that_a_table_only_calls_down() -> None:
    reader = offline_reader(Path("/nowhere"), "hp_comware")
    brief = """\
Brief information on interfaces in bridge mode:
Interface            Link Speed     Duplex Type PVID Description
GE1/0/1              DOWN auto      A      A    1
GE1/0/2              DOWN auto      A      A    1
"""
    details = """\
GigabitEthernet1/0/1
Current state: DOWN ( STP BPDU PROTECTION )
Line protocol state: DOWN

GigabitEthernet1/0/2
Current state: DOWN
Line protocol state: DOWN
"""
    reading = reader.read([("display interface brief", brief), ("display interface", details)])
    assert [port.reason for port in reading.ports] == ["err_disabled", "link_down"]
