"""An estate in which a change can be taken from application to closed record, by the command."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data" / "flow"
WEIBAO = str(Path(sys.executable).with_name("weibao"))
HOSTS = ("host1", "host2", "host3", "host4")
PEOPLE = {
    "wang.pm": "project_manager",
    "li.op": "field_engineer",
    "zhao.rec": "recorder",
    "chen.boss": "internal_approver",
    "liu.cust": "customer_approver",
    "sun.rep": "customer_representative",
}
FIELDS = {"hardware": "无", "software": "无", "notified": "liu.cust，电话"}


class Flow:
    """The estate, its people and their keys."""

    inside: Sequence[str] = ()
    """What the command is called by, where hosts can only be reached from elsewhere."""
    patience = 300
    """Seconds for a command."""

    def __init__(self, base: Path, *, terms: dict[str, Any] | None = None) -> None:
        self.base = base
        self.folder = base / "estate"
        self.place = base / "place"
        self.place.mkdir(parents=True)
        home = base / "home"
        home.mkdir()
        self.environment = {**os.environ, "HOME": str(home), "WEIBAO_LANG": "en"}
        for name in ("WEIBAO_PERSON", "ANSIBLE_CONFIG"):
            self.environment.pop(name, None)
        self.weibao("init", str(self.folder), where=base)
        for kind in ("playbooks", "runbooks"):
            shutil.copytree(DATA / kind, self.folder / kind, dirs_exist_ok=True)
        self.write_inventory()
        self.write_contract(terms or {})
        self.keys = base / "keys"
        self.keys.mkdir()
        lines = []
        for person in PEOPLE:
            key = self.keys / person
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", person, "-f", key], check=True
            )
            public = key.with_suffix(key.suffix + ".pub").read_text().split()
            lines.append(f"{person} {public[0]} {public[1]}\n")
        (self.folder / "contracts" / "default.allowed_signers").write_text("".join(lines))

    def write_inventory(self, **extra: Any) -> None:
        """Hosts that are this machine."""
        hosts = {name: extra.get(name, {}) for name in HOSTS}
        variables = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "contract": "default",
            "place": str(self.place),
        }
        document = {"all": {"vars": variables, "hosts": hosts}}
        (self.folder / "inventory" / "hosts.yml").write_text(json.dumps(document))

    def write_contract(
        self, terms: dict[str, Any], calendar: Mapping[str, Any] | None = None
    ) -> None:
        """The profile with its people."""
        people = [
            {"id": name, "name": name.split(".")[0], "roles": [role]}
            for name, role in PEOPLE.items()
        ]
        profile = {
            "id": "default",
            "time_zone": "Asia/Shanghai",
            "people": people,
            "change": {"lead_time_hours": 0, "recorder_required": True, **terms},
            "calendar": dict(calendar or {}),
        }
        (self.folder / "contracts" / "default.yml").write_text(json.dumps(profile))

    def weibao(
        self, *arguments: str, where: Path | None = None, fails: int | None = 0
    ) -> subprocess.CompletedProcess[str]:
        """Call the command; ``fails`` is the exit code that it must have (None: any)."""
        done = subprocess.run(
            [*self.inside, WEIBAO, *arguments],
            cwd=where or self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=self.patience,
        )
        if fails is not None:
            said = (arguments, done.stdout[-3000:], done.stderr[-3000:])
            assert done.returncode == fails, said
        return done

    def change(self, *words: str, who: str = "", fails: int | None = 0) -> str:
        """``weibao change …``; what it said."""
        as_ = ("--as", who) if who else ()
        done = self.weibao("change", *words, *as_, fails=fails)
        return done.stdout + done.stderr

    def data(self, *words: str) -> Any:
        """What a command says as JSON."""
        return json.loads(self.weibao("change", *words, "--json", fails=None).stdout)

    def new(
        self,
        *options: str,
        hours: float = 2,
        limit: str = "all",
        note: str = "hello",
        runbook: str = "write-note",
        start: datetime | None = None,
    ) -> str:
        """A draft, for now if ``start`` does not say when; its number."""
        start = start or datetime.now(UTC) - timedelta(minutes=1)
        window = f"{start.isoformat()}/{(start + timedelta(hours=hours)).isoformat()}"
        if runbook == "write-note":
            options = ("--var", f"note={note}", *options)
        fields = [word for k, v in FIELDS.items() for word in ("--field", f"{k}={v}")]
        done = self.weibao(
            "change", "new", "--runbook", runbook, "--limit", limit, "--window", window,
            "--operator", "li.op", "--recorder", "zhao.rec",
            "--as", "wang.pm", *fields, *options, "--json",
        )  # fmt: skip
        number: str = json.loads(done.stdout)["change"]["id"]
        return number

    def key(self, person: str) -> str:
        """Somebody's key."""
        return str(self.keys / person)

    def approve(self, number: str, person: str, fails: int | None = 0) -> str:
        """Somebody approves."""
        return self.change("approve", number, "--key", self.key(person), who=person, fails=fails)

    def approved(self, *options: str, **given: Any) -> str:
        """A change that may start; its number."""
        number = self.new(*options, **given)
        self.change("plan", number, who="wang.pm")
        self.change("submit", number, who="wang.pm")
        self.approve(number, "chen.boss")
        self.change("submit", number, who="wang.pm")
        self.approve(number, "liu.cust")
        return number

    def state(self, number: str) -> str:
        """Where the change stands."""
        state: str = self.data("show", number)["change"]["state"]
        return state

    def notes(self) -> dict[str, str]:
        """What the hosts have."""
        return {p.stem: p.read_text() for p in sorted(self.place.glob("*.note"))}

    def log(self, host: str) -> list[str]:
        """The mutating steps that were executed on a host."""
        path = self.place / f"{host}.log"
        return path.read_text().split() if path.exists() else []
