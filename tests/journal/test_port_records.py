"""Readings of ports in the journal (PRT-01, PRT-10)."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy
from ports_made import reading
from records_made import ACTOR, START, run

from weibao.adapters.journal import SqlJournal
from weibao.domain.port_record import DeviceReading, PortOutcome
from weibao.domain.reasons import Reason


def unread(device: str, run_id: str) -> DeviceReading:
    return DeviceReading(
        run_id=run_id,
        contract="默认",
        device=device,
        platform="huawei",
        at=START + timedelta(hours=48),
        outcome=PortOutcome.failed,
        reason=Reason.of("connection_refused"),
    )


def two_days(journal: SqlJournal) -> None:
    journal.open_run(run())
    journal.record_ports("r1", [reading("sw1"), reading("sw2")], ACTOR)
    second = run().model_copy(update={"id": "r2", "started_at": START + timedelta(hours=24)})
    journal.open_run(second)
    later = [reading("sw1", "r2", up=False, hours=24), unread("sw2", "r2")]
    journal.record_ports("r2", later, ACTOR)
    journal.record_ports("r2", later, ACTOR)


def test_what_is_recorded_is_read_back(journal: SqlJournal) -> None:
    two_days(journal)
    assert list(journal.port_readings("r1")) == [reading("sw1"), reading("sw2")]
    latest = journal.latest_ports()
    assert latest["默认", "sw1"] == reading("sw1", "r2", up=False, hours=24)
    assert latest["默认", "sw2"] == reading("sw2")
    assert journal.latest_ports(before="r2")["默认", "sw1"] == reading("sw1")
    assert [r.run_id for r in journal.port_history("默认", "sw2")] == ["r1", "r2"]
    assert list(journal.verify()) == []


def test_the_snapshot_of_a_change_is_not_what_the_day_is_compared_with(
    journal: SqlJournal,
) -> None:
    two_days(journal)
    started = START + timedelta(hours=48)
    change = {"id": "r3", "started_at": started, "change_ref": "C-1"}
    journal.open_run(run().model_copy(update=change))
    journal.record_ports("r3", [reading("sw1", "r3", hours=48)], ACTOR)
    same_moment = run().model_copy(update={"id": "r4", "started_at": started, "change_ref": "C-1"})
    journal.open_run(same_moment)
    journal.record_ports("r4", [reading("sw1", "r4", hours=24)], ACTOR)
    assert journal.latest_ports()["默认", "sw1"].run_id == "r2"
    assert [r.run_id for r in journal.port_readings("r3")] == ["r3"]
    assert [r.id for r in journal.runs(outside_changes=True)] == ["r2", "r1"]


def test_a_clock_that_was_ahead_once_hides_nothing_later(journal: SqlJournal) -> None:
    two_days(journal)
    ahead = run().model_copy(update={"id": "r3", "started_at": START + timedelta(days=400)})
    journal.open_run(ahead)
    journal.record_ports("r3", [reading("sw1", "r3", hours=9600)], ACTOR)
    assert journal.latest_ports()["默认", "sw1"].run_id == "r3"
    later = run().model_copy(update={"id": "r4", "started_at": START + timedelta(hours=72)})
    journal.open_run(later)
    journal.record_ports("r4", [reading("sw1", "r4", hours=72), unread("sw2", "r4")], ACTOR)
    assert journal.latest_ports()["默认", "sw1"].run_id == "r4"
    good, newest = journal.device_ports("默认", "sw1")
    assert good == newest == reading("sw1", "r4", hours=72)


def test_what_a_device_showed_last_and_that_it_was_not_read_since(journal: SqlJournal) -> None:
    two_days(journal)
    good, newest = journal.device_ports("默认", "sw2")
    assert (good, newest) == (reading("sw2"), unread("sw2", "r2"))
    assert journal.device_ports("默认", "sw2", "r2") == (None, unread("sw2", "r2"))
    assert journal.device_ports("默认", "sw3") == (None, None)
    assert journal.latest_ports(unread=True) == {("默认", "sw2"): unread("sw2", "r2")}
    assert journal.latest_ports(unread=True, before="r2") == {}


def test_runs_add_up(journal: SqlJournal) -> None:
    two_days(journal)
    newest, oldest = journal.port_runs("默认")
    assert (newest.run_id, newest.devices, newest.read) == ("r2", 2, 1)
    assert (newest.ports.total, newest.ports.down, newest.ports.shut) == (2, 1, 1)
    assert (oldest.ports.up, oldest.ports.shut, oldest.ports.total) == (2, 2, 4)


def test_a_reading_that_was_changed_shows(journal: SqlJournal, url: str) -> None:
    two_days(journal)
    engine = sqlalchemy.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        other = "SELECT body FROM port_bodies WHERE run_id = 'r2' AND device = 'sw1'"
        connection.execute(
            sqlalchemy.text(
                f"UPDATE port_bodies SET body = ({other}) WHERE run_id = 'r1' AND device = 'sw1'"
            )
        )
        connection.execute(
            sqlalchemy.text("DELETE FROM port_bodies WHERE run_id = 'r1' AND device = 'sw2'")
        )
    found = {(r.code, r.params["subject"]) for r in journal.verify()}
    assert found == {("body_edited", "run/r1/ports/sw1"), ("body_missing", "run/r1/ports/sw2")}
