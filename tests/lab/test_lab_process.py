"""The command weibao-lab: start, look, break, change, stop."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import yaml

from weibao_lab import Lab


def lab_command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "weibao_lab", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_life_of_a_lab(tmp_path: Path) -> None:
    state = f"--state={tmp_path / ('long' * 30)}"
    started = lab_command("start", state, "--count=7", "--max-seconds=60")
    assert started.returncode == 0, started.stderr
    try:
        assert "7 devices listen" in started.stdout
        again = lab_command("start", state)
        assert again.returncode == 1
        assert "already runs" in again.stderr

        inventory = yaml.safe_load(lab_command("inventory", state).stdout)
        hosts = inventory["all"]["hosts"]
        assert len(hosts) == 7
        name, host = next(iter(hosts.items()))
        assert host["ansible_network_os"] == "huawei"
        assert host["contract"] == "default"
        assert name in inventory["all"]["children"]["huawei"]["hosts"]
        assert host["ansible_password"] not in started.stdout

        fault = lab_command("fault", state, name, "lines_busy=true", "sessions=3")
        assert "lines_busy=True" in fault.stdout
        assert "lines_busy" in lab_command("status", state).stdout
        assert "healthy" in lab_command("fault", state, name, "--clear").stdout
        assert lab_command("fault", state, "nobody", "garbage").returncode == 1
        shown = lab_command("port", state, name).stdout
        assert "XGigabitEthernet0/0/1" in shown
        assert "neighbour=hq-" in shown
        broken = lab_command("port", state, name, "gi0/0/1", "err-disable=link-flap", "errors=5")
        assert "link-flap" in broken.stdout
        assert "errors=5" in broken.stdout
        assert "link-flap" not in lab_command("port", state, "--clear", name, "gi0/0/1").stdout
        wrong = lab_command("port", state, name, "gi0/0/1", "melt")
        assert wrong.returncode == 1
        assert "known: up, down" in wrong.stderr
        assert lab_command("configure", state, name, "sysname changed").returncode == 0
        assert lab_command("configure", state, name, "nonsense").returncode == 1
    finally:
        stopped = lab_command("stop", state)
    assert stopped.returncode == 0, stopped.stderr
    assert lab_command("stop", state).returncode == 1


def test_a_lab_ends_by_itself(tmp_path: Path) -> None:
    state = f"--state={tmp_path}"
    lab_command("start", state, "--count=1", "--max-seconds=1")
    time.sleep(1.5)
    assert lab_command("status", state).returncode == 1


def test_many_devices_start_fast() -> None:
    began = time.monotonic()
    with Lab.start(Lab.default_specs(24), shared_host_key=False):
        assert time.monotonic() - began < 1.5


def test_each_device_may_have_an_address_of_its_own() -> None:
    with Lab.start(Lab.default_specs(3), addresses="loopback", base_port=20922) as lab:
        assert [(d.host, d.port) for d in lab.devices.values()] == [
            ("127.77.0.1", 20922),
            ("127.77.0.2", 20922),
            ("127.77.0.3", 20922),
        ]


def test_the_same_seed_gives_the_same_devices() -> None:
    assert Lab.default_specs(30, seed=4) == Lab.default_specs(30, seed=4)
    names = [spec.name for spec in Lab.default_specs(500)]
    assert len(set(names)) == 500


def test_missing_asyncssh_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['asyncssh'] = None\n"
        "from weibao_lab import Lab\n"
        "Lab.start(Lab.default_specs(1))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "pip install weibao[lab]" in done.stderr
