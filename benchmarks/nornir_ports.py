"""The peer: nornir, netmiko and ntc-templates read the same commands and write JSON, nothing else.

``python benchmarks/nornir_ports.py HOSTS.json FOLDER WORKERS``, as ``nornir_files.py``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from nornir.core.task import Task
from nornir_files import nornir_of
from nornir_netmiko.tasks import netmiko_send_command
from switch_ports import COMMANDS


def main(hosts_file: str, folder: str, workers: str) -> None:
    """Run it."""
    target = Path(folder)
    target.mkdir(exist_ok=True)
    nornir = nornir_of(hosts_file, workers)

    def fetch(task: Task) -> None:
        found = {
            command: task.run(
                netmiko_send_command, command_string=command, use_textfsm=True, read_timeout=120
            ).result
            for command in COMMANDS
        }
        text = json.dumps(found, ensure_ascii=False)
        (target / f"{task.host.name}.json").write_text(text, encoding="utf-8")
        task.host.close_connections()

    done = nornir.run(fetch)
    print(f"failed {len(done.failed_hosts)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
