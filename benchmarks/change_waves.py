"""What change control adds to a wave: ``python benchmarks/change_waves.py [HOSTS …]``.

One wave of a trivial mutating play on local hosts, by ``weibao change start`` under an approved
change, and the same tasks by plain ``ansible-playbook`` without a gate, in turns. The limit is
3 s and 50 ms a host. Where it goes is read from outside: the journal says when the step began and
ended. What plain Ansible does not need of that is ansible-runner, the gate, and the question before
each host's tasks; the rest is the command's start, the leave, locks, records, and its end.

Default: 1, 20 and 100 hosts. Best of three rounds each.
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

from change.flows import WEIBAO, Flow

ROUNDS = 3
FIXED, EACH = 3.0, 0.05
BOOK: dict[str, Any] = {
    "schema_version": 1,
    "id": "write-note",
    "version": "1.0",
    "title": {"zh": "写入记号", "en": "Write a note"},
    "purpose": {"zh": "测量", "en": "Measure"},
    "mutating": True,
    "targets": "all",
    "variables": [{"name": "note", "title": {"zh": "内容", "en": "Text"}, "required": True}],
    "waves": {"canary": 0, "batches": ["100%"]},
    "business_impact": {"zh": "无", "en": "none"},
    "contingency": {"zh": "无", "en": "none"},
    "steps": [
        # A mutating runbook has to have one (JOB-08); this one costs nothing.
        {
            "name": "keep", "title": {"zh": "备份", "en": "Keep"}, "phase": "backup",
            "kind": "wait", "seconds": 0.01,
        },
    ]
    + [
        {
            "name": name, "title": {"zh": name, "en": name}, "phase": phase, "kind": "playbook",
            "run": "playbooks/gated.yml", "estimate_minutes": 0.1,
        }
        for name, phase in (("write", "implement"), ("erase", "back_out"))
    ],
}  # fmt: skip
TASKS = """
        - name: Write the note
          ansible.builtin.copy:
            content: "{{ note }}"
            dest: "{{ place }}/{{ inventory_hostname }}.note"
            mode: "0600"
        - name: Write the note once more
          ansible.builtin.copy:
            content: "{{ note }}{{ note }}"
            dest: "{{ place }}/{{ inventory_hostname }}.note"
            mode: "0600"
"""
HEAD = "- hosts: all\n  gather_facts: false\n  tasks:\n"
GATE = """\
    - name: Ask for leave
      weibao.core.gate:
        estate: "{{ weibao_estate }}"
        change: "{{ weibao_change }}"
    - name: What changes hosts
      when: inventory_hostname is weibao.core.let_through(weibao_change)
      block:"""
PLAIN = """\
    - name: What changes hosts
      block:"""


class WaveFlow(Flow):
    """The estate of change control's tests, with so many local hosts."""

    def __init__(self, base: Path, count: int) -> None:
        self.count = count
        super().__init__(base)
        self.environment["WEIBAO_LANGUAGE"] = "en"
        self.environment["ANSIBLE_HOME"] = str(base / "ansible")
        (self.folder / "runbooks" / "write-note.yml").write_text(json.dumps(BOOK))
        (self.folder / "playbooks" / "gated.yml").write_text(HEAD + GATE + TASKS)
        (base / "plain.yml").write_text(HEAD + PLAIN + TASKS)

    def write_inventory(self, **extra: Any) -> None:
        variables = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "contract": "default",
            "place": str(self.place),
        }
        hosts: dict[str, Any] = {f"host{n:03d}": {} for n in range(self.count)}
        document = {"all": {"vars": variables, "hosts": hosts}}
        (self.folder / "inventory" / "hosts.yml").write_text(json.dumps(document))


def governed(flow: WaveFlow, text: str) -> tuple[Spent, float]:
    """The whole command, and the seconds of its step."""
    number = flow.approved(note=text)
    took, code, said = run(
        [WEIBAO, "change", "start", number, "--as", "li.op"], flow.folder, flow.environment
    )
    assert code == 0, said
    assert len(set(flow.notes().values())) == 1
    (flow.place / "host000.note").unlink()
    times = [
        (s["started_at"], s["finished_at"])
        for s in flow.data("show", number)["steps"]
        if s["step"] == "write"
    ]
    began = min(datetime.fromisoformat(start) for start, _ in times)
    ended = max(datetime.fromisoformat(end) for _, end in times)
    return took, (ended - began).total_seconds()


def plain(flow: WaveFlow, text: str) -> Spent:
    """The same tasks by Ansible alone."""
    program = Path(sys.executable).with_name("ansible-playbook")
    command = [program, "-i", flow.folder / "inventory", "-e", f"note={text}",
               flow.base / "plain.yml"]  # fmt: skip
    took, code, said = run(command, flow.base, flow.environment)
    assert code == 0, said
    return took


def measured(count: int) -> tuple[object, ...]:
    """One row: the best of the rounds by each measure."""
    with tempfile.TemporaryDirectory(prefix="wb-waves-") as temporary:
        flow = WaveFlow(Path(temporary), count)
        by_weibao: list[tuple[Spent, float]] = []
        by_ansible: list[Spent] = []
        for number in range(ROUNDS):
            by_ansible.append(plain(flow, f"plain{number}"))
            by_weibao.append(governed(flow, f"note{number}"))
    wall = min(took.wall for took, _ in by_weibao), min(took.wall for took in by_ansible)
    cpu = min(took.cpu for took, _ in by_weibao), min(took.cpu for took in by_ansible)
    step = min(seconds for _, seconds in by_weibao)
    limit = FIXED + EACH * count
    return (count, wall[1], wall[0], wall[0] - wall[1], limit, cpu[1], cpu[0], cpu[0] - cpu[1],
            step - wall[1], wall[0] - step)  # fmt: skip


def main(counts: list[int]) -> None:
    """Run it."""
    print(machine(), f"load {os.getloadavg()[0]:.1f}")
    rows = [measured(count) for count in counts]
    table(
        ("hosts", "Ansible wall s", "Weibao wall s", "adds", "limit", "Ansible CPU s",
         "Weibao CPU s", "adds", "in the step", "around it"),
        rows,
    )  # fmt: skip
    slow = [row[0] for row in rows if float(str(row[7])) > float(str(row[4]))]
    assert not slow, f"more CPU than the limit allows: {slow}"


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [1, 20, 100])
