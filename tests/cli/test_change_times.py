"""Times as people write them: what is none is refused in words, never with a traceback."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from weibao.cli.change_options import later_of, window_of
from weibao.errors import InputError

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    "text",
    [
        "", "/", "now/", "now/+h", "now/+1.2.3h", "now/+²h", "now/+99999999999999h", "now/+1e9h",
        "now/-2h", "now/+0h", "9999-12-31T23:00/+20h", "now/0001-01-01T00:00",
        "2026-11-28T22:00/2026-11-28T21:00",
    ],
)  # fmt: skip
def test_what_is_no_window(text: str) -> None:
    with pytest.raises(InputError):
        window_of(text, SHANGHAI, NOW)


def test_what_is_one() -> None:
    window = window_of("2026-11-28T22:00/+90m", SHANGHAI, NOW)
    assert window.start == datetime(2026, 11, 28, 14, 0, tzinfo=UTC)
    assert window.end - window.start == timedelta(minutes=90)
    assert window_of("now/+1.5h", SHANGHAI, NOW).end == NOW + timedelta(hours=1.5)


def test_a_window_that_ends_before_it_starts_is_called_so() -> None:
    with pytest.raises(InputError) as caught:
        window_of("2026-11-28T22:00/2026-11-28T21:00", SHANGHAI, NOW)
    assert caught.value.key == "change.window_order"


def test_a_later_end_is_a_time_or_so_long_after_the_present_one() -> None:
    end = datetime(2026, 11, 28, 18, 0, tzinfo=UTC)
    assert later_of("+1h", SHANGHAI, end) == end + timedelta(hours=1)
    assert later_of("2026-11-29T04:00", SHANGHAI, end) == end + timedelta(hours=2)
    with pytest.raises(InputError):
        later_of("+1", SHANGHAI, end)
