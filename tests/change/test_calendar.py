"""Working days, freezes and maintenance windows in zones with and without daylight saving."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from weibao.domain.calendar import (
    Calendar,
    Freeze,
    add_working_days,
    freeze_at,
    freezes_in,
    in_maintenance_window,
    is_working_day,
    lead_time_hours,
    parse_maintenance_window,
    window_allowed,
)
from weibao.domain.change import Window

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")  # half an hour of daylight saving

# National Day 2026 as the State Council has it: seven days, paid for by two weekend days.
AUTUMN = Calendar(
    holidays=tuple(date(2026, 10, n) for n in range(1, 8)),
    make_up_days=(date(2026, 9, 20), date(2026, 10, 10)),
    freezes=(
        Freeze(title="国庆", first=date(2026, 9, 28), last=date(2026, 10, 8)),
        Freeze(title="决算", first=date(2026, 12, 31), last=date(2026, 12, 31), emergencies=False),
    ),
)
DAYS = st.dates(date(2026, 1, 1), date(2027, 12, 31))


def at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def window(start: str, end: str, zone: ZoneInfo = SHANGHAI) -> Window:
    return Window(start=at(start, zone), end=at(end, zone))


def test_holidays_rest_and_make_up_days_work() -> None:
    assert not is_working_day(AUTUMN, date(2026, 10, 1))  # a Thursday
    assert is_working_day(AUTUMN, date(2026, 10, 10))  # a Saturday
    assert not is_working_day(AUTUMN, date(2026, 10, 11))
    assert is_working_day(AUTUMN, date(2026, 10, 8))


def test_working_days_are_counted_over_holidays() -> None:
    assert add_working_days(AUTUMN, date(2026, 9, 30), 1) == date(2026, 10, 8)
    assert add_working_days(AUTUMN, date(2026, 9, 30), 3) == date(2026, 10, 10)
    assert add_working_days(AUTUMN, date(2026, 10, 8), -1) == date(2026, 9, 30)
    assert add_working_days(AUTUMN, date(2026, 10, 3), 0) == date(2026, 10, 8)
    assert add_working_days(AUTUMN, date(2026, 10, 8), 0) == date(2026, 10, 8)
    # "before the 5th working day of the month", of a month that begins with a holiday
    assert add_working_days(AUTUMN, date(2026, 9, 30), 5) == date(2026, 10, 13)


@given(DAYS, st.integers(1, 60))
def test_there_and_back_again(day: date, n: int) -> None:
    later = add_working_days(AUTUMN, day, n)
    between = sum(
        is_working_day(AUTUMN, day + timedelta(days=i)) for i in range(1, (later - day).days + 1)
    )
    assert is_working_day(AUTUMN, later)
    assert between == n
    if is_working_day(AUTUMN, day):
        assert add_working_days(AUTUMN, later, -n) == day


@pytest.mark.parametrize(
    ("moment", "title"),
    [
        ("2026-09-27T23:59:59", ""),
        ("2026-09-28T00:00:00", "国庆"),
        ("2026-10-08T23:59:59", "国庆"),
        ("2026-10-09T00:00:00", ""),
    ],
)
def test_a_freeze_holds_for_whole_days_of_the_zone(moment: str, title: str) -> None:
    found = freeze_at(AUTUMN, at(moment).astimezone(UTC), SHANGHAI)
    assert (found.title if found else "") == title


def test_a_freeze_by_the_zone_and_not_by_utc() -> None:
    moment = datetime(2026, 9, 27, 16, 30, tzinfo=UTC)
    assert freeze_at(AUTUMN, moment, SHANGHAI)
    assert not freeze_at(AUTUMN, moment, ZoneInfo("UTC"))


def test_freezes_that_a_window_touches() -> None:
    def titles(start: str, end: str) -> list[str]:
        return [f.title for f in freezes_in(AUTUMN, window(start, end), SHANGHAI)]

    assert titles("2026-09-27T20:00", "2026-09-28T00:00") == []
    assert titles("2026-09-27T20:00", "2026-09-28T00:01") == ["国庆"]
    assert titles("2026-10-08T23:00", "2026-10-09T02:00") == ["国庆"]
    assert titles("2026-09-01T00:00", "2027-01-01T00:00") == ["国庆", "决算"]


@pytest.mark.parametrize(
    ("text", "moment", "allowed"),
    [
        ("sat,sun 22:00-06:00", "2026-03-07T22:00", True),  # Saturday
        ("sat,sun 22:00-06:00", "2026-03-08T05:59", True),
        ("sat,sun 22:00-06:00", "2026-03-09T05:59", True),  # Sunday's, on Monday morning
        ("sat,sun 22:00-06:00", "2026-03-09T06:00", False),
        ("sat,sun 22:00-06:00", "2026-03-07T05:00", False),  # Friday's night is none
        ("sat,sun 22:00-06:00", "2026-03-07T21:59", False),
        ("mon-fri 01:00-05:00", "2026-03-09T01:00", True),
        ("mon-fri 01:00-05:00", "2026-03-08T01:00", False),
        ("fri-mon 01:00-05:00", "2026-03-08T01:00", True),  # over the turn of the week
        ("fri-mon 01:00-05:00", "2026-03-10T01:00", False),
        ("Sat 00:00-24:00", "2026-03-07T23:59", True),
        ("Sat 00:00-24:00", "2026-03-08T00:00", False),
        ("restdays 00:00-24:00", "2026-10-01T12:00", True),  # a holiday on a Thursday
        ("restdays 00:00-24:00", "2026-10-10T12:00", False),  # a Saturday that is worked
        ("workdays 20:00-23:00", "2026-10-10T20:30", True),
    ],
)
def test_maintenance_windows(text: str, moment: str, allowed: bool) -> None:
    calendar = Calendar(
        maintenance_windows=(text,), holidays=AUTUMN.holidays, make_up_days=AUTUMN.make_up_days
    )
    assert in_maintenance_window(calendar, at(moment), SHANGHAI) is allowed
    assert in_maintenance_window(calendar, at(moment).astimezone(UTC), SHANGHAI) is allowed


def test_without_windows_any_time_is_right() -> None:
    assert in_maintenance_window(Calendar(), at("2026-03-09T12:00"), SHANGHAI)
    assert window_allowed(Calendar(), window("2026-03-09T12:00", "2026-05-09T12:00"), SHANGHAI)


def test_the_whole_window_has_to_be_inside() -> None:
    calendar = Calendar(maintenance_windows=("sat 22:00-24:00", "sun 00:00-06:00"))
    # Two that touch are one.
    assert window_allowed(calendar, window("2026-03-07T22:00", "2026-03-08T06:00"), SHANGHAI)
    assert not window_allowed(calendar, window("2026-03-07T21:59", "2026-03-08T06:00"), SHANGHAI)
    assert not window_allowed(calendar, window("2026-03-07T22:00", "2026-03-08T06:01"), SHANGHAI)
    # Both ends are allowed, and what lies between is not.
    assert not window_allowed(calendar, window("2026-03-07T23:00", "2026-03-15T01:00"), SHANGHAI)


def test_the_clock_is_set_forward_in_the_window() -> None:
    """2026-03-29 in Berlin: 02:00 becomes 03:00."""
    calendar = Calendar(maintenance_windows=("sun 02:00-04:00",))
    jump = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert not in_maintenance_window(calendar, jump - timedelta(seconds=1), BERLIN)
    assert in_maintenance_window(calendar, jump, BERLIN)
    assert not in_maintenance_window(calendar, jump + timedelta(hours=1), BERLIN)
    nothing = Calendar(maintenance_windows=("sun 02:10-02:50",))
    assert not in_maintenance_window(nothing, jump, BERLIN)


def test_the_clock_is_set_back_in_the_window() -> None:
    """2026-10-25 in Berlin: 03:00 becomes 02:00; the doubled half hour counts once."""
    calendar = Calendar(maintenance_windows=("sun 01:00-02:30",))
    first_end = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert in_maintenance_window(calendar, first_end - timedelta(seconds=1), BERLIN)
    assert not in_maintenance_window(calendar, first_end, BERLIN)
    assert not in_maintenance_window(calendar, first_end + timedelta(minutes=45), BERLIN)
    # The night that really lasts an hour longer is allowed as a whole.
    night = Calendar(maintenance_windows=("sat 22:00-06:00",))
    whole = window("2026-10-24T22:00", "2026-10-25T06:00", BERLIN)
    assert window_allowed(night, whole, BERLIN)
    assert (whole.end.astimezone(UTC) - whole.start.astimezone(UTC)) == timedelta(hours=9)


ZONES = st.sampled_from([SHANGHAI, BERLIN, LORD_HOWE, ZoneInfo("America/St_Johns")])


@given(
    ZONES,
    st.integers(0, 365 * 24 * 60).map(
        lambda n: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=n)
    ),
    st.integers(1, 3 * 24 * 60),
)
def test_an_allowed_window_is_allowed_at_every_moment(
    zone: ZoneInfo, start: datetime, minutes: int
) -> None:
    calendar = Calendar(maintenance_windows=("fri-sun 22:30-06:15", "restdays 06:00-18:00"))
    whole = Window(start=start, end=start + timedelta(minutes=minutes))
    moments = [start + timedelta(minutes=minutes) * i / 60 for i in range(60)]
    if window_allowed(calendar, whole, zone):
        assert all(in_maintenance_window(calendar, m, zone) for m in moments)
    elif minutes <= 60:  # a gap of a minute may hide between the moments of a longer one
        every = [start + timedelta(seconds=10 * i) for i in range(6 * minutes)]
        assert not all(in_maintenance_window(calendar, m, zone) for m in [*every, whole.end])


@pytest.mark.parametrize(
    "text",
    [
        "", "sat", "22:00-06:00", "samstag 22:00-06:00", "sat 22-06", "sat 24:00-06:00",
        "sat 22:00-24:30", "sat 6:00-8:00", "sat, 22:00-23:00", "sat,sun", "mon-xyz 01:00-02:00",
        "周六 22:00-06:00", "workdays-sun 01:00-02:00", "sat 22:00-06:00 extra",
    ],
)  # fmt: skip
def test_what_is_no_window_is_refused_on_loading(text: str) -> None:
    with pytest.raises(ValidationError, match="is no maintenance window"):
        Calendar(maintenance_windows=(text,))


def test_an_empty_window_is_refused() -> None:
    with pytest.raises(ValidationError, match="00:00-24:00"):
        Calendar(maintenance_windows=("sat 22:00-22:00",))


def test_spaces_and_capitals_do_not_matter() -> None:
    assert parse_maintenance_window("  Sat,SUN   22:00-06:00 ") == parse_maintenance_window(
        "sat,sun 22:00-06:00"
    )


def test_a_calendar_that_contradicts_itself_is_refused() -> None:
    day = date(2026, 10, 10)
    with pytest.raises(ValidationError, match="2026-10-10 is both"):
        Calendar(holidays=(day,), make_up_days=(day,))
    for weekend in ((0, 7), (1, 2, 3, 4, 5, 6, 7)):
        with pytest.raises(ValidationError, match="weekend"):
            Calendar(weekend=weekend)


def test_lead_time_is_what_really_passes() -> None:
    """CHG-20, over the night in which the clock is set forward."""
    start = window("2026-03-29T20:00", "2026-03-29T22:00", BERLIN)
    assert lead_time_hours(at("2026-03-28T20:00", BERLIN), start) == 23
    assert lead_time_hours(at("2026-03-29T21:00", BERLIN), start) == -1
