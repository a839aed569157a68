"""Verifying the journal: one pass over each chain, beside the tables that it repeats.

The ledger is read in order. Each table is read in the order of the ledger rows that last
wrote its rows, so that both meet without anything being held in memory: a ledger row whose
table row points at a later one must be followed by that later one, and no table row may
point at a ledger row that is not its own. What is remembered grows with the devices and
with the rows that wait for their later ledger row, not with the years.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Row, Table, select

from weibao.adapters.journal import schema
from weibao.adapters.journal.bodies import unsound, with_body
from weibao.adapters.journal.change_rows import plan_body
from weibao.adapters.journal.database import Database
from weibao.adapters.journal.mark import HighWaterMark
from weibao.adapters.journal.reading import sites_of
from weibao.adapters.journal.rows import RowText
from weibao.adapters.journal.states import DeviceStates
from weibao.domain.ledger import GENESIS, LedgerEntry, row_hash
from weibao.domain.reasons import Reason
from weibao.domain.records import LedgerHead, LedgerRow
from weibao.errors import FailedError, IntegrityError

__all__ = ["check"]

Progress = Callable[[int], None]

_STREAMED = 2000
_BULKY_STREAMED = 20


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
    counter = _Counter(progress)
    try:
        with database.read() as connection:
            streaming = connection.execution_options(yield_per=_STREAMED)
            states = DeviceStates()
            empty = True
            for name in sorted({*sites_of(streaming, (schema.ledger, *schema.RECORDED)), site}):
                own = head if name == site else None
                found = _Chain(streaming, name, own, states, counter)
                yield from found.check()
                if name == site and seen is not None and witness is not None:
                    yield from _witnessed(streaming, seen, found.length, witness)
                empty = empty and not (name == site and found.length)
            if head is None and not empty and not mark.path.exists():
                yield Reason.of("unchecked_ledger_end", path=mark.path)
            yield from states.compare(streaming)
            yield from _bodies(streaming)
    except (TypeError, ValueError) as error:
        # SQLite keeps in any column what it is given: bytes, a word for a number, infinity.
        yield Reason.of("ledger_foreign", database=database.name, after=counter.count, why=error)


def _bodies(connection: Connection) -> Iterator[Reason]:
    """Each reading of ports and each plan is the one whose hash the ledger has."""
    table, bodies = schema.port_readings, schema.port_bodies
    columns = (table.c.run_id, table.c.device, table.c.body)
    whole = with_body(table, bodies, *columns)
    yield from unsound(connection.execute(whole), "run/{}/ports/{}", bodies.name)
    table, bodies = schema.change_plans, schema.change_plan_bodies
    columns = (table.c.change, table.c.number, table.c.more)
    few = {"yield_per": _BULKY_STREAMED}
    plans = connection.execute(with_body(table, bodies, *columns), execution_options=few)
    known = ((change, number, plan_body(more), body) for change, number, more, body in plans)
    yield from unsound(known, "change/{}/plan/{}", bodies.name)


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
        self.count = 0

    def add(self, count: int) -> None:
        self.count += count
        if self._progress is not None:
            self._progress(self.count)


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
        self.counter = counter
        rows = {table: _Rows(connection, table, site, states) for table in schema.RECORDED}
        self._tables = {action: rows[table] for action, table in schema.ACTIONS.items()}
        self._waiting: dict[str, int] = {}

    def check(self) -> Iterator[Reason]:
        """The chain, then what of the tables is left over."""
        ledger = schema.ledger
        statement = select(*(ledger.c[name] for name in LedgerRow.model_fields))
        statement = statement.where(ledger.c.site == self._site).order_by(ledger.c.sequence)
        previous = GENESIS
        for part in self._connection.execute(statement).partitions():
            for row in part:
                yield from self._link(row, previous)
                table = self._tables.get(row.action)
                if table is not None:
                    yield from self._meet(table, row)
                previous = row.hash
                self.length = row.sequence
            self.counter.add(len(part))
        yield from self._end()

    def _link(self, row: Any, previous: str) -> Sequence[Reason]:
        _, sequence, at, actor, action, name, text, before, own = row
        entry = LedgerEntry(at, actor, action, name, text)
        edited = row_hash(self._site, sequence, entry, before) != own
        gap = sequence != self.length + 1
        marked = self._mark is not None and sequence == self._mark.sequence
        if not gap and before == previous and not edited and not marked:
            return ()
        here = {"site": self._site, "sequence": str(sequence), "subject": name}
        found = []
        if gap:
            first, last = self.length + 1, sequence - 1
            found.append(Reason.of("ledger_gap", site=self._site, first=first, last=last))
        elif before != previous:
            found.append(Reason(code="ledger_broken", params=here))
        if edited:
            found.append(Reason(code="ledger_edited", params=here))
        if self._mark and marked and own != self._mark.hash:
            found.append(Reason(code="ledger_recomputed", params=here))
        return found

    def _meet(self, rows: _Rows, row: Any) -> Sequence[Reason]:
        sequence, name, text = row.sequence, row.subject, row.payload
        found = rows.take(sequence, row.at)
        if found is None:
            early = list(rows.before(sequence))
            found = rows.take(sequence, row.at) if early else None
            if found is None:
                self._waiting[name] = sequence
                return early
        else:
            early = []
        if self._waiting:
            self._waiting.pop(name, None)
        if rows.text.subject(found) == name and rows.text.payload(found) == text:
            return early
        place = {"table": rows.table.name, "subject": name, "sequence": sequence}
        return [*early, Reason.of("row_edited", **place)]

    def _end(self) -> Iterator[Reason]:
        for rows in dict.fromkeys(self._tables.values()):
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
        self.table = table
        self.text = RowText(table)
        self._see = states.see if table is schema.run_targets else None
        self._place = [column.name for column in table.columns].index("ledger")
        size = {"yield_per": _BULKY_STREAMED if table.info.get("bulky") else _STREAMED}
        rows = connection.execute(statement, execution_options=size)
        self._rows = chain.from_iterable(rows.partitions())
        self._next = next(self._rows, None)

    def before(self, sequence: int | None) -> Iterator[Reason]:
        """Rows that point at a ledger row before ``sequence`` (None: at any)."""
        while self._next is not None and (sequence is None or self._next[self._place] < sequence):
            name = self.text.subject(self._advance())
            yield Reason.of("row_unrecorded", table=self.table.name, subject=name)

    def take(self, sequence: int, at: str) -> Row[Any] | None:
        """The row that points at the ledger row ``sequence`` of the time ``at``, if it is next."""
        if self._next is None or self._next[self._place] != sequence:
            return None
        return self._advance(at)

    def _advance(self, at: str = "~") -> Row[Any]:
        assert self._next is not None  # noqa: S101 both callers looked
        row, self._next = self._next, next(self._rows, None)
        if self._see is not None:
            self._see(row, at)
        return row
