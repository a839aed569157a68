"""One writing transaction: rows of the tables and of the ledger, collected and then written."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar, cast

from sqlalchemy import (
    Connection,
    RowMapping,
    Select,
    Table,
    and_,
    bindparam,
    case,
    insert,
    or_,
    select,
    tuple_,
    update,
)

from weibao.adapters.journal import schema
from weibao.adapters.journal.database import stay_alone
from weibao.adapters.journal.rows import Row, clean, payload, subject
from weibao.domain.ledger import LedgerEntry, canonical, chain
from weibao.domain.records import LedgerHead, LedgerRow, Outcome
from weibao.errors import FailedError, IntegrityError

__all__ = ["Pen", "again", "mark_renewal", "twice"]

MethodT = TypeVar("MethodT", bound=Callable[..., None])

_LOOKED_UP = 300
"""Keys in one SELECT; SQLite allows some 32,000 parameters."""

_GOOD = tuple(outcome.value for outcome in Outcome if outcome.good)


def twice(write: Callable[[bool], None]) -> None:
    """Once more where the connection broke: nobody knows whether it was written.

    ``write`` is told whether it is the second time.
    """
    try:
        write(False)
    except FailedError as error:
        if error.key != "journal.unavailable":
            raise
        write(True)


def again(method: MethodT) -> MethodT:
    """``twice`` for a method that changes nothing where it is recorded already."""

    @functools.wraps(method)
    def wrapped(*given: object, **named: object) -> None:
        twice(lambda _: method(*given, **named))

    return cast("MethodT", wrapped)


class Pen:
    """Collects the changes of one transaction and writes them with their ledger rows."""

    def __init__(
        self, connection: Connection, head: LedgerHead, preface: LedgerEntry | None = None
    ) -> None:
        """Continue the chain after ``head``; ``preface`` goes before the first change, if any."""
        self.written: list[LedgerRow] = []
        self._connection = connection
        self._head = head
        self._preface = preface
        self._entries: list[LedgerEntry] = []
        self._inserts: dict[Table, list[Row]] = defaultdict(list)
        self._updates: dict[Table, list[Row]] = defaultdict(list)
        self._attached: dict[Table, list[Row]] = defaultdict(list)

    def attach(self, table: Table, row: Row) -> None:
        """A row that no ledger row repeats: a recorded row of the same transaction has its hash."""
        self._attached[table].append(row)

    def note(self, entry: LedgerEntry) -> None:
        """A ledger row of its own."""
        self._begin()
        self._entries.append(entry)

    def insert(self, table: Table, row: Row, action: str, at: str, actor: str) -> None:
        """A new row and its ledger row."""
        self._inserts[table].append(self._place(table, row, action, at, actor))

    def update(self, table: Table, row: Row, action: str, at: str, actor: str) -> None:
        """A changed row (all of its columns) and its ledger row.

        Raises:
            IntegrityError: another site wrote the row, whose chain this is not.
        """
        if row["site"] != self._head.site:
            name = subject(table, row)
            raise IntegrityError("journal.other_site", subject=name, site=row["site"])
        self._updates[table].append(self._place(table, row, action, at, actor))

    def insert_new(
        self, table: Table, rows: Sequence[Row], action: str, at: str, actor: str, *ignoring: str
    ) -> list[Row]:
        """Insert those rows that are not recorded yet, and return them.

        Raises:
            IntegrityError: a recorded row of the same key says something else (columns in
                ``ignoring`` may differ).
        """
        known = self.existing(table, rows)
        new = []
        for row in rows:
            key = _key(table, row)
            earlier = known.get(key)
            if earlier is None:
                self.insert(table, row, action, at, actor)
                known[key] = row
                new.append(row)
                continue
            differs = [c for c in row if row[c] != earlier[c] and c not in {*_PLACE, *ignoring}]
            if differs:
                raise IntegrityError(
                    "journal.contradiction",
                    subject=subject(table, {**row, "site": self._head.site}),
                    column=differs[0],
                    recorded=earlier[differs[0]],
                    given=row[differs[0]],
                )
        return new

    def existing(self, table: Table, rows: Sequence[Row]) -> dict[tuple[Any, ...], Row]:
        """The recorded rows of the same keys."""
        columns = tuple_(*(table.c[name] for name in schema.key_of(table)))
        keys = [_key(table, row) for row in rows]
        found: dict[tuple[Any, ...], Row] = {}
        for first in range(0, len(keys), _LOOKED_UP):
            statement = select(table).where(columns.in_(keys[first : first + _LOOKED_UP]))
            for mapping in self._connection.execute(statement).mappings():
                found[_key(table, mapping)] = dict(mapping)
        return found

    def rows(self, statement: Select[Any]) -> Sequence[RowMapping]:
        """What the transaction sees; not what it has collected."""
        return self._connection.execute(statement).mappings().all()

    def stay_alone(self, name: str) -> None:
        """See ``database``: also of the transactions of other sites."""
        stay_alone(self._connection, name)

    def write(self) -> None:
        """Write everything; afterwards ``written`` has the ledger rows."""
        rows = list(chain(self._head, self._entries))
        if rows:
            self._connection.execute(insert(schema.ledger), [dict(row) for row in rows])
        for table in schema.RECORDED:
            if self._inserts[table]:
                self._connection.execute(insert(table), self._inserts[table])
            if self._updates[table]:
                self._connection.execute(_update(table), _update_rows(table, self._updates[table]))
        for table, attached in self._attached.items():
            self._connection.execute(insert(table), attached)
        self._follow(self._inserts[schema.run_targets], rows[-1].at if rows else "")
        self.written = rows

    def _begin(self) -> None:
        if self._preface is not None:
            self._entries.append(self._preface)
            self._preface = None

    def _place(self, table: Table, row: Row, action: str, at: str, actor: str) -> Row:
        self._begin()
        placed = {
            **row,
            "site": self._head.site,
            "ledger": self._head.sequence + len(self._entries) + 1,
        }
        entry = LedgerEntry(at, clean(actor), action, subject(table, placed), payload(placed))
        self._entries.append(entry)
        return placed

    def _follow(self, targets: Iterable[Row], recorded_at: str) -> None:
        # Sorted, so that two sites that write the same devices cannot wait for each other.
        rows = [_state(row) for row in targets]
        if not rows:
            return
        rows.sort(key=lambda row: (row["contract"], row["device"], row["attempt_at"]))
        self._connection.execute(_upsert_state(self._connection.dialect.name, recorded_at), rows)


_PLACE = ("site", "ledger")


def _key(table: Table, row: Any) -> tuple[Any, ...]:
    return tuple(row[name] for name in schema.key_of(table))


def _update(table: Table) -> Any:
    keys = schema.key_of(table)
    others: dict[str, Any] = {
        c.name: bindparam(f"new_{c.name}") for c in table.columns if c.name not in keys
    }
    return update(table).where(*(table.c[k] == bindparam(f"key_{k}") for k in keys)).values(others)


def _update_rows(table: Table, rows: list[Row]) -> list[Row]:
    keys = schema.key_of(table)
    return [{f"{'key' if k in keys else 'new'}_{k}": v for k, v in row.items()} for row in rows]


def _state(target: Row) -> Row:
    return {
        "contract": target["contract"],
        "device": target["device"],
        "good_at": target["at"] if target["outcome"] in _GOOD else None,
        "attempt_at": target["at"],
        "attempt_run": target["run_id"],
    }


def _upsert_state(dialect: str, recorded_at: str) -> Any:
    # What stands there with a later time than this very record has is of a clock that was
    # ahead: it must not keep what is true from showing until that time has come.
    state = schema.device_state
    statement: Any
    if dialect == "sqlite":
        from sqlalchemy.dialects import sqlite

        statement = sqlite.insert(state)
    else:  # takes its time to load
        from sqlalchemy.dialects import postgresql

        statement = postgresql.insert(state)
    new = statement.excluded
    newer = or_(
        state.c.attempt_at > recorded_at,
        new.attempt_at > state.c.attempt_at,
        (new.attempt_at == state.c.attempt_at) & (new.attempt_run > state.c.attempt_run),
    )
    better = and_(
        new.good_at.is_not(None),
        or_(
            state.c.good_at.is_(None),
            state.c.good_at > recorded_at,
            new.good_at > state.c.good_at,
        ),
    )
    return statement.on_conflict_do_update(
        index_elements=[state.c.contract, state.c.device],
        set_={
            "good_at": case((better, new.good_at), else_=state.c.good_at),
            "attempt_run": case((newer, new.attempt_run), else_=state.c.attempt_run),
            "attempt_at": case((newer, new.attempt_at), else_=state.c.attempt_at),
        },
    )


def mark_renewal(head: LedgerHead, at: str, actor: str) -> LedgerEntry:
    """What is noted when a lost high-water mark is made anew over an existing chain."""
    return LedgerEntry(
        at,
        clean(actor),
        "ledger.mark_renewed",
        f"ledger/{head.site}",
        canonical({"sequence": head.sequence, "hash": head.hash}),
    )
