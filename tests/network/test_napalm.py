"""Ports read at a device's API by NAPALM's own drivers, over sockets.

The drivers are as they are installed; what answers is a lab's device at an API (``api_devices``).
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies

from weibao.adapters.network.collect import Attempt
from weibao.adapters.network.collect_ports import PortCollector
from weibao.adapters.network.job import Endpoint, Job, Limits, NapalmLogin
from weibao.adapters.network.napalm_ports import document
from weibao.adapters.network.port_source import with_port_source
from weibao.adapters.platform_files import load_platforms
from weibao.adapters.ports.joined_reader import JoinedReader
from weibao.adapters.ports.port_files import PortFiles
from weibao.adapters.ports.reader import TextPortReader, port_reader
from weibao.domain.port import Port, PortReading
from weibao.errors import FailedError
from weibao.i18n import explain
from weibao_lab import DeviceSpec, Lab

from .api_devices import (
    ADDRESS,
    Api,
    Authority,
    api_of,
    dripping,
    dropped,
    page_of_html,
    silent,
)
from .conftest import LIMITS, Reader, endpoint, job
from .netconf_devices import Netconf, netconf_of

PLAIN = Endpoint("sw", "default", "10.0.0.1", 22, "arista_eos")
SECRET = "pa\"ss'w\\rd-Geheim-1"
FILES = PortFiles()
KNOWN = load_platforms()


def installed() -> None:
    """Without the extra there is nothing to try; where everything must be there, it is."""
    try:
        import napalm  # noqa: F401
    except ImportError:
        if os.environ.get("CI") == "true":
            pytest.fail("weibao[napalm] is not installed")
        pytest.skip("weibao[napalm] is not installed")


# what an inventory says


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


# what a getter's answer means


def joined(platform: str) -> JoinedReader:
    own = port_reader(FILES, platform, KNOWN[platform])
    return JoinedReader(own, TextPortReader(FILES, "napalm", names=own.rules))


PLATFORM = {"eos": "arista_eos", "nxos": "cisco_nxos", "junos": "juniper_junos"}


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
@settings(deadline=None, max_examples=200)
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


# the drivers themselves


@dataclass
class Switch:
    """A device at its API, and the reading of it."""

    api: Api
    ca: str
    reader: Reader

    def attempt(self, *, seconds: float = 40, limits: Limits = LIMITS, **changes: Any) -> Attempt:
        base = {"napalm": NapalmLogin(port=self.api.port, ca_file=self.ca)}
        given = job(purpose="ports in detail", limits=limits)
        collector = PortCollector(given, KNOWN, self.reader.keep)
        at = endpoint(self.api.device, **{**base, **changes})
        return collector.attempt(at, time.monotonic() + seconds)

    def understand(self, attempt: Attempt) -> dict[str, Port]:
        reader = joined(attempt.platform)
        texts = [(i.command, self.reader.kept[i.sha256].decode()) for i in attempt.items]
        reading = reader.assemble([reader.cut(name, text) for name, text in texts])
        assert not reading.unparsed and not reading.unknown_words, reading
        return {port.name: port for port in reading.ports}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ours"))


@pytest.fixture(scope="module")
def pair() -> Iterator[Lab]:
    installed()
    specs = [
        DeviceSpec("eos-1", "arista_eos", seed=4, enable_secret="Enable-Geheim-2"),
        DeviceSpec("nxos-1", "cisco_nxos", seed=4, password=SECRET),
        DeviceSpec("far-1", "arista_eos", seed=5),
    ]
    with Lab.start(specs) as running:
        yield running


@pytest.fixture
def switch(
    pair: Lab, authority: Authority, request: pytest.FixtureRequest
) -> Iterator[Callable[[str], Switch]]:
    from contextlib import ExitStack

    with ExitStack() as stack:

        def make(name: str, *, plain: bool = False) -> Switch:
            tls = None if plain else authority.device(ADDRESS)
            api = stack.enter_context(api_of(pair.devices[name], tls))
            return Switch(api, str(authority.file), Reader())

        yield make


BOTH = pytest.mark.parametrize("name", ["eos-1", "nxos-1"])


def no_secret(switch: Switch, attempt: Attempt) -> str:
    """All that anybody could read of it, in both languages; without what must not be there."""
    reasons = [*attempt.warnings, *([attempt.trouble.reason] if attempt.trouble else [])]
    words = " ".join(
        explain(reason.code, reason.params, language)
        for reason in reasons
        for language in ("zh", "en")
    )
    device = switch.api.device
    for secret in (device.password, device.enable_secret):
        if secret:
            forms = {secret, repr(secret)[1:-1], json.dumps(secret)[1:-1]}
            assert not [form for form in forms if form in words], words
    return words


@BOTH
def test_the_api_shows_what_the_command_line_shows(name: str, switch: Any) -> None:
    found: Switch = switch(name)
    device = found.api.device
    ports = [port for port in device.ports if port.physical and not port.management]
    broken, shut, gone = [port.name for port in ports if port.oper_up][:3]
    device.change_port(broken, "err-disable=bpduguard")
    device.change_port(gone, "down")
    kind = f"interface {shut}"
    device.configure([kind, "shutdown"])
    try:
        by_api = found.attempt()
        assert by_api.trouble is None, by_api.trouble and by_api.trouble.reason
        shown = found.understand(by_api)
        by_line = PortCollector(job(purpose="ports in detail"), KNOWN, found.reader.keep).attempt(
            endpoint(device), time.monotonic() + 40
        )
        told = found.understand(by_line)
        for port in told.values():
            for field in ("admin_status", "oper_status", "reason", "speed", "duplex", "vlan", "lag",
                          "mode", "description", "mac_address"):  # fmt: skip
                assert getattr(shown[port.name], field) == getattr(port, field), (port.name, field)
        assert shown[broken].reason == "err_disabled" and shown[shut].admin_status.value == "down"
        assert (shown[gone].admin_status.value, shown[gone].oper_status.value) == ("up", "down")
        counted = {p.name: p.counters.in_octets for p in device.ports if p.physical}
        for port in ports:
            octets = shown[port.name].counters.in_octets
            assert octets is not None and octets <= counted[port.name]
    finally:
        device.configure([kind, "no shutdown"])
        for port in (broken, gone):
            device.restore_port(port)
    assert by_api.port == found.api.port
    no_secret(found, by_api)


def test_getters_go_in_place_of_commands_that_say_less(switch: Any) -> None:
    found: Switch = switch("eos-1")
    device = found.api.device
    fibre = next(port.name for port in device.ports if port.physical)
    chassis = {"chassisIdType": "macAddress", "chassisId": "0011.22aa.bbcc", "systemName": "core-1",
               "systemDescription": "EOS\nmore", "neighborInterfaceInfo":
               {"interfaceId": '"Ethernet9"', "interfaceDescription": "down to you"}}  # fmt: skip
    found.api.said["show lldp neighbors detail"] = {
        "lldpNeighbors": {fibre: {"lldpNeighborInfo": [chassis]}}
    }
    found.api.said["show interfaces transceiver"] = {
        "interfaces": {fibre: {"rxPower": -3.25, "txPower": -2.5}}
    }
    attempt = found.attempt()
    asked = [item.command for item in attempt.items]
    assert "napalm eos get_optics" in asked and "show interfaces transceiver" not in asked
    assert "show lldp neighbors detail" not in asked
    port = found.understand(attempt)[fibre]
    (beside,) = port.neighbours
    assert (beside.system, beside.port, beside.chassis) == (
        "core-1",
        "Ethernet9",
        "00:11:22:AA:BB:CC",
    )
    assert (port.optical.rx_power, port.optical.tx_power) == (-3.25, -2.5)


def test_neighbours_of_a_nexus_come_from_the_command(switch: Any) -> None:
    """The driver's own reading of that text gives the socket for management another name."""
    found: Switch = switch("nxos-1")
    device = found.api.device
    device.change_port("mgmt0", "up", "neighbour=oob-1:Gi0/7")
    try:
        shown = found.understand(found.attempt())
    finally:
        device.restore_port("mgmt0")
    assert [(n.system, n.port) for n in shown["mgmt0"].neighbours] == [("oob-1", "Gi0/7")]
    assert "Management0" not in shown


def test_a_part_that_fails_is_not_read_and_the_rest_is(switch: Any) -> None:
    found: Switch = switch("eos-1")
    # The driver cannot make its answer of this one; this user may not give those.
    found.api.said["show interfaces transceiver"] = {"interfaces": {"Ethernet1": None}}
    found.api.refused |= {"show lldp neighbors detail", "show port-channel dense"}
    attempt = found.attempt()
    assert attempt.trouble is None
    refused = [w.params["command"] for w in attempt.warnings if w.code == "command_refused"]
    assert any(each.startswith("napalm eos get_optics (") for each in refused)
    assert any(each.startswith("napalm eos get_lldp_neighbors_detail (") for each in refused)
    assert {"show lldp neighbors detail", "show port-channel dense"} <= set(refused)
    # The command line is asked for what the getter did not give.
    assert "show interfaces transceiver" in [item.command for item in attempt.items]
    assert found.understand(attempt)["Ethernet1"].admin_status.value != "unknown"
    no_secret(found, attempt)


def test_a_state_that_only_a_getter_tells_is_not_more_than_it_says(switch: Any) -> None:
    """Without the commands nobody knows why a port is down, and that is what is said."""
    found: Switch = switch("eos-1")
    found.api.refused |= {
        "show interfaces status", "show interfaces description", "show ip interface brief",
        "show port-channel dense",
    }  # fmt: skip
    found.api.broken["show interfaces"] = lambda handler: (
        page_of_html(handler)
        if handler.api.asked.count("show interfaces") == 3
        else handler.answer(
            200,
            json.dumps({"id": "1", "result": [{}, handler.api.data("show interfaces")]}).encode(),
        )
    )
    attempt = found.attempt()
    assert attempt.trouble is None
    shown = found.understand(attempt)
    for port in found.api.device.ports:
        states = shown[port.name].admin_status.value, shown[port.name].oper_status.value
        if not port.admin_up:
            assert states == ("down", "down")
        else:
            assert states == (("up", "up") if port.oper_up else ("unknown", "down"))


@BOTH
def test_nothing_at_all_is_no_reading(name: str, switch: Any) -> None:
    found: Switch = switch(name)
    hello = "show version" if name == "eos-1" else "show hostname"
    for command in ("*",):
        found.api.broken[command] = lambda handler: (
            page_of_html(handler)
            if handler.api.asked[-1] != hello
            else handler.answer(200, _hello(name))
        )
    attempt = found.attempt()
    assert attempt.trouble is not None and not attempt.items
    assert attempt.trouble.reason.code == "ports_refused"
    no_secret(found, attempt)


def _hello(name: str) -> bytes:
    if name == "eos-1":
        return json.dumps({"id": "1", "result": [{}, {"version": "4.24.2F"}]}).encode()
    return json.dumps({"jsonrpc": "2.0", "id": 1, "result": {"body": {"hostname": "x"}}}).encode()


@BOTH
def test_a_refused_password_is_asked_once_and_never_shown(name: str, switch: Any) -> None:
    found: Switch = switch(name)
    attempt = found.attempt(password="Falsch-und-geheim")
    assert attempt.trouble is not None
    assert attempt.trouble.reason.code == "auth_failed" and not attempt.trouble.may_pass
    assert len(found.api.logins) == 1
    assert "Falsch-und-geheim" not in no_secret(found, attempt)


def test_an_enable_secret_that_the_device_says_back_is_not_shown(switch: Any) -> None:
    found: Switch = switch("eos-1")
    attempt = found.attempt(enable_secret="Falsch-Enable-3")
    assert attempt.trouble is not None and attempt.trouble.reason.code == "napalm_error"
    words = no_secret(found, attempt)
    assert "Falsch-Enable-3" not in words and "enable" in words


def test_a_password_in_a_librarys_words_is_not_shown(switch: Any) -> None:
    found: Switch = switch("nxos-1")
    login = f"netops:{SECRET}"
    import base64

    token = base64.b64encode(login.encode()).decode()
    body = f"url http://{login}@10.0.0.1/ins, Basic {token}, {login!r}"
    error = {"id": 1, "error": {"code": -1, "message": "x", "data": {"msg": body}}}
    found.api.broken["show hostname"] = lambda handler: handler.answer(
        200, json.dumps(error).encode()
    )
    attempt = found.attempt()
    assert attempt.trouble is not None and attempt.trouble.reason.code == "napalm_error"
    words = no_secret(found, attempt)
    assert token not in words and "10.0.0.1" in words


@BOTH
def test_no_password_goes_to_a_device_whose_certificate_nobody_knows(
    name: str, switch: Any, authority: Authority, tmp_path: Path, pair: Lab
) -> None:
    found: Switch = switch(name)
    # The system's own authorities do not know it; another one did not sign it; it has no such name.
    stranger = Authority(tmp_path)
    with api_of(pair.devices[name], authority.device("10.9.9.9")) as other:
        for login in (
            NapalmLogin(port=found.api.port),
            NapalmLogin(port=found.api.port, ca_file=str(stranger.file)),
            NapalmLogin(port=other.port, ca_file=found.ca),
        ):
            attempt = found.attempt(napalm=login)
            assert attempt.trouble is not None
            assert attempt.trouble.reason.code == "certificate_untrusted", attempt.trouble.reason
            assert not attempt.trouble.may_pass
        assert not found.api.logins and not other.logins
    # Only where the inventory says so, and that is told.
    unchecked = found.attempt(napalm=NapalmLogin(port=found.api.port, verify=False))
    assert unchecked.trouble is None
    assert "certificate_unchecked" in [warning.code for warning in unchecked.warnings]
    missing = found.attempt(napalm=NapalmLogin(port=found.api.port, ca_file="/no/such/ca.pem"))
    assert missing.trouble is not None and missing.trouble.reason.code == "variable_error"


@BOTH
def test_plain_http_only_where_the_inventory_says_so(name: str, switch: Any) -> None:
    found: Switch = switch(name, plain=True)
    refused = found.attempt()
    assert refused.trouble is not None and refused.trouble.reason.code == "no_tls"
    assert not found.api.logins
    plain = found.attempt(napalm=NapalmLogin("http", found.api.port))
    assert plain.trouble is None
    assert "api_in_clear" in [warning.code for warning in plain.warnings]


@BOTH
@pytest.mark.parametrize(
    ("fault", "code"),
    [(silent, "silent"), (dropped, "dropped"), (page_of_html, "napalm_error")],
)
def test_an_api_that_does_not_answer(name: str, fault: Any, code: str, switch: Any) -> None:
    found: Switch = switch(name)
    found.api.broken["*"] = fault
    before = time.monotonic()
    attempt = found.attempt()
    assert attempt.trouble is not None and attempt.trouble.reason.code == code
    assert attempt.trouble.may_pass is (code != "napalm_error")
    assert time.monotonic() - before < 12
    no_secret(found, attempt)


@BOTH
def test_an_answer_that_drips_for_ever_ends_at_the_devices_time_limit(
    name: str, switch: Any
) -> None:
    found: Switch = switch(name)
    found.api.broken["show interfaces" if name == "eos-1" else "show interface"] = dripping
    before = time.monotonic()
    attempt = found.attempt(seconds=2.5)
    assert attempt.trouble is not None and attempt.trouble.reason.code == "time_limit"
    assert time.monotonic() - before < 5


def test_a_device_that_dies_in_the_middle_is_not_asked_all_the_rest(switch: Any) -> None:
    found: Switch = switch("eos-1")
    found.api.broken["*"] = lambda handler: (
        handler.answer(200, _hello("eos-1")) if len(handler.api.asked) == 1 else dropped(handler)
    )
    attempt = found.attempt()
    assert attempt.trouble is not None and attempt.trouble.reason.code == "dropped"
    assert attempt.trouble.may_pass
    assert len(found.api.asked) == 3


def test_nobody_listens(switch: Any) -> None:
    found: Switch = switch("eos-1")
    with socket.socket() as free:
        free.bind((ADDRESS, 0))
        attempt = found.attempt(napalm=NapalmLogin(port=free.getsockname()[1], ca_file=found.ca))
    assert attempt.trouble is not None and attempt.trouble.reason.code == "api_refused"
    assert "eAPI" in no_secret(found, attempt)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"network_os": "huawei"}, "napalm_no_api"),
        ({"network_os": "cisco_ios"}, "napalm_no_api"),
        ({"network_os": ""}, "napalm_no_api"),
        ({"jump": ("-J", "bastion")}, "napalm_jump"),
    ],
)
def test_what_no_api_can_be_asked_is_said(changes: dict[str, Any], code: str) -> None:
    collector = PortCollector(job(purpose="ports"), KNOWN, Reader().keep)
    base = {"napalm": NapalmLogin(), "network_os": "arista_eos"}
    at = Endpoint("sw", "default", ADDRESS, 22, **(base | changes))
    attempt = collector.attempt(at, time.monotonic() + 5)
    assert attempt.trouble is not None and attempt.trouble.reason.code == code


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "napalm", None)
    collector = PortCollector(job(purpose="ports"), KNOWN, Reader().keep)
    at = Endpoint("sw", "default", ADDRESS, 22, "arista_eos", napalm=NapalmLogin())
    attempt = collector.attempt(at, time.monotonic() + 5)
    assert attempt.trouble is not None
    assert attempt.trouble.reason.code == "napalm_not_installed"


# Junos: NETCONF over SSH


@dataclass
class Junos:
    """A Junos that speaks NETCONF, and the reading of it."""

    api: Netconf
    folder: Path
    reader: Reader

    def attempt(self, *, key: str = "", port: int = 0, seconds: float = 40, **changes: Any) -> Any:
        """``key``: what is on record of it, its own where nothing is said; ``port``: for which."""
        known = self.folder / "known_hosts"
        name = f"[{ADDRESS}]:{port or self.api.port}"
        known.write_text("" if key == "none" else f"{name} {key or self.api.host_key}\n")
        given = job(purpose="ports in detail", known_hosts=str(known), host_key_checking=True)
        collector = PortCollector(given, KNOWN, self.reader.keep)
        base = {"napalm": NapalmLogin(port=self.api.port)}
        at = endpoint(self.api.device, **{**base, **changes})
        return collector.attempt(at, time.monotonic() + seconds)


@pytest.fixture(scope="module")
def junos_lab() -> Iterator[Lab]:
    installed()
    with Lab.start([DeviceSpec("qfx-1", "juniper_junos", seed=4, password=SECRET)]) as running:
        yield running


@pytest.fixture
def junos(junos_lab: Lab, tmp_path: Path) -> Iterator[Junos]:
    with netconf_of(junos_lab.devices["qfx-1"]) as api:
        yield Junos(api, tmp_path, Reader())


def test_netconf_shows_what_the_command_line_shows(junos: Junos, junos_lab: Lab) -> None:
    device = junos.api.device
    up = [p.name for p in device.ports if p.physical and not p.management and p.oper_up]
    shut, gone, lit = up[:3]
    device.configure([f"set interfaces {shut} disable"])
    device.change_port(gone, "down")
    device.change_port(lit, "neighbour=core-1:xe-0/0/7")
    try:
        by_api = junos.attempt()
        assert by_api.trouble is None, by_api.trouble and by_api.trouble.reason
        found = Switch(junos.api, "", junos.reader)  # type: ignore[arg-type]
        shown = found.understand(by_api)
        by_line = junos.attempt(napalm=None, key="none", check_host_key=False)
        assert by_line.trouble is None
        told = found.understand(by_line)
        for port in told.values():
            for field in ("admin_status", "oper_status", "reason", "speed", "duplex", "lag"):
                assert getattr(shown[port.name], field) == getattr(port, field), (port.name, field)
        assert shown[shut].admin_status.value == "down"
        assert shown[f"{shut}.0"].oper_status.value != "up"
        assert (shown[gone].admin_status.value, shown[gone].oper_status.value) == ("up", "down")
        # What no command is asked for.
        assert (shown[lit].optical.rx_power, shown[lit].optical.tx_power) == (-2.9, -2.4)
        assert (shown[gone].optical.rx_power, shown[gone].optical.tx_power) == (None, -2.4)
        (beside,) = shown[lit].neighbours
        assert (beside.system, beside.port) == ("core-1", "xe-0/0/7")
        asked = [item.command for item in by_api.items]
        assert "show lldp neighbors" not in asked and "show interfaces terse" in asked
    finally:
        device.configure([f"delete interfaces {shut} disable"])
        for name in (gone, lit):
            device.restore_port(name)
    # A unit has of its port what the driver says of it; that is not its own.
    text = next(i for i in by_api.items if i.command == "napalm junos get_interfaces")
    rows = json.loads(junos.reader.kept[text.sha256])["rows"]
    units = [row for row in rows if "." in row["name"]]
    assert units and not [row for row in units if {"mtu", "mac_address", "linkSpeed"} & row.keys()]


def test_no_password_goes_to_a_host_key_that_is_not_on_record(junos: Junos) -> None:
    other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEJPZ0Vt0Dxj0ZyCPWOhfHjW1mLrKTMOPKuv6rXcW7Gk"
    for key, code in (("none", "host_key_unknown"), (other, "host_key_changed")):
        attempt = junos.attempt(key=key)
        assert attempt.trouble is not None
        assert attempt.trouble.reason.code == code, attempt.trouble.reason
    assert not junos.api.logins
    # The key of SSH's own port counts; without any it has to be allowed, and that is told.
    assert junos.attempt(port=junos.api.device.port).trouble is None
    login = NapalmLogin(port=junos.api.port, verify=False)
    unchecked = junos.attempt(key="none", napalm=login)
    assert unchecked.trouble is None
    assert "host_key_unchecked" in [warning.code for warning in unchecked.warnings]


def test_netconf_refuses_a_login(junos: Junos) -> None:
    attempt = junos.attempt(password="Falsch-und-geheim")
    assert attempt.trouble is not None and attempt.trouble.reason.code == "auth_failed"
    assert len(junos.api.logins) == 1
    assert "Falsch" not in no_secret(Switch(junos.api, "", junos.reader), attempt)  # type: ignore[arg-type]


def test_netconf_is_not_switched_on(junos: Junos) -> None:
    junos.api.netconf = False
    attempt = junos.attempt()
    assert attempt.trouble is not None
    assert attempt.trouble.reason.code == "api_refused", attempt.trouble.reason


def test_netconf_refuses_a_part(junos: Junos) -> None:
    junos.api.refused |= {"get-interface-optics-diagnostics-information", "show lacp interfaces"}
    attempt = junos.attempt()
    assert attempt.trouble is None
    refused = [w.params["command"] for w in attempt.warnings if w.code == "command_refused"]
    assert any(each.startswith("napalm junos get_optics (") for each in refused)
    assert "show lacp interfaces" in refused


def test_netconf_falls_silent(junos: Junos) -> None:
    junos.api.silent |= {"get-interface-information", "command"}
    before = time.monotonic()
    attempt = junos.attempt()
    assert attempt.trouble is not None and attempt.trouble.reason.code == "silent"
    assert attempt.trouble.may_pass
    assert time.monotonic() - before < 15
