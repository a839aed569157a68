"""How quickly changes are listed and shown: ``python benchmarks/changes.py [CHANGES] [ROWS]``.

Makes a journal of changes that went through their whole lives (a plan of five devices, two
approvals, four steps on each device) and of nights of backups until the ledger has so many rows,
then asks what ``weibao change list`` and ``change show`` ask. Each question is asked of a newly
opened journal, so that nothing is warm but the file system's cache, and again of the same one.
The floor is the same page of rows read with Python's ``sqlite3``. What writing costs is measured
with the product's own ``move_change``. At the end ``verify`` accepts all of it.

Default 1,000 changes and 100,000 rows; full size: 10000 1000000 (two minutes, 2 GB of disk).
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from measuring import machine, peak_mib, spent, table
from records import START, Journals, open_journal, sha

from weibao.adapters.journal import SqlJournal, schema
from weibao.adapters.journal.change_rows import change_row, inputs_row, plan_rows, row_of
from weibao.adapters.journal.rows import cell, stamp
from weibao.domain.change import (
    Approval,
    Change,
    ChangeEvent,
    ChangeKind,
    ChangePlan,
    ChangeState,
    ChangeStep,
    PlannedTarget,
    StepState,
    Window,
)

DEVICES = 200
OF_ONE = 5
STEPS = ("check", "apply", "verify", "save")
S = ChangeState
LIFE = (
    S.draft, S.internal_review, S.internally_approved, S.submitted, S.customer_approved,
    S.scheduled, S.running, S.verified, S.documents_updated, S.closed,
)  # fmt: skip
UNFINISHED = 20
"""The newest changes stop on their way: the last is a draft, the one before is in review …"""


class ChangeJournals(Journals):
    """Writes changes into a new SQLite journal, too."""

    def life(self, number: int, states: tuple[ChangeState, ...]) -> None:
        """A change that went through these states."""
        change = change_of(number)
        at = stamp(change.created_at)
        names = [f"sw{(number * 7 + n) % DEVICES:05d}" for n in range(OF_ONE)]
        for place, state in enumerate(states):
            change = change.model_copy(update={"state": state, "plan": 1, "round": 1})
            if state is S.verified:
                ended = {"started_at": change.window.start, "finished_at": change.window.end}
                change = change.model_copy(update=ended)
            action = "change.moved" if place else "change.added"
            last = place == len(states) - 1
            self._add(schema.changes, change_row(change), action, at, final=last)
            if not place:
                self._add(schema.change_inputs, inputs_row(change), "change_inputs.recorded", at)
                plan, body = plan_rows(_plan(change, names))
                self._add(schema.change_plans, plan, "change_plan.recorded", at)
                self._attach(schema.change_plan_bodies, body)
            if state in {S.internally_approved, S.customer_approved}:
                consent = row_of(schema.change_approvals, _approval(change, state))
                consent["number"] = 1 if state is S.internally_approved else 2
                self._add(schema.change_approvals, consent, "change_approval.recorded", at)
            event = row_of(schema.change_events, _event(change, place + 1, states))
            self._add(schema.change_events, event, "change_event.recorded", at)
            if state is S.running:
                locks = {"change": change.id, "devices": cell(sorted(names)), "at": at}
                self._add(schema.change_locks, locks, "change_locks.recorded", at)
                self._steps(change, names, at)
        if len(self._ledger) > 20_000:
            self._write()

    def _steps(self, change: Change, names: list[str], at: str) -> None:
        for number, (step, device) in enumerate(((s, d) for s in STEPS for d in names), 1):
            begun = ChangeStep(
                change=change.id, wave=0, phase="implement", step=step, device=device,
                state=StepState.begun, actor="wang", started_at=change.window.start,
            )  # fmt: skip
            done = {"state": StepState.done, "evidence": (sha(device),), "changed": True}
            done["finished_at"] = begun.started_at + timedelta(seconds=30)
            placed = {"number": number, "runbook": change.runbook}
            for value in (begun, begun.model_copy(update=done)):
                row = row_of(schema.change_steps, value) | placed
                final = value is not begun
                self._add(schema.change_steps, row, "change_step.recorded", at, final=final)


def change_of(number: int) -> Change:
    """A change as it was applied for."""
    made = START + timedelta(hours=number)
    return Change(
        id=f"CHG-{made:%Y%m%d}-{number:05d}", contract=f"contract-{number % 3}",
        kind=ChangeKind.normal, runbook=f"change-switch-config-{number % 4}",
        runbook_version="3", title="接入交换机端口调整", limit="access",
        variables={"lines": "interface GigabitEthernet0/0/1\n description x\n" * 40},
        window=Window(start=made + timedelta(days=2), end=made + timedelta(days=2, hours=2)),
        requester="zhang", operator="wang", recorder="li",
        fields={f"field_{n}": "影响范围与安全措施说明" for n in range(12)},
        digest=sha("digest"), created_at=made, updated_at=made,
    )  # fmt: skip


def _event(change: Change, number: int, states: tuple[ChangeState, ...]) -> ChangeEvent:
    return ChangeEvent(
        change=change.id, number=number, at=change.created_at + timedelta(minutes=number),
        actor="wang", action=change.state.value, state_before=states[max(0, number - 2)],
        state=change.state,
    )  # fmt: skip


def _approval(change: Change, state: ChangeState) -> Approval:
    return Approval(
        change=change.id, round=1, stage=state.value, person="chen", digest=change.digest,
        window_end=change.window.end, statement="s" * 400, signature="g" * 600,
        at=change.created_at,
    )  # fmt: skip


def _plan(change: Change, names: list[str]) -> ChangePlan:
    return ChangePlan(
        change=change.id, number=1, made_at=change.created_at, digest=change.digest,
        parts={f"host/{name}/variable_{n}": sha(f"{name}{n}") for name in names for n in range(20)},
        targets=tuple(
            PlannedTarget(
                device=name, wave=wave, estimate=120.0, back_out_estimate=60.0, checked=True,
                difference="+ description x\n" * 40,
            )
            for wave, name in enumerate(names)
        ),
        estimate=600.0, back_out_estimate=300.0,
    )  # fmt: skip


def make(folder: Path, count: int, rows: int) -> None:
    """The journal."""
    devices = [f"sw{n:05d}" for n in range(DEVICES)]
    pieces = {name: (sha(name), sha(f"{name} sealed"), 19_000) for name in devices}
    journals = ChangeJournals(folder)
    per_change = 3 * len(LIFE) + 2 * OF_ONE * len(STEPS)
    night = 0
    while journals.rows < rows - count * per_change:
        journals.night(night, devices, set(devices[night % 10 :: 10]), pieces)
        night += 1
    for number in range(count):
        from_end = count - number
        states = LIFE[:from_end] if from_end <= UNFINISHED else LIFE
        journals.life(number, states)
    while journals.rows < rows:
        journals.night(night, devices, set(devices[night % 10 :: 10]), pieces)
        night += 1
    journals.finish()


def show(journal: SqlJournal, name: str) -> int:
    """What ``change show`` reads."""
    found = journal.change(name)
    assert found is not None
    plan = journal.change_plan(name, found.plan)
    assert plan is not None
    events, consents = journal.change_events(name), journal.approvals(name)
    return len(events) + len(consents) + len(journal.change_steps(name))


def questions(count: int) -> list[tuple[str, Callable[[SqlJournal], int]]]:
    """By name, each with how many things it found."""
    middle = change_of(count // 2)
    span = (middle.window.start, middle.window.end)
    return [
        ("list, newest 50", lambda j: len(j.changes(limit=50))),
        ("list, 50 of a contract", lambda j: len(j.changes(contract="contract-1", limit=50))),
        ("list, 50 closed", lambda j: len(j.changes(states=[S.closed], limit=50))),
        ("list, running and paused", lambda j: len(j.changes(states=[S.running, S.paused]))),
        ("list, a contract's unfinished", lambda j: len(
            j.changes(contract="contract-1", states=set(S) - {S.closed}, limit=50))),
        ("list, none there", lambda j: len(j.changes(states=[S.missed], limit=50))),
        ("in the time of a window", lambda j: len(j.changes(overlapping=span))),
        ("show: one with all of it", lambda j: show(j, middle.id)),
        ("locked devices", lambda j: len(j.device_locks())),
        ("durations of a runbook's steps", lambda j: sum(
            map(len, j.step_durations(middle.runbook).values()))),
        ("list, all", lambda j: len(j.changes())),
    ]  # fmt: skip


def ask(folder: Path, count: int) -> list[tuple[object, ...]]:
    """Each question of a journal that was just opened, and again (the best of five)."""
    rows: list[tuple[object, ...]] = []
    for name, question in questions(count):
        with open_journal(folder) as journal:
            with spent() as first:
                found = question(journal)
            later = []
            for _ in range(5):
                with spent() as took:
                    question(journal)
                later.append(took.wall)
        rows.append((name, first.wall * 1000, first.cpu * 1000, min(later) * 1000, found))
    return rows


def floor(folder: Path) -> tuple[object, ...]:
    """The newest 50 with nothing but ``sqlite3``."""
    statement = (
        "SELECT * FROM changes LEFT JOIN change_inputs ON change = id"
        " ORDER BY created_at DESC, id DESC LIMIT 50"
    )
    taken = []
    for _ in range(6):
        database = sqlite3.connect(folder / "journal.db")
        with spent() as took:
            found = len(database.execute(statement).fetchall())
        database.close()
        taken.append(took)
    first = taken[0]
    best = min(took.wall for took in taken)
    return ("floor: sqlite3, newest 50", first.wall * 1000, first.cpu * 1000, best * 1000, found)


def write(folder: Path, count: int) -> list[tuple[object, ...]]:
    """Moves by the product: milliseconds for each."""
    names = [f"new{n}" for n in range(OF_ONE)]
    with open_journal(folder) as journal:
        change = change_of(count)
        with spent() as added:
            journal.add_change(change, _event(change, 1, LIFE))
        with spent() as moved:
            for number, state in enumerate(LIFE[1:], 2):
                before, change = change, change.model_copy(update={"state": state})
                event = _event(change, number, LIFE)
                plan = _plan(change, names) if state is S.internal_review else None
                locks = names if state is S.running else ()
                journal.move_change(change, event, expected=before.state, plan=plan, locks=locks)
        steps = [
            ChangeStep(
                change=change.id, wave=0, phase="implement", step="apply", device=f"new{n}",
                state=StepState.begun, actor="wang", started_at=change.window.start,
            )
            for n in range(500)
        ]  # fmt: skip
        with spent() as recorded:
            journal.record_change_steps(steps)
    moves = len(LIFE) - 1
    return [
        ("add a change", added.wall * 1000, added.cpu * 1000),
        ("move it (each of nine)", moved.wall * 1000 / moves, moved.cpu * 1000 / moves),
        ("a step on 500 devices", recorded.wall * 1000, recorded.cpu * 1000),
    ]


def main(count: int, rows: int) -> None:
    """Run it."""
    print(machine())
    with tempfile.TemporaryDirectory(prefix="wb-changes-") as temporary:
        folder = Path(temporary)
        with spent() as made:
            make(folder, count, rows)
        size = (folder / "journal.db").stat().st_size / 1e6
        with open_journal(folder) as journal:
            length = journal.head().sequence
        print(
            f"{count:,} changes, {length:,} ledger rows, {size:,.0f} MB, made in {made.wall:.0f} s"
        )
        head = ("asking", "first, wall ms", "CPU ms", "again, wall ms", "found")
        table(head, [*ask(folder, count), floor(folder)])
        print()
        table(("recording", "wall ms", "CPU ms"), write(folder, count))
        with open_journal(folder) as journal, spent() as verified:
            problems = list(journal.verify())
        assert problems == [], problems[:3]
        print(f"\nverify: {verified.wall:.1f} s ({verified.cpu:.1f} s of CPU), all fits;", end=" ")
        print(f"largest memory {peak_mib()[0]:.0f} MiB")


if __name__ == "__main__":
    sizes = [int(argument) for argument in sys.argv[1:]]
    main(sizes[0] if sizes else 1000, sizes[1] if len(sizes) > 1 else 100_000)
