"""Several processes, and processes that are killed: the chain stays one and whole."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from records_made import ACTOR, START, batch, run

from weibao.adapters.journal import SqlJournal
from weibao.domain.records import LedgerHead

# Opens the journal and records devices in small batches until it is done or killed.
WRITER = """
import sys
from pathlib import Path
from ticking import TickingClock
from records_made import ACTOR, START, batch, run
from weibao.adapters.journal import SqlJournal
url, mark, name, count = sys.argv[1:]
journal = SqlJournal(url, site="main", clock=TickingClock(), mark=Path(mark))
journal.open_run(run("r1"))
print("ready", flush=True)
for n in range(int(count)):
    journal.record("r1", batch(f"{name}-{n}a", f"{name}-{n}b"), ACTOR)
"""


def writer(url: str, mark: Path, name: str, count: int) -> subprocess.Popen[str]:
    here = Path(__file__).parent
    paths = [str(here), *sys.path]
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, url, str(mark), name, str(count)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )


def end(writers: Sequence[subprocess.Popen[str]]) -> list[int]:
    try:
        return [w.wait(timeout=120) for w in writers]
    finally:
        for w in writers:
            w.kill()
            w.wait()
            if w.stdout:
                w.stdout.close()


def test_processes_that_open_and_write_at_once_share_one_chain(url, opened, tmp_path) -> None:  # type: ignore[no-untyped-def]
    mark = tmp_path / "marks" / "main.json"
    assert end([writer(url, mark, f"w{n}", 8) for n in range(3)]) == [0, 0, 0]
    journal: SqlJournal = opened()
    assert len(list(journal.targets("r1"))) == 3 * 8 * 2
    assert journal.head().sequence == 1 + 3 * 8 * 2 * 4
    assert journal._mark.read() == journal.head()
    assert list(journal.verify()) == []


def test_who_writes_before_the_first_mark_is_set_finds_none_lost(  # type: ignore[no-untyped-def]
    opened, monkeypatch
) -> None:
    first: SqlJournal = opened()
    second: SqlJournal = opened()
    advance = first._mark.advance

    def late(head: LedgerHead) -> None:
        if head.sequence:  # committed, and the mark not there yet
            second.append(START, ACTOR, "test.noted", "second", "{}")
        advance(head)

    monkeypatch.setattr(first._mark, "advance", late)
    first.append(START, ACTOR, "test.noted", "first", "{}")
    assert first.head().sequence == 2
    assert first._mark.read() == first.head()


def test_killed_writers_leave_whole_records(url, opened, tmp_path) -> None:  # type: ignore[no-untyped-def]
    mark = tmp_path / "marks" / "main.json"
    dice = random.Random(7)
    for number in range(4):
        process = writer(url, mark, f"k{number}", 10_000)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(dice.uniform(0.02, 0.25))
        process.send_signal(signal.SIGKILL)
        assert end([process]) == [-signal.SIGKILL]
        journal: SqlJournal = opened()
        assert list(journal.verify()) == []
        assert len(journal.findings("r1")) == len(list(journal.targets("r1")))
    assert journal.head().sequence > 4
    journal.record("r1", batch("after"), ACTOR)
    assert journal._mark.read() == journal.head()
    assert journal.run("r1") == run()
