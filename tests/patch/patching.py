"""An estate whose hosts are booted Linux hosts, and a patch window on them."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from change.flows import FIELDS

from .booted import Booted, Host
from .booted_flow import BootedFlow

RUNBOOKS = Path(__file__).parents[2] / "runbooks"
PASSWORD = "Restic-Pass-4711"


class PatchFlow(BootedFlow):
    """The estate of change control's tests, called inside the lab's network."""

    variables = {
        "patch_linux_backup_repository": "/var/backups/restic",
        "patch_linux_backup_password": PASSWORD,
        "patch_linux_reboot_timeout": 60,
        "patch_linux_free_mb": 10,
        "patch_linux_settle": 8,
        "patch_linux_steady": 5,
    }

    def __init__(self, base: Path, lab: Booted, hosts: list[Host], **terms: Any) -> None:
        super().__init__(base, lab, hosts, terms=terms.get("terms"))
        self.write_runbook(terms.get("book", "patch-linux"), **terms.get("runbook", {}))

    def write_runbook(self, book: str, *, two_person: bool = False, **waves: Any) -> None:
        """The runbook without pauses, and without a second person where that is not the matter."""
        data = yaml.safe_load((RUNBOOKS / f"{book}.yml").read_text())
        data["waves"] |= {"pause_between_seconds": 0, **waves}
        for step in data["steps"]:
            step["two_person"] = two_person and bool(step.get("two_person"))
        (self.folder / "runbooks" / f"{book}.yml").write_text(json.dumps(data))

    def status(self, *words: str, fails: int | None = 0) -> dict[str, Any]:
        """``weibao patch status`` by host."""
        done = self.weibao("patch", "status", *words, "--json", fails=fails)
        return {host["device"]: host for host in json.loads(done.stdout)["hosts"]}

    def window(self, hours: float = 2) -> str:
        """From a minute ago."""
        start = datetime.now(UTC) - timedelta(minutes=1)
        return f"{start.isoformat()}/{(start + timedelta(hours=hours)).isoformat()}"

    def planned(
        self, *words: str, limit: str = "all", fails: int | None = 0, hours: float = 2
    ) -> tuple[str, dict[str, Any]]:
        """A change with its plan; its number, and the targets by name."""
        fields = [word for k, v in FIELDS.items() for word in ("--field", f"{k}={v}")]
        done = self.weibao(
            "patch", "plan", "--limit", limit, "--window", self.window(hours),
            "--operator", "li.op", "--recorder", "zhao.rec", "--as", "wang.pm",
            *fields, *words, "--json", fails=fails,
        )  # fmt: skip
        found = json.loads(done.stdout)
        return found["change"]["id"], {t["device"]: t for t in found["plan"]["targets"]}

    def consented(self, number: str) -> None:
        """Submitted, and approved by both."""
        self.change("submit", number, who="wang.pm")
        self.approve(number, "chen.boss")
        self.change("submit", number, who="wang.pm")
        self.approve(number, "liu.cust")

    def start(self, number: str, state: str = "verified", word: str = "start", *more: str) -> str:
        """Start (or resume), to the state that it must then be in; what was said."""
        said = self.change(word, number, *more, who="li.op", fails=None)
        assert self.state(number) == state, said
        return said

    def steps(self, number: str) -> dict[tuple[str, str], str]:
        """By host and step, what became of it last."""
        rows = self.data("show", number)["steps"]
        return {(row["device"], row["step"]): row["state"] for row in rows}

    def carried_out(self, number: str, word: str = "start", *more: str) -> str:
        """Start (or resume); the recorder confirms each wave from another terminal."""
        done = threading.Event()
        plan = self.data("show", number)["plan"]
        waves = sorted({target["wave"] for target in plan["targets"]})

        def record() -> None:
            for wave in waves:
                while not done.is_set():
                    said = self.weibao(
                        "change", "confirm", number, "--step", "apply", "--wave", str(wave),
                        "--key", self.key("zhao.rec"), "--as", "zhao.rec", fails=None,
                    )  # fmt: skip
                    if said.returncode == 0:
                        break
                    time.sleep(0.3)

        recorder = threading.Thread(target=record)
        recorder.start()
        try:
            return self.change(word, number, *more, who="li.op", fails=None)
        finally:
            done.set()
            recorder.join()
