"""Arista and Nexus read at their APIs by NAPALM's own drivers, over sockets.

The drivers are as they are installed; what answers is a lab's device (``api_devices``).
"""

from __future__ import annotations

import base64
import json
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from weibao.adapters.network.collect_ports import PortCollector
from weibao.adapters.network.job import Endpoint, NapalmLogin
from weibao_lab import DeviceSpec, Lab

from .api_devices import ADDRESS, Authority, api_of, dripping, dropped, page_of_html, silent
from .conftest import Reader, endpoint, job
from .napalm_switch import FILES, KNOWN, SECRET, Switch, installed


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ours"))


@pytest.fixture(scope="module")
def pair() -> Iterator[Lab]:
    installed()
    specs = [
        DeviceSpec("eos-1", "arista_eos", seed=4, enable_secret="Enable-Geheim-2"),
        DeviceSpec("nxos-1", "cisco_nxos", seed=4, password=SECRET),
    ]
    with Lab.start(specs) as running:
        yield running


@pytest.fixture
def switch(
    pair: Lab, authority: Authority, request: pytest.FixtureRequest
) -> Iterator[Callable[[str], Switch]]:
    with ExitStack() as stack:

        def make(name: str, *, plain: bool = False) -> Switch:
            tls = None if plain else authority.device(ADDRESS)
            api = stack.enter_context(api_of(pair.devices[name], tls))
            return Switch(api, str(authority.file), Reader())

        yield make


BOTH = pytest.mark.parametrize("name", ["eos-1", "nxos-1"])


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
    found.told(by_api)


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


@BOTH
def test_in_brief_nothing_is_asked_that_takes_long(name: str, switch: Any) -> None:
    found: Switch = switch(name)
    attempt = found.attempt(purpose="ports")
    assert attempt.trouble is None
    asked = [item.command for item in attempt.items]
    rules = FILES.rules(attempt.platform)
    quick = [command.send for command in rules.commands if command.live and not command.detail]
    assert asked == [f"napalm {name.partition('-')[0]} get_interfaces", *quick]


def test_a_release_that_the_driver_does_not_know_is_said(switch: Any) -> None:
    found: Switch = switch("eos-1")
    found.api.said["show version"] = {"version": "4.20.1F"}
    attempt = found.attempt()
    assert attempt.trouble is not None and attempt.trouble.reason.code == "napalm_release"
    assert "4.20.1F" in found.told(attempt)


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
    found.told(attempt)


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
    found.api.broken["*"] = lambda handler: (
        page_of_html(handler)
        if handler.api.asked[-1] != hello
        else handler.answer(200, _hello(name))
    )
    attempt = found.attempt()
    assert attempt.trouble is not None and not attempt.items
    assert attempt.trouble.reason.code == "ports_refused"
    found.told(attempt)


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
    assert "Falsch-und-geheim" not in found.told(attempt)


@BOTH
def test_a_password_that_is_refused_in_the_middle_is_not_asked_again(
    name: str, switch: Any
) -> None:
    """Every question carries it: a dozen of them would lock the account."""
    found: Switch = switch(name)
    found.api.broken["*"] = lambda handler: (
        handler.answer(200, _hello(name))
        if len(handler.api.logins) == 1
        else handler.answer(401, b"Unable to authenticate user")
    )
    attempt = found.attempt()
    assert attempt.trouble is not None and attempt.trouble.reason.code == "auth_failed"
    assert len(found.api.logins) == 2


def test_an_enable_secret_that_the_device_says_back_is_not_shown(switch: Any) -> None:
    found: Switch = switch("eos-1")
    attempt = found.attempt(enable_secret="Falsch-Enable-3")
    assert attempt.trouble is not None and attempt.trouble.reason.code == "napalm_error"
    words = found.told(attempt)
    assert "Falsch-Enable-3" not in words and "enable" in words


def test_a_password_in_a_librarys_words_is_not_shown(switch: Any) -> None:
    found: Switch = switch("nxos-1")
    login = f"netops:{SECRET}"
    token = base64.b64encode(login.encode()).decode()
    body = f"url http://{login}@10.0.0.1/ins, Basic {token}, {login!r}"
    error = {"id": 1, "error": {"code": -1, "message": "x", "data": {"msg": body}}}
    found.api.broken["show hostname"] = lambda handler: handler.answer(
        200, json.dumps(error).encode()
    )
    attempt = found.attempt()
    assert attempt.trouble is not None and attempt.trouble.reason.code == "napalm_error"
    words = found.told(attempt)
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
    found.told(attempt)


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
    assert "eAPI" in found.told(attempt)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"network_os": "huawei"}, "napalm_no_api"),
        ({"network_os": "cisco_ios"}, "napalm_no_api"),
        ({"network_os": ""}, "napalm_no_api"),
        ({"jump": ("-J", "bastion")}, "napalm_jump"),
        ({"key_file": "/home/a/.ssh/id_ed25519"}, "api_password_missing"),
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
    at = Endpoint("sw", "default", ADDRESS, 22, "arista_eos", password="x", napalm=NapalmLogin())
    attempt = collector.attempt(at, time.monotonic() + 5)
    assert attempt.trouble is not None
    assert attempt.trouble.reason.code == "napalm_not_installed"
