"""Complete configurations are accepted, broken ones refused with their reason (CFG-04)."""

from __future__ import annotations

import pytest

from platforms.case_files import Case, catalogue, parts, whole
from weibao.domain.acceptance import judge, normalise, startup_differs
from weibao.domain.collection import ItemKind
from weibao.i18n import LANGUAGES, messages

WHOLE = pytest.mark.parametrize("case", whole(), ids=str)


def codes(text: bytes, case: Case) -> list[str]:
    return [reason.code for reason in judge(text, case.platform).reasons]


def broken(case: Case, change: dict) -> bytes:
    if "cut_at" in change:
        end = case.text.rindex(change["cut_at"])
        return case.bytes(case.text[:end])
    if "cut_before" in change:
        return case.bytes(case.text[case.text.index(change["cut_before"]) :])
    if "append" in change:
        return case.bytes(case.text + change["append"])
    return case.bytes(case.replaced(change))


def test_every_platform_has_cases_of_all_kinds():
    have = {case.platform_id for case in whole()}
    assert have == set(catalogue())
    assert {case.values[0].platform_id for case in parts("texts")} == set(catalogue())
    assert {case.values[0].platform_id for case in parts("breaks")} == set(catalogue())


@WHOLE
def test_a_complete_configuration_is_accepted(case):
    verdict = judge(case.bytes(), case.platform)
    assert verdict.reasons == ()
    assert verdict.accepted
    assert verdict.restorable
    assert verdict.hostname == case.content["hostname"]


@pytest.mark.parametrize(("case", "change"), parts("breaks"))
def test_a_broken_one_is_refused(case, change):
    found = codes(broken(case, change), case)
    assert set(change["codes"]) <= set(found), found


@pytest.mark.parametrize(("case", "entry"), parts("texts"))
def test_an_error_text_is_no_configuration(case, entry):
    found = codes(entry["text"].encode(), case)
    assert found[0] == entry["codes"][0], found
    assert set(entry["codes"]) <= set(found)


@WHOLE
def test_cut_at_any_line_it_is_refused(case):
    """A platform with an end mark cannot lose a line from the end unnoticed."""
    marks = case.platform.configuration
    if not marks.ends or marks.braces:
        pytest.skip("this platform prints no end mark; required parts and size are the proof")
    lines = case.text.splitlines(keepends=True)
    last = max(number for number, line in enumerate(lines) if line.strip())
    for count in range(last + 1):
        assert codes(case.bytes("".join(lines[:count])), case), f"accepted with {count} lines"


@WHOLE
def test_cut_within_any_line_it_is_refused(case):
    text = case.text.rstrip("\n")
    for end in range(0, len(text) - 1, 7):
        if not text[:end].endswith("\n"):
            found = codes(case.bytes(text[:end]), case)
            assert found, f"accepted when cut at {end}: {text[max(0, end - 30) : end]!r}"


@pytest.mark.parametrize("platform_id", ["juniper_junos", "cisco_nxos"])
def test_without_end_mark_few_cuts_stay_hidden(platform_id):
    """Only a cut exactly between two last parts cannot be told from the text alone."""
    for case in (c for c in whole() if c.platform_id == platform_id):
        lines = case.text.splitlines(keepends=True)
        hidden = [
            n for n in range(1, len(lines) - 1) if not codes(case.bytes("".join(lines[:n])), case)
        ]
        assert len(hidden) <= len(lines) // 4, [lines[n - 1] for n in hidden]


@pytest.mark.parametrize(("case", "change"), parts("same"))
def test_what_changes_by_itself_is_no_new_version(case, change):
    other = case.bytes(case.replaced(change))
    assert other != case.bytes()
    assert normalise(other, case.platform) == normalise(case.bytes(), case.platform)
    assert (
        judge(other, case.platform).content_sha256
        == judge(case.bytes(), case.platform).content_sha256
    )


@WHOLE
def test_a_real_change_is_a_new_version(case):
    name = case.content["hostname"]
    other = case.bytes(case.text.replace(name, name + "x"))
    before = judge(case.bytes(), case.platform).content_sha256
    assert judge(other, case.platform).content_sha256 != before


@pytest.mark.parametrize(("case", "change"), parts("startup"))
def test_unsaved_changes_are_told_from_headers(case, change):
    startup = case.bytes(case.replaced(change))
    assert startup_differs(case.bytes(), startup, case.platform) is change["differs"]
    if not change["differs"]:
        assert judge(startup, case.platform, kind=ItemKind.startup).accepted


def test_every_reason_has_words_in_both_languages():
    given = {
        code
        for key in ("texts", "breaks")
        for parameter in parts(key)
        for code in parameter.values[1]["codes"]
    }
    for code in given | {"shrunk", "last_line_cut", "truncated_no_begin"}:
        assert set(messages()[f"reason.{code}"]) == set(LANGUAGES)
