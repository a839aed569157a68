"""Booted hosts for as long as this runs, for molecule: ``booted_lab.py FOLDER HOST …``.

Writes ``FOLDER/inventory.yml`` and ``FOLDER/space`` (the network namespace) when they are up.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from patch.booted import booted
from patch.packages import stocked


def main() -> None:
    """Boot, say where, and wait for the end."""
    folder, names = Path(sys.argv[1]), sys.argv[2:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with booted(folder, names) as lab, stocked(lab):
        hosts = {
            host.name: {
                "ansible_host": host.address,
                "ansible_user": "root",
                "ansible_ssh_private_key_file": str(lab.key),
                "ansible_ssh_common_args": " ".join(lab.ssh_options[2:]),
                "ansible_python_interpreter": "/usr/bin/python3",
                "patch_linux_backup_repository": "/var/backups/restic",
                "patch_linux_backup_password": "only-of-the-lab",
                "patch_linux_free_mb": 10,
            }
            for host in lab.hosts.values()
        }
        (folder / "space").write_text(lab.space)
        (folder / "inventory.yml").write_text(json.dumps({"all": {"hosts": hosts}}))
        while True:
            time.sleep(1)


if __name__ == "__main__":
    main()
