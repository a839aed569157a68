"""Writing changes: every move is one transaction, and whoever is slower loses (CHG-39)."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

from sqlalchemy import Table, func, select

from weibao.adapters.journal import schema
from weibao.adapters.journal.change_reading import ChangeReader, live_locks, locked_devices
from weibao.adapters.journal.change_rows import change_row, inputs_row, plan_rows, row_of
from weibao.adapters.journal.rows import Row, cell, stamp, subject
from weibao.adapters.journal.writing import Pen, again, twice
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
from weibao.errors import IntegrityError, RefusedError

__all__ = ["ChangeWriter"]

_NOT_ENDED = frozenset(
    state.value for state in (StepState.begun, StepState.waiting, StepState.unknown)
)


class _Move(NamedTuple):
    """What is written together."""

    change: Change
    event: ChangeEvent
    expected: ChangeState
    approvals: tuple[Approval, ...]
    plan: ChangePlan | None
    locks: frozenset[str]

    @property
    def who(self) -> tuple[str, str]:
        """Time and actor of its ledger rows."""
        return stamp(self.event.at), self.event.actor


class ChangeWriter(ChangeReader):
    """Implements ``boundary.ChangeRecords`` where ``_pen`` writes to the journal."""

    @abstractmethod
    def _pen(self, actor: str) -> AbstractContextManager[Pen]: ...

    def add_change(self, change: Change, event: ChangeEvent) -> None:
        """A new change with its first event.

        Raises:
            IntegrityError: there is one of that id, or change and event do not fit together.
        """
        move = _Move(change, event, change.state, (), None, frozenset())
        _check_fits(move)
        if event.number != 1:
            raise _misfit(change, f"event {event.number}")
        twice(lambda repeated: self._add(move, repeated))

    def move_change(
        self,
        change: Change,
        event: ChangeEvent,
        *,
        expected: ChangeState,
        approvals: Sequence[Approval] = (),
        plan: ChangePlan | None = None,
        locks: Sequence[str] = (),
    ) -> None:
        """The change as it now stands, what was done, and what came with it, at once.

        ``locks`` count only where the new state is one of ``LOCKING``; further ones are added
        to those that the change has, and all are gone when it leaves these states.

        Raises:
            RefusedError: ``change.moved_meanwhile``, ``change.locked``, or
                ``change.other_site`` (it is moved where it was made).
            IntegrityError: there is no such change, or the parts do not fit together.
        """
        move = _Move(change, event, expected, tuple(approvals), plan, frozenset(locks))
        _check_fits(move)
        twice(lambda repeated: self._move(move, repeated))

    @again
    def record_change_steps(self, steps: Sequence[ChangeStep]) -> None:
        """Steps as they now stand, all or none; what is recorded already changes nothing.

        Raises:
            IntegrityError: there is no such change, or a step has ended already, in another way.
        """
        if steps:
            with self._pen(steps[0].actor) as pen:
                self._write_steps(pen, steps)

    def _add(self, move: _Move, repeated: bool) -> None:
        change = move.change
        with self._pen(move.event.actor) as pen:
            row = change_row(change)
            if pen.existing(schema.changes, [row]):
                if repeated and _holds_event(pen, move.event):
                    return
                raise IntegrityError("journal.change_exists", change=change.id)
            pen.insert(schema.changes, row, "change.added", *move.who)
            pen.insert(
                schema.change_inputs, inputs_row(change), "change_inputs.recorded", *move.who
            )
            _write_event(pen, move)

    def _move(self, move: _Move, repeated: bool) -> None:
        change = move.change
        with self._pen(move.event.actor) as pen:
            before = _existing_change(pen, change.id)
            if repeated and _holds_event(pen, move.event):
                return
            self._check_turn(pen, move, before)
            pen.update(schema.changes, {**before, **change_row(change)}, "change.moved", *move.who)
            self._write_inputs(pen, move)
            _write_plan(pen, move)
            _write_approvals(pen, move)
            if change.state in LOCKING:
                _write_locks(pen, move, held=before["state"] in LOCKING)
            _write_event(pen, move)

    def _check_turn(self, pen: Pen, move: _Move, before: Row) -> None:
        """Whether nobody was quicker, and the change is this site's.

        Raises:
            RefusedError: somebody was, or it is not.
        """
        change = move.change
        if before["site"] != self._site:
            raise RefusedError("change.other_site", change=change.id, site=before["site"])
        if before["contract"] != change.contract or before["created_at"] != stamp(
            change.created_at
        ):
            raise _misfit(change, f"contract {change.contract}")
        last = _last(pen, change.id)
        number = last["number"] if last else 0
        if before["state"] != move.expected.value or move.event.number != number + 1:
            raise RefusedError(
                "change.moved_meanwhile",
                change=change.id,
                expected=move.expected.value,
                state=before["state"],
                actor=last["actor"] if last else "-",
                action=last["action"] if last else "-",
                at=last["at"] if last else "-",
            )

    def _write_inputs(self, pen: Pen, move: _Move) -> None:
        row = inputs_row(move.change)
        known = pen.existing(schema.change_inputs, [row]).get((move.change.id,))
        if known is None:
            raise IntegrityError("journal.bad_row", table="change_inputs", key=move.change.id)
        if {**known, **row} != known:
            row = {**known, **row}
            pen.update(schema.change_inputs, row, "change_inputs.recorded", *move.who)

    def _write_steps(self, pen: Pen, steps: Sequence[ChangeStep]) -> None:
        at, table = stamp(self._clock.now()), schema.change_steps
        names = dict.fromkeys(step.change for step in steps)
        runbooks = {name: _existing_change(pen, name)["runbook"] for name in names}
        numbers = {name: _number(pen, table, name) for name in names}
        rows = [row_of(table, step) for step in steps]
        known = pen.existing(table, rows)
        for row in rows:
            key = tuple(row[name] for name in schema.key_of(table))
            earlier = known.get(key)
            if earlier is None:
                numbers[row["change"]] += 1
                row |= {"number": numbers[row["change"]], "runbook": runbooks[row["change"]]}
                pen.insert(table, row, "change_step.recorded", at, row["actor"])
                known[key] = {**row, "site": self._site, "ledger": 0}
                continue
            row = {**earlier, **row}
            if row == earlier:
                continue
            if earlier["state"] not in _NOT_ENDED:
                name, state = subject(table, row), earlier["state"]
                raise IntegrityError("journal.step_ended", subject=name, state=state)
            pen.update(table, row, "change_step.recorded", at, row["actor"])
            known[key] = row


def _check_fits(move: _Move) -> None:
    """That the parts are of one change and say the same of its state.

    Raises:
        IntegrityError: they are not.
    """
    change, event = move.change, move.event
    parts = [("event", event.change), *(("approval", a.change) for a in move.approvals)]
    parts += [("plan", move.plan.change)] if move.plan else []
    for kind, name in parts:
        if name != change.id:
            raise _misfit(change, f"{kind} {name}")
    if (event.state_before, event.state) != (move.expected, change.state):
        raise _misfit(change, f"{event.state_before} → {event.state}")


def _misfit(change: Change, what: str) -> IntegrityError:
    return IntegrityError("journal.change_misfit", change=change.id, what=what)


def _existing_change(pen: Pen, change_id: str) -> Row:
    found = pen.existing(schema.changes, [{"id": change_id}])
    if not found:
        raise IntegrityError("journal.no_change", change=change_id)
    return found[(change_id,)]


def _last(pen: Pen, change_id: str) -> Any:
    """The change's last event."""
    table = schema.change_events
    own = select(table).where(table.c.change == change_id)
    found = pen.rows(own.order_by(table.c.number.desc()).limit(1))
    return found[0] if found else None


def _number(pen: Pen, table: Table, change_id: str) -> int:
    """The last number of a change's rows in a table."""
    last = select(func.max(table.c.number).label("last")).where(table.c.change == change_id)
    found: int | None = pen.rows(last)[0]["last"]
    return found or 0


def _holds_event(pen: Pen, event: ChangeEvent) -> bool:
    """Whether this very event is recorded."""
    row = row_of(schema.change_events, event)
    known = pen.existing(schema.change_events, [row]).get((event.change, event.number))
    return known is not None and {**known, **row} == known


def _write_event(pen: Pen, move: _Move) -> None:
    row = row_of(schema.change_events, move.event)
    pen.insert(schema.change_events, row, "change_event.recorded", *move.who)


def _write_plan(pen: Pen, move: _Move) -> None:
    if move.plan is not None:
        row, body = plan_rows(move.plan)
        if pen.insert_new(schema.change_plans, [row], "change_plan.recorded", *move.who):
            pen.attach(schema.change_plan_bodies, body)


def _write_approvals(pen: Pen, move: _Move) -> None:
    if not move.approvals:
        return
    table = schema.change_approvals
    first = _number(pen, table, move.change.id) + 1
    for number, approval in enumerate(move.approvals, first):
        row = row_of(table, approval) | {"number": number}
        pen.insert(table, row, "change_approval.recorded", *move.who)


def _write_locks(pen: Pen, move: _Move, *, held: bool) -> None:
    """The devices that belong to the change; ``held``: it has some already.

    Raises:
        RefusedError: another running or paused change has one of them.
    """
    name, table = move.change.id, schema.change_locks
    known = pen.existing(table, [{"change": name}]).get((name,))
    own = frozenset(locked_devices(known)) if known and held else frozenset()
    wanted = own | move.locks
    if wanted - own:
        pen.stay_alone("weibao device locks")  # sites write side by side
        for other in pen.rows(live_locks().where(table.c.change != name)):
            taken = sorted((wanted - own).intersection(locked_devices(other)))
            if taken:
                by = other["change"]
                raise RefusedError("change.locked", device=taken[0], by=by, change=name)
    row: Row = {"change": name, "devices": cell(sorted(wanted)), "at": move.who[0]}
    if known is None:
        if wanted:
            pen.insert(table, row, "change_locks.recorded", *move.who)
    elif wanted != own or not held:
        pen.update(table, {**known, **row}, "change_locks.recorded", *move.who)
