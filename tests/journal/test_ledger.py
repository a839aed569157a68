"""Canonical text and the chain: the same bytes always, whatever the characters."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weibao.domain.ledger import (
    GENESIS,
    LedgerEntry,
    canonical,
    canonical_value,
    chain,
    row_hash,
    start,
)

TEXTS = st.text(st.characters(), max_size=30) | st.sampled_from(
    ["核心交换机", "“引号”", "\ud800", "\udcff\ud83d", "𠮷", "\x00\u2028\u2029\x7f", '\\"\\u0041']
)
DATA = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(DATA)
def test_canonical_text_reads_back_and_can_be_stored(data: object) -> None:
    text = canonical(data)
    text.encode("utf-8")
    assert "\x00" not in text
    again = json.loads(text)
    assert canonical(again) == text
    if "\\ud" not in text:  # two halves of a pair come back as the one character that they are
        assert again == data


@given(DATA)
def test_one_value_is_written_as_in_a_whole_text(value: object) -> None:
    assert canonical_value(value) == canonical(value)


@given(st.lists(TEXTS, min_size=7, max_size=7), st.integers(min_value=1))
def test_a_rows_hash_is_that_of_its_canonical_text(texts: list[str], sequence: int) -> None:
    site, previous, *rest = texts
    entry = LedgerEntry(*rest)
    fields = {"site": site, "sequence": sequence, "previous": previous, **entry._asdict()}
    expected = hashlib.sha256(canonical(fields).encode()).hexdigest()
    assert row_hash(site, sequence, entry, previous) == expected


def test_keys_are_sorted_and_characters_stay_themselves() -> None:
    assert canonical({"b": [1, 2.5], "a": "维保"}) == '{"a":"维保","b":[1,2.5]}'
    with pytest.raises(ValueError):
        canonical(float("nan"))


def test_each_field_of_a_row_is_covered() -> None:
    entry = LedgerEntry("2026-03-01T00:00:00.000000+00:00", "a", "b", "c", "{}")
    hashes = {row_hash("main", 1, entry, GENESIS), row_hash("main", 2, entry, GENESIS)}
    hashes |= {row_hash("other", 1, entry, GENESIS), row_hash("main", 1, entry, "1" * 64)}
    hashes |= {
        row_hash("main", 1, entry._replace(**{field: "x"}), GENESIS) for field in entry._fields
    }
    assert len(hashes) == 4 + 5


def test_rows_follow_each_other() -> None:
    entry = LedgerEntry("t", "a", "b", "c", "{}")
    rows = list(chain(start("main"), [entry] * 3))
    assert [row.sequence for row in rows] == [1, 2, 3]
    assert [row.previous for row in rows] == [GENESIS, rows[0].hash, rows[1].hash]
