"""Differences of redacted texts."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from platforms.case_files import catalogue
from weibao.domain.difference import unified

IOS = catalogue()["cisco_ios"]


def test_a_change_shows_with_its_context_and_counts():
    old = "".join(f"line {n}\n" for n in range(20))
    difference = unified(old, old.replace("line 10\n", "line ten\nline more\n"))
    assert (difference.added, difference.removed) == (2, 1)
    assert "-line 10\n+line ten\n+line more\n" in difference.diff
    assert difference.diff.startswith("--- before\n+++ after\n@@ -8,7 +8,8 @@\n")
    assert not difference.truncated


def test_noise_alone_is_no_difference():
    old = "! Last configuration change at 10:00:00 UTC Mon Jan 1 2024\nhostname a\n"
    new = "! Last configuration change at 11:00:00 UTC Tue Jan 2 2024\nhostname a\n"
    assert unified(old, new, IOS).diff == ""
    changed = unified(old, new.replace("hostname a", "hostname b"), IOS)
    assert (changed.added, changed.removed) == (1, 1)
    assert "Last configuration" not in changed.diff


def test_a_long_difference_is_cut_and_says_so():
    old = "".join(f"old {n}\n" for n in range(9000))
    new = "".join(f"new {n}\n" for n in range(9000))
    difference = unified(old, new, limit=100)
    assert difference.truncated
    assert difference.diff.count("\n") == 100
    assert (difference.added, difference.removed) == (9000, 9000)


@settings(max_examples=150)
@given(
    old=st.lists(st.sampled_from("abcdef!"), max_size=30),
    new=st.lists(st.sampled_from("abcdef!"), max_size=30),
)
def test_the_difference_leads_from_the_old_text_to_the_new(old, new):
    difference = unified("".join(f"{x}\n" for x in old), "".join(f"{x}\n" for x in new))
    assert len(old) + difference.added - difference.removed == len(new)
    assert applied(old, difference.diff) == new


def applied(old: list[str], diff: str) -> list[str]:
    """What ``patch`` makes of it."""
    result: list[str] = []
    at = 0
    for line in diff.splitlines()[2:]:
        if line.startswith("@@"):
            place, _, count = line.split(" ")[1][1:].partition(",")
            start = int(place) - (0 if count == "0" else 1)
            result += old[at:start]
            at = start
        elif line.startswith("+"):
            result.append(line[1:])
        else:
            assert old[at] == line[1:]
            if line.startswith(" "):
                result.append(line[1:])
            at += 1
    return [*result, *old[at:]]
