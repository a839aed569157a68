"""How fast ``weibao verify`` is: ``python benchmarks/verify.py [LEDGER_ROWS] [PIECES]``.

Makes a journal of nights (an evidence record and an outcome for each device and night, a new
version for one device in ten) and sealed pieces of evidence of 19 kB, then recomputes all of it
as ``weibao verify`` does, in a process of its own whose largest memory is measured. Versions are
in the journal, their texts and the archive are not: those are plain sha256 and ``git fsck``.

Beside it, in the same run, the floors: reading the same rows with Python's ``sqlite3``; the
documented ten lines that check the chain alone; sha256 of the same files; opening them with
AES-GCM and nothing else. Default 100,000 rows and 10,000 pieces; full size: 1000000 100000
(three minutes to make, 4 GB of disk).
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from measuring import machine, peak_mib, spent, table
from records import Journals, keep_pieces, open_journal

from weibao.adapters.evidence_store import FileEvidenceStore
from weibao.adapters.keys import FileKeyRing
from weibao.boundary.archive import ConfigArchive, FullTextStore, StoredText
from weibao.domain.records import LedgerHead
from weibao.services.verify import verify

DEVICES = 500
SIZE = 19_000
FIELDS = "site", "sequence", "at", "actor", "action", "subject", "payload", "previous"


def make(folder: Path, rows: int, pieces: int) -> None:
    """A journal of about ``rows`` ledger rows over ``pieces`` pieces."""
    keys = FileKeyRing(folder / "keys")
    keys.create("default")
    kept = keep_pieces(folder / "default" / "evidence", keys.password("default"), pieces, SIZE)
    devices = [f"sw{n:05d}" for n in range(DEVICES)]
    journals = Journals(folder)
    night = 0
    while journals.rows < rows:
        changed = set(devices[night % 10 :: 10])
        named = {d: kept[(night * DEVICES + n) % pieces] for n, d in enumerate(devices)}
        journals.night(night, devices, changed, named)
        night += 1
    journals.finish()
    (folder / "nights").write_text(str(night))


class Texts:
    """Encrypted texts that are as recorded."""

    def check(self, stored: StoredText) -> None:
        """Sound."""

    def check_second(self, stored: StoredText, *, repair: bool = False) -> None:
        """Sound."""


class Archive:
    """An archive that has the commits that versions name."""

    def __init__(self, folder: Path) -> None:
        self._database = folder / "journal.db"

    def anchors(self) -> Iterator[tuple[str, LedgerHead]]:
        """Each commit, with the head of an empty ledger."""
        rows = sqlite3.connect(self._database).execute(
            'SELECT DISTINCT "commit" FROM config_versions'
        )
        return ((row[0], LedgerHead(site="main", sequence=0, hash="0" * 64)) for row in rows)

    def check(self) -> list[str]:
        """Sound."""
        return []

    def edited(self) -> list[str]:
        """None."""
        return []


class Parts:
    """How much time passes between the words of progress, by the part that they are of."""

    def __init__(self) -> None:
        self.spent: dict[str, list[float]] = {}
        self.heard: dict[str, int] = {}
        self._last = time.perf_counter(), time.process_time()

    def __call__(self, part: str, count: int) -> None:
        now = time.perf_counter(), time.process_time()
        spent = self.spent.setdefault(part, [0.0, 0.0])
        spent[0] += now[0] - self._last[0]
        spent[1] += now[1] - self._last[1]
        self._last, self.heard[part] = now, count


def recompute(folder: Path) -> None:
    """What ``weibao verify`` does; prints the figures as JSON."""
    keys = FileKeyRing(folder / "keys")
    store = FileEvidenceStore(lambda contract: folder / contract, keys)
    with open_journal(folder) as journal:
        parts = Parts()
        result = verify(
            journal,
            store,
            lambda _: cast(ConfigArchive, Archive(folder)),
            lambda _: cast(FullTextStore, Texts()),
            progress=parts,
        )
    assert result.passed, (result.problems[:3], result.unchecked)
    counts = result.counts
    figures = {"rows": counts.ledger_rows, "pieces": counts.evidence, "heard": parts.heard}
    figures |= {"bytes": counts.evidence_bytes, "peak": peak_mib()[0], "spent": parts.spent}
    print(json.dumps(figures))


def by_hand(folder: Path) -> None:
    """The chain alone, as the documentation says it."""
    journal = sqlite3.connect(folder / "journal.db")
    journal.row_factory = sqlite3.Row
    previous = "0" * 64
    for row in journal.execute("SELECT * FROM ledger WHERE site = 'main' ORDER BY sequence"):
        assert row["previous"] == previous
        text = json.dumps(
            {f: row[f] for f in FIELDS}, ensure_ascii=False, sort_keys=True, separators=(",", ":")
        )
        previous = hashlib.sha256(text.encode()).hexdigest()
        assert row["hash"] == previous


def read_rows(folder: Path) -> None:
    """The ledger and the tables, read and dropped."""
    journal = sqlite3.connect(folder / "journal.db")
    for name in ("ledger", "evidence", "run_targets", "config_versions"):
        for _ in journal.execute(f"SELECT * FROM {name} ORDER BY site"):
            pass


def floors(folder: Path) -> list[tuple[str, float, float]]:
    """What the parts cost at least: name, wall and CPU seconds."""
    files = sorted((folder / "default" / "evidence").rglob("?" * 64))
    cipher = AESGCM(hashlib.sha256(b"any").digest())
    with spent() as reading:
        read_rows(folder)
    with spent() as chained:
        by_hand(folder)
    with spent() as hashed:
        for file in files:
            hashlib.sha256(file.read_bytes()).hexdigest()
    sealed = cipher.encrypt(b"0" * 12, b"x" * SIZE, b"")
    with spent() as opened:
        for _ in files:
            cipher.decrypt(b"0" * 12, sealed, b"")
    return [
        ("floor: sqlite3 reads the rows", reading.wall, reading.cpu),
        ("floor: chain by the documented script", chained.wall, chained.cpu),
        ("floor: read and sha256 the pieces", hashed.wall, hashed.cpu),
        ("floor: AES-GCM of as many bytes", opened.wall, opened.cpu),
    ]


def main(rows: int, pieces: int) -> None:
    """Run it."""
    print(machine())
    with tempfile.TemporaryDirectory(prefix="wb-verify-") as temporary:
        folder = Path(temporary)
        with spent() as made:
            make(folder, rows, pieces)
        own = [sys.executable, __file__, "--recompute", temporary]
        said = subprocess.run(own, check=True, stdout=subprocess.PIPE).stdout
        found = json.loads(said)
        least = floors(folder)
    rows, pieces, size = found["rows"], found["pieces"], found["bytes"] / 1e6
    took = found["spent"]
    chain, evidence, versions = took["ledger"], took["evidence"], took["versions"]
    whole = [sum(part[n] for part in took.values()) for n in (0, 1)]
    print(f"{rows:,} ledger rows, {pieces:,} pieces, {size:,.0f} MB; made in {made.wall:.0f} s")
    table(
        ("", "wall s", "CPU s", "a second", "a CPU second", "MB/s", "MB/CPU s"),
        [
            ("ledger and tables, rows", *chain, rows / chain[0], rows / chain[1], "", ""),
            (
                "evidence, pieces",
                *evidence,
                pieces / evidence[0],
                pieces / evidence[1],
                size / evidence[0],
                size / evidence[1],
            ),
            ("versions and archive", *versions, "", "", "", ""),
            ("all of verify", *whole, "", "", "", ""),
            *((*floor, "", "", "", "") for floor in least),
        ],
    )
    print(f"largest memory: {found['peak']:,.0f} MiB; progress heard: {found['heard']}")
    print(f"ledger against the documented script: {chain[1] / least[1][2]:.2f} x its CPU")
    print(f"evidence against plain sha256: {evidence[1] / least[2][2]:.2f} x its CPU")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--recompute"]:
        recompute(Path(sys.argv[2]))
    else:
        sizes = [int(argument) for argument in sys.argv[1:]] or [100_000]
        main(sizes[0], sizes[1] if len(sizes) > 1 else max(1, sizes[0] // 10))
