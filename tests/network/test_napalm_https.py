"""Arista and Nexus read at their APIs by NAPALM's own drivers, over sockets.

The drivers are as they are installed; what answers is a lab's device (``api_devices``).
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import pytest

from weibao.adapters.network.collect_ports import PortCollector
from weibao.adapters.network.job import Endpoint, NapalmLogin

from .api_devices import ADDRESS, page_of_html
from .conftest import Reader, endpoint, job
from .napalm_switch import BOTH, FILES, KNOWN, Switch, hello


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
    first = "show version" if name == "eos-1" else "show hostname"
    found.api.broken["*"] = lambda handler: (
        page_of_html(handler)
        if handler.api.asked[-1] != first
        else handler.answer(200, hello(name))
    )
    attempt = found.attempt()
    assert attempt.trouble is not None and not attempt.items
    assert attempt.trouble.reason.code == "ports_refused"
    found.told(attempt)


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
