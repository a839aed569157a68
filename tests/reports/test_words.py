"""Every word of the report exists in both languages, and each stays in its own."""

from __future__ import annotations

import re
import string
from importlib import resources

import pytest
import yaml

from weibao.domain.reasons import Reason
from weibao.domain.records import FindingCode, Outcome, RunState, Severity, StepOutcome, Trigger
from weibao.i18n import LANGUAGES, Language
from weibao.reports.backup import render_html, render_markdown, summarise
from weibao.reports.backup.view import BackupView
from weibao.reports.words import Words, visible

from .sample import contract, night

CATALOGUE = {
    key: texts
    for file in resources.files("weibao").joinpath("messages").iterdir()
    for key, texts in yaml.safe_load(file.read_text(encoding="utf-8")).items()
    if key.startswith("report.")
}
UNFILLED_MEANT = re.compile(r"""(?s)<(style|script)>.*?</\1>|data-shown="[^"]*\"""")
HAN = re.compile("[\u4e00-\u9fff]")
IN_CHINESE = {"NTP", "ansible", "playbook", "Weibao", "SSH", "Telnet", "SHA", "n", "m"}
# Names of programs and settings, taken apart.
IN_CHINESE |= {
    "become",
    "true",
    "sudo",
    "weibao",
    "files",
    "leave",
    "out",
    "sha",
    "sum",
    "coreutils",
    "busybox",
}


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("key", CATALOGUE)
def test_each_text_is_in_both_languages(key: str) -> None:
    texts = CATALOGUE[key]
    assert set(texts) == set(LANGUAGES)
    assert all(isinstance(text, str) and text for text in texts.values())
    assert places(texts["zh"]) == places(texts["en"])
    assert not HAN.search(texts["en"])
    words = set(re.findall(r"[A-Za-z]+", re.sub(r"\{\w+\}", "", texts["zh"])))
    assert words <= IN_CHINESE


@pytest.mark.parametrize(
    "key",
    [
        *(f"outcome.{x}" for x in Outcome),
        *(f"outcome.{x}.means" for x in Outcome),
        *(f"finding.{x}" for x in FindingCode),
        *(f"finding.{x}.advice" for x in FindingCode),
        *(f"severity.{x}" for x in Severity),
        *(f"run.state.{x}" for x in RunState),
        *(f"step.outcome.{x}" for x in StepOutcome),
        *(f"trigger.{x}" for x in Trigger),
    ],
)
def test_each_value_has_words(key: str) -> None:
    assert f"report.{key}" in CATALOGUE


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_missing_where_it_is_used(language: Language) -> None:
    report = night()
    notice = summarise(report, language)
    for text in (
        "".join(render_html(report, language)),
        "".join(render_markdown(report, language)),
        notice.subject + notice.text + notice.markdown,
    ):
        assert "report." not in re.sub(r"report\.(json|md|html)", "", text)
        assert "reason." not in text
        assert not re.search(r"\{\w*\}", UNFILLED_MEANT.sub("", text))


def test_the_english_report_has_chinese_only_in_names() -> None:
    bare = night(contract=contract().model_copy(update={"customer": "", "provider": "", "title": "",
                                                        "project_manager": ""}))  # fmt: skip
    page = "".join(render_html(bare, "en"))
    body = re.sub(r"(?s)<style>.*?</style>|<pre.*?</pre>", "", page)
    places_named = {part for row in bare.rows for part in (row.site, row.unit)} | {"权限不足"}
    for name in sorted(places_named, key=len, reverse=True):
        body = body.replace(name, "")
    assert not HAN.findall(body)


def test_times_are_in_the_contracts_zone_and_the_zone_is_named() -> None:
    urumqi = night(contract=contract().model_copy(update={"time_zone": "America/New_York"}))
    page = "".join(render_html(urumqi, "en"))
    assert "America/New_York (UTC-05:00)" in page
    assert "2026-11-21 13:00 to 13:01" in page


def test_an_unknown_zone_becomes_utc_and_says_so() -> None:
    report = night(contract=contract().model_copy(update={"time_zone": "Mars/Olympus"}))
    view = BackupView(report, "zh")
    assert view.zone == "UTC（UTC+00:00）"
    assert view.period.startswith("2026-11-21 18:00")


@pytest.mark.parametrize(
    ("seconds", "zh", "en"),
    [
        (0.04, "0.0 秒", "0.0 s"),
        (12.6, "13 秒", "13 s"),
        (59.7, "1 分", "1 min"),
        (3599.9, "1 小时", "1 h"),
        (7260, "2 小时 1 分", "2 h 1 min"),
        (180000, "2 天 2 小时", "2 d 2 h"),
    ],
)
def test_durations(seconds: float, zh: str, en: str) -> None:
    assert Words("zh", "UTC").duration(seconds) == zh
    assert Words("en", "UTC").duration(seconds) == en


def test_one_is_singular() -> None:
    words = Words("en", "UTC")
    assert (words.number("count", 1), words.number("count", 2)) == ("1 device", "2 devices")


def test_an_unknown_reason_is_shown_with_all_it_carries() -> None:
    said = Words("zh", "UTC").reason(Reason.of("never_heard_of", detail="x"))
    assert "never_heard_of" in said
    assert "x" in said


def test_unseen_characters_are_shown() -> None:
    assert visible("a\x1b[31m\u202eb\tc\n") == "a␛[31m⟨U+202E⟩b\tc\n"
