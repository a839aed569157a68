"""When a night is, and whether it was (JOB-19, SCH-01)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from weibao.domain.schedule import (
    Schedule,
    Span,
    StartVerdict,
    decide_start,
    missed_nights,
    next_planned,
    planned_between,
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def at(time: str, zone: str, grace: int = 60) -> Schedule:
    return Schedule(at=time, zone=zone, grace_minutes=grace)


SHANGHAI = at("02:00", "Asia/Shanghai")

# name, schedule, from, to, the planned moments in UTC
CASES = [
    (
        "no daylight saving",
        SHANGHAI,
        "2026-03-27",
        "2026-03-30",
        ["2026-03-27 18:00", "2026-03-28 18:00", "2026-03-29 18:00"],
    ),
    (
        "Berlin skips 02:00: planned when the clock jumps to 03:00",
        at("02:00", "Europe/Berlin"),
        "2026-03-28",
        "2026-03-31",
        ["2026-03-28 01:00", "2026-03-29 01:00", "2026-03-30 00:00"],
    ),
    (
        "Berlin skips 02:30: the same moment, not 03:30",
        at("02:30", "Europe/Berlin"),
        "2026-03-28 12:00",
        "2026-03-30 12:00",
        ["2026-03-29 01:00", "2026-03-30 00:30"],
    ),
    (
        "Berlin has 02:30 twice: planned once, the first time",
        at("02:30", "Europe/Berlin"),
        "2026-10-24",
        "2026-10-27",
        ["2026-10-24 00:30", "2026-10-25 00:30", "2026-10-26 01:30"],
    ),
    (
        "New York skips 02:15",
        at("02:15", "America/New_York"),
        "2026-03-07",
        "2026-03-10",
        ["2026-03-07 07:15", "2026-03-08 07:00", "2026-03-09 06:15"],
    ),
    (
        "New York has 01:30 twice",
        at("01:30", "America/New_York"),
        "2026-10-31",
        "2026-11-03",
        ["2026-10-31 05:30", "2026-11-01 05:30", "2026-11-02 06:30"],
    ),
    (
        "Lord Howe shifts by half an hour",
        at("02:10", "Australia/Lord_Howe"),
        "2026-10-02 16:00",
        "2026-10-04",
        ["2026-10-03 15:30"],
    ),
]


@pytest.mark.parametrize(("name", "schedule", "start", "end", "planned"), CASES)
def test_planned_moments(name, schedule, start, end, planned):
    found = list(planned_between(schedule, utc(start), utc(end)))
    assert found == [utc(moment) for moment in planned], name


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Europe/Berlin", "America/New_York"])
@pytest.mark.parametrize("time", ["00:00", "01:30", "02:00", "02:30", "23:59"])
def test_a_year_has_one_night_a_day(zone, time):
    schedule = at(time, zone)
    start = datetime(2026, 1, 1, tzinfo=schedule.zone_info).astimezone(UTC)
    end = datetime(2027, 1, 1, tzinfo=schedule.zone_info).astimezone(UTC)
    found = list(planned_between(schedule, start, end))
    days = [moment.astimezone(schedule.zone_info).date() for moment in found]
    assert len(found) == 365
    assert len(set(days)) == 365
    assert found == sorted(found)


def test_the_next_night_is_after_now():
    assert next_planned(SHANGHAI, utc("2026-03-27 17:59")) == utc("2026-03-27 18:00")
    assert next_planned(SHANGHAI, utc("2026-03-27 18:00")) == utc("2026-03-28 18:00")


@pytest.mark.parametrize(
    "values",
    [
        {"at": "24:00", "zone": "UTC"},
        {"at": "2:00", "zone": "UTC"},
        {"at": "02:00", "zone": "Mars/Olympus"},
        {"at": "02:00", "zone": "../../etc/passwd"},
        {"at": "02:00", "zone": ""},
    ],
)
def test_a_wrong_time_or_zone_is_refused(values):
    with pytest.raises(ValidationError):
        Schedule(grace_minutes=60, **values)


def month() -> tuple[Span, list[datetime]]:
    span = Span(schedule=SHANGHAI, since=utc("2026-05-01"))
    starts = [
        night + timedelta(seconds=3)
        for night in planned_between(SHANGHAI, utc("2026-05-01"), utc("2026-06-01"))
    ]
    return span, starts


def test_a_month_with_gaps():
    span, starts = month()
    gone = [starts.pop(index) for index in (20, 10, 9, 0)]
    now = utc("2026-06-01")
    expected = sorted(start - timedelta(seconds=3) for start in gone)
    assert missed_nights([span], starts, None, now) == expected


def test_a_checked_night_is_not_found_again():
    span, starts = month()
    del starts[9]
    night = utc("2026-05-10 18:00")
    before, after = night + timedelta(minutes=59), night + timedelta(minutes=61)
    assert missed_nights([span], starts, None, before) == []
    assert missed_nights([span], starts, before, after) == [night]
    assert missed_nights([span], starts, after, utc("2026-06-01")) == []


def test_every_check_together_finds_what_one_check_finds():
    span, starts = month()
    del starts[5:9]
    checks = [utc("2026-05-01") + timedelta(minutes=377 * n) for n in range(118)]
    found = [
        night
        for after, now in zip([None, *checks], checks, strict=False)
        for night in missed_nights([span], starts, after, now)
    ]
    assert found == missed_nights([span], starts, None, checks[-1])


def test_a_late_start_does_not_save_the_night():
    span, starts = month()
    starts[4] += timedelta(hours=7)
    assert missed_nights([span], starts, None, utc("2026-06-01")) == [utc("2026-05-05 18:00")]


def test_nights_count_only_while_installed():
    span = Span(schedule=SHANGHAI, since=utc("2026-05-03 12:00"), until=utc("2026-05-05 18:30"))
    later = Span(schedule=at("05:00", "Asia/Shanghai"), since=utc("2026-05-05 18:30"))
    found = missed_nights([span, later], [], None, utc("2026-05-06 12:00"))
    # that of 5 May 18:00 was not over when the schedule changed; its successor came at 21:00
    assert found == [
        utc("2026-05-03 18:00"),
        utc("2026-05-04 18:00"),
        utc("2026-05-05 21:00"),
    ]


def test_one_run_serves_one_night_even_with_a_grace_of_days():
    span = Span(schedule=at("02:00", "UTC", grace=4000), since=utc("2026-05-01"))
    found = missed_nights([span], [utc("2026-05-03 02:00")], None, utc("2026-05-04 01:00"))
    assert found == [utc("2026-05-01 02:00"), utc("2026-05-02 02:00")]


NIGHT = utc("2026-05-10 18:00")


@pytest.mark.parametrize(
    ("late", "verdict"),
    [
        (timedelta(0), StartVerdict.run),
        (timedelta(minutes=60), StartVerdict.run),
        (timedelta(minutes=60, seconds=1), StartVerdict.missed),
        (timedelta(hours=7), StartVerdict.missed),
        (timedelta(seconds=-1), StartVerdict.missed),  # then the latest is yesterday's
    ],
)
def test_a_late_start_is_missed_not_made_up(late, verdict):
    decision = decide_start(SHANGHAI, NIGHT + late)
    assert decision.verdict is verdict
    expected = NIGHT if late >= timedelta(0) else NIGHT - timedelta(days=1)
    assert decision.planned == expected


def test_a_night_runs_once():
    decision = decide_start(SHANGHAI, NIGHT + timedelta(minutes=30), [NIGHT])
    assert decision.verdict is StartVerdict.not_due
    assert decide_start(SHANGHAI, NIGHT + timedelta(hours=9), [NIGHT]).verdict == "not_due"


def test_before_the_first_night_nothing_is_due():
    since = NIGHT - timedelta(hours=2)
    assert decide_start(SHANGHAI, NIGHT - timedelta(hours=1), (), since).verdict == "not_due"
    assert decide_start(SHANGHAI, NIGHT, (), since).verdict == "run"
