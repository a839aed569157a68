"""Reading the journal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, TypeVar

from pydantic import TypeAdapter
from sqlalchemy import Connection, Select, Table, and_, case, func, select, tuple_

from weibao.adapters.journal import schema
from weibao.adapters.journal.database import Database
from weibao.adapters.journal.rows import from_row, stamp
from weibao.boundary.clock import Clock
from weibao.boundary.journal import RecordedPiece
from weibao.domain.base import Name, Sha256, Value
from weibao.domain.ledger import start
from weibao.domain.records import (
    Access,
    ConfigVersion,
    EvidenceRecord,
    Finding,
    LedgerHead,
    LedgerRow,
    Run,
    RunState,
    RunStep,
    RunTarget,
)
from weibao.errors import InputError, IntegrityError

__all__ = ["JournalReader", "head_of", "holds", "sites_of"]

ValueT = TypeVar("ValueT", bound=Value)

_STREAMED = 1000
_name = TypeAdapter(Name).validate_python
_sha256 = TypeAdapter(Sha256).validate_python
_LOOKED_UP = 300
"""Keys in one SELECT; SQLite allows some 32,000 parameters."""


def head_of(connection: Connection, site: str) -> LedgerHead:
    """The end of a chain as the transaction sees it.

    Raises:
        IntegrityError: the row was changed into something that no ledger row is.
    """
    ledger = schema.ledger
    row = connection.execute(
        select(ledger.c.sequence, ledger.c.hash)
        .where(ledger.c.site == site)
        .order_by(ledger.c.sequence.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return start(site)
    try:
        return LedgerHead(site=site, sequence=row.sequence, hash=row.hash)
    except ValueError as error:
        key = f"{site}, {row.sequence}"
        raise IntegrityError("journal.bad_row", table="ledger", key=key) from error


def holds(connection: Connection, head: LedgerHead) -> bool:
    """Whether the chain has this very row; the head of an empty chain is always there."""
    ledger = schema.ledger
    place = and_(ledger.c.site == head.site, ledger.c.sequence == head.sequence)
    found = connection.execute(select(ledger.c.hash).where(place)).scalar()
    return head.hash == found or head == start(head.site)


def sites_of(connection: Connection, tables: tuple[Table, ...]) -> list[str]:
    """The sites that wrote to any of ``tables``; one look-up in an index for each.

    Raises:
        IntegrityError: something that is no text was put in a site's place.
    """
    found: set[str] = set()
    for table in tables:
        site: str | None = ""
        while site is not None:
            statement = select(func.min(table.c.site)).where(table.c.site > site)
            site = connection.execute(statement).scalar()
            if not isinstance(site, str | None):
                raise IntegrityError("journal.bad_row", table=table.name, key=repr(site))
            found.update([site] if site else [])
    return sorted(found)


class JournalReader:
    """The reading half of ``boundary.Journal``."""

    def __init__(self, database: Database, site: str, clock: Clock) -> None:
        self._database = database
        self._site = site
        self._clock = clock

    def run(self, run_id: str) -> Run | None:
        """One run."""
        found = self._list(Run, schema.runs, select(schema.runs).where(schema.runs.c.id == run_id))
        return found[0] if found else None

    def runs(self, *, job: str = "", limit: int = 50, outside_changes: bool = False) -> list[Run]:
        """Newest first; last those that a fast clock dated later than it is now."""
        table = schema.runs
        ahead = case((table.c.started_at > stamp(self._clock.now()), 1), else_=0)
        statement = select(table).order_by(ahead, table.c.started_at.desc(), table.c.id.desc())
        if job:
            statement = statement.where(table.c.job == job)
        if outside_changes:
            statement = statement.where(table.c.change_ref == "")
        return self._list(Run, table, statement.limit(limit))

    def unfinished_runs(self) -> list[Run]:
        """This site's runs whose state is still ``running``, oldest first."""
        table = schema.runs
        open_here = and_(table.c.state == RunState.running.value, table.c.site == self._site)
        return self._list(Run, table, select(table).where(open_here).order_by(table.c.ledger))

    def steps(self, run_id: str) -> list[RunStep]:
        """In the order in which they ended."""
        table = schema.run_steps
        statement = select(table).where(table.c.run_id == run_id)
        return self._list(RunStep, table, statement.order_by(table.c.ledger))

    def targets(self, run_id: str) -> Iterator[RunTarget]:
        """By device name, streamed."""
        table = schema.run_targets
        statement = select(table).where(table.c.run_id == run_id).order_by(table.c.device)
        return self._stream(RunTarget, table, statement)

    def findings(self, run_id: str) -> list[Finding]:
        """Of one run, by device."""
        table = schema.findings
        statement = select(table).where(table.c.run_id == run_id)
        return self._list(Finding, table, statement.order_by(table.c.device, table.c.ledger))

    def versions(self, contract: str, device: str) -> list[ConfigVersion]:
        """Of one device, newest first."""
        table = schema.versions
        statement = select(table).where(table.c.contract == contract, table.c.device == device)
        return self._list(ConfigVersion, table, statement.order_by(table.c.number.desc()))

    def latest_versions(self, contract: str = "") -> dict[tuple[str, str], ConfigVersion]:
        """The newest version of every device, by (contract, device)."""
        table = schema.versions
        newest = select(table.c.contract, table.c.device, func.max(table.c.number))
        newest = newest.group_by(table.c.contract, table.c.device)
        if contract:
            newest = newest.where(table.c.contract == contract)
        key = tuple_(table.c.contract, table.c.device, table.c.number)
        found = self._list(ConfigVersion, table, select(table).where(key.in_(newest)))
        return {(version.contract, version.device): version for version in found}

    def newest_versions_of(self, device: str, contract: str = "") -> list[ConfigVersion]:
        """The newest version of the device of that name in each contract (or in one)."""
        contracts = [contract] if contract else self.contracts()
        table = schema.versions
        found: list[ConfigVersion] = []
        for name in contracts:
            own = select(table).where(table.c.contract == name, table.c.device == device)
            last = own.order_by(table.c.number.desc()).limit(1)
            found += self._list(ConfigVersion, table, last)
        return found

    def some_versions(
        self, keys: Iterable[tuple[str, str, int]]
    ) -> dict[tuple[str, str, int], ConfigVersion]:
        """Those of these (contract, device, number) that are recorded."""
        table = schema.versions
        key = tuple_(table.c.contract, table.c.device, table.c.number)
        wanted = list(dict.fromkeys(keys))
        found: list[ConfigVersion] = []
        for first in range(0, len(wanted), _LOOKED_UP):
            part = select(table).where(key.in_(wanted[first : first + _LOOKED_UP]))
            found += self._list(ConfigVersion, table, part)
        return {(v.contract, v.device, v.number): v for v in found}

    def contracts(self) -> list[str]:
        """The contracts that have versions; one look-up in an index for each."""
        column = schema.versions.c.contract
        found: list[str] = []
        with self._database.read() as connection:
            last: str | None = ""
            while last is not None:
                last = connection.execute(select(func.min(column)).where(column > last)).scalar()
                found += [last] if last else []
        return found

    def settled_startups(self, since: datetime) -> set[tuple[str, str]]:
        """See Journal."""
        runs, pieces, found = schema.runs, schema.evidence, schema.findings
        first = stamp(since)
        recent = select(runs.c.id).where(runs.c.started_at >= first)
        readings = select(pieces.c.contract, pieces.c.device, pieces.c.run_id).distinct()
        readings = readings.where(pieces.c.kind == "startup", pieces.c.run_id.in_(recent))
        unsaved = select(found.c.contract, found.c.device, found.c.run_id)
        unsaved = unsaved.where(found.c.code == "unsaved_change", found.c.run_id.in_(recent))
        changed = select(
            schema.versions.c.contract, schema.versions.c.device, schema.versions.c.run_id
        )
        changed = changed.where(schema.versions.c.run_id.in_(recent))
        with self._database.read() as connection:
            order = {
                row.id: number
                for number, row in enumerate(
                    connection.execute(recent.order_by(runs.c.started_at, runs.c.id))
                )
            }
            differing = {tuple(row) for row in connection.execute(unsaved)}
            newest = _newest(connection.execute(readings), order)
            versions = _newest(connection.execute(changed), order)
        return {
            device
            for device, run in newest.items()
            if (*device, run) not in differing
            and order[run] >= order.get(versions.get(device, ""), -1)
        }

    def uncommitted_versions(self) -> list[ConfigVersion]:
        """This site's versions that no archive commit holds yet, oldest first."""
        table = schema.versions
        statement = select(table).where(table.c.commit == "", table.c.site == self._site)
        return self._list(ConfigVersion, table, statement.order_by(table.c.ledger))

    def all_versions(self) -> Iterator[ConfigVersion]:
        """All by contract, device and number, streamed."""
        table = schema.versions
        return self._stream(ConfigVersion, table, select(table).order_by(*table.primary_key))

    def last_good(self) -> dict[tuple[str, str], datetime]:
        """When each device was last archived or found unchanged."""
        state = schema.device_state
        with self._database.read() as connection:
            rows = connection.execute(select(state).where(state.c.good_at.is_not(None))).all()
        return {(row.contract, row.device): datetime.fromisoformat(row.good_at) for row in rows}

    def last_attempts(self) -> dict[tuple[str, str], RunTarget]:
        """Each device's outcome in the last run that was to reach it."""
        table, state = schema.run_targets, schema.device_state
        last = and_(table.c.run_id == state.c.attempt_run, table.c.device == state.c.device)
        found = self._list(RunTarget, table, select(table).join(state, last))
        return {(target.contract, target.device): target for target in found}

    def evidence(self, sha256: str) -> list[EvidenceRecord]:
        """The records of a piece (``sha256`` may be an unambiguous beginning of it).

        Raises:
            InputError: no such name is possible, or several pieces begin like this.
        """
        if not re.fullmatch(r"[0-9a-f]{1,64}", sha256):
            raise InputError("evidence.bad_prefix", sha256=sha256)
        table = schema.evidence
        alike = and_(table.c.sha256 >= sha256, table.c.sha256 < sha256 + "g")
        statement = select(table).where(alike)
        with self._database.read() as connection:
            names = connection.execute(
                select(table.c.sha256).where(alike).distinct().limit(2)
            ).all()
        if len(names) > 1:
            raise InputError("evidence.ambiguous", sha256=sha256)
        return self._list(
            EvidenceRecord, table, statement.order_by(table.c.collected_at, table.c.ledger)
        )

    def run_evidence(self, run_id: str) -> list[EvidenceRecord]:
        """The pieces that one run collected, by contract and sha256."""
        table = schema.evidence
        statement = select(table).where(table.c.run_id == run_id)
        return self._list(EvidenceRecord, table, statement.order_by(*table.primary_key))

    def recorded_pieces(self) -> Iterator[RecordedPiece]:
        """Every piece once, by contract and sha256, streamed.

        Raises:
            IntegrityError: a row was changed into something that no record of a piece is.
        """
        column = schema.evidence.c
        stored = func.min(column.stored_sha256), func.max(column.stored_sha256)
        statement = select(column.contract, column.sha256, *stored)
        statement = statement.group_by(column.contract, column.sha256)
        statement = statement.order_by(column.contract, column.sha256)
        with self._database.read() as connection:
            streaming = connection.execution_options(yield_per=_STREAMED)
            for part in streaming.execute(statement).partitions():
                for row in part:
                    yield _piece(*row)

    def accesses(self, limit: int = 100) -> list[Access]:
        """Newest first."""
        table = schema.accesses
        statement = select(table).order_by(table.c.at.desc(), table.c.ledger.desc()).limit(limit)
        return self._list(Access, table, statement)

    def heads(self) -> list[LedgerHead]:
        """The end of every site's chain."""
        with self._database.read() as connection:
            sites = sites_of(connection, (schema.ledger,))
            return [head_of(connection, site) for site in sites]

    def head(self) -> LedgerHead:
        """The end of this site's chain; sequence 0 where it is empty."""
        with self._database.read() as connection:
            return head_of(connection, self._site)

    def ledger(self, site: str = "", after: int = 0) -> Iterator[LedgerRow]:
        """The rows of a chain (default: this site's) after a sequence, in order, streamed."""
        table = schema.ledger
        statement = select(table).where(table.c.site == (site or self._site))
        statement = statement.where(table.c.sequence > after).order_by(table.c.sequence)
        return self._stream(LedgerRow, table, statement)

    def ledger_of(self, action: str, limit: int = 1) -> list[LedgerRow]:
        """This site's rows with exactly this action, newest first."""
        table = schema.ledger
        statement = select(table).where(table.c.site == self._site, table.c.action == action)
        return self._list(
            LedgerRow, table, statement.order_by(table.c.sequence.desc()).limit(limit)
        )

    def _list(self, kind: type[ValueT], table: Table, statement: Select[Any]) -> list[ValueT]:
        with self._database.read() as connection:
            return [from_row(kind, table, row) for row in connection.execute(statement)]

    def _stream(self, kind: type[ValueT], table: Table, statement: Select[Any]) -> Iterator[ValueT]:
        with self._database.read() as connection:
            streaming = connection.execution_options(yield_per=_STREAMED)
            for part in streaming.execute(statement).partitions():
                for row in part:
                    yield from_row(kind, table, row)


def _piece(contract: Any, sha256: Any, least: Any, greatest: Any) -> RecordedPiece:
    try:
        _name(contract)
        for text in (sha256, least, greatest):
            _sha256(text)
    except (ValueError, TypeError) as error:
        key = f"{contract}, {sha256}"
        raise IntegrityError("journal.bad_row", table="evidence", key=key) from error
    return RecordedPiece(contract, sha256, (least, greatest))


def _newest(rows: Iterable[Any], order: Mapping[str, int]) -> dict[tuple[str, str], str]:
    """The latest run by (contract, device)."""
    newest: dict[tuple[str, str], str] = {}
    for contract, device, run in rows:
        before = newest.get((contract, device))
        if before is None or order[run] > order[before]:
            newest[contract, device] = run
    return newest
