"""Journals and evidence in bulk for the benchmarks: what the product would have written, quicker.

Rows, payloads, hashes and sealed files are made by the product's own functions; only the way
into the database is a short one. ``weibao verify`` accepts the outcome, which the benchmarks
check.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Table

from weibao.adapters.clock import SystemClock
from weibao.adapters.journal import SqlJournal, schema
from weibao.adapters.journal.mark import HighWaterMark
from weibao.adapters.journal.rows import Row, payload, stamp, subject, to_row
from weibao.adapters.sealing import seal
from weibao.domain.ledger import GENESIS, LedgerEntry, row_hash
from weibao.domain.records import (
    ConfigVersion,
    EvidenceRecord,
    LedgerHead,
    Outcome,
    Run,
    RunState,
    RunTarget,
    Trigger,
)

__all__ = ["START", "Journals", "keep_pieces", "night_of", "open_journal", "sha"]

START = datetime(2025, 1, 1, 18, 0, tzinfo=UTC)
_ACTOR = "timer"
_SITE = "main"
_AT_ONCE = 20_000


def sha(text: str) -> str:
    """The sha256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def keep_pieces(folder: Path, password: bytes, count: int, size: int) -> list[tuple[str, str, int]]:
    """Write ``count`` sealed pieces below ``folder``: name, sha256 of the file, size."""
    body = b"".join(b"interface GigabitEthernet0/0/%d\n description x\n" % n for n in range(9999))
    kept = []
    for number in range(count):
        data = b"! piece %d\n" % number + body[: size - 20]
        name, sealed = seal(password, data)
        place = folder / name[:2] / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(sealed)
        kept.append((name, hashlib.sha256(sealed).hexdigest(), len(data)))
    return kept


def open_journal(folder: Path) -> SqlJournal:
    """The product's journal over what ``Journals`` wrote into ``folder``."""
    mark, url = folder / "ledger.mark", f"sqlite:///{folder / 'journal.db'}"
    return SqlJournal(url, site=_SITE, clock=SystemClock(), mark=mark)


def night_of(
    began: datetime, devices: list[str], changed: set[str]
) -> tuple[Run, dict[str, RunTarget], dict[str, EvidenceRecord], dict[str, ConfigVersion]]:
    """A night's values: the run, and by device the outcome, the evidence and the version."""
    run_id = f"{began:%Y%m%dT%H%M%SZ}-0000"
    target, piece, version = _target(run_id, began), _piece(run_id, began), _version(run_id, began)
    number = (began - START).days + 1
    targets, pieces, versions = {}, {}, {}
    for device in devices:
        own = {"device": device, "sha256": sha(device if device in changed else f"{device} old")}
        outcome = Outcome.archived if device in changed else Outcome.unchanged
        more = {"outcome": outcome, "changed": device in changed, "evidence": (own["sha256"],)}
        targets[device] = target.model_copy(update={**own, **more})
        pieces[device] = piece.model_copy(update=own)
        if device in changed:
            versions[device] = version.model_copy(update={**own, "number": number})
    return _run(run_id, began, len(devices)), targets, pieces, versions


class Journals:
    """Writes nights into a new SQLite journal."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        open_journal(folder).close()
        self.rows = 0
        self._database = sqlite3.connect(folder / "journal.db", isolation_level=None)
        self._database.execute("PRAGMA synchronous=OFF")
        self._previous = GENESIS
        self._ledger: list[tuple[Any, ...]] = []
        self._waiting: dict[Table, list[Row]] = {table: [] for table in schema.RECORDED}
        self._states: dict[tuple[str, str], tuple[str | None, str, str]] = {}
        self._numbers: dict[str, int] = {}

    def night(
        self,
        number: int,
        devices: list[str],
        changed: set[str],
        pieces: Mapping[str, tuple[str, str, int]],
        commit: str = "",
    ) -> None:
        """A run over ``devices``: evidence and an outcome each, a version for ``changed``."""
        began = START + timedelta(days=number)
        at, run_id = stamp(began), f"{began:%Y%m%dT%H%M%SZ}-{number:04d}"
        run = to_row(_run(run_id, began, len(devices)))
        self._add(schema.runs, run, "run.opened", at, final=False)
        version = to_row(_version(run_id, began))
        target, piece = to_row(_target(run_id, began)), to_row(_piece(run_id, began))
        versions = []
        for device in devices:
            name, stored, size = pieces[device]
            own = {"device": device, "sha256": name}
            self._add(
                schema.evidence, {**piece, **own, "stored_sha256": stored, "size": size},
                "evidence.recorded", at,
            )  # fmt: skip
            if device in changed:
                count = self._numbers[device] = self._numbers.get(device, 0) + 1
                versions.append({**version, **own, "number": count, "content_sha256": name})
                self._add(schema.versions, versions[-1], "version.recorded", at, final=False)
            outcome = "archived" if device in changed else "unchanged"
            self._add(
                schema.run_targets,
                {**target, **own, "outcome": outcome, "evidence": f'["{name}"]'},
                "target.recorded", at,
            )  # fmt: skip
            self._states["default", device] = at, at, run_id
        for row in versions:
            row = {**row, "commit": commit or sha(run_id)[:40]}
            self._add(schema.versions, row, "version.committed", at)
        closed = {**run, "state": RunState.finished.value, "finished_at": at}
        self._add(schema.runs, closed, "run.closed", at)
        if len(self._ledger) > _AT_ONCE:
            self._write()

    def finish(self) -> None:
        """Write what is left, the devices' states, and the mark."""
        self._write()
        self._database.executemany(
            "INSERT INTO device_state (contract, device, good_at, attempt_at, attempt_run)"
            " VALUES (?, ?, ?, ?, ?)",
            [(*key, *state) for key, state in self._states.items()],
        )
        self._database.close()
        head = LedgerHead(site=_SITE, sequence=self.rows, hash=self._previous)
        HighWaterMark(self._folder / "ledger.mark", _SITE).advance(head)

    def _add(self, table: Table, row: Row, action: str, at: str, *, final: bool = True) -> None:
        self.rows += 1
        placed = {**row, "site": _SITE, "ledger": self.rows}
        entry = LedgerEntry(at, _ACTOR, action, subject(table, placed), payload(placed))
        own = row_hash(_SITE, self.rows, entry, self._previous)
        self._ledger.append((_SITE, self.rows, *entry, self._previous, own))
        self._previous = own
        if final:
            self._waiting[table].append(placed)

    def _attach(self, table: Table, row: Row) -> None:
        """A row that no ledger row repeats."""
        self._waiting.setdefault(table, []).append(row)

    def _write(self) -> None:
        self._database.execute("BEGIN")
        self._database.executemany("INSERT INTO ledger VALUES (?,?,?,?,?,?,?,?,?)", self._ledger)
        for table, rows in self._waiting.items():
            names = [column.name for column in table.columns]
            quoted = ", ".join(f'"{name}"' for name in names)
            marks = ", ".join("?" * len(names))
            self._database.executemany(
                f'INSERT INTO "{table.name}" ({quoted}) VALUES ({marks})',
                [tuple(row[name] for name in names) for row in rows],
            )
            rows.clear()
        self._database.execute("COMMIT")
        self._ledger.clear()


def _run(run_id: str, at: datetime, targets: int) -> Run:
    return Run(
        id=run_id, job="backup-configs", runbook="backup-configs@1", runbook_sha256=sha("r"),
        actor=_ACTOR, trigger=Trigger.schedule, authorisation="read-only",
        program="weibao 0.1.0", started_at=at, targets=targets,
    )  # fmt: skip


def _target(run_id: str, at: datetime) -> RunTarget:
    return RunTarget(
        run_id=run_id, device="d", contract="default", platform="huawei",
        outcome=Outcome.unchanged, changed=False, sha256=sha("t"), evidence=(),
        warnings=(), attempts=1, seconds=1.25, at=at,
    )  # fmt: skip


def _version(run_id: str, at: datetime) -> ConfigVersion:
    return ConfigVersion(
        contract="default", device="d", number=1, platform="huawei", run_id=run_id,
        operator=_ACTOR, command="display current-configuration", sha256=sha("v"),
        content_sha256=sha("v"), size=19_000, collected_at=at, hostname="core-1",
        full_path="full/d/1.vault", full_sha256=sha("f"),
    )  # fmt: skip


def _piece(run_id: str, at: datetime) -> EvidenceRecord:
    return EvidenceRecord(
        contract="default", sha256=sha("e"), stored_sha256=sha("e"), size=19_000, device="d",
        kind="running", command="display current-configuration", run_id=run_id,
        collected_at=at, note="encrypted",
    )  # fmt: skip
