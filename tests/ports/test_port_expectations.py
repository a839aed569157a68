"""What is expected of which port, and how a reading becomes that (PRT-07)."""

from __future__ import annotations

import pytest

from weibao.domain.port import Port
from weibao.domain.port_expectation import (
    PortBaseline,
    PortExpectation,
    expected,
    port_pattern,
)
from weibao.services.ports.baseline import baseline_of

from .judging import NOW, found, port, reading


@pytest.mark.parametrize(
    ("pattern", "name", "meant"),
    [
        ("GE1/0/1-24", "GE1/0/24", True),
        ("GE1/0/1-24", "GE1/0/25", False),
        ("GE1/0/[1-4]", "GE1/0/2", True),
        ("GE[1-2]/0/*", "GE2/0/17", True),
        ("GE[1-2]/0/*", "GE3/0/17", False),
        ("xe-0/0/0-3", "xe-0/0/3", True),
        ("xe-0/0/1", "xe-0/0/1", True),
        ("Eth-Trunk1-2", "Eth-Trunk2", True),
        ("GE1/0/1, GE1/0/3", "GE1/0/3", True),
        ("ge1/0/1", "GE1/0/1", True),
        ("GE1/0/1", "GE1/0/10", False),
        ("*", "Vlanif1", True),
        ("sfp28-1", "sfp28-1", True),
        ("sfp28-1", "SFP28-1", True),
        ("sfp28-1", "sfp28", False),
        ("qsfp28-1-1", "qsfp28-1-1", True),
        ("qsfp28-1-1", "qsfp28-1-2", False),
        ("qsfp28-1-1-4", "qsfp28-1-3", False),
        ("sfp28-1-4", "sfp28-3", True),
        ("sfp28-1-4", "sfp28-5", False),
        ("eth1-2", "eth1-2", True),
    ],
)
def test_patterns(pattern: str, name: str, meant: bool) -> None:
    assert port_pattern(pattern)(name) is meant


def test_three_lines_for_a_switch() -> None:
    given = PortBaseline.model_validate(
        {
            "ports": {
                "GE1/0/1-48": {"role": "access", "vlan": 10},
                "GE1/0/40-44": "reserved",
                "GE1/0/48": {"use": "used", "uplink": True},
            }
        }
    )
    roles = {"access": PortExpectation(use="used", speed="1G")}
    wanted = expected(["GE1/0/1", "GE1/0/41", "GE2/0/1"], [given.ports], roles)
    first = wanted["GE1/0/1"]
    assert first is not None
    assert (first.use, first.speed, first.vlan) == ("used", 10**9, "10")
    free = wanted["GE1/0/41"]
    assert free is not None and free.use == "reserved"
    assert "GE2/0/1" not in wanted


def test_a_reading_becomes_few_lines() -> None:
    ports = [port(f"GE1/0/{n}", speed=10**9, vlan="10") for n in range(1, 25)]
    ports += [port(f"GE1/0/{n}", admin="down", oper="down") for n in range(25, 49)]
    ports += [port("Vlanif10"), port("XGE1/0/1", oper="down")]
    made = baseline_of(reading(*ports), NOW, "wang")
    assert list(made.ports) == ["GE1/0/1-24", "GE1/0/25-48", "Vlanif10"]
    judged = found(*ports, wants={n: e for n, e in _all(made, ports).items() if e})
    assert judged == {}


@pytest.mark.parametrize(
    ("names", "lines"),
    [
        (["sfp28-1", "sfp28-2", "sfp28-3"], ["sfp28-1-3"]),
        (["eth1-1", "eth1-2"], ["eth[1-1]-[1-2]"]),
        (["qsfp28-1-1", "qsfp28-1-2", "qsfp28-2-1"], None),
        (["eth1-2"], ["eth[1-1]-[2-2]"]),
        (["Port01", "Port02"], ["Port01", "Port02"]),
        (["ether9", "ether10"], ["ether9-10"]),
    ],
)
def test_a_baseline_means_the_names_that_it_was_made_of(
    names: list[str], lines: list[str] | None
) -> None:
    made = baseline_of(reading(*(port(name) for name in names)), NOW, "wang")
    assert lines is None or list(made.ports) == lines
    others = ["eth1", "eth2", "qsfp1", "qsfp28-1", "qsfp28-2-2", "ether1", "Port1"]
    assert list(expected([*names, *others], [made.ports], {})) == names


def _all(made: PortBaseline, ports: list[Port]) -> dict[str, PortExpectation]:
    return expected([p.name for p in ports], [made.ports], {})
