"""Verifying the journal: one pass over each chain, beside the tables that it repeats.

The ledger is read in order. Each table is read in the order of the ledger rows that last
wrote its rows, so that both meet without anything being held in memory: a ledger row whose
table row points at a later one must be followed by that later one, and no table row may
point at a ledger row that is not its own. What is remembered grows with the devices and
with the rows that wait for their later ledger row, not with the years.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, select

from weibao.adapters.journal import schema
from weibao.adapters.journal.database import Database
from weibao.adapters.journal.mark import HighWaterMark
from weibao.adapters.journal.reading import sites_of
from weibao.adapters.journal.rows import payload, subject
from weibao.adapters.journal.states import DeviceStates
from weibao.domain.ledger import GENESIS, LedgerEntry, row_hash
from weibao.domain.reasons import Reason
from weibao.domain.records import LedgerHead
from weibao.errors import FailedError, IntegrityError

__all__ = ["check"]

Progress = Callable[[int], None]

_STREAMED = 2000


def check(
    database: Database,
    mark: HighWaterMark,
    site: str,
    progress: Progress | None,
    witness: HighWaterMark | None = None,
) -> Iterator[Reason]:
    """What does not fit, each named by row; nothing: all fits.

    A witness that is missing says nothing: it cannot be removed by who it is to convict.

    Raises:
        FailedError: the database cannot be read.
    """
    # The mark is read first: it never runs ahead of what the transaction below sees.
    try:
        head = mark.read()
    except (IntegrityError, FailedError):
        head = None
        yield Reason.of("ledger_mark_damaged", path=mark.path)
    seen: LedgerHead | None = None
    try:
        seen = witness.read() if witness else None
    except (IntegrityError, FailedError):
        yield Reason.of("ledger_mark_damaged", path=witness.path if witness else "")
    with database.read() as connection:
        streaming = connection.execution_options(yield_per=_STREAMED)
        states = DeviceStates()
        counter = _Counter(progress)
        empty = True
        for name in sorted({*sites_of(streaming, (schema.ledger, *schema.RECORDED)), site}):
            own = head if name == site else None
            chain = _Chain(streaming, name, own, states, counter)
            yield from chain.check()
            if name == site and seen is not None and witness is not None:
                yield from _witnessed(streaming, seen, chain.length, witness)
            empty = empty and not (name == site and chain.length)
        if head is None and not empty and not mark.path.exists():
            yield Reason.of("unchecked_ledger_end", path=mark.path)
        yield from states.compare(streaming)


def _witnessed(
    connection: Connection, seen: LedgerHead, length: int, witness: HighWaterMark
) -> Iterator[Reason]:
    """The chain against the witness's head of it."""
    if seen.sequence > length:
        yield Reason.of(
            "ledger_set_back", site=seen.site, mark=seen.sequence, last=length, path=witness.path
        )
        return
    ledger = schema.ledger
    row = select(ledger.c.hash).where(
        ledger.c.site == seen.site, ledger.c.sequence == seen.sequence
    )
    if seen.sequence and connection.execute(row).scalar() != seen.hash:
        yield Reason.of(
            "ledger_not_the_witnessed", site=seen.site, sequence=seen.sequence, path=witness.path
        )


class _Counter:
    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._count = 0

    def step(self) -> None:
        self._count += 1
        if self._progress is not None and self._count % _STREAMED == 0:
            self._progress(self._count)


class _Chain:
    """One site's chain and the rows of the tables that it wrote."""

    def __init__(
        self,
        connection: Connection,
        site: str,
        mark: LedgerHead | None,
        states: DeviceStates,
        counter: _Counter,
    ) -> None:
        self.length = 0
        self._connection = connection
        self._site = site
        self._mark = mark
        self._counter = counter
        self._tables = {table: _Rows(connection, table, site, states) for table in schema.RECORDED}
        self._waiting: dict[str, int] = {}

    def check(self) -> Iterator[Reason]:
        """The chain, then what of the tables is left over."""
        ledger = schema.ledger
        statement = select(ledger).where(ledger.c.site == self._site).order_by(ledger.c.sequence)
        previous = GENESIS
        for row in self._connection.execute(statement):
            yield from self._link(row, previous)
            table = schema.ACTIONS.get(row.action)
            if table is not None:
                yield from self._meet(table, row)
            previous = row.hash
            self.length = row.sequence
            self._counter.step()
        yield from self._end()

    def _link(self, row: Any, previous: str) -> Iterator[Reason]:
        here = {"site": self._site, "sequence": str(row.sequence), "subject": row.subject}
        if row.sequence != self.length + 1:
            yield Reason.of(
                "ledger_gap", site=self._site, first=self.length + 1, last=row.sequence - 1
            )
        elif row.previous != previous:
            yield Reason(code="ledger_broken", params=here)
        entry = LedgerEntry(row.at, row.actor, row.action, row.subject, row.payload)
        if row_hash(self._site, row.sequence, entry, row.previous) != row.hash:
            yield Reason(code="ledger_edited", params=here)
        if self._mark and row.sequence == self._mark.sequence and row.hash != self._mark.hash:
            yield Reason(code="ledger_recomputed", params=here)

    def _meet(self, table: Table, row: Any) -> Iterator[Reason]:
        rows = self._tables[table]
        yield from rows.before(row.sequence)
        found = rows.take(row.sequence, row.at)
        if found is None:
            self._waiting[row.subject] = row.sequence
            return
        self._waiting.pop(row.subject, None)
        if subject(table, found) != row.subject or payload(found) != row.payload:
            yield Reason.of(
                "row_edited", table=table.name, subject=row.subject, sequence=row.sequence
            )

    def _end(self) -> Iterator[Reason]:
        for rows in self._tables.values():
            yield from rows.before(None)
        for name, sequence in self._waiting.items():
            yield Reason.of("row_missing", subject=name, site=self._site, sequence=sequence)
        if self._mark and self._mark.sequence > self.length:
            yield Reason.of(
                "ledger_cut_off", site=self._site, mark=self._mark.sequence, last=self.length
            )


class _Rows:
    """The rows of one table that one site wrote, in the order of their ledger rows."""

    def __init__(
        self, connection: Connection, table: Table, site: str, states: DeviceStates
    ) -> None:
        statement = select(table).where(table.c.site == site).order_by(table.c.ledger)
        self._table = table
        self._states = states
        self._rows = iter(connection.execute(statement).mappings())
        self._next = next(self._rows, None)

    def before(self, sequence: int | None) -> Iterator[Reason]:
        """Rows that point at a ledger row before ``sequence`` (None: at any)."""
        while self._next is not None and (sequence is None or self._next["ledger"] < sequence):
            row = self._advance()
            name = subject(self._table, row)
            yield Reason.of("row_unrecorded", table=self._table.name, subject=name)

    def take(self, sequence: int, at: str) -> RowMapping | None:
        """The row that points at the ledger row ``sequence`` of the time ``at``, if any."""
        if self._next is None or self._next["ledger"] != sequence:
            return None
        return self._advance(at)

    def _advance(self, at: str = "9") -> RowMapping:
        assert self._next is not None  # noqa: S101 both callers looked
        row, self._next = self._next, next(self._rows, None)
        if self._table is schema.run_targets:
            self._states.see(row, at)
        return row
