"""Ports of the lab's switches of all seven vendors, by the command (PRT-01..PRT-10)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from weibao_lab import DeviceHandle

from .estates import Estate, new_estate


@pytest.fixture
def seven(devices: list[DeviceHandle]) -> list[DeviceHandle]:
    """One switch of each platform."""
    return list({device.platform: device for device in reversed(devices)}.values())


def used(device: DeviceHandle, number: int = 0) -> str:
    """A port that is up and no aggregate's, as the lab names it."""
    known = (p for p in device.ports if p.physical and not p.management)
    free = [p for p in known if p.oper_up and not p.lag]
    return free[number].name


def check(estate: Estate, code: int) -> dict[str, Any]:
    said = estate.weibao("ports", "check", "--json")
    assert said.code == code, said.all
    found: dict[str, Any] = said.json
    return found


def codes(found: dict[str, Any], device: DeviceHandle) -> set[tuple[str, str]]:
    return {
        (f["port"].replace(" ", ""), f["code"])
        for f in found["findings"]
        if f["device"] == device.name and f["severity"] != "info"
    }


def test_what_differs_is_found_on_every_platform(tmp_path: Path, seven: list[DeviceHandle]) -> None:
    estate = new_estate(tmp_path, seven)
    first = check(estate, 0)
    assert {d["outcome"] for d in first["devices"]} == {"read"}, first["devices"]
    assert estate.weibao("ports", "baseline", "accept").code == 0
    check(estate, 0)
    names: dict[str, str] = {}
    try:
        for device in seven:
            names[device.name] = used(device)
            device.change_port(names[device.name], "down")
        bad = check(estate, 1)
        for device in seven:
            found = codes(bad, device)
            assert {code for _, code in found} == {"port_down"}, (device.platform, found)
        files = {p: p.read_bytes() for p in estate.folder.glob("ports/*/*.yml")}
        wrong = estate.weibao("ports", "baseline", "accept", "--retire", "nonsense", "--json")
        assert wrong.code == 2, wrong.all
        assert "nonsense" in wrong.json["error"]["message"]
        assert files == {p: p.read_bytes() for p in files}
        again = estate.ok("ports", "baseline", "accept", "--json").json["written"]
        assert {row["device"] for row in again if row["kept"]} == set(names)
        assert "port_down" in {code for _, code in codes(check(estate, 1), seven[0])}
        shown = estate.weibao("ports", "show", seven[0].name, "--json").json
        assert {p["oper_status"] for p in shown["ports"]} >= {"up", "down"}
    finally:
        for device in seven:
            device.restore_port(names[device.name])
    check(estate, 0)
    assert estate.weibao("ports", "diff", "previous", "last").code == 1
    assert estate.weibao("verify").code == 0


def test_a_switch_that_refuses_or_is_away_is_not_good(
    tmp_path: Path, seven: list[DeviceHandle]
) -> None:
    estate = new_estate(tmp_path, seven[:2])
    check(estate, 0)
    assert estate.weibao("ports", "baseline", "accept").code == 0
    seven[0].set_fault(refuse_login=True)
    try:
        found = check(estate, 1)
    finally:
        seven[0].clear_faults()
    assert {(f["device"], f["code"]) for f in found["findings"]} == {(seven[0].name, "ports_stale")}
    said = estate.weibao("ports", "show", seven[0].name, "--json")
    assert (said.code, said.json["stale"]) == (1, True)


def test_a_mistake_in_a_file_holds_up_no_timer(tmp_path: Path, seven: list[DeviceHandle]) -> None:
    """By hand it ends before anything begins; the morning's check and the night go on."""
    one, two = seven[:2]
    estate = new_estate(tmp_path, [one, two])
    check(estate, 0)
    assert estate.weibao("ports", "baseline", "accept").code == 0
    (path,) = estate.folder.glob(f"ports/*/{one.name}.yml")
    path.write_text("ports: {", encoding="utf-8")
    rules = estate.folder / "port_readings" / two.platform / "ports.yml"
    rules.parent.mkdir(parents=True)
    rules.write_text("platform: [", encoding="utf-8")
    runs = len(estate.weibao("run", "list", "--json").json["runs"])
    by_hand = estate.weibao("ports", "check")
    assert by_hand.code == 2, by_hand.all
    assert path.name in by_hand.all and f"{two.platform}/ports.yml" in by_hand.all
    assert len(estate.weibao("run", "list", "--json").json["runs"]) == runs
    timer = estate.weibao("ports", "check", "--scheduled", "--json")
    assert timer.code == 1, timer.all
    assert codes(timer.json, one) == {("", "expectations_wrong")}
    assert codes(timer.json, two) == {("", "ports_stale")}
    reasons = {d["name"]: d["reason_code"] for d in timer.json["devices"]}
    assert reasons == {one.name: None, two.name: "ports_data_wrong"}
    night = estate.weibao("backup", "run")
    assert night.code == 0, night.all
