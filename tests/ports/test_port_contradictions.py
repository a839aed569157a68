"""Outputs of one device that contradict each other: a port is no better than the worst (PRT-04)."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from weibao.bootstrap.ports import offline_reader
from weibao.domain.port import AdminStatus, OperStatus, PortReading
from weibao.domain.port_merge import merge_status
from weibao.domain.port_rules import StatusWord

HEAD = "Port      Name               Status       Vlan       Duplex  Speed Type\n"
DETAIL = """\
GigabitEthernet1/0/1 is {link}, line protocol is {protocol}
  Hardware is Gigabit Ethernet, address is 0011.2233.4455 (bia 0011.2233.4455)
"""
BRIEF = """\
Interface              IP-Address      OK? Method Status                Protocol
GigabitEthernet1/0/1   unassigned      YES unset  {status:<21} {protocol}
"""


def status(word: str) -> tuple[str, str]:
    row = f"Gi1/0/1   desk               {word:<12} 1          a-full a-1000 10/100/1000BaseTX\n"
    return "show interfaces status", HEAD + row


def detail(link: str, protocol: str = "up") -> tuple[str, str]:
    return "show interfaces", DETAIL.format(link=link, protocol=protocol)


def brief(word: str, protocol: str = "up") -> tuple[str, str]:
    return "show ip interface brief", BRIEF.format(status=word, protocol=protocol)


def read(*outputs: tuple[str, str], platform: str = "cisco_ios") -> PortReading:
    return offline_reader(Path("/nowhere"), platform).read(outputs)


def states(reading: PortReading) -> list[tuple[str, str, str]]:
    return [(p.admin_status.value, p.oper_status.value, p.reason) for p in reading.ports]


UP = [status("connected"), detail("up", "up (connected)"), brief("up")]


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (0, status("quarantined")),
        (1, detail("up", "up (quarantined)")),
        (1, detail("quarantined")),
        (2, brief("quarantined")),
        (2, brief("up", "quarantined")),
    ],
)
def test_a_word_that_nobody_knows_is_overruled_by_no_other_output(
    at: int, said: tuple[str, str]
) -> None:
    outputs = [*UP[:at], said, *UP[at + 1 :]]
    for order in itertools.permutations(outputs):
        reading = read(*order)
        assert [p.oper_status.value for p in reading.ports] == ["unknown"]
        assert "quarantined" in reading.ports[0].native_status
        assert [w.word for w in reading.unknown_words] == ["quarantined"]


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (0, status("err-disabled")),
        (1, detail("down", "down (err-disabled)")),
    ],
)
def test_what_the_device_took_down_is_not_up(at: int, said: tuple[str, str]) -> None:
    for others in (UP, [status("notconnect"), detail("down", "down (notconnect)"), brief("down")]):
        outputs = [*others[:at], said, *others[at + 1 :]]
        assert states(read(*outputs)) == [("up", "down", "err_disabled")]


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (0, status("disabled")),
        (1, detail("administratively down", "down (disabled)")),
        (2, brief("administratively down", "down")),
    ],
)
def test_what_is_shut_is_not_up(at: int, said: tuple[str, str]) -> None:
    outputs = [*UP[:at], said, *UP[at + 1 :]]
    assert states(read(*outputs)) == [("down", "down", "administratively_down")]


def test_a_port_whose_setting_alone_is_told_as_shut_is_not_up() -> None:
    """One output knows the setting and nothing of the link, the other the link alone."""
    fields: dict[str, object] = {}
    shut = StatusWord(match="off", admin=AdminStatus.down, reason="administratively_down")
    up = StatusWord(match="up", admin=AdminStatus.up, oper=OperStatus.up)
    for word in (shut, up):
        merge_status(fields, [word], [word.match])
    assert (fields["admin_status"], fields.get("oper_status")) == (AdminStatus.down, None)


def test_a_word_that_nobody_knows_hides_no_link_that_is_down() -> None:
    reading = read(status("quarantined"), detail("down", "down (notconnect)"))
    assert [p.oper_status.value for p in reading.ports] == ["down"]
    reading = read(status("notconnect"), detail("down", "down (quarantined)"))
    assert [p.oper_status.value for p in reading.ports] == ["down"]
