"""How quickly changes are shown: ``benchmarks/change_commands.py [CHANGES] [ROWS] [FOLDER]``.

The whole commands ``weibao change list`` and ``weibao change show``, each a new process, in an
estate with the journal that ``changes.py`` makes. Beside them ``weibao --version``, which is
Python and the command's own start and nothing else. Best of several rounds; CPU seconds hardly
depend on what else the machine does. Asserted: list and show stay below half a second of CPU.

Default 1,000 changes and 100,000 rows; full size: 10000 1000000 (two minutes, 2 GB of disk). A
FOLDER that is given is kept, and used again by the next run.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml
from changes import DEVICES, change_of, make
from measuring import Spent, machine, run, table

from weibao.adapters.package_data import data_folder

WEIBAO = Path(sys.executable).with_name("weibao")
ROUNDS = 7
LIMIT = 0.5


def estate_in(folder: Path, count: int, rows: int) -> Path:
    """An estate with the changes; one that is there already is used as it is."""
    estate = folder / "estate"
    if (estate / "var" / "ready").exists():
        return estate
    command = [WEIBAO, "init", estate, "--language", "en", "--key-dir", folder / "keys"]
    subprocess.run(command, check=True, capture_output=True)
    for number in range(3):
        profile = f"id: contract-{number}\npeople: []\n"
        (estate / "contracts" / f"contract-{number}.yml").write_text(profile)
    original = (data_folder("runbooks") / "change-switch-config.yml").read_text(encoding="utf-8")
    (estate / "runbooks").mkdir(exist_ok=True)
    hosts = {f"sw{n:05d}": {"ansible_network_os": "huawei"} for n in range(DEVICES)}
    for number, name in enumerate(hosts):
        hosts[name]["weibao_contract"] = f"contract-{number % 3}"
    inventory = {"access": {"hosts": hosts}}
    (estate / "inventory" / "hosts.yml").write_text(yaml.safe_dump(inventory), encoding="utf-8")
    for number in range(4):
        book = yaml.safe_load(original) | {"id": f"change-switch-config-{number}"}
        text = yaml.safe_dump(book, allow_unicode=True)
        (estate / "runbooks" / f"{book['id']}.yml").write_text(text, encoding="utf-8")
    (estate / "var").mkdir(exist_ok=True)
    make(estate / "var", count, rows)
    (estate / "var" / "ready").touch()
    return estate


def best(estate: Path, *words: str) -> tuple[Spent, str]:
    """The quickest of several rounds by each measure, and what it said."""
    env = {**os.environ, "WEIBAO_LANGUAGE": "en"}
    found: list[Spent] = []
    for _ in range(ROUNDS):
        took, code, said = run([WEIBAO, *words], estate, env)
        assert code == 0, said
        found.append(took)
    return Spent(min(t.wall for t in found), min(t.cpu for t in found)), said


def main(count: int, rows: int, folder: Path) -> None:
    """Run it."""
    print(machine())
    estate = estate_in(folder, count, rows)
    closed, newest = change_of(count // 2).id, change_of(count - 1).id
    asked = [
        ("--version",),
        ("change", "list"),
        ("change", "list", "--json"),
        ("change", "list", "--owed"),
        ("change", "list", "--contract", "contract-1", "--state", "closed"),
        ("change", "show", closed),
        ("change", "show", newest),
    ]
    shown = []
    for words in asked:
        took, said = best(estate, *words)
        shown.append((" ".join(words), took.wall, took.cpu, len(said.splitlines())))
    table((f"weibao, {count:,} changes", "wall s", "CPU s", "lines"), shown)
    slow = [words for words, _, cpu, _ in shown if cpu >= LIMIT]
    assert not slow, slow


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:3]]
    size = numbers[0] if numbers else 1000, numbers[1] if len(numbers) > 1 else 100_000
    if len(sys.argv) > 3:
        main(*size, Path(sys.argv[3]))
    else:
        with tempfile.TemporaryDirectory(prefix="wb-changes-") as temporary:
            main(*size, Path(temporary))
