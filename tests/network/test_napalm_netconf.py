"""Junos read by NETCONF over SSH, by NAPALM's own driver."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from weibao.adapters.network import bounded_netconf
from weibao.adapters.network.collect import Attempt
from weibao.adapters.network.collect_ports import PortCollector
from weibao.adapters.network.job import NapalmLogin
from weibao_lab import DeviceSpec, Lab

from .conftest import Reader, endpoint, job
from .napalm_switch import KNOWN, SECRET, installed, ports_of, without_secrets
from .netconf_devices import ADDRESS, Netconf, netconf_of


@dataclass
class Junos:
    """A Junos that speaks NETCONF, and the reading of it."""

    api: Netconf
    folder: Path
    reader: Reader

    def attempt(
        self, *, key: str = "", port: int = 0, seconds: float = 40, **changes: Any
    ) -> Attempt:
        """``key``: what is on record of it, its own where nothing is said; ``port``: for which."""
        known = self.folder / "known_hosts"
        name = f"[{ADDRESS}]:{port or self.api.port}"
        known.write_text("" if key == "none" else f"{name} {key or self.api.host_key}\n")
        given = job(purpose="ports in detail", known_hosts=str(known), host_key_checking=True)
        collector = PortCollector(given, KNOWN, self.reader.keep)
        base = {"napalm": NapalmLogin(port=self.api.port)}
        at = endpoint(self.api.device, **{**base, **changes})
        return collector.attempt(at, time.monotonic() + 40)


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
        shown = ports_of(junos.reader, by_api)
        by_line = junos.attempt(napalm=None, key="none", check_host_key=False)
        assert by_line.trouble is None
        told = ports_of(junos.reader, by_line)
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
    assert "Falsch" not in without_secrets(junos.api.device, attempt)


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


def test_netconf_answers_without_end(junos: Junos, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library would keep all of it in memory, until an end mark that never comes."""
    monkeypatch.setattr(bounded_netconf, "MOST_BYTES", 1000)
    attempt = junos.attempt()
    codes = {w.code for w in attempt.warnings} | {attempt.trouble and attempt.trouble.reason.code}
    said = [word for w in attempt.warnings for word in w.params.values()]
    assert "endless_answer" in codes or any("endless_answer" in each for each in said)
    assert all(item.size < 1000 for item in attempt.items)


def test_netconf_falls_silent(junos: Junos) -> None:
    junos.api.silent |= {"get-interface-information", "command"}
    before = time.monotonic()
    attempt = junos.attempt()
    assert attempt.trouble is not None and attempt.trouble.reason.code == "silent"
    assert attempt.trouble.may_pass
    assert time.monotonic() - before < 15
