"""The peer: nornir and netmiko fetch ``show running-config`` and write files, nothing else.

``python benchmarks/nornir_files.py HOSTS.json FOLDER WORKERS``: HOSTS.json maps a name to an
address and a port. Prints how many failed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from nornir.core import Nornir
from nornir.core.inventory import Defaults, Groups, Host, Hosts, Inventory
from nornir.core.plugins.connections import ConnectionPluginRegister
from nornir.core.task import Task
from nornir.plugins.runners import ThreadedRunner
from nornir_netmiko.tasks import netmiko_send_command
from switches import PASSWORD, USER


def nornir_of(hosts_file: str, workers: str) -> Nornir:
    """Nornir with the switches of a file as its hosts."""
    places = json.loads(Path(hosts_file).read_text(encoding="utf-8"))
    ConnectionPluginRegister.auto_register()
    hosts = Hosts()
    for name, (address, port) in places.items():
        hosts[name] = Host(
            name=name, hostname=address, port=port, username=USER, password=PASSWORD,
            platform="cisco_ios",
        )  # fmt: skip
    inventory = Inventory(hosts=hosts, groups=Groups(), defaults=Defaults())
    return Nornir(inventory=inventory, runner=ThreadedRunner(num_workers=int(workers)))


def main(hosts_file: str, folder: str, workers: str) -> None:
    """Run it."""
    target = Path(folder)
    target.mkdir(exist_ok=True)
    nornir = nornir_of(hosts_file, workers)

    def fetch(task: Task) -> None:
        found = task.run(
            netmiko_send_command, command_string="show running-config", read_timeout=120
        )
        (target / f"{task.host.name}.cfg").write_text(found.result, encoding="utf-8")
        task.host.close_connections()

    done = nornir.run(fetch)
    print(f"failed {len(done.failed_hosts)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
