"""The Markdown report: the same numbers, tables that hold, text that stays text."""

from __future__ import annotations

import re

import pytest

from weibao.domain.report import Totals
from weibao.i18n import LANGUAGES, Language
from weibao.reports.backup import render_markdown
from weibao.reports.notices import escape

from .sample import contract, night

EVIL = "a|b\n# x `y` <script>alert(1)</script> [l](u) *z* _w_ \\"


def cells(line: str) -> int:
    return len(re.findall(r"(?<!\\)\|", line)) - 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_tables_have_as_many_cells_as_heads(language: Language) -> None:
    report = night(contract=contract().model_copy(update={"customer": EVIL, "title": EVIL}))
    rows = tuple(row.model_copy(update={"site": EVIL, "unit": "|"}) for row in report.rows)
    text = "".join(render_markdown(report.model_copy(update={"rows": rows}), language))
    width, tables, fenced = 0, 0, False
    for line in text.splitlines():
        fenced ^= line.startswith("```")
        if fenced or not line.startswith("|"):
            width = 0
            continue
        tables += not width
        width = width or cells(line)
        assert cells(line) == width, line
    assert tables >= 6
    assert "<script>" not in text


def test_failures_come_first_and_totals_stand_in_it() -> None:
    text = "".join(render_markdown(night(), "zh"))
    assert "24 台设备中 20 台备份完好" in text
    assert "| 6 | 14 | 1 | 2 | 1 |" in text
    heads = re.findall(r"^## (\S+)", text, re.MULTILINE)
    assert heads[:5] == ["未取得备份的设备", "配置变化", "备份超期", "其他发现", "全部设备"]


def test_a_difference_cannot_leave_its_fence() -> None:
    report = night()
    diff = "@@ -1 +1 @@\n+banner ````\n+```\n"
    changed = report.changes[0].model_copy(update={"diff": diff})
    text = "".join(render_markdown(night(changes=(changed,)), "en"))
    assert "\n`````diff\n@@ -1 +1 @@\n+banner ````\n+```\n`````\n" in text


def test_every_piece_has_its_command() -> None:
    report = night()
    text = "".join(render_markdown(report, "en"))
    for row in report.rows:
        assert row.target
        for sha256 in row.target.evidence:
            assert f"`weibao evidence show {sha256}`" in text


def test_an_empty_night() -> None:
    empty = night(rows=(), changes=(), findings=(), evidence=(), steps=(),
                  totals=Totals.of([], inventory=0, targeted=0))  # fmt: skip
    assert "资产清单中没有设备" in "".join(render_markdown(empty, "zh"))


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("a|b", r"a\|b"),
        ("two\nlines", "two lines"),
        ("1. one", r"1\. one"),
        ("10.1.1.1", "10.1.1.1"),
        ("- x", r"\- x"),
        ("<b>", r"\<b\>"),
        ("back\\slash", r"back\\slash"),
    ],
)
def test_words_stay_words(text: str, escaped: str) -> None:
    assert escape(text) == escaped
