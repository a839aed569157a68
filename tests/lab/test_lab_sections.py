"""Looking at one interface, and commands that are not complete."""

from __future__ import annotations

import pytest
from lab_client import Cli

from weibao_lab import Lab

SHOW = {
    "huawei": "display current-configuration interface GigabitEthernet0/0/2",
    "hp_comware": "display current-configuration interface GigabitEthernet1/0/2",
    "ruijie_os": "show running-config interface GigabitEthernet 0/2",
    "cisco_ios": "show running-config interface Gi1/0/2",
    "cisco_nxos": "show running-config interface Ethernet1/2",
    "arista_eos": "show running-config interface Ethernet 2",
}


@pytest.mark.parametrize("platform", sorted(SHOW))
def test_one_interface(lab: Lab, platform: str) -> None:
    device = lab.devices["t-" + platform.replace("_", "-")]
    with Cli(device).start() as cli:
        answer = cli.run(SHOW[platform])
        other = cli.run(SHOW[platform].replace("/2", "/99").replace("Ethernet 2", "Ethernet 99"))
    lines = answer.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(b"interface "))
    assert lines[start] + b"\n" + lines[start + 1] + b"\n" in device.render_running()
    assert b"\ninterface" not in other


@pytest.mark.parametrize(
    ("name", "lines", "error"),
    [
        ("t-cisco-ios", ["conf t", "int gi1/0/2", "ip address"], b"% Incomplete command."),
        ("t-huawei", ["system-view", "sysname"], b"Error:Incomplete command found"),
        ("t-arista-eos", ["conf t", "hostname"], b"% Incomplete command"),
        ("t-cisco-ios", ["conf t", "interface gi9/9/9"], b"% Invalid input detected"),
        ("t-cisco-ios", ["conf t", "no interface gi1/0/2"], b"% Invalid input detected"),
    ],
)
def test_native_errors_in_configuration(
    lab: Lab, name: str, lines: list[str], error: bytes
) -> None:
    device = lab.devices[name]
    before = set(device.render_running().splitlines())
    with Cli(device).start() as cli:
        answers = [cli.run(line) for line in lines]
    assert error in answers[-1]
    changed = before ^ set(device.render_running().splitlines())
    assert all(line.startswith((b"ntp clock-period", b"!")) for line in changed)


def test_a_vlan_without_properties_stands_in_the_batch_only(lab: Lab) -> None:
    device = lab.devices["t-huawei"]
    device.configure(["vlan batch 301 302", "vlan 303"])
    text = device.render_running()
    assert b" 301 302 303 " in text
    assert b"\nvlan 303\n" not in text
    device.configure(["vlan 303", "name LATER"])
    assert b"\nvlan 303\n name LATER\n" in device.render_running()
    device.configure(["undo vlan 303", "undo vlan batch 301 302"])
    assert b"30" not in device.render_running().split(b"vlan batch")[1].split(b"\n")[0][-12:]


def test_a_password_typed_in_clear_is_hidden(lab: Lab) -> None:
    device = lab.devices["t-cisco-ios"]
    device.configure(["username guest secret plain-text"])
    assert b"plain-text" not in device.render_running()
    assert b"username guest secret 9 $9$" in device.render_running()
    device.configure(["no username guest"])
    assert b"guest secret" not in device.render_running()
