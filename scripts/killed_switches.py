"""Switches of the lab that get a few lines. For ``kill_changes.py``."""

from __future__ import annotations

import difflib
import json
import random
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from killed_hosts import WEIBAO, Flow, Office, SystemClock
from nights_held import hold

from weibao_lab import DeviceHandle, DeviceSpec, Lab

__all__ = ["Switches"]

PLATFORMS = ("huawei", "cisco_ios")
LINES = {"huawei": "vlan {vlan}\n description {new}", "cisco_ios": "vlan {vlan}\n name {new}"}
_CANARY = "Login-Canary-77"
_QUICK = "backup: {connect_timeout: 6, login_timeout: 8, silence_timeout: 5, retry_wait: 0.2}\n"


class _SwitchFlow(Flow):
    """The estate of the flows, whose hosts are switches."""

    def __init__(self, base: Path, lab: Lab) -> None:
        self.lab = lab
        super().__init__(base)
        with (self.folder / "weibao.yml").open("a", encoding="utf-8") as stream:
            stream.write("\n" + _QUICK)
        self.weibao("inventory", "trust")

    def write_inventory(self, **_extra: Any) -> None:
        hosts = {}
        for device in self.lab.devices.values():
            hosts[device.name] = {
                "ansible_host": device.host,
                "ansible_port": device.port,
                "ansible_network_os": device.platform,
                "ansible_user": device.username,
                "ansible_password": device.password,
                "contract": "default",
            }
            if device.enable_secret:
                hosts[device.name]["ansible_become_password"] = device.enable_secret
        document = {"all": {"hosts": hosts}}
        (self.folder / "inventory" / "hosts.yml").write_text(json.dumps(document))


class Switches:
    """A lab, an estate of it, and one change."""

    seconds = 40.0
    """A change takes so long, and no longer."""
    secrets: Sequence[str] = (_CANARY,)
    wanted = "verified"
    """What is hoped for; it ends ``aborted`` where a switch was found half way (see ``check``)."""

    def __init__(self, office: Office, lab: Lab, platform: str) -> None:
        self.office = office
        self.flow = flow = office.flow
        self.number = 0
        self.before: dict[str, tuple[list[bytes], list[bytes]]] = {}
        self.again: set[str] = set()
        """Switches of which it was answered that the step was not done."""
        self.lab = lab
        self.platform = platform
        self.program = WEIBAO
        self.points: Sequence[tuple[str, Callable[[], object]]] = (
            ("a step's folder", lambda: sorted(flow.folder.glob("var/changes/*/*"))),
            ("what is sent", lambda: [device.last_sent for device in self._devices()]),
            ("a ticket", lambda: sorted(flow.folder.glob("var/gate/*"))),
        )

    @classmethod
    def make(cls, base: Path) -> Switches:
        """A new lab, and an estate below ``base``."""
        base.mkdir(parents=True)
        platform = PLATFORMS[int(base.name) % len(PLATFORMS)]
        specs = [
            DeviceSpec(f"sw{n}", platform, seed=n, password=_CANARY, ports=4) for n in range(2)
        ]
        lab = Lab.start(specs)
        office = Office(base, clock=SystemClock(), flow=_SwitchFlow(base, lab), real=True)
        return cls(office, lab, platform)

    def close(self) -> None:
        """End the lab."""
        self.lab.stop()

    def drafted(self, _chance: random.Random) -> str:
        """A change to be planned."""
        self.number += 1
        self.before = {device.name: self._texts(device) for device in self._devices()}
        self.again = set()
        self.new = f"killed-{self.number}"
        words = LINES[self.platform].format(vlan=3000 + self.number, new=self.new)
        lines = self.flow.base / "lines.txt"
        lines.write_text(words + "\n", encoding="utf-8")
        runbook = Path(__file__).parents[1] / "runbooks" / "change-switch-config.yml"
        text = runbook.read_text(encoding="utf-8")
        text = text.replace("pause_between_seconds: 60", "pause_between_seconds: 1")
        (self.flow.folder / "runbooks" / runbook.name).write_text(text, encoding="utf-8")
        self.office.open()
        variables = {"change_config_lines": str(lines)}
        given = {"runbook": "change-switch-config", "hours": 8, "variables": variables}
        return self.office.new(**given).id

    def attended(self, number: str, work: Callable[[], str]) -> str:
        """The recorder confirms what waits, from another terminal, while it is worked."""
        over = threading.Event()

        def record() -> None:
            while not over.wait(0.5):
                rows = self.flow.data("show", number).get("steps", [])
                latest = {(r["wave"], r["step"], r["device"]): r for r in rows}
                waves = {r["wave"] for r in latest.values() if r["state"] == "waiting"}
                for wave in sorted(waves):
                    words = ("confirm", number, "--step", "apply", "--wave", str(wave))
                    key = ("--key", self.flow.key("zhao.rec"))
                    self.flow.change(*words, *key, who="zhao.rec", fails=None)

        recorder = threading.Thread(target=record)
        recorder.start()
        try:
            return work()
        finally:
            over.set()
            recorder.join()

    def asks(self, step: str) -> bool:
        """Whether it must not just be done again."""
        return step == "apply"

    def outcome(self, host: str, _step: str) -> str:
        """What a person finds on the switch; one that is at work is left in peace first."""
        device = self.lab.devices[host]
        end = time.monotonic() + 20
        while not self._is_good(device) and time.monotonic() < end:
            time.sleep(0.5)
        if self._is_good(device):
            return "done"
        self.again.add(host)
        return "again"

    def check(self, shown: Any) -> None:
        """Each switch has the lines, saved, or what it had before; nothing is armed.

        Into a switch that was left half way nothing is entered again: it is brought back, and
        the change ends there (docs/how-to/change-control.md). Every other end is wrong.
        """
        state = shown["change"]["state"]
        applied = {device.name: self._applied(shown, device.name) for device in self._devices()}
        lost = {name for name, states in applied.items() if states[-1:] == ["failed"]}
        hold(lost <= self.again, f"{lost} failed, and only {self.again} may have")
        wanted = "aborted" if lost else self.wanted
        hold(state == wanted, f"it is {state} and not {wanted}")
        for device in self._devices():
            hold(not device.pending, f"{device.name}: a way back is still armed")
            states = applied[device.name]
            if states.count("done"):
                hold(states.count("done") == 1, f"{device.name}: {states}")
                self._check_changed(shown, device)
            else:
                hold(bool(lost), f"{device.name}: {states}")
                self._check_same(device)

    def _check_changed(self, shown: Any, device: DeviceHandle) -> None:
        """It has the lines, saved, and its last version says why."""
        hold(self._is_good(device), f"{device.name} has it not, or not saved")
        if shown["change"]["state"] != self.wanted:
            return  # the backup afterwards may be what was not come to
        said = self.flow.weibao("backup", "list", device.name, "--json")
        newest = json.loads(said.stdout)["versions"][0]
        hold(newest["change_ref"] == shown["change"]["id"], f"{device.name}: {newest}")

    def _check_same(self, device: DeviceHandle) -> None:
        """It is what it was before, running and saved."""
        for before, now in zip(self.before[device.name], self._texts(device), strict=True):
            lines = difflib.diff_bytes(difflib.unified_diff, before, now, n=0, lineterm=b"")
            rows = [line.decode("utf-8", "replace") for line in lines]
            hold(not rows, f"{device.name} is not what it was before: {rows}")

    def _applied(self, shown: Any, device: str) -> list[str]:
        rows = [r for r in shown["steps"] if (r["device"], r["step"]) == (device, "apply")]
        return [row["state"] for row in rows]

    def _texts(self, device: DeviceHandle) -> tuple[list[bytes], list[bytes]]:
        return _said(device.render_running()), _said(device.render_startup())

    def _devices(self) -> list[DeviceHandle]:
        return list(self.lab.devices.values())

    def _is_good(self, device: DeviceHandle) -> bool:
        new = self.new.encode()
        return new in device.render_running() and new in device.render_startup()


def _said(text: bytes) -> list[bytes]:
    """The lines that say something: IOS also tells its size, its clock, and when it was changed."""
    noise = (b"!", b"Current configuration", b"Using ", b"ntp clock-period")
    return [line for line in text.splitlines() if not line.startswith(noise)]
