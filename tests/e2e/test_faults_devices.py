"""Faults of the issue that lie between the terminal and us, on the lab, by the command alone.

Cut once and then well, busy lines, old algorithms, another host key, addresses used twice.
Each ends in the right outcome, with words to act on, in a bounded time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from weibao.i18n import explain
from weibao_lab import DeviceHandle, DeviceSpec, Lab

from .estates import QUICK, Estate, host, new_estate

OwnLab = Callable[..., Lab]


def show(estate: Estate) -> dict:
    return estate.ok("run", "show", "last", "--json").json


def findings(estate: Estate, code: str) -> dict[str, dict]:
    return {f["device"]: f for f in show(estate)["findings"] if f["code"] == code}


def attempts(estate: Estate, device: str) -> int:
    return next(t["attempts"] for t in show(estate)["targets"] if t["device"] == device)


@pytest.mark.parametrize("after", [0, 1, 700, 4000])
def test_cut_once_then_well(estate: Estate, devices: list[DeviceHandle], after: int) -> None:
    cut, sound = devices[0], devices[1]
    cut.set_fault(sessions=1, cut_after_bytes=after)
    shown = estate.run()
    assert shown[cut.name]["outcome"] == "archived"
    assert estate.export(cut.name).strip() in cut.render_running()
    assert attempts(estate, cut.name) == 2
    assert attempts(estate, sound.name) == 1
    estate.ok("verify")


def test_cut_always(estate: Estate, devices: list[DeviceHandle]) -> None:
    devices[0].set_fault(cut_after_bytes=700)
    shown = estate.run(code=1)
    assert shown[devices[0].name]["reason_code"] == "dropped"
    assert {d["outcome"] for n, d in shown.items() if n != devices[0].name} == {"archived"}
    estate.ok("verify")


def test_busy_lines(estate: Estate, devices: list[DeviceHandle]) -> None:
    """Busy once: read by the second attempt. Busy for good: failed, with what to do."""
    once, always = devices[0], devices[1]
    once.set_fault(sessions=1, lines_busy=True)
    always.set_fault(lines_busy=True)
    began = time.monotonic()
    shown = estate.run(code=1)
    assert time.monotonic() - began < 40
    assert shown[once.name]["outcome"] == "archived"
    assert shown[always.name]["outcome"] == "failed"
    assert shown[always.name]["reason_code"] == "lines_busy"
    assert "line" in shown[always.name]["reason"]
    assert "线路" in explain("lines_busy", {}, "zh") or "终端" in explain("lines_busy", {}, "zh")
    estate.ok("verify")


def test_one_terminal_line(tmp_path: Path, own_lab: OwnLab) -> None:
    """A device with one line, under two names: read one after the other, and it is said."""
    lab = own_lab(DeviceSpec(name="only-one", platform="cisco_ios", ports=4))
    device = lab.devices["only-one"]
    device.set_fault(max_sessions=1)
    estate = new_estate(tmp_path, backup=QUICK | {"processes": 2, "concurrency": 8})
    estate.write_inventory({name: host(device) for name in ("first", "second", "third")})
    estate.ok("inventory", "trust")
    shown = estate.run()
    assert {d["outcome"] for d in shown.values()} == {"archived"}
    assert device.log.max_sessions == 1
    said = findings(estate, "address_shared")
    assert set(said) == {"first", "second", "third"}
    assert said["first"]["params"]["names"] == "first, second, third"
    same = findings(estate, "same_device")
    assert set(same) == {"first", "second", "third"}
    assert same["second"]["params"]["hostname"] == "only-one"
    assert same["second"]["severity"] == "serious"
    page = next(estate.state.glob("contracts/default/reports/*/report.md")).read_text()
    assert "first, second, third" in page
    warned = estate.weibao("inventory", "check", "--json").json["problems"]
    assert [p["severity"] for p in warned if "first, second, third" in str(p)] == ["warning"]
    estate.ok("verify")


def test_several_devices_behind_one_console_server(tmp_path: Path, own_lab: OwnLab) -> None:
    """One address with a port for each line is no duplicate; a line that is taken is said."""
    lab = own_lab(*(DeviceSpec(name=f"line{n}", platform="cisco_ios", ports=4) for n in range(3)))
    devices = list(lab.devices.values())
    assert len({device.host for device in devices}) == 1
    devices[2].set_fault(lines_busy=True)
    estate = new_estate(tmp_path, devices[:2])
    estate.write_inventory({device.name: host(device) for device in devices})
    devices[2].clear_faults()
    estate.ok("inventory", "trust")
    devices[2].set_fault(lines_busy=True)
    shown = estate.run(code=1)
    assert [shown[f"line{n}"]["outcome"] for n in range(3)] == ["archived", "archived", "failed"]
    assert shown["line2"]["reason_code"] == "lines_busy"
    assert not findings(estate, "address_shared")
    estate.ok("verify")


def test_two_devices_of_one_address_in_turn(estate: Estate, devices: list[DeviceHandle]) -> None:
    """An address given to a wrong name: the last name's own device is missing, and it is said."""
    right, wrong = devices[0], devices[1]
    estate.write_inventory({right.name: host(right), wrong.name: host(right)})
    shown = estate.run()
    assert {d["outcome"] for d in shown.values()} == {"archived"}
    same = findings(estate, "same_device")
    assert set(same) == {right.name, wrong.name}
    text = explain("same_device", same[wrong.name]["params"], "zh")
    assert right.name in text
    assert "没有备份" in text
    estate.ok("verify")


def test_another_host_key_than_yesterday(estate: Estate, devices: list[DeviceHandle]) -> None:
    """Nothing is sent to it; the last good version stays; trusted anew it is read again."""
    estate.run()
    device = devices[0]
    before = estate.export(device.name)
    logins = len(device.log.logins)
    device.set_fault(new_host_key=True)
    shown = estate.run(code=1)
    assert shown[device.name]["reason_code"] == "host_key_changed"
    assert "trust --replace" in shown[device.name]["reason"]
    assert len(device.log.logins) == logins  # no password was sent
    assert estate.export(device.name) == before
    estate.ok("verify")
    estate.ok("inventory", "trust", "--replace", device.name)
    assert estate.run()[device.name]["outcome"] == "unchanged"
    estate.ok("verify")


def test_old_algorithms(estate: Estate, devices: list[DeviceHandle]) -> None:
    """Refused with their names, until the inventory allows them for this device."""
    old = devices[3]
    old.set_fault(old_algorithms=True)
    shown = estate.run(code=1)
    assert shown[old.name]["reason_code"] == "legacy_algorithms_needed"
    assert "diffie-hellman-group14-sha1" in shown[old.name]["reason"]
    hosts = {device.name: host(device) for device in devices[:5]}
    hosts[old.name]["weibao_ssh_legacy_algorithms"] = True
    estate.write_inventory(hosts)
    # Its only kind of key is another one than that on record.
    estate.ok("inventory", "trust", "--replace", old.name)
    shown = estate.run()
    assert shown[old.name]["outcome"] == "archived"
    assert set(findings(estate, "legacy_algorithms")) == {old.name}
    estate.ok("verify")
