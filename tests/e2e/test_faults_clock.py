"""Clocks that jump: back a day, forward a year and back again, in the middle of a run.

The ledger's order stands, ``verify`` passes, and nothing that a fast clock wrote hides what is
true afterwards: what is overdue, what came last, which nights were missed.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from services.nights import Answer, Night, config
from weibao.boundary.schedule import ScheduleJournal
from weibao.domain.reasons import Reason
from weibao.domain.records import FindingCode
from weibao.domain.schedule import Schedule, StartVerdict
from weibao.i18n import explain
from weibao.services import schedule
from weibao.services.backup_status import backup_status
from weibao.services.verify import verify

NAMES = {"sw1": "default", "sw2": "default"}
DAY = timedelta(days=1)
YEAR = timedelta(days=365)
DOWN = Answer(reason=Reason.of("no_answer"))


@pytest.fixture
def night(tmp_path: Path) -> Night:
    made = Night(tmp_path, NAMES)
    wind(made)
    return made


def wind(night: Night) -> None:
    """The journal reads the same clock as everything else."""
    night.parts.journal._clock = night.clock  # type: ignore[attr-defined]


def said(*lines: str) -> dict[str, Answer]:
    return {name: Answer(running=config(name, *lines)) for name in NAMES}


def sound(night: Night) -> None:
    parts = night.parts
    found = verify(
        parts.journal, parts.evidence, parts.archive, parts.texts, contracts=parts.contracts
    )
    assert found.passed, (found.problems, found.unchecked)


def overdue(night: Night) -> set[str]:
    newest = night.parts.journal.runs(limit=1)[0]
    codes = {FindingCode.overdue, FindingCode.never_backed_up}
    return {f.device for f in night.parts.journal.findings(newest.id) if f.code in codes}


def test_back_by_a_day(night: Night) -> None:
    night.run(said())
    night.clock.at -= 3 * DAY  # a run adds one
    result = night.run(said("vlan 7"))
    assert "clock_set_back" in night.codes(result)
    finding = next(f for f in result.findings if f.code is FindingCode.clock_set_back)
    assert finding.params["now"] < finding.params["last"]
    assert "时钟" in explain("clock_set_back", finding.params, "zh")
    assert [v.number for v in night.parts.journal.versions("default", "sw1")] == [2, 1]
    assert "vlan 7" in night.parts.archive("default").read("sw1")
    sound(night)
    assert "clock_set_back" not in night.codes(night.run(said("vlan 8")))
    sound(night)


def test_forward_by_a_year_and_back(night: Night) -> None:
    night.run(said())
    night.clock.at += YEAR
    ahead = night.run(said("vlan 7"))
    night.clock.at -= YEAR
    back = night.run(said("vlan 8"))
    assert "clock_set_back" in night.codes(back)
    # What is newest is newest again, though the other one is dated next year.
    assert night.parts.journal.runs(limit=1)[0].id == back.run.id
    assert ahead.run.id in {run.id for run in night.parts.journal.runs()}
    good = night.parts.journal.last_good()["default", "sw1"]
    assert good <= night.clock.at
    assert night.parts.journal.last_attempts()["default", "sw1"].run_id == back.run.id
    sound(night)
    # The devices go down, and are overdue when their time is over, not in a year.
    for _ in range(3):
        night.run({"sw1": DOWN, "sw2": said("vlan 8")["sw2"]})
    assert overdue(night) == {"sw1"}
    status = {row.name: row for row in backup_status(night.parts, night.inventory.devices)}
    assert status["sw1"].overdue
    assert not status["sw2"].overdue
    sound(night)


def test_a_device_that_only_the_fast_clock_saw_is_overdue_at_once(night: Night) -> None:
    night.clock.at += YEAR
    night.run(said())
    night.clock.at -= YEAR
    night.run({"sw1": DOWN, "sw2": said()["sw2"]})
    assert overdue(night) == {"sw1"}
    sound(night)


@pytest.mark.parametrize("jump", [-DAY, -timedelta(hours=2), YEAR])
def test_in_the_middle_of_a_run(night: Night, jump: timedelta) -> None:
    night.run(said())
    entry = night.runner.entry

    def jumping(name: str, bundle: Path):
        if name == "sw2":
            night.clock.at += jump
        return entry(name, bundle)

    night.runner.entry = jumping  # type: ignore[method-assign]
    result = night.run(said("vlan 9"))
    night.runner.entry = entry  # type: ignore[method-assign]
    assert {t.outcome.value for t in result.targets} == {"archived"}
    assert ("clock_set_back" in night.codes(result)) == (jump < -timedelta(minutes=5))
    assert [s.name for s in night.parts.journal.steps(result.run.id)][:3] == [
        "collect",
        "accept",
        "archive",
    ]
    assert all(t.seconds >= 0 for t in result.targets)
    sound(night)
    night.run(said("vlan 10"))
    sound(night)


def test_another_time_zone_changes_nothing(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    night.run(said())
    for zone in ("Pacific/Kiritimati", "America/Anchorage", "Asia/Shanghai"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        result = night.run(said())
        assert {t.outcome.value for t in result.targets} == {"unchanged"}
        assert not night.codes(result) & {"clock_set_back", "overdue"}
    monkeypatch.undo()
    time.tzset()
    sound(night)


# --- the timer


def _installed(journal: ScheduleJournal, since: datetime, plan: Schedule) -> None:
    import json

    payload = {"schedule": plan.model_dump(), "kind": "cron", "since": since.isoformat()}
    journal.append(since, "ops@test", "schedule.installed", "estate", json.dumps(payload))


def test_a_timer_installed_or_checked_by_a_fast_clock_still_runs(night: Night) -> None:
    journal, now = night.parts.journal, night.clock.now()
    plan = Schedule(at="02:00", zone="Asia/Shanghai", grace_minutes=60)
    _installed(journal, now + YEAR, plan)
    at_two = now.replace(hour=18, minute=5)  # 02:05 in Shanghai
    assert schedule.decide(journal, plan, at_two).verdict is StartVerdict.run
    teller = schedule.Teller("estate", "en", night.parts.settings.notify)
    schedule.check(journal, teller, now + YEAR + 3 * DAY, "ops@test")
    later = now + 3 * DAY
    assert schedule.check(journal, teller, later, "ops@test").missed
    assert all(missed <= later for missed in schedule.all_missed(journal, later))
