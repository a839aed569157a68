"""Switches of the lab that get a few lines. For ``kill_changes.py``."""

from __future__ import annotations

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

    def __init__(self, office: Office, lab: Lab, platform: str) -> None:
        self.office = office
        self.flow = flow = office.flow
        self.number = 0
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
        return "done" if self._is_good(device) else "again"

    def check(self, shown: Any) -> None:
        """Each switch has the lines, saved; nothing is armed; its last version says why."""
        state = shown["change"]["state"]
        hold(state == self.wanted, f"it is {state} and not {self.wanted}")
        for device in self._devices():
            hold(self._is_good(device), f"{device.name} has it not, or not saved")
            hold(not device.pending, f"{device.name}: a way back is still armed")
            rows = [r for r in shown["steps"] if (r["device"], r["step"]) == (device.name, "apply")]
            done = [r for r in rows if r["state"] == "done"]
            hold(len(done) == 1, f"{device.name}: {rows}")
            said = self.flow.weibao("backup", "list", device.name, "--json")
            newest = json.loads(said.stdout)["versions"][0]
            hold(newest["change_ref"] == shown["change"]["id"], f"{device.name}: {newest}")

    def _devices(self) -> list[DeviceHandle]:
        return list(self.lab.devices.values())

    def _is_good(self, device: DeviceHandle) -> bool:
        new = self.new.encode()
        return new in device.render_running() and new in device.render_startup()
