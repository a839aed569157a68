"""A restore brings a device back to an archived text, proven equal and saved."""

from __future__ import annotations

import re

import pytest

from weibao.domain.change_outcome import ChangeResult as R

from .change_lab import LINES, NEW, same

KINDS = sorted(LINES)
DRIFT = {
    "huawei": [
        "vlan 77",
        " description drifted",
        "{trunk}",
        " port trunk allow-pass vlan 77",
        "interface GigabitEthernet0/0/4",
        " shutdown",
        "interface Vlanif77",
        " ip address 10.7.7.1 255.255.255.0",
        "ntp-service unicast-server 10.9.9.9",
    ],
    "hp_comware": [
        "vlan 77",
        " description drifted",
        "{trunk}",
        " port trunk permit vlan 77",
        "interface Vlan-interface77",
        " ip address 10.7.7.1 255.255.255.0",
        "ntp-service unicast-server 10.9.9.9",
    ],
    "ruijie_os": [
        "vlan 77",
        " name drifted",
        "interface GigabitEthernet 0/4",
        " shutdown",
        "interface VLAN 77",
        " ip address 10.7.7.1 255.255.255.0",
        "ntp server 10.9.9.9",
    ],
    "cisco_ios": [
        "vlan 77",
        " name drifted",
        "interface GigabitEthernet1/0/4",
        " description drifted",
        "interface Vlan77",
        " ip address 10.7.7.1 255.255.255.0",
        "exit",
        "ip access-list extended BLOCK-WORMS",
        " permit tcp any any eq 1",
        "ntp server 10.9.9.9",
    ],
    "cisco_nxos": [
        "interface Ethernet1/4",
        "  description drifted",
        "interface Vlan77",
        "  ip address 10.7.7.1/24",
        "ntp server 10.9.9.9",
    ],
    "arista_eos": [
        "vlan 77",
        "   name drifted",
        "interface Ethernet4",
        "   description drifted",
        "no ntp authenticate",
        "ntp server 10.9.9.9",
    ],
    "juniper_junos": [
        "set vlans drifted vlan-id 77",
        "set interfaces ge-0/0/4 description drifted",
        "delete system ntp",
    ],
}
DRIFT["huawei8"] = DRIFT["huawei"]


def drift(device, kind: str) -> list[str]:
    """Lines that lead away, with the name of an uplink of this very device in them."""
    trunk = section = ""
    for line in device.render_running().decode(device.spec.encoding).split("\n"):
        section = line if line.startswith("interface ") else section
        if re.match(r" port trunk (?:permit|allow-pass) vlan \d", line):
            trunk = trunk or section
    return [line.replace("{trunk}", trunk) for line in DRIFT[kind]]


@pytest.mark.parametrize("kind", KINDS)
def test_a_drifted_device_is_what_it_was_again(change_one, changer, kind):
    device = change_one(kind)
    archived = device.render_running()
    device.configure(drift(device, kind))
    device.save()
    drifted = device.render_running()
    assert not same(device, drifted, archived)

    foretold = changer.one("check", device, target=archived)
    assert foretold.result is R.would_change and "drifted" in foretold.difference.diff
    assert same(device, device.render_running(), drifted)

    done = changer.one("apply", device, target=archived)
    assert done.result is R.changed, (
        done.reason,
        changer.text(done, "transcript").decode()[-3000:],
    )
    assert done.saved
    codes = {warning.code for warning in done.warnings}
    assert same(device, device.render_running(), archived) or "change_other_order" in codes
    assert b"drifted" not in device.render_startup()
    assert changer.one("verify", device, target=archived).result is R.verified
    assert changer.one("apply", device, target=archived).result is R.unchanged

    back = changer.one("back_out", device)
    assert back.result is R.backed_out
    assert b"drifted" in device.render_running()


@pytest.mark.parametrize("kind", ["huawei", "cisco_ios", "juniper_junos"])
def test_a_restore_that_is_cut_off_ends_where_it_began(change_one, changer, kind):
    device = change_one(kind)
    archived = device.render_running()
    device.configure(drift(device, kind))
    device.save()
    drifted = device.render_running()
    device.set_fault(cut_after_config_lines=2, sessions=1)
    outcome = changer.one("apply", device, target=archived)
    assert outcome.result in {R.backed_out, R.failed, R.changed}
    if outcome.result is not R.changed:
        codes = {warning.code for warning in outcome.warnings}
        now = device.render_running()
        assert same(device, now, drifted) or "change_other_order" in codes


def test_what_is_no_complete_configuration_is_not_restored(change_one, changer):
    device = change_one("huawei")
    whole = device.render_running()
    outcome = changer.one("apply", device, target=whole[: len(whole) // 2])
    assert (outcome.result, outcome.reason.code) == (R.refused, "change_target_incomplete")
    assert not outcome.touched and NEW.encode() not in device.render_running()
