"""In which portions targets are taken, and whether a portion still fits."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weibao.domain.runbook import Waves
from weibao.domain.waves import estimate, fits, make_waves


class Target(NamedTuple):
    device: str
    group: str = ""


def many(n: int) -> list[Target]:
    return [Target(f"sw-{i}") for i in range(n)]


def sizes(found: dict[str, int]) -> list[int]:
    counts = Counter(found.values())
    return [counts[number] for number in range(max(counts) + 1)]


def test_the_canary_goes_first_and_the_rest_follows() -> None:
    assert sizes(make_waves(many(10), Waves())) == [1, 9]
    assert next(iter(make_waves(many(10), Waves()))) == "sw-0"


@pytest.mark.parametrize(
    ("batches", "expected"),
    [
        (("10",), [1, 10, 10, 10, 10]),
        (("5", "20"), [1, 5, 20, 15]),
        (("25%",), [1, 10, 10, 10, 10]),
        (("10%", "50%"), [1, 4, 20, 16]),
        (("33%",), [1, 14, 14, 12]),
        (("1%", "100%"), [1, 1, 39]),
    ],
)
def test_numbers_and_percentages(batches: tuple[str, ...], expected: list[int]) -> None:
    assert sizes(make_waves(many(41), Waves(batches=batches))) == expected


def test_without_a_canary_the_first_wave_is_1() -> None:
    assert set(make_waves(many(3), Waves(canary=0)).values()) == {1}


def test_partners_are_never_in_one_wave() -> None:
    pair = [Target("a1", "core"), Target("a2", "core"), Target("b1"), Target("b2")]
    assert make_waves(pair, Waves(canary=2)) == {"a1": 0, "b1": 0, "a2": 1, "b2": 1}
    assert make_waves(pair, Waves(canary=0)) == {"a1": 1, "b1": 1, "b2": 1, "a2": 2}


def test_nothing_to_do() -> None:
    assert make_waves([], Waves()) == {}


TARGETS = st.lists(st.sampled_from(["", "", "", "a", "b", "c"]), max_size=40).map(
    lambda groups: [Target(f"d{i}", group) for i, group in enumerate(groups)]
)
WAVES = st.builds(
    Waves,
    canary=st.integers(0, 3),
    batches=st.lists(
        st.integers(1, 12).map(str) | st.integers(1, 100).map(lambda n: f"{n}%"),
        min_size=1,
        max_size=3,
    ).map(tuple),
)


@given(TARGETS, WAVES)
def test_whatever_the_targets(targets: list[Target], waves: Waves) -> None:
    found = make_waves(targets, waves)
    assert found.keys() == {target.device for target in targets}
    pairs = Counter((found[t.device], t.group) for t in targets if t.group)
    assert all(count == 1 for count in pairs.values())
    assert list(found.values()) == sorted(found.values())
    if targets:
        counts = sizes(found)
        assert counts[0] <= waves.canary
        assert all(counts[1:])  # no wave is empty
        assert waves.canary == 0 or counts[0] >= 1


def test_ten_thousand_in_a_moment() -> None:
    began = time.perf_counter()
    one_by_one = make_waves(many(10_000), Waves(batches=("1",)))
    same_group = make_waves([Target(f"d{i}", "all") for i in range(10_000)], Waves())
    assert max(one_by_one.values()) == max(same_group.values()) == 9_999
    assert time.perf_counter() - began < 2


def test_history_is_believed_from_three_on() -> None:
    assert estimate([], 300) == 300
    assert estimate([10, 20], 300) == 300
    assert estimate([10, 20, 30], 300) == 30
    assert estimate([float("nan"), -1, 10, 20], 300) == 300
    assert estimate([*range(1, 101)], 300) == 90


@given(st.lists(st.floats(0, 1e6), min_size=3), st.floats(1, 1e6))
def test_an_estimate_is_high_and_was_seen(history: list[float], default: float) -> None:
    value = estimate(history, default)
    assert value in history
    assert sum(seconds <= value for seconds in history) >= 0.9 * len(history) - 1e-9


NOW = datetime(2026, 3, 7, 22, tzinfo=UTC)


def test_a_wave_and_its_way_back_have_to_fit() -> None:
    end = NOW + timedelta(seconds=1000)
    assert fits(NOW, end, 500, 300, 1.25)
    assert not fits(NOW, end, 500, 301, 1.25)
    assert fits(NOW, end, 1000, 0, 1)
    assert not fits(end, end, 0.1, 0, 1)
    assert not fits(end + timedelta(seconds=1), end, 0, 0, 1)


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -1.0])
def test_what_cannot_be_judged_does_not_fit(wrong: float) -> None:
    end = NOW + timedelta(days=1)
    assert not fits(NOW, end, wrong, 1, 1)
    assert not fits(NOW, end, 1, wrong, 1)
    assert not fits(NOW, end, 1, 1, 0.5)


def test_the_doubled_hour_is_counted_as_it_passes() -> None:
    """2026-10-25 in Berlin: by the clock on the wall it is one hour, really it is two."""
    zone = ZoneInfo("Europe/Berlin")
    now = datetime(2026, 10, 25, 2, 30, tzinfo=zone)
    assert fits(now, datetime(2026, 10, 25, 3, 30, tzinfo=zone), 7000, 0, 1)
    forward = datetime(2026, 3, 29, 1, 30, tzinfo=zone)
    assert not fits(forward, datetime(2026, 3, 29, 3, 30, tzinfo=zone), 3601, 0, 1)
