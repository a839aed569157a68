"""What is recorded is read back, once, and the ledger follows every change."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from records_made import ACTOR, START, batch, finding, piece, run, sha, target, version

from weibao.adapters.journal import SqlJournal
from weibao.boundary.journal import Journal, OutcomeBatch, RecordedPiece
from weibao.domain.reasons import Reason
from weibao.domain.records import Access, Outcome, RunState, RunStep, StepOutcome
from weibao.errors import InputError, IntegrityError


def test_it_is_a_journal(journal: SqlJournal) -> None:
    checked: Journal = journal
    assert checked.head().sequence == 0


def test_a_run_with_its_steps_and_outcomes_is_read_back(journal: SqlJournal) -> None:
    journal.open_run(run())
    assert journal.unfinished_runs() == [run()]
    step = RunStep(
        name="collect",
        started_at=START,
        finished_at=START + timedelta(seconds=5, microseconds=7),
        outcome=StepOutcome.failed,
        detail=Reason.of("auth_failed", user="admin"),
    )
    journal.record_step("r1", step, ACTOR)
    journal.record("r1", batch("sw2", "sw1"), ACTOR)
    journal.close_run("r1", RunState.finished, START + timedelta(hours=1), ACTOR)
    closed = journal.run("r1")
    assert closed == run(state=RunState.finished, finished_at=START + timedelta(hours=1))
    assert journal.unfinished_runs() == []
    assert journal.steps("r1") == [step]
    assert list(journal.targets("r1")) == [target("sw1"), target("sw2")]
    assert journal.findings("r1") == [finding("sw1"), finding("sw2")]
    assert journal.versions("default", "sw1") == [version("sw1")]
    assert journal.evidence(sha("sw1")[:10]) == [piece("sw1")]
    by_name = sorted([piece("sw1"), piece("sw2")], key=lambda kept: kept.sha256)
    assert journal.run_evidence("r1") == by_name
    assert journal.run_evidence("r2") == []
    assert sorted(journal.run_evidence("r1"), key=str) == sorted(
        [piece("sw1"), piece("sw2")], key=str
    )
    assert list(journal.verify()) == []
    assert journal.run("none") is None


def test_the_ledger_says_who_did_what(journal: SqlJournal) -> None:
    journal.open_run(run())
    journal.record("r1", OutcomeBatch(targets=(target("sw1"),)), ACTOR)
    first, second = journal.ledger()
    assert (first.action, first.subject, first.actor) == ("run.opened", "run/r1", ACTOR)
    assert second.subject == "run/r1/target/sw1"
    assert json.loads(second.payload)["outcome"] == "archived"
    assert second.previous == first.hash
    assert [head.hash for head in journal.heads()] == [second.hash]
    assert journal.head().hash == second.hash
    assert list(journal.ledger(after=1)) == [second]


def test_recording_twice_changes_nothing_and_contradiction_is_refused(journal: SqlJournal) -> None:
    journal.open_run(run())
    journal.open_run(run())
    journal.record("r1", batch("sw1"), ACTOR)
    head = journal.head()
    again = batch("sw1")
    later = finding("sw1", at=START + timedelta(hours=1))
    journal.record("r1", OutcomeBatch(again.targets, again.versions, (later,), again.evidence), "x")
    assert journal.head() == head
    for contradiction in (
        OutcomeBatch(targets=(target("sw1", outcome=Outcome.failed),)),
        OutcomeBatch(versions=(version("sw1", sha256=sha("other")),)),
        OutcomeBatch(evidence=(piece("sw1", size=1),)),
        OutcomeBatch(targets=(target("sw2"), target("sw2", seconds=2.0))),
    ):
        with pytest.raises(IntegrityError, match="recorded already"):
            journal.record("r1", contradiction, ACTOR)
    assert journal.head() == head
    assert [t.device for t in journal.targets("r1")] == ["sw1"]


def test_what_belongs_to_no_run_is_refused(journal: SqlJournal) -> None:
    with pytest.raises(IntegrityError, match="no run r9"):
        journal.record("r9", batch("sw1", run_id="r9"), ACTOR)
    with pytest.raises(IntegrityError, match="no run r9"):
        journal.close_run("r9", RunState.finished, START, ACTOR)
    journal.open_run(run())
    with pytest.raises(IntegrityError, match="belongs to run r2"):
        journal.record("r1", batch("sw1", run_id="r2"), ACTOR)
    journal.close_run("r1", RunState.finished, START, ACTOR)
    journal.close_run("r1", RunState.finished, START, ACTOR)
    with pytest.raises(IntegrityError, match="ended already"):
        journal.close_run("r1", RunState.interrupted, START, ACTOR)
    assert journal.head().sequence == 2


def test_versions_wait_for_their_commit(journal: SqlJournal) -> None:
    journal.open_run(run())
    journal.record("r1", batch("sw2", "sw1"), ACTOR)
    journal.open_run(run("r2", START + timedelta(days=1)))
    journal.record("r2", OutcomeBatch(versions=(version("sw1", 2, "r2"),)), ACTOR)
    waiting = journal.uncommitted_versions()
    assert [(v.device, v.number) for v in waiting] == [("sw2", 1), ("sw1", 1), ("sw1", 2)]
    journal.set_commit([("default", "sw2", 1), ("default", "sw1", 1)], "abc", START, ACTOR)
    journal.set_commit([("default", "sw1", 1)], "abc", START, ACTOR)
    assert [(v.device, v.number) for v in journal.uncommitted_versions()] == [("sw1", 2)]
    assert [v.commit for v in journal.versions("default", "sw1")] == ["", "abc"]
    latest = journal.latest_versions()
    assert {k: v.number for k, v in latest.items()} == {
        ("default", "sw1"): 2,
        ("default", "sw2"): 1,
    }
    assert journal.latest_versions("other") == {}
    assert [v.number for v in journal.all_versions()] == [1, 2, 1]
    for key, commit in ((("default", "sw1", 1), "def"), (("default", "sw9", 1), "abc")):
        with pytest.raises(IntegrityError):
            journal.set_commit([key], commit, START, ACTOR)
    journal.record("r1", batch("sw1"), ACTOR)  # ingested again, its commit stays
    assert list(journal.verify()) == []


def test_last_good_and_last_attempt(journal: SqlJournal) -> None:
    nights = [START + timedelta(days=n) for n in range(3)]
    outcomes = [
        {"sw1": Outcome.archived, "sw2": Outcome.archived, "sw3": Outcome.failed},
        {"sw1": Outcome.unchanged, "sw2": Outcome.refused, "sw3": Outcome.not_checked},
        {"sw1": Outcome.failed},
    ]
    for number in (1, 0, 2):  # the first night is ingested late
        journal.open_run(run(f"r{number}", nights[number]))
        rows = [
            target(device, f"r{number}", outcome=outcome, at=nights[number])
            for device, outcome in outcomes[number].items()
        ]
        journal.record(f"r{number}", OutcomeBatch(targets=tuple(rows)), ACTOR)
    assert journal.last_good() == {("default", "sw1"): nights[1], ("default", "sw2"): nights[0]}
    attempts = {device: t.outcome for (_, device), t in journal.last_attempts().items()}
    assert attempts == {
        "sw1": Outcome.failed,
        "sw2": Outcome.refused,
        "sw3": Outcome.not_checked,
    }
    assert [r.id for r in journal.runs(job="backup-configs", limit=2)] == ["r2", "r1"]
    assert journal.runs(job="other") == []
    assert list(journal.verify()) == []


def test_accesses_and_rows_of_their_own(journal: SqlJournal) -> None:
    accesses = [
        Access(contract="default", actor=ACTOR, subject=s, purpose="恢复", at=START)
        for s in ("sw1", "sw1", "sw2")
    ]
    for access in accesses:
        journal.record_access(access)
    assert journal.accesses(2) == [accesses[2], accesses[1]]
    row = journal.append(START, ACTOR, "report.issued", "report/1", '{"sha256":"…"}')
    assert row.sequence == 4
    assert journal.ledger_of("report.issued") == [row]
    assert journal.ledger_of("report") == []
    with pytest.raises(ValueError, match="belongs to a table"):
        journal.append(START, ACTOR, "run.closed", "run/r1", "{}")
    assert list(journal.verify()) == []


@pytest.mark.parametrize("prefix", ["", "G", "../x", "a" * 65, "%"])
def test_a_name_that_no_evidence_has(journal: SqlJournal, prefix: str) -> None:
    with pytest.raises(InputError):
        journal.evidence(prefix)


def test_an_ambiguous_beginning_is_refused(journal: SqlJournal) -> None:
    journal.open_run(run())
    pieces = tuple(piece("sw1", sha256="ab" + d * 62) for d in "cd")
    journal.record("r1", OutcomeBatch(evidence=pieces), ACTOR)
    with pytest.raises(InputError, match="more digits"):
        journal.evidence("ab")
    assert journal.evidence("abc") == [pieces[0]]
    assert journal.evidence("ff") == []


def test_the_same_answer_twice_is_one_piece(journal: SqlJournal) -> None:
    journal.open_run(run())
    later = piece("sw1", collected_at=START + timedelta(seconds=9), command="display version")
    journal.record("r1", OutcomeBatch(evidence=(piece("sw1"), later)), ACTOR)
    assert journal.run_evidence("r1") == [piece("sw1")]


def test_odd_characters_are_kept(journal: SqlJournal) -> None:
    journal.open_run(run())
    odd = "配置 “;'--\n\t\\u0000 𠮷 \u2028 é ü \x07"
    value = target("sw-é-核心 1", reason=Reason.of("x", text=odd + "\x00"), platform=odd)
    journal.record("r1", OutcomeBatch(targets=(value,)), ACTOR)
    assert list(journal.targets("r1")) == [value]
    nul = finding("sw\x01", params={"a": "\x00"})
    journal.record("r1", OutcomeBatch(findings=(nul,)), "root\x00\udcff@主机")
    assert journal.findings("r1") == [nul]
    assert list(journal.ledger())[-1].actor == "root\\x00\\udcff@主机"
    assert list(journal.verify()) == []


def test_sites_have_chains_of_their_own(opened, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    north, south = opened("north"), opened("south")
    north.open_run(run("n1"))
    south.open_run(run("s1"))
    north.record("n1", batch("sw1", run_id="n1"), ACTOR)
    assert [(h.site, h.sequence) for h in south.heads()] == [("north", 5), ("south", 1)]
    assert [r.id for r in north.unfinished_runs()] == ["n1"]
    assert len(list(south.ledger("north"))) == 5
    with pytest.raises(IntegrityError, match="site north"):
        south.close_run("n1", RunState.interrupted, START, ACTOR)
    assert list(north.verify()) == []
    assert list(south.verify()) == []


def test_what_a_fast_clock_dated_gives_way(journal: SqlJournal) -> None:
    """The next year's outcome hides no true one, and ``verify`` says the same of it."""
    future, now = START + timedelta(days=365), START + timedelta(days=1)
    for name, at, outcome in (
        ("r1", future, Outcome.archived),
        ("r2", now, Outcome.unchanged),
        ("r3", now + timedelta(days=1), Outcome.failed),
    ):
        journal.open_run(run(name, at))
        rows = (target("sw1", name, outcome=outcome, at=at),)
        journal.record(name, OutcomeBatch(targets=rows), ACTOR)
    assert journal.last_good() == {("default", "sw1"): now}
    assert journal.last_attempts()["default", "sw1"].outcome is Outcome.failed
    assert [r.id for r in journal.runs()] == ["r3", "r2", "r1"]
    assert list(journal.verify()) == []


def test_versions_are_found_by_name_and_by_number(journal: SqlJournal) -> None:
    journal.open_run(run())
    made = [version("sw1", 1), version("sw1", 2), version("sw2"), version("sw1", contract="b")]
    assert journal.contracts() == []
    journal.record("r1", OutcomeBatch(versions=tuple(made)), ACTOR)
    assert journal.contracts() == ["b", "default"]
    assert journal.newest_versions_of("sw1") == [made[3], made[1]]
    assert journal.newest_versions_of("sw1", "default") == [made[1]]
    assert journal.newest_versions_of("sw9") == []
    keys = [("default", "sw1", 1), ("default", "sw1", 9), ("b", "sw1", 1)]
    found = journal.some_versions(keys * 400)
    assert found == {keys[0]: made[0], keys[2]: made[3]}


def test_a_piece_comes_once_with_all_that_is_recorded_of_its_file(journal: SqlJournal) -> None:
    journal.open_run(run())
    records = piece("sw1"), piece("a"), piece("a", kind="startup")
    other = piece("sw1", contract="b", stored_sha256="0" * 64)
    last = piece("sw1", contract="b", kind="startup", stored_sha256="f" * 64)
    journal.record("r1", OutcomeBatch(evidence=(*records, other, last)), ACTOR)
    stored = sha("sw1" + "stored")
    assert sorted(journal.recorded_pieces()) == sorted(
        [
            RecordedPiece("default", sha("sw1"), (stored, stored)),
            RecordedPiece("default", sha("a"), (sha("astored"), sha("astored"))),
            RecordedPiece("b", sha("sw1"), ("0" * 64, "f" * 64)),
        ]
    )
    assert [p.contract for p in journal.recorded_pieces()] == ["b", "default", "default"]
