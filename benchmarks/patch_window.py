"""What a patch window adds to a wave: ``python benchmarks/patch_window.py [HOSTS …]``.

The same upgrade of the same booted hosts (systemd in containers, over SSH), by turns: a bare
``ansible-playbook`` that fetches the lists, installs the same versions and restarts their service,
and ``weibao change start`` under an approved change, in one wave. Hosts are brought back to the
same state before each. What the two steps of backup take stands apart: they do more than to watch.
Fetching, the two gates, comparing and all records are in. The limit is 5 s and 100 ms a host.

Where it goes is read from the change's record: seconds from the begin to the end of each step.
Needs root, and what the tests of patching need; WEIBAO_TEST_IMAGE reuses their image.

Default: 1 and 4 hosts. Best of two rounds each.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from measuring import Spent, machine, run, table

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from change.flows import WEIBAO
from patch.booted import Booted, booted
from patch.packages import stocked
from patch.patching import PatchFlow

ROUNDS = 1
FIXED, EACH = 5.0, 0.1
WANTED = {"wb-web": "2.0", "wb-tool": "2.0", "wb-lib": "2.0", "wb-new": "1.0"}
PLAY: list[dict[str, Any]] = [
    {
        "name": "Upgrade",
        "hosts": "all",
        "gather_facts": False,
        "tasks": [
            {
                "name": "Install",
                "ansible.builtin.apt": {
                    "name": [f"{name}={version}" for name, version in WANTED.items()],
                    "update_cache": True,
                    "install_recommends": False,
                },
            },
            {
                "name": "Restart",
                "ansible.builtin.systemd_service": {"name": "wb-web", "state": "restarted"},
            },
        ],
    }
]


def reset(lab: Booted) -> None:
    """All hosts as they were at first."""
    for host in lab.hosts.values():
        host.reset()
    for host in lab.hosts.values():
        host.wait()


def patched(lab: Booted) -> bool:
    """Whether the hosts have the new versions, by dpkg's own records."""
    return all(WANTED.items() <= host.packages().items() for host in lab.hosts.values())


def bare(lab: Booted, flow: PatchFlow) -> Spent:
    """By Ansible alone."""
    program = Path(sys.executable).with_name("ansible-playbook")
    book = flow.base / "bare.yml"
    book.write_text(json.dumps(PLAY))
    command = [*lab.inside, program, "-i", flow.folder / "inventory", book]
    took, code, said = run(command, flow.base, flow.environment)
    assert code == 0 and patched(lab), said
    return took


def governed(lab: Booted, flow: PatchFlow) -> tuple[Spent, dict[str, float]]:
    """By a change: the whole command, and the seconds of each step."""
    number, _ = flow.planned("--package", "wb-web", "--package", "wb-tool")
    flow.consented(number)
    command = [*lab.inside, WEIBAO, "change", "start", number, "--as", "li.op"]
    took, code, said = run(command, flow.folder, flow.environment)
    assert code == 0 and patched(lab), said
    times: dict[str, list[datetime]] = {}
    for row in flow.data("show", number)["steps"]:
        times.setdefault(row["step"], []).extend(
            datetime.fromisoformat(row[name]) for name in ("started_at", "finished_at")
        )
    return took, {step: (max(at) - min(at)).total_seconds() for step, at in times.items()}


def measured(count: int) -> tuple[tuple[object, ...], dict[str, float]]:
    """One row, and where the time of the best round went."""
    with tempfile.TemporaryDirectory(prefix="wb-window-") as temporary:
        names = [f"node{number}" for number in range(1, count + 1)]
        with booted(Path(temporary), names) as lab, stocked(lab):
            rounds = []
            by_ansible = []
            for number in range(ROUNDS):
                place = Path(temporary) / f"round{number}"
                place.mkdir()
                flow = PatchFlow(place, lab, [*lab.hosts.values()],
                                 runbook={"canary": 0, "batches": ["100%"]})  # fmt: skip
                flow.write_inventory()
                by_ansible.append(bare(lab, flow))
                reset(lab)
                rounds.append(governed(lab, flow))
                reset(lab)
    took, steps = min(rounds, key=lambda found: found[0].wall)
    plain = min(by_ansible, key=lambda found: found.wall)
    limit = FIXED + EACH * count
    adds = took.wall - plain.wall
    backups = sum(seconds for step, seconds in steps.items() if step.startswith("backup"))
    row = (count, plain.wall, took.wall, adds, adds - backups, limit, plain.cpu, took.cpu)
    return row, {**steps, "around the steps": took.wall - sum(steps.values())}


def main(counts: list[int]) -> None:
    """Run it."""
    print(machine(), f"load {os.getloadavg()[0]:.1f}")
    found = [measured(count) for count in counts]
    head = ("hosts", "Ansible wall s", "Weibao wall s", "adds", "without backups", "limit",
            "Ansible CPU s", "Weibao CPU s")  # fmt: skip
    table(head, [row for row, _ in found])
    print()
    steps = list(found[0][1])
    table(("seconds of", *(f"{row[0]} hosts" for row, _ in found)),
          [(step, *(where[step] for _, where in found)) for step in steps])  # fmt: skip
    print(f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [1, 4])
