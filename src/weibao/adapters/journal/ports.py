"""Readings of ports in the journal: recorded with their run, read back by device or by run."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, and_, case, func, select

from weibao.adapters.journal import schema
from weibao.adapters.journal.bodies import packed, unpacked, with_body
from weibao.adapters.journal.reading import JournalReader
from weibao.adapters.journal.rows import Row, cell, stamp
from weibao.adapters.journal.writing import Pen, again
from weibao.errors import IntegrityError

if TYPE_CHECKING:  # a journal is opened by many who ask for no ports
    from weibao.boundary.ports import PortRun
    from weibao.domain.port_record import DeviceReading

__all__ = ["PortWriter"]

_STREAMED = 200


class PortWriter(JournalReader):
    """Implements ``boundary.ports.PortRecords`` where ``_pen`` writes to the journal."""

    @abstractmethod
    def _pen(self, actor: str) -> AbstractContextManager[Pen]: ...

    @again
    def record_ports(self, run_id: str, readings: Sequence[DeviceReading], actor: str) -> None:
        """Readings of one run, in one transaction; what is recorded already changes nothing.

        Raises:
            IntegrityError: it contradicts what is recorded, or belongs to another run.
        """
        rows, bodies = [], {}
        for reading in readings:
            if reading.run_id != run_id:
                raise IntegrityError("journal.other_run", run=run_id, other=reading.run_id)
            text = reading.model_dump_json(exclude_defaults=True).encode()
            sha256, bodies[reading.device] = packed(text)
            rows.append(_row(reading, sha256))
        with self._pen(actor) as pen:
            at = stamp(self._clock.now())
            for row in pen.insert_new(schema.port_readings, rows, "ports.recorded", at, actor):
                device = row["device"]
                body = {"run_id": run_id, "device": device, "body": bodies[device]}
                pen.attach(schema.port_bodies, body)

    def port_readings(self, run_id: str) -> Iterator[DeviceReading]:
        """Of one run, by device, streamed."""
        table = schema.port_readings
        statement = _whole().where(table.c.run_id == run_id).order_by(table.c.device)
        return self._readings(statement)

    def latest_ports(
        self, *, before: str = "", unread: bool = False
    ) -> dict[tuple[str, str], DeviceReading]:
        """Each device's newest good reading, but for those of the run ``before``; with ``unread``
        the newest one of each device that it does not show.

        Snapshots of changes are not among them: what they find is told to the change alone, so
        the daily check has yet to find it.
        """
        table, runs = schema.port_readings, schema.runs
        chosen = _newest().join(runs, runs.c.id == table.c.run_id).where(runs.c.change_ref == "")
        if not unread:
            chosen = chosen.where(table.c.outcome.in_(_good()))
        if before:
            chosen = chosen.where(table.c.run_id != before)
        statement = _of(chosen)
        if unread:
            statement = statement.where(table.c.outcome.not_in(_good()))
        found: dict[tuple[str, str], DeviceReading] = {}
        for reading in self._readings(statement):
            key = reading.contract, reading.device
            found[key] = max(found.get(key, reading), reading, key=self._recent)
        return found

    def device_ports(
        self, contract: str, device: str, run_id: str = ""
    ) -> tuple[DeviceReading | None, DeviceReading | None]:
        """A device's newest good reading and its newest of all, of one run or of any."""
        table = schema.port_readings
        chosen = _newest().where(table.c.contract == contract, table.c.device == device)
        if run_id:
            chosen = chosen.where(table.c.run_id == run_id)
        good = chosen.where(table.c.outcome.in_(_good()))
        newest = (self._readings(_of(each)) for each in (good, chosen))
        first, last = (max(found, key=self._recent, default=None) for found in newest)
        return first, last

    def _recent(self, reading: DeviceReading) -> tuple[bool, datetime]:
        """Of readings by several sites the later one; no clock may be ahead for that."""
        return reading.at <= self._clock.now(), reading.at

    def port_history(
        self, contract: str, device: str, since: datetime | None = None
    ) -> Iterator[DeviceReading]:
        """All readings of a device, oldest first, streamed."""
        table = schema.port_readings
        statement = _whole().where(table.c.contract == contract, table.c.device == device)
        if since is not None:
            statement = statement.where(table.c.at >= stamp(since))
        return self._readings(statement.order_by(table.c.at))

    def port_runs(self, contract: str, limit: int = 30) -> list[PortRun]:
        """The last runs with what they found together, newest first, and last those that a fast
        clock dated later than it is now; snapshots of changes are not among them.
        """
        from weibao.boundary.ports import PortRun
        from weibao.domain.port_record import WHOLE
        from weibao.domain.port_report import PortTally

        table = schema.port_readings
        sums = [
            func.sum(table.c[name]).label(name)
            for name in ("total", "up", "down", "shut", "unknown", "findings")
        ]
        # What the controller tests is no device, but its findings belong to the run.
        device = table.c.device != WHOLE
        good = and_(device, table.c.outcome.in_(_good()))
        ahead = case((func.min(table.c.at) > stamp(self._clock.now()), 1), else_=0)
        statement = (
            select(
                table.c.run_id,
                func.min(table.c.at).label("at"),
                func.sum(case((device, 1), else_=0)).label("devices"),
                func.sum(case((good, 1), else_=0)).label("read"),
                *sums,
            )
            .join(schema.runs, schema.runs.c.id == table.c.run_id)
            .where(table.c.contract == contract, schema.runs.c.change_ref == "")
            .group_by(table.c.run_id)
            .order_by(ahead, func.min(table.c.at).desc())
            .limit(limit)
        )
        with self._database.read() as connection:
            rows = connection.execute(statement).mappings().all()
        return [
            PortRun(
                run_id=row["run_id"],
                at=datetime.fromisoformat(row["at"]),
                devices=row["devices"],
                read=row["read"],
                ports=PortTally(
                    total=row["total"],
                    up=row["up"],
                    down=row["down"],
                    shut=row["shut"],
                    unknown=row["unknown"],
                    lost=row["total"] - sum(row[n] for n in ("up", "down", "shut", "unknown")),
                ),
                findings=row["findings"],
            )
            for row in rows
        ]

    def _readings(self, statement: Select[Any]) -> Iterator[DeviceReading]:
        with self._database.read() as connection:
            streaming = connection.execution_options(yield_per=_STREAMED)
            for row in streaming.execute(statement):
                yield opened(*row)


def _whole() -> Select[Any]:
    table, bodies = schema.port_readings, schema.port_bodies
    return with_body(table, bodies, table.c.run_id, table.c.device, table.c.body)


def _newest() -> Select[Any]:
    """Site and ledger row of each device's newest reading, by the order in which they were
    recorded: a clock that was ahead once would hide all that came later.
    """
    table = schema.port_readings
    newest = select(table.c.site, func.max(table.c.ledger).label("ledger"))
    return newest.group_by(table.c.site, table.c.contract, table.c.device)


def _of(chosen: Select[Any]) -> Select[Any]:
    """The readings of these rows of the ledger."""
    table, newest = schema.port_readings, chosen.subquery()
    same = and_(table.c.site == newest.c.site, table.c.ledger == newest.c.ledger)
    return _whole().join(newest, same)


def opened(run_id: str, device: str, sha256: str, body: bytes | None) -> DeviceReading:
    """The reading in a body.

    Raises:
        IntegrityError: it is missing, or not the one that the ledger knows.
    """
    from weibao.domain.port_record import DeviceReading

    text = unpacked(schema.port_bodies, f"{run_id}, {device}", sha256, body)
    return DeviceReading.model_validate_json(text)


def _good() -> tuple[str, ...]:
    """Outcomes of a reading that says how the ports are."""
    from weibao.domain.port_record import PortOutcome

    return PortOutcome.read.value, PortOutcome.partly.value


def _row(reading: DeviceReading, sha256: str) -> Row:
    from weibao.domain.port_report import tally_of_readings

    tally = tally_of_readings([reading])
    return {
        "run_id": reading.run_id,
        "device": reading.device,
        "contract": reading.contract,
        "platform": reading.platform,
        "at": stamp(reading.at),
        "outcome": reading.outcome.value,
        "reason": cell(reading.reason),
        # Those that are lost are what is left of the total.
        **tally.model_dump(exclude={"lost"}),
        "findings": sum(not f.waived for f in reading.findings),
        "body": sha256,
    }
