"""A configuration change on switches of the lab, from application to closed record (CHG-38)."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from weibao_lab import DeviceHandle

from .estates import WEIBAO, Estate, missing_part, new_estate

PEOPLE = {
    "wang.pm": "project_manager",
    "li.op": "field_engineer",
    "zhao.rec": "recorder",
    "chen.boss": "internal_approver",
    "liu.cust": "customer_approver",
}
LINES = {"huawei": "vlan 3999\n description moved", "cisco_ios": "vlan 3999\n name moved"}


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """A key for each person."""
    if shutil.which("ssh-keygen") is None:
        missing_part("ssh-keygen is not here")
    for person in PEOPLE:
        made = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / person)]
        subprocess.run(made, check=True)
    return tmp_path


def with_people(estate: Estate, keys: Path) -> Estate:
    people = [{"id": name, "name": name, "roles": [role]} for name, role in PEOPLE.items()]
    profile = {"id": "default", "people": people, "change": {"lead_time_hours": 0}}
    contracts = estate.folder / "contracts"
    (contracts / "default.yml").write_text(json.dumps(profile))
    publics = {name: (keys / f"{name}.pub").read_text().split()[:2] for name in PEOPLE}
    lines = [f"{name} {' '.join(public)}\n" for name, public in publics.items()]
    (contracts / "default.allowed_signers").write_text("".join(lines))
    return estate


def approved(estate: Estate, keys: Path, lines: str) -> str:
    """A change of the whole estate that may start; its number."""
    start = datetime.now(UTC) - timedelta(minutes=1)
    window = f"{start.isoformat()}/{(start + timedelta(hours=3)).isoformat()}"
    wanted = estate.folder / "lines.txt"
    wanted.write_text(lines + "\n")
    fields = [f"--field={name}=-" for name in ("hardware", "software", "notified")]
    said = estate.weibao(
        "change", "new", "--runbook", "change-switch-config", "--limit", "all",
        "--window", window, "--var", f"change_config_lines={wanted}", "--operator", "li.op",
        "--recorder", "zhao.rec", "--as", "wang.pm", *fields, "--json",
    )  # fmt: skip
    assert said.code == 0, said.all
    number: str = said.json["change"]["id"]
    for words in (
        ("plan", number, "--as", "wang.pm"),
        ("submit", number, "--as", "wang.pm"),
        ("approve", number, "--as", "chen.boss", "--key", str(keys / "chen.boss")),
        ("submit", number, "--as", "wang.pm"),
        ("approve", number, "--as", "liu.cust", "--key", str(keys / "liu.cust")),
    ):
        done = estate.weibao("change", *words)
        assert done.code == 0, done.all
    return number


def confirmed(estate: Estate, keys: Path, number: str, step: str) -> None:
    """The recorder confirms, as soon as the step waits for it."""
    until = time.monotonic() + 180
    while time.monotonic() < until:
        said = estate.weibao(
            "change", "confirm", number, "--as", "zhao.rec", "--step", step,
            "--key", str(keys / "zhao.rec"),
        )  # fmt: skip
        if said.code == 0:
            return
        time.sleep(1)
    pytest.fail(said.all)


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
    number = approved(estate, keys, LINES[platform])
    process = subprocess.Popen(
        [WEIBAO, "change", "start", number, "--as", "li.op"],
        cwd=estate.folder, env=estate.environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    confirmed(estate, keys, number, "apply")
    said, _ = process.communicate(timeout=300)
    assert process.returncode == 0, said
    shown = estate.weibao("change", "show", number, "--json").json
    assert shown["change"]["state"] == "verified"
    steps = {row["step"]: row["state"] for row in shown["steps"]}
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
    closed = estate.weibao(
        "change", "close", number, "--as", "wang.pm", "--documents", "-", "--result", "-"
    )
    assert closed.code == 0, closed.all
    assert estate.weibao("verify").code == 0
