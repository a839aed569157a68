"""Intended against actual, and now against before (PRT-03, PRT-07)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from weibao.domain.port import Neighbour, Optical, Port, PortCounters
from weibao.domain.port_case import DeviceCase
from weibao.domain.port_expectation import (
    PortExpectation,
    PortTerms,
    PortWaiver,
)
from weibao.domain.port_judge import judge_device
from weibao.domain.port_record import PortOutcome
from weibao.domain.port_report import PortStanding, standing_of
from weibao.services.ports.baseline import baseline_of

from .judging import DAY, NOW, UPLINK, found, port, reading


@pytest.mark.parametrize(
    ("use", "admin", "oper", "codes"),
    [
        ("used", "up", "up", set()),
        ("used", "up", "dormant", {"port_dormant"}),
        ("used", "down", "dormant", {"port_shut"}),
        ("closed", "up", "dormant", {"port_open"}),
        ("used", "up", "down", {"port_down"}),
        ("used", "up", "not_present", {"port_down"}),
        ("used", "up", "lower_layer_down", {"port_down"}),
        ("used", "down", "down", {"port_shut"}),
        ("used", "unknown", "unknown", {"port_unknown"}),
        ("used", "up", "testing", {"port_unknown"}),
        ("reserved", "up", "down", set()),
        ("reserved", "down", "down", set()),
        ("reserved", "up", "up", {"port_unexpected_up"}),
        ("reserved", "up", "unknown", {"port_unknown"}),
        ("closed", "down", "down", set()),
        ("closed", "down", "unknown", set()),
        ("closed", "up", "down", {"port_open"}),
        ("closed", "unknown", "down", {"port_open"}),
        ("closed", "up", "up", {"port_unexpected_up"}),
        ("ignored", "up", "down", set()),
    ],
)
def test_use_against_state(use: str, admin: str, oper: str, codes: set[str]) -> None:
    wants = {"GE1/0/1": PortExpectation(use=use)}
    assert found(port(admin=admin, oper=oper), wants=wants).keys() == codes


def test_an_uplink_is_serious_and_says_whom_it_cuts_off() -> None:
    finding = found(port(oper="down"), wants={"GE1/0/1": UPLINK})["port_down"]
    assert finding.severity == "serious"
    assert finding.cuts_off == "三楼 301 A-01"


def test_a_port_that_is_not_there_is_missing() -> None:
    findings = found(port("GE1/0/2"), wants={"GE1/0/1": UPLINK})
    assert findings["port_missing"].port == "GE1/0/1"


def test_half_a_table_does_not_say_that_a_port_is_gone() -> None:
    findings = found(port("GE1/0/2"), wants={"GE1/0/1": UPLINK}, unparsed_count=1)
    assert findings.keys() == {"port_unknown", "ports_not_understood"}


def test_a_port_that_was_up_and_is_not_there_any_more_is_found_until_it_is_back() -> None:
    """Nothing is expected of it: a card that fails takes its ports out of the table."""
    last = reading(port(), port("GE2/0/1"), port("GE2/0/2", oper="down"), at=NOW - 2 * DAY)
    findings = found(port(), last=last)
    lost = ("ports_lost", "")
    told = [(f.code.value, f.port) for f in findings.values()]
    assert told == [("port_gone", "GE2/0/1"), lost]
    without = reading(port(), last=last, at=NOW - DAY, findings=tuple(findings.values()))
    assert found(port(), last=without).keys() == {"port_gone"}
    assert found(port(), last=without, accepted=True) == {}
    assert found(port(), port("GE2/0/1"), last=without) == {}
    ignored = PortExpectation(use="ignored")
    closed = {"GE1/0/1": UPLINK, "GE2/0/1": ignored, "GE2/0/2": ignored}
    assert found(port(), last=last, wants=closed) == {}


@pytest.mark.parametrize(
    ("fields", "codes"),
    [
        ({"unparsed_count": 1}, {"port_unknown", "ports_not_understood"}),
        ({"refused": ("show x",)}, {"port_unknown", "command_refused"}),
        ({"asked": ("show a",)}, {"port_unknown"}),
        # An agent may call its ports otherwise.
        ({"asked": ("snmp walk",)}, set()),
        ({"platform": "other"}, set()),
    ],
)
def test_what_was_read_otherwise_does_not_say_that_a_port_is_gone(
    fields: dict[str, Any], codes: set[str]
) -> None:
    last = reading(port(), port("GE2/0/1"), at=NOW - DAY, asked=("show a", "show b"))
    assert found(port(), last=last, **{"asked": last.asked, **fields}).keys() == codes


def test_since_when() -> None:
    first = reading(port(), at=NOW - 2 * DAY)
    second = reading(port(oper="down"), last=first, at=NOW - DAY)
    finding = found(port(oper="down"), last=second)["port_down"]
    assert (finding.since, finding.at_least) == (NOW - DAY, False)
    always = found(port(oper="down"), last=reading(port(oper="down"), at=NOW - DAY))
    assert always["port_down"].at_least


def test_without_expectation_what_was_up_may_not_be_down() -> None:
    last = reading(port(), port("GE1/0/2"), at=NOW - DAY)
    findings = found(port(oper="down"), port("GE1/0/2"), wants={}, last=last)
    assert findings.keys() == {"port_went_down", "ports_without_baseline"}


def test_what_went_down_is_found_until_it_is_up_or_accepted() -> None:
    states = [reading(port(), at=NOW - 3 * DAY)]
    for days, oper in ((2, "down"), (1, "unknown")):
        codes = found(port(oper=oper), wants={}, last=states[-1])
        at = NOW - days * DAY
        findings = tuple(codes.values())
        states.append(reading(port(oper=oper), last=states[-1], at=at, findings=findings))
    nothing = {"ports_without_baseline"}
    for last in states[1:]:
        assert "port_went_down" in found(port(oper="down"), wants={}, last=last)
        assert found(port(), wants={}, last=last).keys() == nothing
        assert found(port(oper="down"), wants={}, last=last, accepted=True).keys() == nothing


def test_a_dormant_port_passes_no_packets() -> None:
    """RFC 2863, 3.1.12: pending, waiting for some external event."""
    last = reading(port(), at=NOW - DAY)
    assert "port_dormant" in found(port(oper="dormant"), wants={}, last=last)
    waits = {"GE1/0/1": PortExpectation(use="used", dormant=True)}
    assert found(port(oper="dormant"), wants=waits, last=last) == {}
    assert found(port(oper="down"), wants=waits, last=last).keys() == {"port_down"}
    assert standing_of(port(oper="dormant")) is PortStanding.down
    assert baseline_of(reading(port(oper="dormant")), NOW, "wang").ports == {}


def test_a_neighbour_that_moved_is_found_until_it_is_back_or_accepted() -> None:
    def linked(system: str) -> Port:
        return port(neighbours=(Neighbour(system=system, port="1"),))

    first = reading(linked("a"), at=NOW - 2 * DAY)
    moved = found(linked("b"), last=first)
    second = reading(linked("b"), last=first, at=NOW - DAY, findings=tuple(moved.values()))
    still = found(linked("b"), last=second)["port_neighbour_moved"]
    assert (still.params["expected"], still.params["actual"]) == ("a 1", "b 1")
    assert found(linked("a"), last=second) == {}
    assert found(linked("b"), last=second, accepted=True) == {}


def test_errors_are_a_rate_and_a_reset_hides_none() -> None:
    def counted(errors: int) -> Port:
        return port(counters=PortCounters(in_errors=errors))

    last = reading(counted(100), at=NOW - DAY)
    assert "port_errors" not in found(counted(100 + 240), last=last)
    assert found(counted(100 + 2400), last=last)["port_errors"].params["rate"] == "100"
    assert "port_errors" not in found(counted(5), last=last)
    # After a reset all that is counted is new, unless somebody else counts.
    last = reading(counted(9000), at=NOW - DAY)
    assert found(counted(2400), last=last)["port_errors"].params["rate"] == "100"
    assert "port_errors" not in found(counted(2400), last=last, asked=("snmp walk",))
    # A handful within minutes is no rate.
    soon = reading(counted(0), at=NOW - timedelta(minutes=1))
    assert "port_errors" not in found(counted(9), last=soon)
    assert found(counted(11), last=soon)["port_errors"].params["rate"] == "11"
    own = {"GE1/0/1": PortExpectation(use="used", errors_per_hour=200)}
    assert "port_errors" not in found(counted(2500), last=last, wants=own)


def test_flapping() -> None:
    states = [reading(port(), at=NOW - timedelta(hours=8))]
    for number in range(1, 4):
        oper = "down" if number % 2 else "up"
        at = NOW - timedelta(hours=8 - number)
        states.append(reading(port(oper=oper), last=states[-1], at=at))
    assert "port_flapping" in found(port(), last=states[-1])
    assert "port_flapping" not in found(port(), last=states[1])


@pytest.mark.parametrize(
    ("fields", "wants", "code"),
    [
        ({"speed": 100_000_000}, {"speed": "1G"}, "port_speed"),
        ({"duplex": "half"}, {}, "port_duplex"),
        ({"duplex": "half"}, {"duplex": "full"}, "port_duplex"),
        ({"vlan": "20"}, {"vlan": 10}, "port_vlan"),
        ({"mode": "trunk"}, {"mode": "access"}, "port_mode"),
        ({"lag": ""}, {"lag": "Eth-Trunk1"}, "port_lag"),
        ({"description": "x"}, {"description": "y"}, "port_description"),
        ({"neighbours": (Neighbour(system="b"),)}, {"neighbour": "a"}, "port_neighbour"),
        (
            {"neighbours": (Neighbour(system="a.net", port="GE0/0/2"),)},
            {"neighbour": "a", "neighbour_port": "GigabitEthernet0/0/1"},
            "port_neighbour",
        ),
        ({"in_utilisation": 80.0}, {"uplink": True}, "port_busy"),
        ({"out_rate": 900, "speed": 1000}, {"utilisation": 50}, "port_busy"),
        ({"optical": Optical(rx_power=-20.1, rx_low=-20.0)}, {}, "port_light"),
        ({"optical": Optical(tx_power=1.0, tx_high=0.5)}, {}, "port_light"),
    ],
)
def test_the_link_is_not_as_it_should_be(
    fields: dict[str, Any], wants: dict[str, Any], code: str
) -> None:
    said = PortExpectation.model_validate({"use": "used", **wants})
    assert found(port(**fields), wants={"GE1/0/1": said}).keys() == {code}


def test_a_link_that_is_as_it_should_be_is_silent() -> None:
    said = PortExpectation.model_validate(
        {
            "use": "used",
            "speed": "1G",
            "duplex": "full",
            "vlan": 10,
            "neighbour": "core-1",
            "neighbour_port": "Ten-GigabitEthernet1/0/1",
        }
    )
    link = port(
        speed=10**9,
        duplex="full",
        vlan="10",
        neighbours=(Neighbour(system="CORE-1.example", port="Te1/0/1"),),
    )
    assert found(link, wants={"GE1/0/1": said}) == {}


@pytest.mark.parametrize(
    ("fields", "oper"),
    [
        ({"rx_power": -39.0}, "up"),
        ({"rx_power": -20.0, "rx_low": -20.0, "rx_high": 0.0, "tx_power": -3.0}, "up"),
        ({"rx_low": -20.0}, "up"),
        # Printed by transceivers without limits.
        ({"rx_power": -5.0, "rx_low": 0.0, "rx_high": 0.0}, "up"),
        # Nothing is plugged in.
        ({"rx_power": -40.0, "rx_low": -20.0}, "down"),
    ],
)
def test_light_is_judged_only_by_limits_and_on_a_link(fields: dict[str, float], oper: str) -> None:
    link = port(oper=oper, optical=Optical(**fields))
    assert "port_light" not in found(link)


def test_a_neighbour_may_be_named_as_the_inventory_does() -> None:
    said = PortExpectation(use="used", neighbour="hq-core-1")
    link = port(neighbours=(Neighbour(system="CORE-A.example", port="Te1/0/1"),))
    assert "port_neighbour" in found(link, wants={"GE1/0/1": said})
    case = DeviceCase(
        reading(link), None, {"GE1/0/1": said}, PortTerms(), called={"core-a": ("hq-core-1",)}
    )
    assert judge_device(case) == []


def test_a_neighbour_that_moved() -> None:
    last = reading(port(neighbours=(Neighbour(system="a", port="1"),)), at=NOW - DAY)
    moved = found(port(neighbours=(Neighbour(system="b", port="1"),)), last=last)
    assert moved["port_neighbour_moved"].params["actual"] == "b 1"


def test_a_waiver_ends() -> None:
    for until, waived in ((NOW.date(), "refit"), (NOW.date() - DAY, "")):
        waiver = PortWaiver(match="GE1/0/1-4", reason="refit", until=until)
        assert found(port(oper="down"), waivers=(waiver,))["port_down"].waived == waived
    other = PortWaiver(match="GE1/0/1", reason="x", until=date(2030, 1, 1), codes=("port_vlan",))
    assert found(port(oper="down"), waivers=(other,))["port_down"].waived == ""


def test_a_waiver_ends_with_the_day_of_the_contract() -> None:
    """At 17:00 UTC the next day has begun in Shanghai."""
    at = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
    waiver = PortWaiver(match="GE1/0/1", reason="refit", until=at.date())
    down = reading(port(oper="down"), at=at)
    wants = {"GE1/0/1": PortExpectation(use="used")}
    for zone, waived in (("UTC", "refit"), ("Asia/Shanghai", "")):
        case = DeviceCase(down, None, wants, PortTerms(), waivers=(waiver,), zone=ZoneInfo(zone))
        assert [f.waived for f in judge_device(case)] == [waived]


def test_what_was_not_read_is_stale_and_nothing_else() -> None:
    last = reading(port(), at=NOW - DAY)
    assert found(outcome=PortOutcome.failed, last=last).keys() == {"ports_stale"}
