"""A change on an Open vSwitch: a wrong VLAN really cuts packets, is found, and taken back.

    server ── sw1 ── client     each in a namespace of its own; the switch forwards by itself

No simulation: what the change sets is what the switch does with frames, and the verification is a
connection through it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from .change_flow import approved, carried_out, closed, make_keys, shown, with_people
from .estates import Estate, missing_part, new_estate

SERVER, CLIENT = "10.20.0.1", "10.20.0.2"
BOOK = """\
schema_version: 1
id: move-port
version: "1.0"
title: {zh: 端口换VLAN, en: Move a port}
purpose: {zh: 把端口移到另一个 VLAN。, en: Moves a port to another VLAN.}
mutating: true
targets: all
variables:
  - {name: vlan, title: {zh: VLAN, en: VLAN}, required: true}
waves: {canary: 1, on_breach: stop}
business_impact: {zh: 瞬断, en: a moment}
contingency: {zh: 人工改回。, en: By hand.}
steps:
  - {name: keep, title: {zh: 备份, en: Keep}, phase: backup, kind: playbook,
     run: playbooks/keep.yml}
  - {name: move, title: {zh: 更改, en: Move}, phase: implement, kind: playbook,
     run: playbooks/move.yml}
  - {name: traffic, title: {zh: 连通, en: Traffic}, phase: verify, kind: probe,
     run: playbooks/probe.yml}
  - {name: back, title: {zh: 回退, en: Back}, phase: back_out, kind: playbook,
     run: playbooks/move.yml}
"""
KEEP = """\
- hosts: all
  gather_facts: false
  tasks:
    - name: Read the port
      ansible.builtin.command: {argv: [ovs-vsctl, "--db={{ database }}", get, port, client, tag]}
      register: port
      changed_when: false
      check_mode: false
    - name: Keep it
      ansible.builtin.copy:
        content: "{{ port.stdout }}"
        dest: "{{ kept }}"
        mode: "0600"
"""
MOVE = """\
- hosts: all
  gather_facts: false
  tasks:
    - name: Ask for leave
      weibao.core.gate: {estate: "{{ weibao_estate }}", change: "{{ weibao_change }}"}
    - name: What changes the switch
      when: inventory_hostname is weibao.core.let_through(weibao_change)
      vars:
        before: "{{ lookup('ansible.builtin.file', kept) if weibao_phase == 'back_out' else '' }}"
      block:
        - name: Set the port's VLAN
          ansible.builtin.command:
            argv:
              - ovs-vsctl
              - "--db={{ database }}"
              - set
              - port
              - client
              - "tag={{ before if weibao_phase == 'back_out' else vlan }}"
          changed_when: true
"""
PROBE = """\
- hosts: all
  gather_facts: false
  tasks:
    - name: Reach the server from the client's side
      ansible.builtin.command: {argv: "{{ probe }}"}
      changed_when: false
"""
CONNECT = f"import socket; socket.create_connection(({SERVER!r}, 80), 2)"


@dataclass
class Switch:
    """A switch with two hosts at its ports, in namespaces of their own."""

    folder: Path
    space: str

    @property
    def database(self) -> str:
        return f"unix:{self.folder}/db.sock"

    @property
    def probe(self) -> list[str]:
        return ["ip", "netns", "exec", f"{self.space}c", "python3", "-c", CONNECT]

    def vsctl(self, *words: str) -> str:
        done = ["ovs-vsctl", f"--db={self.database}", "--timeout=20", *words]
        return subprocess.run(done, check=True, capture_output=True, text=True).stdout.strip()

    def works(self) -> bool:
        """Whether packets come through."""
        return subprocess.run(self.probe, check=False, capture_output=True).returncode == 0


def _missing() -> str:
    for name in ("ovs-vsctl", "ovs-vswitchd", "ovsdb-server", "ip", "ethtool"):
        if shutil.which(name) is None:
            return f"{name} is not installed"
    if not Path("/dev/net/tun").exists():
        return "/dev/net/tun is not here"
    return "" if os.geteuid() == 0 else "namespaces need root"


@pytest.fixture
def switch(tmp_path: Path) -> Iterator[Switch]:
    if reason := _missing():
        missing_part(reason)
    made = Switch(tmp_path / "ovs", f"wbo{os.getpid()}")
    made.folder.mkdir()
    running: list[subprocess.Popen[bytes]] = []
    environment = os.environ | {"OVS_RUNDIR": str(made.folder), "OVS_LOGDIR": str(made.folder)}

    def start(*words: str) -> None:
        log = (made.folder / f"{Path(words[0]).name}.log").open("wb")
        running.append(subprocess.Popen(words, env=environment, stdout=log, stderr=log,
                                        stdin=subprocess.DEVNULL))  # fmt: skip

    def ip(*words: str) -> None:
        subprocess.run(["ip", *words], check=True, capture_output=True)

    database = str(made.folder / "conf.db")
    subprocess.run(["ovsdb-tool", "create", database, "/usr/share/openvswitch/vswitch.ovsschema"],
                   check=True)  # fmt: skip
    try:
        for side in ("", "s", "c"):
            ip("netns", "add", f"{made.space}{side}")
        start("ovsdb-server", database, f"--remote=punix:{made.folder}/db.sock",
              "--unixctl=none")  # fmt: skip
        end = time.monotonic() + 20
        while not (made.folder / "db.sock").exists():
            assert time.monotonic() < end
            time.sleep(0.05)
        made.vsctl("--no-wait", "init")
        start("nsenter", f"--net=/run/netns/{made.space}", "ovs-vswitchd", made.database,
              f"--unixctl={made.folder}/vswitchd.ctl", "--disable-system")  # fmt: skip
        made.vsctl("add-br", "sw1", "--", "set", "bridge", "sw1", "datapath_type=netdev")
        for port, side, address in (("server", "s", SERVER), ("client", "c", CLIENT)):
            inside = f"{made.space}{side}"
            ip("-n", made.space, "link", "add", port, "type", "veth", "peer", "name", "eth0",
               "netns", inside)  # fmt: skip
            ip("-n", made.space, "link", "set", port, "up")
            ip("-n", inside, "address", "add", f"{address}/24", "dev", "eth0")
            ip("-n", inside, "link", "set", "eth0", "up")
            # The switch is a program: nobody fills in what hardware would.
            ip("netns", "exec", inside, "ethtool", "-K", "eth0", "tx", "off")
            made.vsctl("add-port", "sw1", port, "--", "set", "port", port, "tag=20")
        start("ip", "netns", "exec", f"{made.space}s", "python3", "-m", "http.server", "80")
        end = time.monotonic() + 30
        while not made.works():
            assert time.monotonic() < end, made.vsctl("show")
            time.sleep(0.2)
        yield made
    finally:
        for process in reversed(running):
            process.terminate()
            process.wait(10)
        for side in ("s", "c", ""):
            subprocess.run(["ip", "netns", "del", f"{made.space}{side}"], check=False)


def estate_of(tmp_path: Path, switch: Switch) -> tuple[Estate, Path]:
    """An estate that carries the switch out by its host, this machine."""
    keys = make_keys(tmp_path)
    estate = with_people(new_estate(tmp_path), keys)
    for folder in ("runbooks", "playbooks"):
        (estate.folder / folder).mkdir(exist_ok=True)
    (estate.folder / "runbooks/move-port.yml").write_text(BOOK, encoding="utf-8")
    for name, text in (("keep", KEEP), ("move", MOVE), ("probe", PROBE)):
        (estate.folder / f"playbooks/{name}.yml").write_text(text)
    variables = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "database": switch.database,
        "kept": str(tmp_path / "kept"),
        "probe": switch.probe,
    }
    tree = {"all": {"hosts": {"sw1": variables}}}
    (estate.folder / "inventory/hosts.yml").write_text(yaml.safe_dump(tree))
    return estate, keys


def test_a_wrong_vlan_cuts_traffic_and_is_taken_back(tmp_path: Path, switch: Switch) -> None:
    estate, keys = estate_of(tmp_path, switch)
    number = approved(estate, keys, "move-port", ["vlan=30"])
    carried_out(estate, keys, number, 1, waves=0)
    found = shown(estate, number)
    states = {row["step"]: row["state"] for row in found["steps"]}
    assert (states["move"], states["traffic"], states["back"]) == ("done", "failed", "done")
    assert switch.vsctl("get", "port", "client", "tag") == "20"
    assert switch.works()

    switch.vsctl("set", "port", "server", "tag=30")
    assert not switch.works()
    number = approved(estate, keys, "move-port", ["vlan=30"])
    carried_out(estate, keys, number, 0, waves=0)
    assert switch.works()
    closed(estate, number)
    estate.ok("verify")
