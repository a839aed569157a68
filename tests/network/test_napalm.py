"""How an inventory says that a device is read at its API, and what a getter's answer means."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings, strategies

from weibao.adapters.network.job import Endpoint, Job, Limits, NapalmLogin
from weibao.adapters.network.napalm_ports import document
from weibao.adapters.network.port_source import with_port_source
from weibao.domain.port import PortReading
from weibao.errors import FailedError

from .napalm_switch import FILES, joined

PLAIN = Endpoint("sw", "default", "10.0.0.1", 22, "arista_eos")
PLATFORM = {"eos": "arista_eos", "nxos": "cisco_nxos", "junos": "juniper_junos"}


def of(**variables: Any) -> Endpoint:
    given = {f"weibao_{name}": value for name, value in variables.items()}
    return with_port_source(PLAIN, {"weibao_ports_source": "napalm", **given}.get)


@pytest.mark.parametrize(
    ("variables", "login"),
    [
        ({}, NapalmLogin()),
        ({"napalm_port": 8443, "napalm_transport": "HTTPS"}, NapalmLogin("https", 8443)),
        ({"napalm_transport": "http"}, NapalmLogin("http")),
        ({"napalm_verify": False}, NapalmLogin(verify=False)),
        ({"napalm_verify": "no"}, NapalmLogin(verify=False)),
        ({"napalm_ca_file": "/etc/ssl/ours.pem"}, NapalmLogin(ca_file="/etc/ssl/ours.pem")),
    ],
)
def test_a_login(variables: dict[str, Any], login: NapalmLogin) -> None:
    found = of(**variables)
    assert (found.problem, found.napalm) == (None, login)
    told = Job("b", "k", (), {}, 1, Limits(), (found,))
    assert Job.load(told.dump()).endpoints == (found,)


@pytest.mark.parametrize(
    ("variables", "wrong"),
    [
        ({"napalm_verify": "flase"}, "weibao_napalm_verify"),
        ({"napalm_transport": "ssh"}, "weibao_napalm_transport"),
        ({"napalm_port": "0"}, "weibao_napalm_port"),
        ({"ports_source": "naplam"}, "weibao_ports_source"),
    ],
)
def test_what_is_wrong_is_named_and_not_tried(variables: dict[str, Any], wrong: str) -> None:
    problem = of(**variables).problem
    assert problem is not None
    assert (problem[0], dict(problem[1])["variable"]) == ("variable_error", wrong)


def understood(driver: str, getter: str, given: Any) -> PortReading:
    text, _ = document(driver, getter, given)
    reader = joined(PLATFORM[driver])
    return reader.assemble([reader.cut(f"napalm {driver} {getter}", text.decode())])


def interface(enabled: Any, up: Any, **more: Any) -> dict[str, Any]:
    base = {"is_enabled": enabled, "is_up": up, "description": "", "speed": 1000.0, "mtu": 1500,
            "mac_address": "00:11:22:AA:BB:CC", "last_flapped": -1.0}  # fmt: skip
    return base | more


@pytest.mark.parametrize(
    ("driver", "name", "enabled", "up", "states"),
    [
        ("eos", "Ethernet1", True, True, ("up", "up")),
        ("eos", "Ethernet1", False, False, ("down", "down")),
        # Whatever is not called "disabled" is enabled for the driver.
        ("eos", "Ethernet1", True, False, ("unknown", "down")),
        ("nxos", "Ethernet1/1", True, True, ("up", "up")),
        ("nxos", "Ethernet1/1", True, False, ("up", "down")),
        # Where the device prints no configured state, a link that is down is called disabled.
        ("nxos", "Ethernet1/1", False, False, ("unknown", "down")),
        # "Up" of a VLAN interface is that it is not shut down.
        ("nxos", "Vlan10", True, True, ("up", "unknown")),
        ("nxos", "Vlan10", False, False, ("unknown", "unknown")),
        ("junos", "ge-0/0/1", True, True, ("up", "up")),
        ("junos", "ge-0/0/1", True, False, ("up", "down")),
        ("junos", "ge-0/0/1", False, False, ("down", "down")),
        # A unit's link is that of the port below it.
        ("junos", "ge-0/0/1.0", True, True, ("unknown", "unknown")),
        ("junos", "ge-0/0/1.0", False, True, ("unknown", "unknown")),
    ],
)
def test_two_booleans_say_what_they_say_and_no_more(
    driver: str, name: str, enabled: bool, up: bool, states: tuple[str, str]
) -> None:
    reading = understood(driver, "get_interfaces", {name: interface(enabled, up)})
    (port,) = reading.ports
    assert (port.admin_status.value, port.oper_status.value) == states
    assert not reading.unknown_words and not reading.unparsed


@pytest.mark.parametrize(
    ("driver", "enabled", "up"),
    [("eos", False, True), ("nxos", False, True), ("junos", False, True), ("junos", None, True),
     ("eos", True, None)],
)  # fmt: skip
def test_what_cannot_be_is_neither_up_nor_down(driver: str, enabled: Any, up: Any) -> None:
    reading = understood(driver, "get_interfaces", {"Ethernet1/1": interface(enabled, up)})
    (port,) = reading.ports
    assert (port.admin_status.value, port.oper_status.value) == ("unknown", "unknown")
    assert reading.unknown_words


def test_numbers_that_stand_for_nothing_are_none() -> None:
    down = interface(True, False, speed=10000.0, mtu=0, mac_address="None", last_flapped=-1)
    up = interface(True, True, speed=0.0, mtu=9000, last_flapped=1_700_000_000.9)
    auto = interface(True, True, speed=-1.0, last_flapped=90061.0)
    ports = understood("junos", "get_interfaces", {"a": down, "b": up, "c": auto}).ports
    # A port without a link has no speed, whatever it could do.
    assert [port.speed for port in ports] == [None, None, None]
    assert [port.mtu for port in ports] == [None, 9000, 1500]
    assert [port.mac_address for port in ports] == ["", "00:11:22:aa:bb:cc", "00:11:22:aa:bb:cc"]
    assert [ports[0].last_change, ports[2].last_change] == ["", "1d01:01:01"]
    eos = understood("eos", "get_interfaces", {"Ethernet1": up | {"speed": 25000.0}}).ports[0]
    assert (eos.speed, eos.last_change) == (25_000_000_000, "2023-11-14T22:13:20Z")
    # The bandwidth of NX-OS may be configured, and is no speed.
    assert understood("nxos", "get_interfaces", {"Ethernet1/1": up}).ports[0].speed is None

    counted = {"rx_octets": 7, "tx_octets": -1, "rx_errors": -1, "tx_errors": 0,
               "rx_discards": -1, "tx_discards": 3, "rx_unicast_packets": -1}  # fmt: skip
    counters = (
        understood("eos", "get_interfaces_counters", {"Ethernet1": counted}).ports[0].counters
    )
    assert counters.model_dump(exclude_none=True) == {
        "in_octets": 7,
        "out_errors": 0,
        "out_discards": 3,
    }


def lane(power: float, sent: float) -> dict[str, Any]:
    return {"state": {"input_power": {"instant": power}, "output_power": {"instant": sent}}}


def test_light_that_nobody_measured_is_no_light_of_one_milliwatt() -> None:
    given = {
        "Ethernet1": {"physical_channels": {"channel": [lane(-2.1, -1.0), lane(-7.5, 0.0)]}},
        "Ethernet2": {"physical_channels": {"channel": [lane(0.0, 0.0)]}},
    }
    one, two = understood("eos", "get_optics", given).ports
    # Of several lanes the weakest counts.
    assert (one.optical.rx_power, one.optical.tx_power) == (-7.5, -1.0)
    assert (two.optical.rx_power, two.optical.tx_power) == (None, None)


ANYTHING = strategies.recursive(
    strategies.none() | strategies.booleans() | strategies.floats() | strategies.integers()
    | strategies.text(max_size=8),
    lambda inner: strategies.lists(inner, max_size=3)
    | strategies.dictionaries(
        strategies.sampled_from(
            ["is_up", "is_enabled", "speed", "mtu", "last_flapped", "physical_channels", "channel",
             "state", "input_power", "instant", "rx_octets", "remote_port", "Ethernet1", "Vlan1"]
        ),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(
    driver=strategies.sampled_from(["eos", "junos"]),
    getter=strategies.sampled_from(
        ["get_interfaces", "get_interfaces_counters", "get_optics", "get_lldp_neighbors_detail"]
    ),
    answer=ANYTHING,
)
@settings(max_examples=200)
def test_whatever_a_driver_gives_ends_no_reading(driver: str, getter: str, answer: Any) -> None:
    """And none of it is up that does not say so."""
    try:
        reading = understood(driver, getter, answer)
    except FailedError:
        return
    for port in reading.ports:
        said = answer.get(port.native_name)
        up = isinstance(said, dict) and said.get("is_up") is said.get("is_enabled") is True
        assert up or port.oper_status.value != "up"


def test_a_list_of_words_of_a_source_has_no_name_of_a_platforms() -> None:
    """Both stand in one reading."""
    own = set(FILES.rules("napalm").words)
    for platform in {*PLATFORM.values()}:
        assert not own & set(FILES.rules(platform).words)


@pytest.mark.parametrize(
    "given",
    [None, [], "text", {"Ethernet1": None}, {"Ethernet1": [1]}, {"Ethernet1": {"is_up": True}}],
)
def test_an_answer_of_another_form_is_told(given: Any) -> None:
    reading = understood("eos", "get_interfaces", given)
    assert reading.unparsed
    assert all(port.oper_status.value == "unknown" for port in reading.ports)


def test_a_getter_overwrites_nothing_that_a_command_said() -> None:
    reader = joined("cisco_nxos")
    row = "Eth1/{}        --                 {:<10}10        auto    auto    10Gbase-SR\n"
    table = (
        f"{'-' * 80}\nPort          Name               Status    Vlan      Duplex  Speed   Type\n"
        f"{'-' * 80}\n{row.format(1, 'notconnec')}{row.format(2, 'disabled')}"
    )
    given = {"Ethernet1/1": interface(False, False), "Ethernet1/2": interface(True, True)}
    text, _ = document("nxos", "get_interfaces", given)
    ports = reader.assemble(
        [
            reader.cut("napalm nxos get_interfaces", text.decode()),
            reader.cut("show interface status", table),
        ]
    ).ports
    states = [(p.admin_status.value, p.oper_status.value, p.reason) for p in ports]
    assert states == [("up", "down", "not_connected"), ("down", "down", "administratively_down")]
