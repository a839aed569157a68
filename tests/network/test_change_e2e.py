"""A configuration change on simulated switches, from application to verified, under the gate."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from change.flows import FIELDS, Flow
from weibao_lab import DeviceSpec, Lab

from .change_lab import NEW

SECRET = "Ro-Secret-4711"
LINES = f"""interface GigabitEthernet0/0/3
 description {NEW}
snmp-agent community read cipher {{{{ snmp_ro }}}}
"""


@pytest.fixture(scope="module")
def switches():
    specs = [DeviceSpec(f"acc-hw-{n}", "huawei", seed=n) for n in (1,)]
    with Lab.start(specs) as lab:
        yield lab


class SwitchFlow(Flow):
    """The same estate, whose hosts are switches of the lab."""

    lab: Lab

    def __init__(self, base: Path, lab: Lab) -> None:
        self.lab = lab
        super().__init__(base)
        self.weibao("inventory", "trust")

    def write_inventory(self, **_extra) -> None:
        hosts = {
            device.name: {
                "ansible_host": device.host,
                "ansible_port": device.port,
                "ansible_network_os": device.platform,
                "ansible_user": device.username,
                "ansible_password": device.password,
                "contract": "default",
                "snmp_ro": SECRET,
            }
            for device in self.lab.devices.values()
        }
        (self.folder / "inventory" / "hosts.yml").write_text(json.dumps({"all": {"hosts": hosts}}))

    def applied_for(self, runbook: str, variable: str) -> str:
        start = datetime.now(UTC) - timedelta(minutes=1)
        window = f"{start.isoformat()}/{(start + timedelta(hours=5)).isoformat()}"
        fields = [word for k, v in FIELDS.items() for word in ("--field", f"{k}={v}")]
        done = self.weibao(
            "change", "new", "--runbook", runbook, "--limit", "all", "--window", window,
            "--var", variable, "--operator", "li.op", "--recorder", "zhao.rec",
            "--as", "wang.pm", *fields, "--json",
        )  # fmt: skip
        number: str = json.loads(done.stdout)["change"]["id"]
        self.change("plan", number, who="wang.pm")
        return number

    def consented(self, number: str) -> None:
        self.change("submit", number, who="wang.pm")
        self.approve(number, "chen.boss")
        self.change("submit", number, who="wang.pm")
        self.approve(number, "liu.cust")

    def carried_out(self, number: str, waves: int) -> str:
        """Start; the recorder confirms each wave from another terminal."""
        done = threading.Event()

        def record() -> None:
            for wave in range(waves):
                while not done.is_set():
                    words = ("confirm", number, "--step", "apply", "--wave", str(wave))
                    said = self.weibao(
                        "change", *words, "--key", self.key("zhao.rec"), "--as", "zhao.rec",
                        fails=None,
                    )  # fmt: skip
                    if said.returncode == 0:
                        break
                    time.sleep(0.5)

        recorder = threading.Thread(target=record)
        recorder.start()
        try:
            return self.change("start", number, who="li.op", fails=None)
        finally:
            done.set()
            recorder.join()


@pytest.fixture
def flow(tmp_path, switches, ssh_tools):
    return SwitchFlow(tmp_path, switches)


@pytest.fixture(scope="session")
def ssh_tools() -> None:
    missing = [tool for tool in ("ssh-keygen", "git") if shutil.which(tool) is None]
    if missing and os.environ.get("CI") == "true":
        pytest.fail(f"missing: {missing}")
    if missing:
        pytest.skip(f"missing: {missing}")


def test_a_change_from_application_to_verified_and_a_restore(flow: SwitchFlow) -> None:
    lines = flow.base / "lines.txt"
    lines.write_text(LINES)
    flow.weibao("backup", "run")
    number = flow.applied_for("change-switch-config", f"change_config_lines={lines}")
    targets = flow.data("show", number)["plan"]["targets"]
    assert all(NEW in target["difference"] and target["checked"] for target in targets), targets
    assert not any(NEW.encode() in d.render_running() for d in flow.lab.devices.values())

    by_hand = subprocess.run(
        [str(Path(sys.executable).with_name("ansible-playbook")),
         "weibao.core.change_switch_config", "-e", f"weibao_change={number}",
         "-e", "weibao_phase=implement", "-e", f"weibao_estate={flow.folder}",
         "-e", json.dumps({"change_config_lines": LINES}),
         "-i", str(flow.folder / "inventory")],
        cwd=flow.folder, env=flow.environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert by_hand.returncode != 0
    assert number in by_hand.stdout + by_hand.stderr, by_hand.stdout
    assert not any(NEW.encode() in d.render_running() for d in flow.lab.devices.values())

    flow.consented(number)
    said = flow.carried_out(number, 1)
    assert flow.state(number) == "verified", said
    for device in flow.lab.devices.values():
        assert NEW.encode() in device.render_running()
        assert NEW.encode() in device.render_startup()

    state = flow.folder / "state"
    texts = b"".join(p.read_bytes() for p in state.rglob("*") if p.is_file())
    assert SECRET.encode() not in texts + said.encode()

    again = flow.applied_for("restore-switch-config", "restore_config_versions=1")
    flow.consented(again)
    said = flow.carried_out(again, 1)
    assert flow.state(again) == "verified", said
    for device in flow.lab.devices.values():
        assert NEW.encode() not in device.render_running() + device.render_startup()
    flow.weibao("verify")
