"""Whoever changes the records behind the journal's back is found out (architecture: journal)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import sqlalchemy
from changes_made import changed
from patches_made import patch_state
from ports_made import reading
from records_made import ACTOR, START, batch, run, sha

from weibao.adapters.journal import SqlJournal, schema
from weibao.adapters.journal.rows import RowText, payload, subject
from weibao.domain.ledger import GENESIS, LedgerEntry, row_hash
from weibao.domain.records import Access, RunState, RunStep, StepOutcome
from weibao.errors import FailedError, IntegrityError

Tamper = Callable[..., None]


@pytest.fixture
def tamper(url: str, journal: SqlJournal) -> Tamper:
    """Runs SQL on the database of a journal with one finished run: ledger rows 1 to 14."""
    journal.open_run(run())
    journal.record("r1", batch("sw1", "sw2", "sw3"), ACTOR)
    journal.set_commit([("default", "sw1", 1)], "abc", START, ACTOR)
    journal.close_run("r1", RunState.finished, START, ACTOR)
    assert journal.head().sequence == 15
    assert list(journal.verify()) == []
    engine = sqlalchemy.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))

    def execute(*statements: str) -> None:
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(sqlalchemy.text(statement))

    return execute


def problems(journal: SqlJournal) -> list[tuple[str, str]]:
    """Code, and subject or sequence, of what verification finds."""
    found = []
    for reason in journal.verify():
        for language in ("zh", "en"):
            from weibao.i18n import messages

            words = messages()[reason.key][language]
            assert words.format(**reason.params)  # every code has words, every place a value
        found.append((reason.code, reason.params.get("sequence") or reason.params.get("subject")))
    return found


def test_an_edited_ledger_row(journal: SqlJournal, tamper: Tamper) -> None:
    tamper("UPDATE ledger SET actor = 'nobody' WHERE sequence = 7")
    assert problems(journal) == [("ledger_edited", "7")]


def test_an_edited_ledger_row_with_its_hash_made_to_fit(
    journal: SqlJournal, tamper: Tamper
) -> None:
    row = list(journal.ledger())[6]
    entry = LedgerEntry(row.at, "nobody", row.action, row.subject, row.payload)
    fitting = row_hash("main", 7, entry, row.previous)
    tamper(f"UPDATE ledger SET actor = 'nobody', hash = '{fitting}' WHERE sequence = 7")
    assert problems(journal) == [("ledger_broken", "8")]


def test_a_deleted_ledger_row(journal: SqlJournal, tamper: Tamper) -> None:
    tamper("DELETE FROM ledger WHERE sequence IN (9, 10)")
    found = list(journal.verify())
    assert found[0].code == "ledger_gap"
    assert (found[0].params["first"], found[0].params["last"]) == ("9", "10")
    assert {reason.code for reason in found[1:]} == {"row_unrecorded"}


@pytest.mark.parametrize(
    ("statement", "subject"),
    [
        ("UPDATE run_targets SET outcome = 'unchanged' WHERE device = 'sw2'", "run/r1/target/sw2"),
        ("UPDATE config_versions SET size = 1 WHERE device = 'sw1'", "version/default/sw1/1"),
        ("UPDATE findings SET severity = 'info' WHERE device = 'sw3'", "run/r1/finding/"),
        ("UPDATE evidence SET stored_sha256 = sha256 WHERE device = 'sw1'", "evidence/default/"),
        ("UPDATE runs SET state = 'interrupted'", "run/r1"),
        ("UPDATE run_targets SET changed = (1 = 0) WHERE device = 'sw1'", "run/r1/target/sw1"),
    ],
)
def test_an_edited_row(journal: SqlJournal, tamper: Tamper, statement: str, subject: str) -> None:
    tamper(statement)
    (found,) = journal.verify()
    assert found.code == "row_edited"
    assert found.params["subject"].startswith(subject)


def test_a_deleted_row(journal: SqlJournal, tamper: Tamper) -> None:
    tamper("DELETE FROM findings WHERE device = 'sw2'", "DELETE FROM evidence WHERE device = 'sw1'")
    found = [reason.params["subject"] for reason in journal.verify()]
    assert len(found) == 2
    assert found[0].startswith("evidence/default/" + sha("sw1"))


def test_a_row_put_back_to_an_earlier_state(journal: SqlJournal, tamper: Tamper) -> None:
    tamper("""UPDATE config_versions SET "commit" = '', ledger = 5 WHERE device = 'sw1'""")
    assert problems(journal) == [("row_missing", "14")]


def test_a_row_without_a_ledger_row(journal: SqlJournal, tamper: Tamper) -> None:
    tamper(
        "INSERT INTO accesses (contract, actor, subject, purpose, at, site, ledger)"
        " VALUES ('default', 'x', 'sw1', '', '', 'main', 99)",
        "INSERT INTO accesses (contract, actor, subject, purpose, at, site, ledger)"
        " VALUES ('default', 'x', 'sw1', '', '', 'elsewhere', 1)",
    )
    assert problems(journal) == [
        ("row_unrecorded", "access/elsewhere/1"),
        ("row_unrecorded", "access/main/99"),
    ]


def test_a_forged_device_state(journal: SqlJournal, tamper: Tamper) -> None:
    tamper("UPDATE device_state SET good_at = '2030' WHERE device = 'sw1'")
    tamper("DELETE FROM device_state WHERE device = 'sw2'")
    assert [r.params["device"] for r in journal.verify()] == ["sw1", "sw2"]


def test_a_cut_off_end_stays_found_after_later_rows(journal: SqlJournal, tamper: Tamper) -> None:
    tamper(
        "DELETE FROM ledger WHERE sequence > 13",
        """UPDATE config_versions SET "commit" = '', ledger = 5 WHERE device = 'sw1'""",
        "UPDATE runs SET state = 'running', finished_at = NULL, ledger = 1",
    )
    (found,) = journal.verify()
    assert found.code == "ledger_cut_off"
    assert (found.params["mark"], found.params["last"]) == ("15", "13")
    for number in range(3):
        journal.append(START, ACTOR, "x.y", f"s{number}", "{}")
    assert problems(journal) == [("ledger_recomputed", "15")]


def test_a_whole_chain_recomputed(journal: SqlJournal, tamper: Tamper) -> None:
    previous, statements = GENESIS, []
    for row in list(journal.ledger()):
        payload = row.payload.replace("archived", "unchanged")
        entry = LedgerEntry(row.at, row.actor, row.action, row.subject, payload)
        own = row_hash(row.site, row.sequence, entry, previous)
        statements.append(
            f"UPDATE ledger SET payload = replace(payload, 'archived', 'unchanged'),"
            f" previous = '{previous}', hash = '{own}' WHERE sequence = {row.sequence}"
        )
        previous = own
    tamper(*statements, "UPDATE run_targets SET outcome = 'unchanged'")
    assert problems(journal) == [("ledger_recomputed", "15")]


def test_an_emptied_database(journal: SqlJournal, tamper: Tamper) -> None:
    tables = "ledger device_state accesses evidence config_versions findings run_targets run_steps"
    tamper(*(f"DELETE FROM {table}" for table in [*tables.split(), "runs"]))
    assert [reason.code for reason in journal.verify()] == ["ledger_cut_off"]


def test_a_lost_mark_is_unchecked_and_its_renewal_recorded(
    journal: SqlJournal, tamper: Tamper, tmp_path: Path
) -> None:
    mark = tmp_path / "marks" / "main.json"
    head = journal.head()
    mark.unlink()
    assert [reason.code for reason in journal.verify()] == ["unchecked_ledger_end"]
    journal.append(START, ACTOR, "x.y", "s", "{}")
    (renewed,) = journal.ledger_of("ledger.mark_renewed")
    assert json.loads(renewed.payload) == {"sequence": 15, "hash": head.hash}
    assert list(journal.verify()) == []


def test_a_damaged_mark(journal: SqlJournal, tamper: Tamper, tmp_path: Path) -> None:
    (tmp_path / "marks" / "main.json").write_text("{}")
    journal.append(START, ACTOR, "x.y", "s", "{}")
    assert [reason.code for reason in journal.verify()] == ["ledger_mark_damaged"]


def test_a_mark_left_behind_by_a_crash_is_normal(
    journal: SqlJournal, tamper: Tamper, tmp_path: Path
) -> None:
    mark = tmp_path / "marks" / "main.json"
    earlier = mark.read_bytes()
    journal.append(START, ACTOR, "x.y", "s", "{}")
    mark.write_bytes(earlier)
    assert list(journal.verify()) == []


def test_the_hash_can_be_recomputed_by_anyone(journal: SqlJournal, tamper: Tamper) -> None:
    """The rule of the ledger, written down independently of the program."""
    for row in journal.ledger():
        fields = {k: v for k, v in row.model_dump().items() if k != "hash"}
        text = json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        assert hashlib.sha256(text.encode("utf-8")).hexdigest() == row.hash


assert psycopg  # the driver that the engine loads by name


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE run_targets SET outcome = x'ff61' WHERE device = 'sw2'",
        "UPDATE run_targets SET at = x'00' WHERE device = 'sw2'",
        "UPDATE run_targets SET seconds = 'long' WHERE device = 'sw2'",
        "UPDATE run_targets SET ledger = 'x' WHERE device = 'sw2'",
        "UPDATE evidence SET size = 1e999 WHERE device = 'sw2'",
        "UPDATE evidence SET site = x'6d' WHERE device = 'sw2'",
        "UPDATE ledger SET actor = x'ff61' WHERE sequence = 5",
        "UPDATE ledger SET actor = CAST(x'ff61' AS TEXT) WHERE sequence = 5",
        "UPDATE ledger SET sequence = 'x' WHERE sequence = 15",
        "UPDATE ledger SET site = x'6d' WHERE sequence = 5",
    ],
)
def test_values_of_a_foreign_kind(
    url: str, journal: SqlJournal, tamper: Tamper, statement: str
) -> None:
    """SQLite keeps what it is given; that must not end the verification without a word."""
    if not url.startswith("sqlite"):
        pytest.skip("only SQLite has columns without a type")
    tamper(statement)
    try:
        found = problems(journal)
    except (FailedError, IntegrityError):
        return
    assert found


def test_what_is_said_of_many_rows_is_what_is_said_of_one(journal: SqlJournal, url: str) -> None:
    journal.open_run(run())
    journal.record("r1", batch("sw1", '核心"'), ACTOR)
    journal.record_access(
        Access(contract="默认", actor=ACTOR, subject="sw1", purpose='"看"\n\x01', at=START)
    )
    step = RunStep(name="collect", started_at=START, finished_at=START, outcome=StepOutcome.ok)
    journal.record_step("r1", step, ACTOR)
    changed(journal)
    journal.record_ports("r1", [reading("sw1")], ACTOR)
    journal.record_patch_states([patch_state("sw1")], ACTOR)
    engine = sqlalchemy.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        for table in schema.RECORDED:
            rows = connection.execute(sqlalchemy.select(table)).all()
            assert rows
            said = RowText(table)
            for row in rows:
                assert said.payload(row) == payload(row._mapping)
                assert said.subject(row) == subject(table, row._mapping)
