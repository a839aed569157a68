"""Nights that are killed at seeded random moments, and what must hold after each.

    python scripts/kill_nights.py --seed 7 --count 1000

A small lab runs beside an estate of its own. Again and again a ``weibao backup run`` is
killed with SIGKILL: all of its processes at once (as a machine that goes down), its main
process, or any one of its children. The moment is a random one of the whole night, or
one close to a step: when the bundle grows, when texts are kept, when git writes, when the
report is made. Then ``weibao run recover`` or the next run takes over, and everything is
compared: the ledger, the journal, the archive, the encrypted texts, the second copy, and
what the devices had said. Nothing is left behind: no process, no temporary file, no
plain text.

Ends with 0 only if every night held. A night that did not is shown with its seed, and its
estate is kept.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from killing import alive, descendants, kill, name_of
from nights_held import Broken, check_folder, check_records, hold

from weibao.bootstrap import open_workshop
from weibao_lab import DeviceHandle, DeviceSpec, Lab

WEIBAO = str(Path(sys.executable).parent / "weibao")
PATIENCE = {"connect_timeout": 6, "login_timeout": 8, "silence_timeout": 5, "retry_wait": 0.2}
CANARIES = ("plain-canary-secret-4711", "Login-Canary-77")
"""A secret of every device's configuration, and every device's password."""
PLATFORMS = ("cisco_ios", "huawei", "arista_eos", "juniper_junos", "hp_comware")


# --- the estate


@dataclass
class Estate:
    """An estate in a folder of its own, driven by the command."""

    base: Path
    devices: list[DeviceHandle]
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """The estate."""
        return self.base / "estate"

    @property
    def state(self) -> Path:
        """What it writes."""
        return self.folder / "var"

    @property
    def home(self) -> Path:
        """The user's home; keys lie there."""
        return self.base / "home"

    def make(self) -> None:
        """``weibao init``, the inventory, the keys of the devices, a second copy, a remote."""
        for folder in (self.home, self.base / "tmp", self.base / "second"):
            folder.mkdir(parents=True)
        remote = self.base / "remote.git"
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(remote)], check=True)
        self.ok("init", str(self.folder), "--language", "en", cwd=self.base)
        settings = {
            "backup": PATIENCE,
            "archive": {"second_copy": str(self.base / "second"), "remote": str(remote)},
        }
        with (self.folder / "weibao.yml").open("a", encoding="utf-8") as stream:
            stream.write("\n" + yaml.safe_dump(settings))
        hosts = {d.name: _variables(d) for d in self.devices}
        path = self.folder / "inventory/hosts.yml"
        path.write_text(yaml.safe_dump({"all": {"hosts": hosts}}), encoding="utf-8")
        self.ok("inventory", "trust")

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start the command in a session of its own."""
        return subprocess.Popen(
            [WEIBAO, *words],
            cwd=self.folder,
            env=self._env(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )

    def ask(self, *words: str, cwd: Path | None = None) -> tuple[int, str, str]:
        """Run the command to its end: exit code and what it said."""
        done = subprocess.run(
            [WEIBAO, *words],
            cwd=cwd or self.folder,
            env=self._env(),
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=180,
        )
        return done.returncode, done.stdout, done.stderr

    def ok(self, *words: str, cwd: Path | None = None) -> str:
        """Run the command, which must end with 0; what it said."""
        code, out, err = self.ask(*words, cwd=cwd)
        hold(code == 0, f"weibao {' '.join(words)} ended with {code}\n{out}{err}")
        return out

    def _env(self) -> dict[str, str]:
        base = {
            "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            "HOME": str(self.home),
            "TMPDIR": str(self.base / "tmp"),
            "LANG": "C.UTF-8",
            "WEIBAO_LANGUAGE": "en",
        }
        return base | self.environment


def _variables(device: DeviceHandle) -> dict[str, Any]:
    found = {
        "ansible_host": device.host,
        "ansible_port": device.port,
        "ansible_network_os": device.platform,
        "ansible_user": device.username,
        "ansible_password": device.password,
        "ansible_become_password": device.enable_secret,
    }
    return {k: v for k, v in found.items() if v is not None}


# --- where to kill


def _new(pattern: str) -> Callable[[Path, set[str]], bool]:
    return lambda state, before: any(str(p) not in before for p in state.glob(pattern))


def _ended(state: Path, before: set[str]) -> bool:
    for path in state.glob("runs/*/bundle/manifest.jsonl"):
        if str(path) not in before:
            with path.open("rb") as stream:
                return b'{"end"' in stream.read()
    return False


POINTS: dict[str, Callable[[Path, set[str]], bool]] = {
    "the run's folder": _new("runs/*"),
    "the list of targets": _new("runs/*/targets.json"),
    "the manifest": _new("runs/*/bundle/manifest.jsonl"),
    "a blob": _new("runs/*/bundle/blobs/*/*"),
    "the bundle's end": _ended,
    "the spool": _new("runs/*/redacted"),
    "a piece of evidence": _new("contracts/*/evidence/*/*"),
    "a full text": _new("contracts/*/full/*/*"),
    "git's lock": lambda state, _: any(state.glob("contracts/*/archive/.git/**/*.lock")),
    "a pack": _new("contracts/*/archive/.git/objects/pack/*"),
    "a report": _new("contracts/*/reports/*"),
}
PATTERNS = (
    "runs/*",
    "runs/*/targets.json",
    "runs/*/bundle/manifest.jsonl",
    "contracts/*/evidence/*/*",
    "contracts/*/full/*/*",
    "contracts/*/archive/.git/objects/pack/*",
    "contracts/*/reports/*",
)


def _seen(state: Path) -> set[str]:
    return {str(path) for pattern in PATTERNS for path in state.glob(pattern)}


@dataclass(frozen=True)
class Plan:
    """One kill."""

    number: int
    victim: str
    point: str
    delay: float
    recover: bool

    def __str__(self) -> str:
        where = f"{self.delay:.3f} s after {self.point}" if self.point else f"at {self.delay:.2f} s"
        return f"kill {self.number}: {self.victim}, {where}"


def plan(number: int, chance: random.Random, duration: float) -> Plan:
    """The kill of this number; the chance decides."""
    victim = chance.choices(("everything", "the main process", "a child"), (5, 3, 3))[0]
    point = chance.choice(("", "", *POINTS))
    delay = chance.uniform(0, 0.25) ** 2 * 4 if point else chance.uniform(0, duration * 1.05)
    return Plan(number, victim, point, delay, recover=chance.random() < 0.5)


def strike(estate: Estate, plan: Plan, chance: random.Random) -> tuple[str, int, str, set[int]]:
    """Run a night and kill; who was hit, exit code, what was said, all processes seen."""
    before = _seen(estate.state)
    process = estate.start("backup", "run")
    known = {process.pid}
    limit = time.monotonic() + 60
    if plan.point:
        reached = POINTS[plan.point]
        while process.poll() is None and not reached(estate.state, before):
            known |= descendants(process.pid) if chance.random() < 0.05 else set()
            hold(time.monotonic() < limit, f"{plan}: the night did not get there")
            time.sleep(0.002)
    time.sleep(plan.delay)
    tree = {process.pid} | descendants(process.pid)
    known |= tree
    hit = "nobody (it had ended)"
    if process.poll() is None:
        victims = tree
        if plan.victim == "the main process":
            victims = {process.pid}
        elif plan.victim == "a child":
            children = sorted(tree - {process.pid})
            victims = {chance.choice(children)} if children else {process.pid}
        hit = name_of(min(victims)) if plan.victim == "a child" else plan.victim
        kill(victims)
    try:
        out, err = process.communicate(timeout=90)
    except subprocess.TimeoutExpired:
        kill({process.pid} | descendants(process.pid))
        out, err = process.communicate()
        raise Broken(f"{plan}: hung after {hit} was killed\n{out}{err}") from None
    return hit, process.returncode, out + err, known


# --- what must hold


def check_processes(estate: Estate, known: set[int]) -> None:
    """A killed run's processes end by themselves."""
    end = time.monotonic() + 25
    while left := [pid for pid in known if alive(pid, estate.home)]:
        hold(time.monotonic() < end, f"left running: {[name_of(pid) for pid in left]}")
        time.sleep(0.05)


def check_estate(estate: Estate) -> None:
    """Records, archive and texts, and what lies about."""
    os.environ["HOME"] = str(estate.home)
    os.environ["XDG_CONFIG_HOME"] = ""
    parts = open_workshop(estate.folder).parts()
    try:
        check_records(parts, {device.name for device in estate.devices})
    finally:
        parts.journal.close()
    # The compiled inventory says what the inventory says.
    allowed = (estate.folder / "inventory", estate.state / "cache")
    check_folder(estate.base, estate.state, CANARIES, allowed)


def check_devices(estate: Estate, expected: dict[str, str]) -> None:
    """The newest version of each device holds what it was last configured with."""
    for device, words in expected.items():
        said = estate.ok("backup", "export", device)
        hold(words in said, f"{device}: {words!r} is not in the newest version")


# --- the nights


class Nights:
    """A lab, an estate, and kills."""

    def __init__(self, base: Path, seed: int, devices: int, say: Callable[[str], None]) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - the same seed kills at the same moments
        self.say = say
        specs = [
            DeviceSpec(
                name=f"sw{number:02d}",
                platform=PLATFORMS[number % len(PLATFORMS)],
                seed=seed,
                password=CANARIES[1],
                ports=4,
            )
            for number in range(devices)
        ]
        self.lab = Lab.start(specs)
        self.devices = list(self.lab.devices.values())
        self.estate = Estate(base, self.devices)
        self.said: dict[str, str] = {}
        self.tally: collections.Counter[str] = collections.Counter()
        self.duration = 0.0

    def close(self) -> None:
        """End the lab."""
        self.lab.stop()

    def begin(self) -> None:
        """The estate, and a first night that nobody kills."""
        self.estate.make()
        for device in self.devices:
            device.configure(_secret(device.platform))
        plain = [CANARIES[0].encode() in device.render_running() for device in self.devices]
        hold(any(plain), "no device prints the planted secret")
        self.change("first")
        began = time.monotonic()
        self.estate.ok("backup", "run")
        self.duration = time.monotonic() - began
        self.check()

    def change(self, words: str) -> None:
        """Change most of the devices."""
        for device in self.devices:
            if device.name not in self.said or self.chance.random() < 0.7:
                name = f"{device.name}-{words}"
                device.configure(_named(device.platform, name))
                self.said[device.name] = name

    def one(self, number: int) -> None:
        """One killed night and what follows.

        Raises:
            Broken: something does not hold.
        """
        self.change(f"n{number}")
        this = plan(number, self.chance, self.duration)
        hit, code, said, known = strike(self.estate, this, self.chance)
        where = f"{this} ({hit}; exit {code})"
        try:
            check_processes(self.estate, known)
            hold("Traceback" not in said, said)
            self.after(this, code)
        except Broken as error:
            raise Broken(f"{where}\n{error}\n--- the killed night said\n{said}") from error
        self.tally[f"{this.victim} / {this.point or 'any time'}"] += 1
        self.say(where)

    def after(self, this: Plan, code: int) -> None:
        """Recovery, verification, and the next night."""
        early, out, err = self.estate.ask("verify")
        hold(early == 0, f"verify right after the kill ended with {early}\n{out}{err}")
        # What a killed push left in the remote is its owner's to clear; the push names it.
        for lock in (self.estate.base / "remote.git").rglob("*.lock"):
            lock.unlink()
        if this.recover:
            self.estate.ok("run", "recover")
            self.estate.ok("verify")
        shown = json.loads(self.estate.ok("backup", "run", "--json"))
        outcomes = {device["name"]: device["outcome"] for device in shown["devices"]}
        hold(set(outcomes) == set(self.said), f"the next night: {outcomes}")
        hold(set(outcomes.values()) <= {"archived", "unchanged"}, f"the next night: {outcomes}")
        self.check()

    def check(self) -> None:
        """Everything."""
        code, out, err = self.estate.ask("verify")
        hold(code == 0, f"verify ended with {code}\n{out}{err}")
        hold("!" not in out, f"verify warns\n{out}")
        check_estate(self.estate)
        sample = self.chance.sample(sorted(self.said), 1)
        check_devices(self.estate, {name: self.said[name] for name in sample})


def _named(platform: str, name: str) -> list[str]:
    if platform == "juniper_junos":
        return [f"set system host-name {name}"]
    return [f"{'sysname' if platform in {'huawei', 'hp_comware'} else 'hostname'} {name}"]


def _secret(platform: str) -> list[str]:
    words = CANARIES[0]
    return {
        "juniper_junos": [f'set snmp community "{words}" authorization read-only'],
        "huawei": [f"snmp-agent community read cipher {words}"],
        "hp_comware": [f"snmp-agent community read {words}"],
    }.get(platform, [f"snmp-server community {words} RO"])


def main() -> int:
    """Parse, kill, tell."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--devices", type=int, default=5)
    parser.add_argument("--keep-going", action="store_true", help="go on in a new estate")
    given = parser.parse_args()
    base = Path(tempfile.mkdtemp(prefix="kill-nights-"))
    broken = number = 0
    say = lambda words: print(words, flush=True)  # noqa: E731
    while number < given.count:
        nights = Nights(base / f"{number}", given.seed + number, given.devices, say)
        try:
            nights.begin()
            say(f"a night takes {nights.duration:.1f} s; seed {given.seed + number}")
            while number < given.count:
                number += 1
                nights.one(number)
        except Broken as error:
            broken += 1
            say(f"BROKEN {error}\nkept: {nights.estate.base}")
            if not given.keep_going:
                return 1
        finally:
            nights.close()
    if not broken:
        shutil.rmtree(base, ignore_errors=True)
    say(f"{number} kills, {broken} broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
