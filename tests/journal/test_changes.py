"""Changes are read back as recorded; who is slower, or late, is refused (CHG-39)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import pytest
from changes_made import (
    WINDOW,
    approval,
    change,
    ended,
    event,
    move,
    moved,
    plan,
    step,
)
from records_made import START
from sqlalchemy import Connection

from weibao.adapters.journal import SqlJournal, schema
from weibao.adapters.journal.change_rows import row_of, value_of
from weibao.boundary import ChangeRecords, Journal
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
from weibao.errors import FailedError, IntegrityError, RefusedError

S = ChangeState


def add(journal: SqlJournal, subject: Change) -> Change:
    journal.add_change(subject, event(subject))
    return subject


def test_it_keeps_change_records(journal: SqlJournal) -> None:
    both: tuple[Journal, ChangeRecords] = journal, journal
    assert both[1].changes() == []
    assert (journal.change("CHG-1"), journal.change_plan("CHG-1", 1)) == (None, None)


@pytest.mark.parametrize(
    ("table", "kind", "elsewhere"),
    [
        (schema.changes, Change, {"window", "variables", "fields"}),
        (schema.change_events, ChangeEvent, set()),
        (schema.change_approvals, Approval, set()),
        (schema.change_plans, ChangePlan, set()),
        (schema.change_steps, ChangeStep, set()),
    ],
)
def test_every_column_has_its_field(table, kind, elsewhere) -> None:  # type: ignore[no-untyped-def]
    own = {"site", "ledger", "more", "window_start", "window_end", "number", "runbook"}
    assert set(table.c.keys()) - own <= set(kind.model_fields) - elsewhere


def test_a_life_is_read_back(journal: SqlJournal) -> None:
    first = add(journal, change())
    planned = move(journal, first, S.draft, 2, plan=plan(first), fields={"plan": 1, "digest": "d"})
    review = move(journal, planned, S.internal_review, 3, fields={"round": 1})
    consents = (approval(first), approval(first, "zhao", decision="reject", why="再议"))
    approved = move(journal, review, S.internally_approved, 4, approvals=consents)
    assert journal.change("CHG-1") == approved
    assert [e.number for e in journal.change_events("CHG-1")] == [1, 2, 3, 4]
    assert journal.change_events("CHG-1")[0] == event(first)
    assert tuple(journal.approvals("CHG-1")) == consents
    assert journal.change_plan("CHG-1", 1) == plan(first)
    assert journal.change_plan("CHG-1", 2) is None
    assert list(journal.verify()) == []


def test_the_ledger_says_who_did_what(journal: SqlJournal) -> None:
    first = add(journal, change())
    move(journal, first, S.draft, 2, plan=plan(first), actor="王工@跳板机")
    rows = list(journal.ledger())
    assert [(row.action, row.subject) for row in rows] == [
        ("change.added", "change/CHG-1"),
        ("change_inputs.recorded", "change/CHG-1/inputs"),
        ("change_event.recorded", "change/CHG-1/event/1"),
        ("change.moved", "change/CHG-1"),
        ("change_plan.recorded", "change/CHG-1/plan/1"),
        ("change_event.recorded", "change/CHG-1/event/2"),
    ]
    assert {row.actor for row in rows[3:]} == {"王工@跳板机"}
    assert "shutdown" not in rows[3].payload  # what is large is not repeated at every move


def test_variables_keep_what_yaml_gives(journal: SqlJournal) -> None:
    asked = {"day": date(2026, 3, 1), "raw": "\udcff\x00", "deep": {"a": [1, None]}}
    add(journal, change(variables=asked, title="\udcff\x00"))
    found = journal.change("CHG-1")
    assert found is not None
    assert found.variables == {**asked, "day": "2026-03-01"}
    assert list(journal.verify()) == []


def test_changed_variables_and_window(journal: SqlJournal) -> None:
    first = add(journal, change())
    window = WINDOW.model_copy(update={"end": WINDOW.end + timedelta(hours=1)})
    fields = {"window": window, "variables": {"lines": "no shutdown"}}
    after = move(journal, first, S.draft, 2, fields=fields)
    assert journal.change("CHG-1") == after
    assert list(journal.verify()) == []


def test_a_change_of_that_id(journal: SqlJournal) -> None:
    first = add(journal, change())
    for again in (first, change(title="other")):
        with pytest.raises(IntegrityError, match="CHG-1"):
            add(journal, again)
    assert journal.change("CHG-1") == first
    assert journal.head().sequence == 3


def test_who_is_slower_loses(journal: SqlJournal) -> None:
    first = add(journal, change(state=S.scheduled))
    move(journal, first, S.running, 2, actor="wang", fields={"run": "r1"})
    head = journal.head()
    with pytest.raises(RefusedError) as caught:
        move(journal, first, S.running, 2, actor="li", fields={"run": "r2"})
    assert caught.value.key == "change.moved_meanwhile"
    assert "wang was quicker with change CHG-1" in str(caught.value)
    assert "wang" in caught.value.say("zh")
    assert journal.head() == head
    kept = journal.change("CHG-1")
    assert kept is not None
    assert kept.run == "r1"


@pytest.mark.parametrize("number", [1, 3, 0])
def test_an_event_that_is_not_the_next(journal: SqlJournal, number: int) -> None:
    first = add(journal, change())
    with pytest.raises(RefusedError) as caught:
        move(journal, first, S.draft, number)
    assert caught.value.key == "change.moved_meanwhile"


def test_the_very_same_start_by_another_is_no_second_one(journal: SqlJournal) -> None:
    first = add(journal, change(state=S.scheduled))
    move(journal, first, S.running, 2)
    with pytest.raises(RefusedError):
        move(journal, first, S.running, 2)


def test_parts_of_another_change(journal: SqlJournal) -> None:
    first, other = add(journal, change()), change("CHG-2")
    for given in ({"plan": plan(other)}, {"approvals": (approval(other),)}):
        with pytest.raises(IntegrityError, match="CHG-2"):
            move(journal, first, S.draft, 2, **given)
    with pytest.raises(IntegrityError, match="CHG-2"):
        journal.move_change(first, event(other, 2), expected=S.draft)
    with pytest.raises(IntegrityError, match="draft → draft"):
        journal.move_change(moved(first, S.running), event(first, 2), expected=S.draft)
    with pytest.raises(IntegrityError, match="elsewhere"):
        move(journal, change(contract="elsewhere"), S.draft, 2)
    with pytest.raises(IntegrityError, match="no change CHG-2"):
        move(journal, other, S.draft, 2)
    assert journal.head().sequence == 3


def test_another_site_reads_it_and_leaves_it(opened) -> None:  # type: ignore[no-untyped-def]
    here, there = opened("main"), opened("branch")
    first = add(here, change())
    assert there.change("CHG-1") == first
    with pytest.raises(RefusedError, match="site main"):
        move(there, first, S.draft, 2)
    assert list(there.verify()) == []


# lists


def ids(changes: list[Change]) -> list[str]:
    return [found.id for found in changes]


def test_lists(journal: SqlJournal) -> None:
    for number in range(1, 7):
        contract = "甲" if number % 2 else "乙"
        day = timedelta(days=number)
        window = {"start": WINDOW.start + day, "end": WINDOW.end + day}
        made = {"created_at": START + day, "contract": contract, "window": window}
        add(journal, change(f"CHG-{number}", state=list(S)[number], **made))
    assert ids(journal.changes()) == [f"CHG-{n}" for n in (6, 5, 4, 3, 2, 1)]
    assert ids(journal.changes(limit=2)) == ["CHG-6", "CHG-5"]
    assert ids(journal.changes(contract="甲", limit=2)) == ["CHG-5", "CHG-3"]
    states = (state for state in (list(S)[1], list(S)[2]))
    assert ids(journal.changes(states=states)) == ["CHG-2", "CHG-1"]
    third = WINDOW.start + timedelta(days=3), WINDOW.end + timedelta(days=3)
    assert ids(journal.changes(overlapping=third)) == ["CHG-3"]
    wide = third[0] - timedelta(days=1), third[1] + timedelta(minutes=1)
    assert ids(journal.changes(overlapping=wide)) == ["CHG-3", "CHG-2"]
    assert journal.changes(overlapping=(third[1], third[1] + timedelta(hours=1))) == []
    beside = third[0] - timedelta(hours=1), third[0]
    assert journal.changes(overlapping=beside) == []
    assert journal.changes(contract="丙") == []


# locks


def started(journal: SqlJournal, name: str, *devices: str) -> Change:
    first = add(journal, change(name, state=S.scheduled))
    return move(journal, first, S.running, 2, locks=devices)


def test_a_device_belongs_to_one_running_change(journal: SqlJournal) -> None:
    running = started(journal, "CHG-1", "core-1", "core-2")
    assert journal.device_locks() == {"core-1": "CHG-1", "core-2": "CHG-1"}
    other = add(journal, change("CHG-2", state=S.scheduled))
    with pytest.raises(RefusedError) as caught:
        move(journal, other, S.running, 2, locks=("acc-1", "core-2"))
    assert caught.value.key == "change.locked"
    assert "core-2 belongs to change CHG-1" in str(caught.value)
    assert journal.change("CHG-2") == other
    assert len(journal.change_events("CHG-2")) == 1
    paused = move(journal, running, S.paused, 3)
    assert set(journal.device_locks().values()) == {"CHG-1"}
    resumed = move(journal, paused, S.running, 4)
    move(journal, resumed, S.verified, 5)
    assert journal.device_locks() == {}
    move(journal, other, S.running, 2, locks=("acc-1", "core-2"))
    assert journal.device_locks() == {"acc-1": "CHG-2", "core-2": "CHG-2"}
    assert list(journal.verify()) == []


def test_further_devices_are_added_while_it_runs(journal: SqlJournal) -> None:
    running = started(journal, "CHG-1", "core-1")
    other = started(journal, "CHG-2", "acc-1")
    with pytest.raises(RefusedError, match="acc-1 belongs to change CHG-2"):
        move(journal, running, S.running, 3, locks=("acc-1",))
    more = move(journal, running, S.running, 3, locks=("core-2",))
    assert set(journal.device_locks()) == {"core-1", "core-2", "acc-1"}
    same = move(journal, more, S.paused, 4, locks=("core-1",))
    assert set(journal.device_locks()) == {"core-1", "core-2", "acc-1"}
    head = journal.head().sequence
    move(journal, same, S.running, 5)
    assert journal.head().sequence == head + 2  # the change and the event; no locks anew
    move(journal, other, S.aborted, 3)
    assert set(journal.device_locks().values()) == {"CHG-1"}


def test_old_locks_do_not_come_back(journal: SqlJournal) -> None:
    running = started(journal, "CHG-1", "core-1")
    done = move(journal, running, S.aborted, 3)
    started(journal, "CHG-2", "core-1")
    move(journal, done, S.running, 4)
    assert journal.device_locks() == {"core-1": "CHG-2"}
    assert list(journal.verify()) == []


def test_locks_outlive_the_process(opened) -> None:  # type: ignore[no-untyped-def]
    journal = opened()
    started(journal, "CHG-1", "core-1")
    journal.close()
    assert opened().device_locks() == {"core-1": "CHG-1"}


def test_locks_count_in_locking_states_only(journal: SqlJournal) -> None:
    first = add(journal, change())
    for number, state in enumerate((s for s in S if s not in LOCKING), 2):
        first = move(journal, first, state, number, locks=("core-1",))
        assert journal.device_locks() == {}


# steps


def test_steps_as_they_stand(journal: SqlJournal) -> None:
    first = add(journal, change())
    begun, waiting = step(first), step(first, "confirm", "-", state=StepState.waiting)
    journal.record_change_steps([begun, waiting])
    journal.record_change_steps([begun])
    assert journal.change_steps("CHG-1") == [begun, waiting]
    done = ended(begun)
    journal.record_change_steps([done, ended(waiting, confirmed_by="li")])
    lost = step(first, device="core-2", state=StepState.unknown)
    again = step(first, device="core-2", attempt=2)
    journal.record_change_steps([lost, again, ended(again)])
    expected = [done, ended(waiting, confirmed_by="li"), lost, ended(again)]
    assert journal.change_steps("CHG-1") == expected
    assert list(journal.verify()) == []
    assert journal.ledger_of("change_step.recorded")[0].actor == "wang"


def test_a_step_that_has_ended_stays_so(journal: SqlJournal) -> None:
    first = add(journal, change())
    failed = ended(step(first), state=StepState.failed, detail="错误")
    journal.record_change_steps([failed])
    head = journal.head()
    journal.record_change_steps([failed])
    for other in (ended(step(first)), step(first)):
        with pytest.raises(IntegrityError, match="has ended already"):
            journal.record_change_steps([step(first, "check"), other])
    assert journal.change_steps("CHG-1") == [failed]
    assert journal.head() == head
    with pytest.raises(IntegrityError, match="no change CHG-9"):
        journal.record_change_steps([step(change("CHG-9"))])


def test_how_long_steps_take(journal: SqlJournal) -> None:
    for number in range(1, 4):
        subject = add(journal, change(f"CHG-{number}"))
        start = {"started_at": START + timedelta(days=number)}
        journal.record_change_steps(
            [
                ended(step(subject, **start), seconds=number),
                ended(step(subject, "verify", **start), seconds=10.5 * number),
                ended(step(subject, "verify", "core-2", **start), state=StepState.failed),
                step(subject, "save", **start),
            ]
        )
    other = add(journal, change("CHG-9", runbook="restore-switch-config"))
    journal.record_change_steps([ended(step(other), seconds=-1)])
    expected = {"apply": [3.0, 2.0, 1.0], "verify": [31.5, 21.0, 10.5]}
    assert journal.step_durations("change-switch-config") == expected
    assert journal.step_durations("change-switch-config", limit=1) == {
        "apply": [3.0],
        "verify": [31.5],
    }
    assert journal.step_durations("restore-switch-config") == {"apply": [0.0]}
    assert journal.step_durations("none") == {}


# a connection that breaks


class Breaking:
    """Breaks the connection once, before the transaction is committed or after it."""

    def __init__(self, journal: SqlJournal, *, committed: bool) -> None:
        self._whole, self._committed, self._left = journal._database.write, committed, 1
        journal._database.write = self.write  # type: ignore[method-assign, assignment]

    @contextmanager
    def write(self, site: str) -> Iterator[Connection]:
        self._left -= 1
        gone = FailedError("journal.unavailable", database="d", why="gone")
        with self._whole(site) as connection:
            yield connection
            if self._left == 0 and not self._committed:
                raise gone
        if self._left == 0:
            raise gone


@pytest.mark.parametrize("committed", [True, False])
def test_a_broken_connection_does_nothing_twice(journal: SqlJournal, committed: bool) -> None:
    journal.append(START, "x", "x.y", "s", "{}")
    first = change(state=S.scheduled)
    Breaking(journal, committed=committed)
    add(journal, first)
    Breaking(journal, committed=committed)
    given = {"plan": plan(first), "approvals": (approval(first),), "locks": ("core-1",)}
    running = move(journal, first, S.running, 2, **given)
    Breaking(journal, committed=committed)
    journal.record_change_steps([step(first)])
    assert journal.change("CHG-1") == running
    assert len(journal.change_events("CHG-1")) == 2
    assert journal.approvals("CHG-1") == [approval(first)]
    assert journal.change_steps("CHG-1") == [step(first)]
    assert journal.head().sequence == 1 + 3 + 5 + 1
    assert list(journal.verify()) == []


def test_a_broken_connection_does_not_hide_who_was_quicker(journal: SqlJournal) -> None:
    first = add(journal, change(state=S.scheduled))
    move(journal, first, S.running, 2, actor="wang")
    Breaking(journal, committed=False)
    with pytest.raises(RefusedError):
        move(journal, first, S.running, 2, actor="li")
    with pytest.raises(IntegrityError, match="CHG-1"):
        add(journal, change(title="other"))


def test_a_field_without_a_column_is_kept() -> None:
    class Richer(ChangeStep):
        weather: str = ""

    fields = step(change()).model_dump()
    richer = Richer.model_validate({**fields, "weather": "雨"})
    row = row_of(schema.change_steps, richer)
    assert row["more"] == '{"weather":"雨"}'
    assert value_of(Richer, schema.change_steps, row) == richer  # type: ignore[arg-type]
