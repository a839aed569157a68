"""The summary that is sent: the night in a line, failures first, never endless."""

from __future__ import annotations

import json

import pytest

from weibao.domain.records import Outcome, RunState
from weibao.domain.report import BackupReport, Totals
from weibao.reports.backup import summarise

from .sample import DIFF_CORE, contract, night, run


def many_failed(count: int) -> BackupReport:
    report = night()
    failed = next(row for row in report.rows if row.outcome is Outcome.failed)
    rows = tuple(failed.model_copy(update={"device": f"SW-{n:04d}"}) for n in range(count))
    totals = Totals.of([row.outcome for row in rows], inventory=count, targeted=count)
    return night(rows=rows, totals=totals, changes=(), findings=(), evidence=())


def calm() -> BackupReport:
    report = night()
    rows = tuple(row.model_copy(update={"findings": ()}) for row in report.rows if row.outcome.good)
    totals = Totals.of([row.outcome for row in rows], inventory=20, targeted=20)
    return night(rows=rows, totals=totals, changes=(), findings=())


def test_the_subject_says_it_all() -> None:
    anonymous = night(contract=contract().model_copy(update={"customer": ""}))
    assert summarise(anonymous, "zh").subject == (
        "[维保] 配置备份 2026-11-22：20/24 完好，1 未接受，2 失败，1 未检查"
    )
    assert summarise(anonymous, "en").subject == (
        "[Weibao] configuration backup 2026-11-22: 20/24 good, 1 refused, 2 failed, 1 not checked"
    )
    assert "市第一人民医院" in summarise(night(), "zh").subject


def test_failures_come_first_then_changes_then_overdue() -> None:
    text = summarise(night(), "zh", "/estate/var/reports/index.html").text
    words = (
        "登录被拒绝",
        "ZB-CORE-01：+4 −2 未关联变更",
        "备份超期",
        "/estate/var/reports/index.html",
    )
    places = [text.index(word) for word in words]
    assert places == sorted(places)


def test_a_bad_night_stays_short() -> None:
    notice = summarise(many_failed(500), "zh")
    assert "……另有 480 项" in notice.text
    assert notice.text.count("SW-") == 40  # 20 failures, 20 overdue
    devices = notice.data["devices"]
    assert isinstance(devices, list)
    assert len(devices) == 500


def test_no_device_text_goes_out() -> None:
    notice = summarise(night(), "zh")
    sent = notice.text + notice.markdown + json.dumps(notice.data, ensure_ascii=False)
    secret_lines = [line for line in DIFF_CORE.splitlines() if "description" in line]
    assert not any(line.strip("+- ") in sent for line in secret_lines)


@pytest.mark.parametrize(
    ("report", "failed"),
    [
        (night(), True),
        (calm(), False),
        (calm().model_copy(update={"run": run().model_copy(
            update={"state": RunState.interrupted})}), True),
        (night(rows=(), changes=(), findings=(),
               totals=Totals.of([], inventory=0, targeted=0)), True),
        (night(rows=(), changes=(), findings=(),
               totals=Totals.of([], inventory=1, targeted=0)), True),
    ],
    ids=["failures", "all well", "interrupted", "empty", "not checked"],
)  # fmt: skip
def test_failed_means_that_someone_must_look(report: BackupReport, failed: bool) -> None:
    assert summarise(report, "zh").failed is failed


def test_the_data_is_json_with_codes() -> None:
    data = json.loads(json.dumps(summarise(night(), "zh", "x").data))
    assert data["totals"]["not_checked"] == 1
    assert {"device": "MZ-3F-ACC-01", "outcome": "failed", "reason": "auth_failed"} in data[
        "devices"
    ]
    assert data["changed"][0] == {"device": "ZB-CORE-01", "change": ""}


def test_markdown_is_escaped() -> None:
    report = many_failed(1)
    row = report.rows[0].model_copy(update={"device": "sw_1*<x>"})
    assert r"**sw\_1\*\<x\>**" in summarise(night(rows=(row,), totals=report.totals, changes=(),
                                                  findings=()), "en").markdown  # fmt: skip
