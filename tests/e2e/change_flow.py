"""Changes from application to closed record by the command, with the keys of five people."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from .estates import WEIBAO, Estate, Said, missing_part

PEOPLE = {
    "wang.pm": "project_manager",
    "li.op": "field_engineer",
    "zhao.rec": "recorder",
    "chen.boss": "internal_approver",
    "liu.cust": "customer_approver",
}


def make_keys(folder: Path) -> Path:
    """A key for each person."""
    if shutil.which("ssh-keygen") is None:
        missing_part("ssh-keygen is not here")
    for person in PEOPLE:
        made = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / person)]
        subprocess.run(made, check=True)
    return folder


def with_people(estate: Estate, keys: Path, **terms: Any) -> Estate:
    """The estate's contract with these people; ``terms`` of its section ``change``."""
    people = [{"id": name, "name": name, "roles": [role]} for name, role in PEOPLE.items()]
    change = {"lead_time_hours": 0, **terms}
    profile = {"id": "default", "people": people, "change": change}
    contracts = estate.folder / "contracts"
    (contracts / "default.yml").write_text(json.dumps(profile))
    publics = {name: (keys / f"{name}.pub").read_text().split()[:2] for name in PEOPLE}
    lines = [f"{name} {' '.join(public)}\n" for name, public in publics.items()]
    (contracts / "default.allowed_signers").write_text("".join(lines))
    return estate


def window() -> str:
    """From a minute ago, for three hours."""
    start = datetime.now(UTC) - timedelta(minutes=1)
    return f"{start.isoformat()}/{(start + timedelta(hours=3)).isoformat()}"


def applied(estate: Estate, runbook: str, limit: str, variables: Sequence[str]) -> str:
    """A draft; its number."""
    fields = [f"--field={name}=-" for name in ("hardware", "software", "notified")]
    said = estate.ok(
        "change", "new", "--runbook", runbook, "--limit", limit, "--window", window(),
        *(f"--var={text}" for text in variables), "--operator", "li.op",
        "--recorder", "zhao.rec", "--as", "wang.pm", *fields, "--json",
    )  # fmt: skip
    number: str = said.json["change"]["id"]
    return number


def approved(
    estate: Estate, keys: Path, runbook: str, variables: Sequence[str], limit: str = "all"
) -> str:
    """A change that may start; its number."""
    number = applied(estate, runbook, limit, variables)
    for words in (
        ("plan", number, "--as", "wang.pm"),
        ("submit", number, "--as", "wang.pm"),
        ("approve", number, "--as", "chen.boss", "--key", str(keys / "chen.boss")),
        ("submit", number, "--as", "wang.pm"),
        ("approve", number, "--as", "liu.cust", "--key", str(keys / "liu.cust")),
    ):
        estate.ok("change", *words)
    return number


def change_of_lines(estate: Estate, keys: Path, lines: str, limit: str = "all", **more: Any) -> str:
    """A change of these lines that may start; its number."""
    wanted = estate.folder / "lines.txt"
    wanted.write_text(lines.rstrip("\n") + "\n")
    variables = [f"change_config_lines={wanted}"]
    more = {"settle_seconds": 0, "ports_settle_seconds": 0, **more}
    for name, value in more.items():
        kind = "change" if name.startswith("ports_") else "change_config"
        variables.append(f"{kind}_{name}={value}")
    return approved(estate, keys, "change-switch-config", variables, limit)


def confirmed(estate: Estate, keys: Path, number: str, step: str, wave: int = 0) -> None:
    """The recorder confirms, as soon as the step waits for it."""
    until = time.monotonic() + 180
    while time.monotonic() < until:
        said = estate.weibao(
            "change", "confirm", number, "--as", "zhao.rec", "--step", step,
            "--wave", str(wave), "--key", str(keys / "zhao.rec"),
        )  # fmt: skip
        if said.code == 0:
            return
        time.sleep(0.5)
    pytest.fail(said.all)


def carried_out(
    estate: Estate, keys: Path, number: str, code: int, step: str = "apply", waves: int = 1
) -> Said:
    """Start it, confirm ``step`` of each wave, wait for its end, which must be ``code``."""
    process = subprocess.Popen(
        [WEIBAO, "change", "start", number, "--as", "li.op"],
        cwd=estate.folder, env=estate.env(), text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        for wave in range(waves):
            confirmed(estate, keys, number, step, wave)
        said, _ = process.communicate(timeout=300)
    finally:
        process.kill()
    assert process.returncode == code, said
    return Said(process.returncode, said, "")


def shown(estate: Estate, number: str) -> Any:
    """``change show --json``."""
    return estate.ok("change", "show", number, "--json").json


def closed(estate: Estate, number: str) -> None:
    """Close it."""
    words = ("--documents", "-", "--result", "-")
    estate.ok("change", "close", number, "--as", "wang.pm", *words)
