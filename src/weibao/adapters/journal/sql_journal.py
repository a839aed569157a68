"""The journal over SQLAlchemy: SQLite by default, PostgreSQL by URL (architecture: journal)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Self

from sqlalchemy import Connection

from weibao.adapters.journal import schema
from weibao.adapters.journal.changes import ChangeWriter
from weibao.adapters.journal.database import Database
from weibao.adapters.journal.mark import HighWaterMark
from weibao.adapters.journal.patch_states import PatchStates
from weibao.adapters.journal.ports import PortWriter
from weibao.adapters.journal.reading import head_of, holds
from weibao.adapters.journal.rows import Row, clean, stamp, to_row
from weibao.adapters.journal.writing import Pen, again, mark_renewal
from weibao.boundary.clock import Clock
from weibao.boundary.journal import OutcomeBatch
from weibao.domain.ledger import LedgerEntry
from weibao.domain.reasons import Reason
from weibao.domain.records import Access, LedgerHead, LedgerRow, Run, RunState, RunStep
from weibao.errors import FailedError, IntegrityError

__all__ = ["SqlJournal"]


class SqlJournal(ChangeWriter, PortWriter, PatchStates):
    """Implements ``boundary.Journal``, ``ChangeRecords``, ``PortRecords`` and ``PatchHistory``.

    Safe for several threads and processes.
    """

    def __init__(
        self, url: str, *, site: str, clock: Clock, mark: Path, witness: Path | None = None
    ) -> None:
        """Open the journal at a SQLAlchemy ``url`` as ``site``.

        ``mark`` is the file, outside of the database, that keeps the chain's last head;
        ``witness`` a second one, where who may write the first one cannot.

        Raises:
            InputError: the URL is none, or of a database that is not supported.
            RefusedError: the database was written by a newer program.
            FailedError: the database cannot be reached or written.
        """
        super().__init__(Database(url), site, clock)
        self._mark = HighWaterMark(mark, site)
        self._witness = HighWaterMark(witness, site) if witness else None

    def close(self) -> None:
        """Close the database's connections."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # writing

    @again
    def open_run(self, run: Run) -> None:
        """A run begins; the same run again changes nothing."""
        with self._pen(run.actor) as pen:
            at = stamp(run.started_at)
            pen.insert_new(schema.runs, [to_row(run)], "run.opened", at, run.actor)

    @again
    def record_step(self, run_id: str, step: RunStep, actor: str) -> None:
        """A step of a run ended."""
        with self._pen(actor) as pen:
            _existing_run(pen, run_id)
            row = {"run_id": run_id, **to_row(step)}
            pen.insert_new(schema.run_steps, [row], "step.ended", self._now(), actor)

    @again
    def record(self, run_id: str, batch: OutcomeBatch, actor: str) -> None:
        """Outcomes with their versions, findings and evidence, in one transaction.

        What is recorded already changes nothing. A finding counts as the same whatever its
        time, a version whatever its commit, evidence whatever its time and command.

        Raises:
            IntegrityError: it contradicts what is recorded, or belongs to another run.
        """
        parts = (batch.targets, batch.versions, batch.findings, batch.evidence)
        others = {value.run_id for part in parts for value in part} - {run_id}
        if others:
            raise IntegrityError("journal.other_run", run=run_id, other=min(others))
        at = self._now()
        with self._pen(actor) as pen:
            _existing_run(pen, run_id)
            evidence = [to_row(value) for value in batch.evidence]
            again = ("command", "collected_at")  # the same answer twice is one piece
            pen.insert_new(schema.evidence, evidence, "evidence.recorded", at, actor, *again)
            versions = [to_row(value) for value in batch.versions]
            pen.insert_new(schema.versions, versions, "version.recorded", at, actor, "commit")
            targets = [to_row(value) for value in batch.targets]
            pen.insert_new(schema.run_targets, targets, "target.recorded", at, actor)
            findings = [to_row(value) for value in batch.findings]
            pen.insert_new(schema.findings, findings, "finding.recorded", at, actor, "at")

    @again
    def close_run(self, run_id: str, state: RunState, at: datetime, actor: str) -> None:
        """A run ended; closing it again in the same state changes nothing.

        Raises:
            IntegrityError: there is no such run, or it ended in another state.
        """
        with self._pen(actor) as pen:
            row = _existing_run(pen, run_id)
            if row["state"] == state.value:
                return
            if row["state"] != RunState.running.value:
                raise IntegrityError("journal.run_closed", run=run_id, state=row["state"])
            row |= {"state": state.value, "finished_at": stamp(at)}
            pen.update(schema.runs, row, "run.closed", stamp(at), actor)

    @again
    def set_commit(
        self,
        versions: Iterable[tuple[str, str, int]],
        commit: str,
        at: datetime,
        actor: str,
        *,
        rebuilt: bool = False,
    ) -> None:
        """These versions (contract, device, number) stand in the archive's ``commit``.

        ``rebuilt``: in place of another commit, of an archive that was lost.

        Raises:
            IntegrityError: there is no such version, or it stands in another commit.
        """
        keys: list[Row] = [
            {"contract": clean(contract), "device": clean(device), "number": number}
            for contract, device, number in dict.fromkeys(versions)
        ]
        with self._pen(actor) as pen:
            known = pen.existing(schema.versions, keys)
            for key in keys:
                row = known.get(tuple(key.values()))
                if row is None or (row["commit"] not in {"", commit} and not rebuilt):
                    recorded = row["commit"] if row else "-"
                    raise IntegrityError("journal.commit", **key, commit=commit, recorded=recorded)
                if row["commit"] != commit:
                    row = {**row, "commit": commit}
                    pen.update(schema.versions, row, "version.committed", stamp(at), actor)

    def record_access(self, access: Access) -> None:
        """Somebody read confidential text."""
        with self._pen(access.actor) as pen:
            at = stamp(access.at)
            pen.insert(schema.accesses, to_row(access), "access.recorded", at, access.actor)

    def append(
        self, at: datetime, actor: str, action: str, subject: str, payload: str
    ) -> LedgerRow:
        """A ledger row of its own.

        Raises:
            ValueError: the action is one that only a table's row may have.
        """
        if action in schema.ACTIONS:
            raise ValueError(f"{action} belongs to a table")
        entry = LedgerEntry(stamp(at), *map(clean, (actor, action, subject, payload)))
        with self._pen(actor) as pen:
            pen.note(entry)
        return pen.written[-1]

    # verifying

    def verify(self, progress: Callable[[int], None] | None = None) -> Iterator[Reason]:
        """Everything in the database that does not fit; see ``checking``."""
        from weibao.adapters.journal.checking import check

        return check(self._database, self._mark, self._site, progress, self._witness)

    def _now(self) -> str:
        return stamp(self._clock.now())

    @contextmanager
    def _pen(self, actor: str) -> Iterator[Pen]:
        """A transaction on this site's chain; the mark follows once it is committed."""
        with self._database.write(self._site) as connection:
            head = head_of(connection, self._site)
            fits, preface = self._mark_state(connection, head, actor)
            witnessed = self._witness_fits(connection)
            pen = Pen(connection, head, preface)
            yield pen
            pen.write()
        if not pen.written:
            return
        last = pen.written[-1]
        reached = LedgerHead(site=last.site, sequence=last.sequence, hash=last.hash)
        if fits:
            self._mark.advance(reached)
        if self._witness is not None and witnessed:
            with suppress(FailedError, IntegrityError):  # keys may lie where nothing is written
                self._witness.advance(reached)

    def _witness_fits(self, connection: Connection) -> bool:
        """Whether the witness may follow: what contradicts it is not covered up."""
        if self._witness is None:
            return False
        try:
            seen = self._witness.read()
        except (FailedError, IntegrityError):
            return False
        return seen is None or holds(connection, seen)

    def _mark_state(
        self, connection: Connection, head: LedgerHead, actor: str
    ) -> tuple[bool, LedgerEntry | None]:
        """Whether the mark may follow, and what is to be noted first where it was lost."""
        try:
            mark = self._mark.read()
        except IntegrityError:
            return False, None  # verify names it; what it says is not covered up
        if mark is not None and mark.sequence and not head.sequence:
            place = self._mark.path
            raise IntegrityError(
                "journal.lost",
                database=self._database.name,
                mark=place,
                sequence=mark.sequence,
                folder=place.parent,
            )
        if mark is None and not head.sequence:
            # Before the first row is seen by anyone: another writer would take a mark that is
            # only late for one that was lost.
            self._mark.advance(head)
            return True, None
        if mark is None:
            return True, mark_renewal(head, self._now(), actor)
        return holds(connection, mark), None


def _existing_run(pen: Pen, run_id: str) -> Row:
    found = pen.existing(schema.runs, [{"id": run_id}])
    if not found:
        raise IntegrityError("journal.no_run", run=run_id)
    return found[(run_id,)]
