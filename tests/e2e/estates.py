"""Estates as a user has them: made and driven by the command alone, judged from outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from weibao_lab import DeviceHandle

BIN = Path(sys.executable).parent
WEIBAO = str(BIN / "weibao")


def missing_part(reason: str) -> None:
    """A real part is not here: skip, but never where all parts must be (CI=true)."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


# Small patience, so that a test of a fault takes seconds.
QUICK = {
    "connect_timeout": 6,
    "login_timeout": 8,
    "silence_timeout": 5,
    "device_timeout": 40,
    "retries": 1,
    "retry_wait": 0.2,
}


def host(device: DeviceHandle, **more: Any) -> dict[str, Any]:
    """The variables of a lab's device."""
    variables = {
        "ansible_host": device.host,
        "ansible_port": device.port,
        "ansible_network_os": device.platform,
        "ansible_user": device.username,
        "ansible_password": device.password,
    }
    if device.enable_secret:
        variables["ansible_become_password"] = device.enable_secret
    return {k: v for k, v in (variables | more).items() if v is not None}


@dataclass
class Said:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, which must be JSON and nothing else."""
        return json.loads(self.out)

    @property
    def all(self) -> str:
        """Both streams, for a failure's message."""
        return f"exit {self.code}\n{self.out}\n{self.err}"


@dataclass
class Estate:
    """An estate's folder, and the command with it."""

    folder: Path
    home: Path
    environment: dict[str, str] = field(default_factory=dict)

    def env(self, **more: str) -> dict[str, str]:
        """A poor environment: no virtual environment on PATH, a home of its own."""
        base = {
            "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "WEIBAO_LANGUAGE": "en",
        }
        return base | self.environment | more

    def start(self, *words: str, **more: Any) -> subprocess.Popen[str]:
        """Start the command; the caller waits for it."""
        return subprocess.Popen(
            [WEIBAO, *words],
            cwd=self.folder,
            env=self.env(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="surrogateescape",
            **more,
        )

    def weibao(self, *words: str, env: dict[str, str] | None = None, timeout: float = 90) -> Said:
        """Run the command to its end."""
        done = subprocess.run(
            [WEIBAO, *words],
            cwd=self.folder,
            env=self.env(**(env or {})),
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            timeout=timeout,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    def ok(self, *words: str) -> Said:
        """Run the command; it must end with 0."""
        said = self.weibao(*words)
        assert said.code == 0, said.all
        return said

    def run(self, *words: str, code: int = 0) -> dict[str, dict[str, Any]]:
        """``backup run --json``: the devices by name."""
        said = self.weibao("backup", "run", "--json", *words)
        assert said.code == code, said.all
        return {device["name"]: device for device in said.json["devices"]}

    def export(self, device: str) -> bytes:
        """``backup export``: the bytes."""
        done = subprocess.run(
            [WEIBAO, "backup", "export", device],
            cwd=self.folder,
            env=self.env(),
            check=True,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
        )
        return done.stdout

    def write_inventory(self, hosts: dict[str, dict[str, Any]], **variables: Any) -> None:
        """Replace the inventory."""
        tree = {"all": {"vars": variables, "hosts": hosts}}
        text = yaml.safe_dump(tree, allow_unicode=True)
        (self.folder / "inventory/hosts.yml").write_text(text, encoding="utf-8")

    def settings(self, **sections: Any) -> None:
        """Add settings."""
        with (self.folder / "weibao.yml").open("a", encoding="utf-8") as stream:
            stream.write("\n" + yaml.safe_dump(sections, allow_unicode=True))

    @property
    def state(self) -> Path:
        """Where everything that Weibao writes lies."""
        return self.folder / "var"


def new_estate(base: Path, devices: Iterable[DeviceHandle] = (), **settings: Any) -> Estate:
    """An estate as ``weibao init`` makes it, with these devices, trusted."""
    home = base / "home"
    home.mkdir()
    estate = Estate(base / "estate", home)
    subprocess.run(
        [WEIBAO, "init", str(estate.folder), "--language", "en"],
        env=estate.env(),
        check=True,
        capture_output=True,
        stdin=subprocess.DEVNULL,
    )
    estate.settings(**({"backup": QUICK} | settings))
    known = list(devices)
    if known:
        estate.write_inventory({device.name: host(device) for device in known})
        estate.ok("inventory", "trust")
    return estate


def descendants(pid: int) -> set[int]:
    """The processes that descend from one, by /proc."""
    parents: dict[int, list[int]] = {}
    for each in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = each.read_text(errors="replace").rsplit(")", 1)[1].split()
        except OSError:
            continue
        parents.setdefault(int(words[1]), []).append(int(each.parent.name))
    found: set[int] = set()
    left = [pid]
    while left:
        for child in parents.get(left.pop(), ()):
            found.add(child)
            left.append(child)
    return found


def alive(pid: int) -> bool:
    """Whether the process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def same_environment(pid: int, home: Path) -> bool:
    """Whether a process was started with this estate's home, so that pid reuse is no error."""
    try:
        return os.fsencode(f"HOME={home}") in Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False
