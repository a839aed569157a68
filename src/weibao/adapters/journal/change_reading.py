"""Reading changes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import RowMapping, Select, Table, select

from weibao.adapters.journal import schema
from weibao.adapters.journal.bodies import with_body
from weibao.adapters.journal.change_rows import change_of, plan_of, value_of
from weibao.adapters.journal.reading import JournalReader
from weibao.adapters.journal.rows import stamp
from weibao.domain.base import Value
from weibao.domain.change import (
    LOCKING,
    Approval,
    Change,
    ChangeEvent,
    ChangePlan,
    ChangeState,
    ChangeStep,
    StepState,
)
from weibao.errors import IntegrityError

__all__ = ["ChangeReader", "live_locks", "locked_devices"]

ValueT = TypeVar("ValueT", bound=Value)

_LOCKING = sorted(state.value for state in LOCKING)


class ChangeReader(JournalReader):
    """The reading half of ``boundary.ChangeRecords``."""

    def change(self, change_id: str) -> Change | None:
        """One change."""
        found = self._rows(_changes().where(schema.changes.c.id == change_id))
        return change_of(found[0]) if found else None

    def changes(
        self,
        *,
        contract: str = "",
        states: Iterable[ChangeState] = (),
        limit: int = 0,
        overlapping: tuple[datetime, datetime] | None = None,
    ) -> list[Change]:
        """Newest first; of all states where none are named.

        ``overlapping``: those whose window has a moment in this span (its end not counted).
        """
        table = schema.changes
        statement = _changes().order_by(table.c.created_at.desc(), table.c.id.desc())
        if contract:
            statement = statement.where(table.c.contract == contract)
        wanted = sorted({state.value for state in states})
        if wanted:
            statement = statement.where(table.c.state.in_(wanted))
        if overlapping is not None:
            start, end = map(stamp, overlapping)
            statement = statement.where(table.c.window_start < end, table.c.window_end > start)
        if limit:
            statement = statement.limit(limit)
        return [change_of(row) for row in self._rows(statement)]

    def change_events(self, change_id: str) -> list[ChangeEvent]:
        """In order."""
        return self._values(ChangeEvent, schema.change_events, change_id)

    def approvals(self, change_id: str) -> list[Approval]:
        """All that were ever given, in order."""
        return self._values(Approval, schema.change_approvals, change_id)

    def change_plan(self, change_id: str, number: int) -> ChangePlan | None:
        """One plan."""
        table = schema.change_plans
        whole = with_body(table, schema.change_plan_bodies, *table.c)
        found = self._rows(whole.where(table.c.change == change_id, table.c.number == number))
        return plan_of(found[0]) if found else None

    def change_steps(self, change_id: str) -> list[ChangeStep]:
        """In the order in which they were first recorded, which is before they begin."""
        return self._values(ChangeStep, schema.change_steps, change_id)

    def device_locks(self) -> dict[str, str]:
        """Devices that belong to a running or paused change, and to which."""
        return {
            device: row["change"]
            for row in self._rows(live_locks())
            for device in locked_devices(row)
        }

    def step_durations(self, runbook: str, limit: int = 50) -> dict[str, list[float]]:
        """By step, the seconds that its latest done executions took, newest first."""
        table = schema.change_steps
        done = table.c.runbook == runbook, table.c.state == StepState.done.value
        times = select(table.c.started_at, table.c.finished_at).where(*done)
        times = times.where(table.c.finished_at.is_not(None))
        times = times.order_by(table.c.finished_at.desc()).limit(limit)
        steps = select(table.c.step).where(*done).order_by(table.c.step).limit(1)
        found: dict[str, list[float]] = {}
        with self._database.read() as connection:  # one look-up in the index for each step
            step = connection.execute(steps).scalar()
            while step is not None:
                rows = connection.execute(times.where(table.c.step == step))
                found[step] = [_seconds(*row) for row in rows]
                step = connection.execute(steps.where(table.c.step > step)).scalar()
        return {name: taken for name, taken in found.items() if taken}

    def _values(self, kind: type[ValueT], table: Table, change_id: str) -> list[ValueT]:
        statement = select(table).where(table.c.change == change_id).order_by(table.c.number)
        return [value_of(kind, table, row) for row in self._rows(statement)]

    def _rows(self, statement: Select[Any]) -> list[RowMapping]:
        with self._database.read() as connection:
            return list(connection.execute(statement).mappings())


def live_locks() -> Select[Any]:
    """The rows of ``change_locks`` that count."""
    table = schema.changes
    locks = schema.change_locks
    running = select(locks).join(table, table.c.id == locks.c.change)
    return running.where(table.c.state.in_(_LOCKING)).order_by(table.c.id)


def locked_devices(row: RowMapping | dict[str, Any]) -> list[str]:
    """The devices that a row of ``change_locks`` names.

    Raises:
        IntegrityError: the row was changed into something that is none.
    """
    try:
        found = json.loads(row["devices"])
    except (ValueError, TypeError):
        found = None
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise IntegrityError("journal.bad_row", table="change_locks", key=row["change"])
    return found


def _seconds(started: str, finished: str) -> float:
    """Never less than none: a clock may have been set back between them."""
    try:
        took = datetime.fromisoformat(finished) - datetime.fromisoformat(started)
    except (ValueError, TypeError) as error:
        key = f"{started}, {finished}"
        raise IntegrityError("journal.bad_row", table="change_steps", key=key) from error
    return max(0.0, took.total_seconds())


def _changes() -> Select[Any]:
    table, inputs = schema.changes, schema.change_inputs
    both = select(table, inputs.c.variables, inputs.c.fields)
    return both.outerjoin(inputs, inputs.c.change == table.c.id)
