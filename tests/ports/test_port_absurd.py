"""Devices that print numbers no port can have: unknown, and no other device's trouble."""

from __future__ import annotations

from pathlib import Path

import pytest

from weibao.bootstrap.ports import offline_reader
from weibao.domain.port_units import RateUnit
from weibao.domain.port_values import decibels, listed, number, percent, rate, speed
from weibao.domain.routing_rows import pinged
from weibao.domain.routing_rules import PingRules

HUGE = "9" * 5000
INTERFACE = f"""\
GigabitEthernet1/0/1 is up, line protocol is up (connected)
  Hardware is Gigabit Ethernet, address is 0011.2233.4455 (bia 0011.2233.4455)
  MTU 1500 bytes, BW {HUGE} Kbit/sec, DLY 10 usec,
  Full-duplex, {HUGE}Mb/s, media type is 10/100/1000BaseTX
     {HUGE} packets input, {HUGE} bytes, 0 no buffer
     {HUGE} input errors, 7 CRC, 0 frame, 0 overrun, 0 ignored
"""


def test_what_no_counter_can_be_is_not_known() -> None:
    assert number(HUGE) is None
    assert number(str(2**64 - 1)) == 2**64 - 1
    assert rate(f"{HUGE}Mb/s", RateUnit.bit) is None
    assert speed(HUGE, RateUnit.megabit) is None
    assert percent(HUGE) is None
    assert decibels(f"-{HUGE}") is None


def test_a_port_with_such_numbers_keeps_the_others() -> None:
    (port,) = (
        offline_reader(Path("/nowhere"), "cisco_ios").read([("show interfaces", INTERFACE)]).ports
    )
    assert (port.admin_status.value, port.oper_status.value) == ("up", "up")
    assert port.counters.in_errors is None
    assert port.counters.in_crc_errors == 7
    assert port.speed is None


@pytest.mark.parametrize("last", ["99999999", HUGE])
def test_a_range_without_end_is_not_written_out(last: str) -> None:
    assert listed([f"e 1/1/1 to 1/1/{last}"]) == [f"1/1/1 to 1/1/{last}"]
    assert len(listed(["e 1/1/1 to 1/1/48"])) == 48


def test_a_ping_with_such_numbers_is_not_understood() -> None:
    rules = PingRules(
        send="ping {to}",
        sent=r"(?P<value>\d+) packets transmitted",
        received=r"(?P<lost>\d+)% packet loss",
        rtt="",
    )
    assert pinged(rules, f"{HUGE} packets transmitted, 0% packet loss") is None
    assert pinged(rules, f"5 packets transmitted, {HUGE}% packet loss") is None
    assert pinged(rules, "5 packets transmitted, 20% packet loss") == (5, 4, None)
