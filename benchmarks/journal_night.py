"""The journal, a night at a time and after years: ``python benchmarks/journal_night.py [DEVICES]
[NIGHTS]``.

First, what a night costs: the outcome, the piece of evidence and (for one device in ten) the
new version of each device go into a new journal through the product's own ``record``, in batches
of a hundred as a run does; wall and CPU seconds, ledger rows, and bytes of the database.

Then the answers after NIGHTS such nights, with an archive of DEVICES texts of 19 kB: ``weibao
backup status``, ``list``, ``show`` and ``grep``, each a new process from start to end, and beside
them ``weibao --version`` as the floor. In every night one device in twenty gets a new version.

Default 500 devices and 40 nights; full size: 5000 400, which is two million outcomes and
100,000 versions (ten minutes to make, 6 GB of disk).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

from measuring import machine, run, spent, table
from records import START, Journals, night_of, open_journal, sha

from weibao.adapters.archive import GitArchive
from weibao.boundary.journal import OutcomeBatch
from weibao.domain.records import LedgerHead, RunState

BIN = Path(sys.executable).parent
BATCH = 100
SIZE = 19_000


def one_night(folder: Path, devices: list[str]) -> list[tuple[object, ...]]:
    """Record a first night and a second one; what each took."""
    rows: list[tuple[object, ...]] = []
    before = 0
    for number, changed in ((0, devices), (1, devices[::10])):
        began = START + timedelta(days=number)
        opened, targets, pieces, versions = night_of(began, devices, set(changed))
        with open_journal(folder) as journal, spent() as took:
            head = journal.head().sequence
            journal.open_run(opened)
            for first in range(0, len(devices), BATCH):
                names = devices[first : first + BATCH]
                batch = OutcomeBatch(
                    targets=tuple(targets[name] for name in names),
                    versions=tuple(versions[name] for name in names if name in versions),
                    evidence=tuple(pieces[name] for name in names),
                )
                journal.record(opened.id, batch, opened.actor)
            keys = [(v.contract, v.device, v.number) for v in versions.values()]
            journal.set_commit(keys, "c" * 40, began, opened.actor)
            journal.close_run(opened.id, RunState.finished, began, opened.actor)
            grown = journal.head().sequence - head
        size = (folder / "journal.db").stat().st_size  # the journal is closed: nothing beside it
        name = "first night" if number == 0 else "a night, one in ten changed"
        rates = len(devices) / took.wall, len(devices) / took.cpu, grown / took.cpu
        rows.append((name, took.wall, took.cpu, grown, *rates, (size - before) / 1e6))
        before = size
    return rows


def new_estate(estate: Path, devices: list[str]) -> GitArchive:
    """An empty estate with ``devices`` in its inventory; its archive."""
    command: list[str | Path] = [BIN / "weibao", "init", estate, "--language", "en", "--key-dir"]
    subprocess.run([*command, estate.with_name("keys")], check=True, capture_output=True)
    hosts = "".join(f"    {name}: {{ansible_network_os: huawei}}\n" for name in devices)
    (estate / "inventory" / "hosts.yml").write_text(f"all:\n  hosts:\n{hosts}")
    return GitArchive(estate / "var" / "contracts" / "default" / "archive", "default")


def texts_of(devices: list[str]) -> dict[str, str]:
    """A text of 19 kB for each."""
    body = "".join(
        f"interface GigabitEthernet0/0/{n}\n description x{n}\n" for n in range(SIZE // 45)
    )
    return {name: f"sysname {name}\n{body}return\n" for name in devices}


def commit(archive: GitArchive, texts: dict[str, str]) -> str:
    """A night's commit."""
    head = LedgerHead(site="main", sequence=1, hash="00")
    return archive.commit(
        texts, run_id="r", author="", subject="night", change_ref="", ledger=head,
        at="2026-01-02T02:00:00+08:00",
    )  # fmt: skip


def make_estate(estate: Path, devices: list[str], nights: int) -> None:
    """An estate with that many nights behind it."""
    made = commit(new_estate(estate, devices), texts_of(devices))
    journals = Journals(estate / "var")
    for number in range(nights):
        changed = set(devices) if number == 0 else set(devices[number % 20 :: 20])
        pieces = {name: (sha(f"{name} {number}"), sha(name), SIZE) for name in devices}
        journals.night(number, devices, changed, pieces, commit=made)
    journals.finish()


def make_second_night(estate: Path, devices: list[str], changed: set[str]) -> None:
    """An estate with a first night, and a second in which ``changed`` have new texts."""
    archive, texts = new_estate(estate, devices), texts_of(devices)
    first = commit(archive, texts)
    second = commit(
        archive,
        {n: t.replace(" x7\n", " moved\n") if n in changed else t for n, t in texts.items()},
    )
    journals = Journals(estate / "var")
    for number, made in enumerate((first, second)):
        pieces = {name: (sha(f"{name} {number}"), sha(name), SIZE) for name in devices}
        which = changed if number else set(devices)
        journals.night(number, devices, which, pieces, commit=made)
    journals.finish()


def answers(estate: Path, device: str) -> list[tuple[object, ...]]:
    """Each command from start to end, the better of two."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("ANSIBLE_", "WEIBAO_"))}
    rows: list[tuple[object, ...]] = []
    for name, arguments in (
        ("weibao --version (floor)", ("--version",)),
        ("backup status, all devices", ("backup", "status")),
        ("backup status --limit, one", ("backup", "status", "--limit", device)),
        ("backup list, one", ("backup", "list", device)),
        ("backup show, one", ("backup", "show", device)),
        ("backup grep, one line a device", ("backup", "grep", "description x7$")),
        ("backup grep, no line", ("backup", "grep", "nowhere")),
    ):
        tries = []
        for _ in range(2):
            took, code, said = run([BIN / "weibao", *arguments], estate, env)
            assert code in (0, 1), said[:2000]
            tries.append((took.wall, took.cpu, len(said.splitlines())))
        rows.append((name, *min(tries)))
    return rows


def main(count: int, nights: int) -> None:
    """Run it."""
    print(machine())
    devices = [f"sw{n:05d}" for n in range(count)]
    with tempfile.TemporaryDirectory(prefix="wb-nights-") as temporary:
        folder = Path(temporary) / "one"
        folder.mkdir()
        rows = one_night(folder, devices)
        print(f"{count:,} devices")
        table(
            (
                "recording",
                "wall s",
                "CPU s",
                "ledger rows",
                "devices/s",
                "devices/CPU s",
                "rows/CPU s",
                "MB",
            ),
            rows,
        )
        estate = Path(temporary) / "estate"
        with spent() as made:
            make_estate(estate, devices, nights)
        size = (estate / "var" / "journal.db").stat().st_size / 1e6
        print(f"\n{nights:,} nights: journal of {size:,.0f} MB, made in {made.wall:.0f} s")
        table(("answers", "wall s", "CPU s", "lines"), answers(estate, devices[count // 2]))


if __name__ == "__main__":
    sizes = [int(argument) for argument in sys.argv[1:]]
    main(sizes[0] if sizes else 500, sizes[1] if len(sizes) > 1 else 40)
