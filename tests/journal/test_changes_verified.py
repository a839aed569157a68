"""Forged changes are found; several processes and killed ones leave whole records."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy
from changes_made import START, change, changed, ended, event, move, moved, plan, step

from weibao.adapters.journal import SqlJournal, schema
from weibao.adapters.journal.change_rows import row_of
from weibao.adapters.journal.rows import stamp
from weibao.domain.change import ChangeState
from weibao.errors import IntegrityError, RefusedError

S = ChangeState
Tamper = Callable[..., None]


@pytest.fixture
def tamper(url: str, journal: SqlJournal) -> Tamper:
    """Runs SQL on the database of a journal with one running change: ledger rows 1 to 9."""
    changed(journal)
    assert journal.head().sequence == 9
    assert list(journal.verify()) == []
    engine = sqlalchemy.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))

    def execute(*statements: str) -> None:
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(sqlalchemy.text(statement))

    return execute


@pytest.mark.parametrize(
    ("statement", "subject"),
    [
        ("UPDATE changes SET state = 'verified'", "change/CHG-1"),
        ("UPDATE changes SET window_end = '2099'", "change/CHG-1"),
        ("UPDATE changes SET digest = 'x'", "change/CHG-1"),
        ("UPDATE changes SET \"limit\" = 'all'", "change/CHG-1"),
        ("UPDATE changes SET more = '[]'", "change/CHG-1"),
        ("UPDATE change_inputs SET variables = '{}'", "change/CHG-1/inputs"),
        ("UPDATE change_events SET actor = 'li' WHERE number = 1", "change/CHG-1/event/1"),
        ("UPDATE change_approvals SET person = 'li'", "change/CHG-1/approval/1"),
        ("UPDATE change_approvals SET signature = ''", "change/CHG-1/approval/1"),
        ("UPDATE change_plans SET targets = 'x'", "change/CHG-1/plan/1"),
        ("UPDATE change_plans SET estimate = 1", "change/CHG-1/plan/1"),
        ("UPDATE change_steps SET state = 'done'", "change/CHG-1/step/0/apply/core-1/1"),
        ("UPDATE change_steps SET runbook = 'other'", "change/CHG-1/step/0/apply/core-1/1"),
        ("UPDATE change_locks SET devices = '[]'", "change/CHG-1/locks"),
    ],
)
def test_an_edited_row(journal: SqlJournal, tamper: Tamper, statement: str, subject: str) -> None:
    tamper(statement)
    (found,) = journal.verify()
    assert (found.code, found.params["subject"]) == ("row_edited", subject)


def test_deleted_rows(journal: SqlJournal, tamper: Tamper) -> None:
    tables = ("change_approvals", "change_locks", "change_plans", "change_steps", "change_inputs")
    tamper(*(f"DELETE FROM {table}" for table in tables))
    assert {reason.code for reason in journal.verify()} == {"row_missing"}
    assert len(list(journal.verify())) == len(tables)
    with pytest.raises(IntegrityError, match="CHG-1"):
        journal.changes()  # never a change without what was asked of it


def test_a_forged_approval(journal: SqlJournal, tamper: Tamper) -> None:
    copied = (
        "change, 2, round, stage, 'li', decision, digest, window_end, channel, statement,"
        " signature, recorded_by, evidence, why, at, more, site, 99"
    )
    names = copied.replace("2", "number").replace("'li'", "person").replace("99", "ledger")
    tamper(f"INSERT INTO change_approvals ({names}) SELECT {copied} FROM change_approvals")
    (found,) = journal.verify()
    assert (found.code, found.params["subject"]) == ("row_unrecorded", "change/CHG-1/approval/2")


def test_a_change_put_back_to_before_its_start(journal: SqlJournal, tamper: Tamper) -> None:
    tamper(
        "UPDATE changes SET state = 'scheduled', updated_at = created_at, ledger = 1",
    )
    (found,) = journal.verify()
    assert (found.code, found.params["sequence"]) == ("row_missing", "4")


@pytest.mark.parametrize(
    ("statement", "read"),
    [
        ("UPDATE changes SET state = 'nonsense'", "changes"),
        ("UPDATE changes SET more = '[]'", "changes"),
        ("UPDATE change_inputs SET fields = '{'", "changes"),
        ("UPDATE change_locks SET devices = '{}'", "device_locks"),
    ],
)
def test_a_row_changed_into_nonsense_is_named(
    journal: SqlJournal, tamper: Tamper, statement: str, read: str
) -> None:
    tamper(statement)
    with pytest.raises(IntegrityError, match="makes no sense"):
        getattr(journal, read)()


# processes

MOVER = """
import sys
from pathlib import Path
from ticking import TickingClock
from changes_made import change, ended, event, move, step
from weibao.adapters.journal import SqlJournal, schema
from weibao.adapters.journal.change_rows import row_of
from weibao.adapters.journal.rows import stamp
from weibao.domain.change import ChangeState as S
from weibao.errors import RefusedError
url, mark, job, name = sys.argv[1:]
journal = SqlJournal(url, site=job if job.startswith("site") else "main", clock=TickingClock(),
                     mark=Path(mark))
print("ready", flush=True)
sys.stdin.readline()
if job == "start":
    try:
        move(journal, change(state=S.scheduled), S.running, 2, actor=name, locks=("core-1",))
        print("won", flush=True)
    except RefusedError as error:
        print(error.key, flush=True)
elif job.startswith("site"):
    own = change(name, state=S.scheduled)
    journal.add_change(own, event(own))
    try:
        move(journal, own, S.running, 2, locks=(f"own-{name}", "core-1"))
        print("won", flush=True)
    except RefusedError as error:
        print(error.key, flush=True)
else:
    for number in range(2, 10_000):
        own = change(f"{name}-{number}", state=S.scheduled)
        journal.add_change(own, event(own))
        running = move(journal, own, S.running, 2, locks=(f"{name}-device",))
        journal.record_change_steps([step(own), ended(step(own))])
        move(journal, running, S.verified, 3)
"""


def mover(url: str, folder: Path, job: str, name: str) -> subprocess.Popen[str]:
    paths = [str(Path(__file__).parent), *sys.path]
    site = job if job.startswith("site") else "main"
    process = subprocess.Popen(
        [sys.executable, "-c", MOVER, url, str(folder / "marks" / f"{site}.json"), job, name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def outcomes(processes: list[subprocess.Popen[str]]) -> list[str]:
    """Let them go at once; what each says."""
    try:
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        return sorted(process.communicate(timeout=120)[0].strip() for process in processes)
    finally:
        for process in processes:
            process.kill()
            process.wait()


def test_two_operators_start_the_same_change(url: str, journal: SqlJournal, tmp_path: Path) -> None:
    first = change(state=S.scheduled)
    journal.add_change(first, event(first))
    processes = [mover(url, tmp_path, "start", name) for name in ("wang", "li", "zhao")]
    assert outcomes(processes) == ["change.moved_meanwhile", "change.moved_meanwhile", "won"]
    assert len(journal.change_events("CHG-1")) == 2
    assert journal.device_locks() == {"core-1": "CHG-1"}
    assert list(journal.verify()) == []


def test_two_sites_want_the_same_device(url: str, journal: SqlJournal, tmp_path: Path) -> None:
    """Each has a chain of its own, so that they do not wait for each other anywhere else."""
    processes = [mover(url, tmp_path, f"site{name}", name) for name in ("A", "B", "C")]
    assert outcomes(processes) == ["change.locked", "change.locked", "won"]
    (winner,) = journal.changes(states=[S.running])
    assert journal.device_locks() == {"core-1": winner.id, f"own-{winner.id}": winner.id}
    codes = {reason.code for reason in journal.verify()}
    assert codes == set()


def test_killed_processes_leave_whole_records(url: str, opened, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    dice = random.Random(11)
    for number in range(3):
        process = mover(url, tmp_path, "work", f"k{number}")
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
        time.sleep(dice.uniform(0.1, 0.4))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        journal: SqlJournal = opened()
        assert list(journal.verify()) == []
        locked = set(journal.device_locks().values())
        assert locked == {found.id for found in journal.changes(states=[S.running])}
        for found in journal.changes():
            events = journal.change_events(found.id)
            assert events[-1].state is found.state
    assert len(journal.changes()) > 3


def test_a_device_of_a_killed_process_stays_locked(journal: SqlJournal) -> None:
    running = changed(journal)
    other = change("CHG-2", state=S.scheduled)
    journal.add_change(other, event(other))
    with pytest.raises(RefusedError, match="CHG-1"):
        move(journal, other, S.running, 2, locks=("core-2",))
    journal.record_change_steps([ended(step(running))])
    after = moved(running, S.aborted)
    done = event(after, 3, state_before=S.running, action="abort")
    journal.move_change(after, done, expected=S.running)
    move(journal, other, S.running, 2, locks=("core-2",))


def test_a_plan_of_many_devices(journal: SqlJournal) -> None:
    first = change()
    journal.add_change(first, event(first))
    large = plan(first, devices=2000)
    move(journal, first, S.draft, 2, plan=large)
    assert journal.change_plan("CHG-1", 1) == large
    assert list(journal.verify()) == []
    (row,) = (row for row in journal.ledger() if row.action == "change_plan.recorded")
    assert len(row.payload) < 600  # the ledger knows the plan by its hash


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE change_plan_bodies SET body = (SELECT body FROM change_plan_bodies"
         " WHERE change = 'CHG-2') WHERE change = 'CHG-1'", "body_edited"),
        ("UPDATE change_plan_bodies SET body = CAST('' AS {bytes}) WHERE change = 'CHG-1'",
         "body_edited"),
        ("DELETE FROM change_plan_bodies WHERE change = 'CHG-1'", "body_missing"),
    ],
)  # fmt: skip
def test_a_forged_plan(
    journal: SqlJournal, tamper: Tamper, url: str, statement: str, code: str
) -> None:
    """What an approver is shown is what was recorded, or nothing."""
    other = change("CHG-2")
    journal.add_change(other, event(other))
    move(journal, other, S.draft, 2, plan=plan(other, devices=1))
    tamper(statement.format(bytes="BYTEA" if url.startswith("postgresql") else "BLOB"))
    (found,) = journal.verify()
    assert (found.code, found.params["subject"]) == (code, "change/CHG-1/plan/1")
    with pytest.raises(IntegrityError, match="CHG-1, 1"):
        journal.change_plan("CHG-1", 1)
    assert journal.change_plan("CHG-2", 1) == plan(other, devices=1)


def test_plans_from_before_they_had_bodies(
    url: str, journal: SqlJournal, opened: Callable[[], SqlJournal]
) -> None:
    first = change()
    journal.add_change(first, event(first))
    old = plan(first)
    with journal._pen("zhang") as pen:  # as 0005 wrote it
        row = row_of(schema.change_plans, old)
        pen.insert(schema.change_plans, row, "change_plan.recorded", stamp(START), "zhang")
    journal.close()
    engine = sqlalchemy.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        schema.change_plan_bodies.drop(connection)
        connection.execute(sqlalchemy.text("UPDATE alembic_version SET version_num = '0005'"))
    migrated = opened()
    assert migrated.change_plan("CHG-1", 1) == old
    new = plan(first, number=2, devices=3)
    move(migrated, first, S.draft, 2, plan=new)
    assert (migrated.change_plan("CHG-1", 1), migrated.change_plan("CHG-1", 2)) == (old, new)
    assert list(migrated.verify()) == []
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("UPDATE change_plans SET targets = '[]'"))
    (found,) = migrated.verify()
    assert (found.code, found.params["subject"]) == ("row_edited", "change/CHG-1/plan/1")
