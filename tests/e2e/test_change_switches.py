"""A configuration change on switches of the lab, from application to closed record (CHG-38)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from weibao_lab import DeviceHandle, DeviceSpec, Lab

from .change_flow import (
    approved,
    carried_out,
    change_of_lines,
    closed,
    make_keys,
    shown,
    with_people,
)
from .estates import new_estate

LINES = {"huawei": "vlan 3999\n description moved", "cisco_ios": "vlan 3999\n name moved"}


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """A key for each person."""
    return make_keys(tmp_path)


def test_a_secret_in_clear_never_reaches_the_records(
    tmp_path: Path, keys: Path, devices: list[DeviceHandle]
) -> None:
    device = next(d for d in devices if d.platform == "huawei")
    estate = with_people(new_estate(tmp_path, [device]), keys)
    lines = tmp_path / "lines.txt"
    new = (
        "change", "new", "--runbook", "change-switch-config", "--limit", "all",
        "--window", "now/+2h", "--var", f"change_config_lines={lines}", "--as", "wang.pm",
    )  # fmt: skip
    lines.write_text("vlan 7\nlocal-user bob password irreversible-cipher Canary-99\n")
    said = estate.weibao(*new)
    assert said.code == 2, said.all
    assert "line 2" in said.err
    assert "Canary-99" not in said.all
    assert all(b"Canary-99" not in p.read_bytes() for p in estate.state.rglob("*") if p.is_file())
    lines.write_text("vlan 7\nlocal-user bob password irreversible-cipher {{ bobs }}\n")
    assert estate.weibao(*new).code == 0


@pytest.mark.parametrize("platform", sorted(LINES))
def test_a_change_is_applied_proven_saved_and_explained(
    tmp_path: Path, keys: Path, devices: list[DeviceHandle], platform: str
) -> None:
    device = next(d for d in devices if d.platform == platform)
    estate = with_people(new_estate(tmp_path, [device]), keys)
    assert estate.weibao("backup", "run").code == 0
    number = change_of_lines(estate, keys, LINES[platform])
    carried_out(estate, keys, number, 0)
    found = shown(estate, number)
    assert found["change"]["state"] == "verified"
    steps = {row["step"]: row["state"] for row in found["steps"]}
    assert {steps.pop("ports-before"), steps.pop("ports-after")} <= {"done", "skipped"}
    assert steps == {
        "dry-run": "done",
        "backup-before": "done",
        "apply": "done",
        "verify": "done",
        "backup-after": "done",
    }
    kept = estate.weibao("backup", "list", device.name, "--json").json["versions"]
    assert kept[0]["change_ref"] == number
    closed(estate, number)
    assert estate.weibao("verify").code == 0


@pytest.mark.parametrize("declared", [False, True])
def test_a_port_that_the_change_shuts_stops_it_unless_that_was_declared(
    tmp_path: Path, keys: Path, own_lab: Callable[..., Lab], declared: bool
) -> None:
    """JOB-12: the snapshots see what the lines did to the ports."""
    lab = own_lab(DeviceSpec(name="sw-1", platform="huawei"), DeviceSpec("sw-2", "cisco_ios"))
    device = lab.devices["sw-1"]
    port = next(p.name for p in device.ports if p.oper_up and p.mode == "access")
    estate = with_people(new_estate(tmp_path, [device]), keys)
    assert estate.weibao("backup", "run").code == 0
    wanted = estate.folder / "lines.txt"
    wanted.write_text(f"interface {port}\n shutdown\n")
    variables = [f"change_config_lines={wanted}", "change_config_settle_seconds=0"]
    variables += [f"change_ports_expected={port}"] if declared else []
    number = approved(estate, keys, "change-switch-config", variables)
    carried_out(estate, keys, number, 0 if declared else 1)
    steps = {row["step"]: row for row in shown(estate, number)["steps"]}
    assert steps["ports-before"]["state"] == "done"
    assert steps["ports-after"]["state"] == ("done" if declared else "failed")
    if not declared:
        assert f"{port}: up -> down (administratively_down)" in steps["ports-after"]["detail"]
    assert estate.weibao("verify").code == 0
