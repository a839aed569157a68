"""How long a job with one target takes to start: ``python benchmarks/inventory_start.py [HOSTS]``.

Makes estates with the same devices in several kinds of inventory, starts ``weibao backup run
--limit <one host>`` in each, and measures until the device is first connected to: cold (nothing
compiled) and warm. Beside it the peer, in the same run: ``ansible-playbook --limit <one host>``
with the same inventory and a play that gathers nothing and runs one task on that host.

The kinds: ``yaml`` (one file, nested groups, group_vars, host_vars for one host in twenty,
vault-encrypted values), ``ini``, ``several`` (YAML and INI sources together), ``script`` (a program
that prints JSON; never cached). Default 1,000 hosts, about a minute; full size: 10000.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from measuring import machine, run, table, tree_cpu

BIN = Path(sys.executable).parent
SITES = 40
ROLES = ("access", "distribution", "core", "firewall")
CHOSEN = "sw00007"
KINDS = tuple(sys.argv[2:]) or ("yaml", "ini", "several", "script")

GROUP_VARS = {
    "all": "ansible_user: backup\nntp_servers: [10.0.0.1, 10.0.0.2]\ncontract: default\n"
    "domain: example.net\nbanner: '{{ inventory_hostname }}.{{ domain }}'\n",
    "access": "role: access\nansible_network_os: huawei\nuplinks: 2\n",
    "distribution": "role: distribution\nansible_network_os: cisco_ios\nuplinks: 4\n",
    "core": "role: core\nansible_network_os: cisco_nxos\nansible_group_priority: 5\n",
    "firewall": "role: firewall\nansible_network_os: hp_comware\nsnmp: {traps: [a, b]}\n",
}


def hosts(count: int, port: int) -> Iterator[tuple[str, dict[str, object], str, str]]:
    """Name, variables, site and role of each."""
    for n in range(count):
        name = f"sw{n:05d}"
        values: dict[str, object] = {"ansible_host": f"10.{n // 65536}.{n // 256 % 256}.{n % 256}"}
        values |= {"serial_number": f"SN{n:08d}", "model": "S5735", "unit": f"room {n % 300}"}
        if name == CHOSEN:
            values |= {"ansible_host": "127.0.0.1", "ansible_port": port}
        yield name, values, f"site{n % SITES:02d}", ROLES[n % len(ROLES)]


def write_yaml(folder: Path, chosen: list[tuple[str, dict[str, object], str, str]]) -> None:
    """One file with nested groups; hosts' variables where the hosts stand."""
    lines = ["all:", "  children:", "    campus:", "      children:"]
    for site in sorted({site for *_, site, _ in chosen}):
        lines += [f"        {site}:", f"          vars: {{site: '{site}'}}", "          hosts:"]
        for name, values, own, _ in chosen:
            if own == site:
                lines.append(f"            {name}:")
                lines += [f"              {key}: {json.dumps(v)}" for key, v in values.items()]
    for role in ROLES:
        lines += [f"    {role}:", "      hosts:"]
        lines += [f"        {name}:" for name, *_, own in chosen if own == role]
    (folder / "hosts.yml").write_text("\n".join(lines) + "\n")


def write_ini(folder: Path, chosen: list[tuple[str, dict[str, object], str, str]]) -> None:
    """The same as INI."""
    lines = []
    for site in sorted({site for *_, site, _ in chosen}):
        lines.append(f"[{site}]")
        for name, values, own, _ in chosen:
            if own == site:
                lines.append(name + "".join(f" {k}={json.dumps(v)}" for k, v in values.items()))
        lines += [f"[{site}:vars]", f"site={site}", ""]
    for role in ROLES:
        lines += [f"[{role}]", *(name for name, *_, own in chosen if own == role), ""]
    (folder / "hosts.ini").write_text("\n".join(lines) + "\n")


def write_script(folder: Path, chosen: list[tuple[str, dict[str, object], str, str]]) -> None:
    """The same as a program prints it."""
    document: dict[str, object] = {"_meta": {"hostvars": {name: v for name, v, *_ in chosen}}}
    for site in sorted({site for *_, site, _ in chosen}):
        members = [name for name, _, own, _ in chosen if own == site]
        document[site] = {"hosts": members, "vars": {"site": site}}
    for role in ROLES:
        document[role] = {"hosts": [name for name, *_, own in chosen if own == role]}
    (folder.parent / "answer.json").write_text(json.dumps(document))
    script = folder / "hosts.sh"
    script.write_text(f'#!/bin/sh\n[ "$1" = --list ] && cat {folder.parent}/answer.json\n')
    script.chmod(0o755)


def make(place: Path, kind: str, count: int, port: int) -> Path:
    """An estate with that kind of inventory."""
    estate = place / kind
    command: list[str | Path] = [BIN / "weibao", "init", estate, "--language", "en", "--key-dir"]
    subprocess.run([*command, place / f"{kind}.k"], check=True, capture_output=True)
    settings = estate / "weibao.yml"
    settings.write_text(settings.read_text() + "\nbackup: {retries: 0, host_key_checking: false}\n")
    folder = estate / "inventory"
    (folder / "hosts.yml").unlink()
    every = list(hosts(count, port))
    if kind == "yaml":
        write_yaml(folder, every)
    elif kind == "ini":
        write_ini(folder, every)
    elif kind == "several":
        write_yaml(folder, every[::2])
        write_ini(folder, every[1::2])
    else:
        write_script(folder, every)
    (folder / "group_vars").mkdir()
    for name, text in GROUP_VARS.items():
        (folder / "group_vars" / f"{name}.yml").write_text(text)
    (folder / "host_vars").mkdir()
    for name, *_ in every[::20]:
        (folder / "host_vars" / f"{name}.yml").write_text(f"location: row {name}\nrack: 7\n")
    for name in ("ansible_password", "snmp_community"):
        sealed = subprocess.run(
            [BIN / "ansible-vault", "encrypt_string", "--stdin-name", name],
            input=b"not a real one", cwd=estate, check=True, capture_output=True,
        ).stdout.decode()  # fmt: skip
        with (folder / "group_vars" / "all.yml").open("a") as stream:
            stream.write(sealed)
    return estate


class Door:
    """A port that notes when it is first connected to, and hangs up."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self.first: float | None = None
        self.cpu = 0.0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            line, _ = self._socket.accept()
            if self.first is None:
                self.first, self.cpu = time.perf_counter(), tree_cpu()
            line.close()


def main(count: int) -> None:
    """Run it."""
    print(f"{count:,} hosts, one target; {machine()}")
    door = Door()
    env = {k: v for k, v in os.environ.items() if not k.startswith(("ANSIBLE_", "WEIBAO_"))}
    env["PATH"] = f"{BIN}{os.pathsep}{env.get('PATH', os.defpath)}"
    rows: list[tuple[object, ...]] = []
    with tempfile.TemporaryDirectory(prefix="wb-start-") as temporary:
        for kind in KINDS:
            estate = make(Path(temporary), kind, count, door.port)
            task = {"ansible.builtin.debug": {"msg": "{{ site }} {{ ansible_password }}"}}
            start = {"hosts": "all", "gather_facts": False, "connection": "local"}
            play = [{**start, "tasks": [task]}]
            (estate / "play.json").write_text(json.dumps(play))
            peer_command = [BIN / "ansible-playbook", "--limit", CHOSEN, "play.json"]
            peer, code, said = run(peer_command, estate, env)
            assert code == 0, said[:2000]
            for state in ("cold", "warm"):
                before, began = tree_cpu(), time.perf_counter()
                door.first = None
                command = [BIN / "weibao", "backup", "run", "--limit", CHOSEN, "-C", estate]
                own, _, said = run(command, estate, env)
                assert door.first, said[:2000]
                connected = door.first - began
                cpu = door.cpu - before
                ratios = connected / peer.wall, cpu / peer.cpu
                took = connected, cpu, own.wall, own.cpu, peer.wall, peer.cpu
                rows.append((f"{kind}, {state}", *took, *ratios))
    head = "inventory", "first connection s", "CPU s", "whole run s", "CPU s"
    table((*head, "ansible-playbook s", "CPU s", "ratio", "CPU ratio"), rows)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
