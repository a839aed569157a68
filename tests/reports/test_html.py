"""The page: its numbers, its order, its links, and that nothing a device says breaks it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from weibao.domain.reasons import Reason
from weibao.domain.records import LedgerHead, Outcome, RunState
from weibao.domain.report import BackupReport, Totals
from weibao.i18n import LANGUAGES, Language
from weibao.reports.backup import render_html

from .pages import Page
from .sample import DIFF_CORE, NIGHT, contract, night, run, sha

ORDER = ["failures", "changes", "overdue", "findings", "devices", "run", "evidence", "verify",
         "legend", "sign"]  # fmt: skip
EVIL = "<script>alert(1)</script>\"'&`|</style>--></pre>"


def page(report: BackupReport, language: Language = "zh") -> Page:
    return Page("".join(render_html(report, language)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_well_formed_and_alone(language: Language) -> None:
    text = "".join(render_html(night(), language))
    read = Page(text)
    assert read.errors == []
    assert len(read.ids) == len(set(read.ids))
    loaded = [
        (tag, name) for tag, name, _ in read.attributes if name in {"src", "srcset", "action"}
    ]
    assert loaded == []
    assert "link" not in read.tags
    assert not re.search(r"https?://|@import|url\((?!#)", text)


def test_totals_add_up_to_the_inventory() -> None:
    """JOB-10: not checked is a number of its own, and nothing is lost."""
    read = page(night())
    assert read.totals == {
        "archived": 6, "unchanged": 14, "refused": 1, "failed": 2, "not_checked": 1,
    }  # fmt: skip
    assert sum(read.totals.values()) == len(read.tables["devices"]) == 24
    assert "6 + 14 + 1 + 2 + 1 = 24" in read.text


def test_the_verdict_comes_first_in_words() -> None:
    assert "24 台设备中 20 台备份完好，1 台未予接受，2 台失败，1 台未检查。" in page(night()).text
    english = page(night(), "en").text
    assert "Of 24 devices, 20 have a good backup; 1 refused, 2 failed, 1 not checked." in english


def test_failures_first_then_changes_then_overdue_then_all() -> None:
    read = page(night())
    assert [name for name in read.ids if name in ORDER] == ORDER
    text = read.text
    failed = text.index("登录被拒绝（用户 backup）")
    assert failed < text.index("检验科-LIS服务器") < text.index("允许的备份间隔为")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_row_leads_to_its_evidence(language: Language) -> None:
    report = night()
    read = page(report, language)
    ids = set(read.ids)
    inside = [link for link in read.links if link.startswith("#")]
    assert inside == read.links
    assert {link[1:] for link in inside} <= ids
    commands = {row[0]: row[3] for row in read.tables["pieces"]}
    for row, links in zip(report.rows, read.row_links["devices"], strict=True):
        proven = {commands[link[1:].upper()] for link in links if link != "#verify"}
        assert row.target
        assert proven == {f"weibao evidence show {sha256}" for sha256 in row.target.evidence}
        assert links
    assert all(read.row_links["late"])


def test_a_failure_says_why_since_when_and_what_is_left() -> None:
    text = page(night()).text
    assert "自 2026-11-19 02:02 起没有新的完好备份（已 3 天）；最近完好版本为第 3 版" in text
    assert "从未取得完好备份，设备一旦损坏将无配置可恢复" in text
    assert "尝试 3 次" in text


def test_title_and_signatures() -> None:
    """RPT-01: exact title, number, version, period, author, reviewer, signatures, evidence."""
    text = page(night()).text
    for word in ("网络设备配置备份报告", "PZBF-20261122-001", "第 1 版",
                 "2026-11-22 02:00 至 02:01", "weibao 0.1.0（操作员 netops@ops-01）",
                 "周文涛", "客户确认", "签字（盖章）", "证据清单"):  # fmt: skip
        assert word in text
    own = contract().model_copy(update={"report_titles": {"backup": "配置备份记录表"}})
    assert "配置备份记录表" in page(night(contract=own)).text


def test_unlinked_changes_come_before_explained_ones() -> None:
    text = page(night()).text
    assert text.count("未关联变更") >= 2
    assert text.index("第 4 版 → 第 5 版") < text.index("第 21 版 → 第 22 版")
    assert "变更单 BG-2026-0147" in text


def test_nothing_that_a_device_says_breaks_the_page() -> None:
    report = night()
    tags = page(report).tags
    rows = tuple(
        row.model_copy(
            update={"site": EVIL, "unit": EVIL, "address": EVIL, "platform": EVIL}
        ) for row in report.rows
    )  # fmt: skip
    diff = f"@@ -1,2 +1,2 @@ {EVIL}\n-{EVIL}\n+{EVIL}\x1b[2J\n {EVIL}\n"
    changes = tuple(c.model_copy(update={"diff": diff, "change_ref": EVIL}) for c in report.changes)
    hostile = night(
        number=EVIL,
        title={"zh": EVIL, "en": EVIL},
        estate=EVIL,
        rows=rows,
        changes=changes,
        contract=contract().model_copy(update={"customer": EVIL, "provider": EVIL}),
        run=run().model_copy(update={"actor": EVIL, "program": EVIL, "authorisation": EVIL}),
        ledger=LedgerHead(site="main", sequence=1, hash=EVIL),
    )
    text = "".join(render_html(hostile, "zh"))
    read = Page(text)
    assert read.errors == []
    assert read.tags.count("script") == tags.count("script") == 1
    assert read.tags.count("style") == 1
    assert "\x1b" not in text
    assert EVIL in "".join(read.words)


def test_a_device_may_be_called_script() -> None:
    report = night()
    first = report.rows[0]
    named = first.model_copy(update={"device": "<script>alert(1)<", "findings": ()})
    read = page(night(rows=(named, *report.rows[1:])))
    assert read.tags.count("script") == 1
    assert read.tables["devices"][0][0].startswith("<script>alert(1)<")


def test_only_the_pages_own_script_may_run() -> None:
    text = "".join(render_html(night(), "zh"))
    assert "default-src 'none'" in text
    assert "script-src 'sha256-" in text


def test_a_night_in_which_all_went_well() -> None:
    report = night()
    rows = tuple(row for row in report.rows if row.outcome.good)
    calm = night(
        rows=tuple(row.model_copy(update={"findings": ()}) for row in rows),
        totals=Totals.of([row.outcome for row in rows], inventory=20, targeted=20),
        changes=(),
        findings=(),
    )
    text = page(calm).text
    assert "全部完好" in text
    assert "20 台设备的配置备份全部完好。" in text
    assert "没有设备的配置发生变化。" in text
    assert "所有设备均取得了完好的备份。" in text


def test_an_empty_inventory_is_no_pass() -> None:
    empty = night(rows=(), changes=(), findings=(), evidence=(), steps=(),
                  totals=Totals.of([], inventory=0, targeted=0))  # fmt: skip
    text = page(empty).text
    assert "资产清单中没有设备，没有任何配置得到备份。" in text
    assert "全部完好" not in text


def test_devices_outside_of_the_run_are_not_checked() -> None:
    report = night()
    rows = tuple(
        row.model_copy(update={"target": None}) if row.site == "城东分院" else row
        for row in report.rows
    )
    outcomes = [row.outcome for row in rows]
    limited = night(rows=rows, totals=Totals.of(outcomes, inventory=30, targeted=19), changes=())
    read = page(limited)
    assert read.totals["not_checked"] == 11
    assert "11 台设备不在本次运行的目标范围内" in read.text
    assert "另有 6 台未逐一列出" in read.text
    assert "本次计划备份 19 台。" in read.text


def test_an_interrupted_run_is_not_complete() -> None:
    cut = night(run=run().model_copy(update={"state": RunState.interrupted}))
    assert "本次运行被中断" in page(cut).text


def test_a_bar_segment_is_never_too_thin_to_see() -> None:
    report = night()
    row = next(row for row in report.rows if row.outcome is Outcome.unchanged)
    failed = next(row for row in report.rows if row.outcome is Outcome.failed)
    rows = (*(row.model_copy(update={"device": f"D{n}"}) for n in range(4999)), failed)
    many = night(rows=rows, totals=Totals.of([r.outcome for r in rows], inventory=5000,
                                             targeted=5000), changes=(), findings=())  # fmt: skip
    text = "".join(render_html(many, "zh"))
    widths = [float(x) for x in re.findall(r'class="f-failed" x="[\d.]+%" width="([\d.]+)%"', text)]
    assert widths[0] > 0.5
    assert "&lt;0.1%" in text


def test_a_difference_shows_signs_line_numbers_and_no_file_names() -> None:
    text = "".join(render_html(night(), "zh"))
    assert "<ins>+ description 检验科-LIS服务器" in text
    assert "<del>- description 检验科-备用" in text
    assert "第 520 行起" in text
    assert "a/ZB-CORE-01" in DIFF_CORE
    assert "a/ZB-CORE-01" not in text


def test_a_removed_line_of_dashes_is_no_file_name() -> None:
    report = night()
    diff = "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n--- banner --\n+++ banner ++\n"
    changed = report.changes[0].model_copy(update={"diff": diff})
    text = "".join(render_html(night(changes=(changed,)), "zh"))
    assert "<del>--- banner --" in text
    assert "<ins>+++ banner ++" in text


def test_a_failed_step_says_what_the_error_said() -> None:
    report = night()
    step = report.steps[-2].model_copy(
        update={"detail": Reason.of("files.full", path="/var", why="ENOSPC")}
    )
    assert "磁盘空间不足" in page(night(steps=(*report.steps[:-1], step))).text


def test_evidence_without_a_record_is_still_listed() -> None:
    report = night(evidence=())
    read = page(report)
    assert len(read.tables["pieces"]) == len({s for r in report.rows if r.target
                                              for s in r.target.evidence})  # fmt: skip


def test_a_run_that_goes_on_says_so() -> None:
    open_run = run().model_copy(update={"finished_at": None, "state": RunState.running})
    assert "尚未结束" in page(night(run=open_run)).text


def test_a_period_over_midnight_names_both_days() -> None:
    long = run().model_copy(update={"finished_at": NIGHT + timedelta(hours=23)})
    assert "2026-11-22 02:00 至 2026-11-23 01:00" in page(night(run=long)).text


def test_the_ledger_head_and_how_to_verify_stand_in_it() -> None:
    text = page(night()).text
    assert sha("ledger") in text
    assert "weibao verify" in text
    assert "第 1287 条" in text
