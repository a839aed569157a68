"""The mark beside the keys: what the database's own folder can no longer hide (JOB-04)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from records_made import ACTOR, START, run
from ticking import TickingClock

from weibao.adapters.journal import SqlJournal


class Place:
    """A journal's folder, and the keys' folder that its attacker cannot write."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "state"
        self.keys = folder / "keys"
        self.state.mkdir()

    def open(self) -> SqlJournal:
        return SqlJournal(
            f"sqlite:///{self.state / 'journal.db'}",
            site="main",
            clock=TickingClock(),
            mark=self.state / "mark",
            witness=self.keys / "ledger.mark",
        )

    def note(self, what: str) -> None:
        with self.open() as journal:
            journal.append(START, ACTOR, "test.noted", what, "{}")

    def found(self) -> list[str]:
        with self.open() as journal:
            return [reason.code for reason in journal.verify()]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    with made.open() as journal:
        journal.open_run(run())
    made.note("one")
    return made


def test_all_is_well(place: Place) -> None:
    assert place.found() == []


def test_the_folder_set_back_to_an_earlier_copy(place: Place, tmp_path: Path) -> None:
    shutil.copytree(place.state, tmp_path / "yesterday")
    place.note("two")
    shutil.rmtree(place.state)
    shutil.copytree(tmp_path / "yesterday", place.state)
    assert place.found() == ["ledger_set_back"]


def test_what_is_written_afterwards_does_not_cover_it_up(place: Place, tmp_path: Path) -> None:
    shutil.copytree(place.state, tmp_path / "yesterday")
    place.note("two")
    shutil.rmtree(place.state)
    shutil.copytree(tmp_path / "yesterday", place.state)
    for what in ("another two", "three", "four"):
        place.note(what)
    assert place.found() == ["ledger_not_the_witnessed"]


def test_everything_removed(place: Place) -> None:
    shutil.rmtree(place.state)
    place.state.mkdir()
    assert place.found() == ["ledger_set_back"]


def test_a_damaged_witness_is_named(place: Place) -> None:
    (place.keys / "ledger.mark").write_text("{}")
    assert place.found() == ["ledger_mark_damaged"]
    place.note("two")
    assert place.found() == ["ledger_mark_damaged"]


def test_a_witness_that_cannot_be_written_stops_nothing(place: Place) -> None:
    shutil.rmtree(place.keys)
    place.keys.write_text("in the way")
    place.note("two")
    place.keys.unlink()
    assert place.found() == []
    place.note("three")
    assert (place.keys / "ledger.mark").exists()
