"""The demo's change: from the application to the closed record, with keys made for it.

One switch gets a VLAN under approval; a start that nobody approved, and an approval by the
operator, are refused.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["PATIENCE", "Stage", "change", "people"]

PEOPLE = {
    "wang": "project_manager",
    "li": "field_engineer",
    "zhao": "recorder",
    "chen": "internal_approver",
    "liu": "customer_approver",
}
LINES = "vlan 3999\n description DEMO"
PATIENCE = 180


class Stage(NamedTuple):
    """What the demo lends: its estate and its ways of running commands."""

    estate: Path
    run: Callable[..., None]
    asked: Callable[..., Any]
    start: Callable[..., subprocess.Popen[bytes]]
    title: Callable[[str, str], None]
    wrong: type[Exception]


def people(stage: Stage) -> Path:
    """The contract's people, and the folder of their keys."""
    keys = stage.estate.parent / "people"
    keys.mkdir(mode=0o700)
    signers = []
    for person in PEOPLE:
        key = keys / person
        made = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", person, "-f", str(key)]
        subprocess.run(made, check=True)
        public = Path(f"{key}.pub").read_text(encoding="utf-8").split()
        signers.append(f"{person} {public[0]} {public[1]}\n")
    contracts = stage.estate / "contracts"
    (contracts / "default.allowed_signers").write_text("".join(signers), encoding="utf-8")
    with (contracts / "default.yml").open("a", encoding="utf-8") as stream:
        stream.write("\npeople:\n")
        stream.writelines(
            f"  - {{id: {person}, name: {person}, roles: [{role}]}}\n"
            for person, role in PEOPLE.items()
        )
        stream.write("change:\n  lead_time_hours: 0  # a demo does not wait for a day\n")
    return keys


def _new(stage: Stage, device: str) -> str:
    wanted = stage.estate / "vlan3999.txt"
    wanted.write_text(f"{LINES}\n", encoding="utf-8")
    start = datetime.now(UTC).replace(microsecond=0)
    fields = [word for f in ("hardware", "software", "notified") for word in ("--field", f"{f}=-")]
    made = stage.asked(
        *("weibao", "change", "new", "--runbook", "change-switch-config", "--limit", device),
        *("--window", f"{start.isoformat()}/+2h", "--var", f"change_config_lines={wanted}"),
        # Nothing of the lab takes its time to notice.
        *("--var", "change_config_settle_seconds=0"),
        *("--operator", "li", "--recorder", "zhao", "--as", "wang", *fields),
    )
    number: str = made["change"]["id"]
    return number


def change(stage: Stage, device: str) -> None:
    """Take one change through, and see two things refused.

    Raises:
        Wrong: something came out another way.
    """
    do = ("weibao", "change")
    keys = people(stage)
    stage.title("变更：申请与计划（试运行）", "A change: application and plan (dry run)")
    number = _new(stage, device)
    stage.run(*do, "plan", number, "--as", "wang")
    stage.title("没有批准就不能开始", "What is not approved does not start")
    stage.run(*do, "start", number, "--as", "li", expect=3)
    stage.title("内部审批，客户书面同意（SSH 签名）", "Approved inside, then by the customer (SSH)")
    stage.run(*do, "submit", number, "--as", "wang")
    stage.run(*do, "approve", number, "--as", "li", "--key", str(keys / "li"), expect=3)
    stage.run(*do, "approve", number, "--as", "chen", "--key", str(keys / "chen"))
    stage.run(*do, "submit", number, "--as", "wang")
    stage.run(*do, "approve", number, "--as", "liu", "--key", str(keys / "liu"))
    stage.title("执行；标记步骤由记录人确认", "Carried out; the recorder confirms the marked step")
    process = stage.start(*do, "start", number, "--as", "li")
    _confirm(stage, process, number, keys)
    if process.wait(timeout=PATIENCE):
        raise stage.wrong(f"{number} ended with {process.returncode}")
    stage.run(*do, "document", number, "record", "--html", f"../{number}.html")
    stage.run(*do, "close", number, "--as", "wang", "--documents", "-", "--result", "-")
    found = stage.asked(*do, "show", number)["change"]["state"]
    if found != "closed":
        raise stage.wrong(f"{number} is {found}")


def _confirm(stage: Stage, process: subprocess.Popen[bytes], number: str, keys: Path) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        steps = stage.asked("weibao", "change", "show", number)["steps"]
        if any(step["state"] == "waiting" for step in steps):
            stage.run(
                *("weibao", "change", "confirm", number, "--as", "zhao", "--step", "apply"),
                *("--key", str(keys / "zhao")),
            )
            return
        time.sleep(0.5)
    raise stage.wrong("no step waited for the recorder")
