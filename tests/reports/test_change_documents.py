"""The documents of a change say what the records say: HTML and Word, in both languages."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from weibao.domain.change import ApprovalChannel, ChangeKind, ChangeState, StepState
from weibao.domain.change_owed import owed_items
from weibao.domain.runbook import Variable
from weibao.i18n import LANGUAGES, Language, messages, translate
from weibao.reports.change import Document, DocumentKind, Papers, compose, render_docx, render_html
from weibao.reports.change.document import Listing, Table

from .change_sample import (
    APPROVALS,
    CONTRACT,
    EVENTS,
    PLAN,
    RUNBOOK,
    START,
    STEPS,
    approval,
    change,
    done,
    planned,
    step,
)
from .pages import Page

TITLES = {
    DocumentKind.operation_plan: "操作方案",
    DocumentKind.maintenance_application: "维护申请",
    DocumentKind.change_plan: "变更计划",
    DocumentKind.change_record: "变更记录",
    DocumentKind.patch_plan: "补丁、微码升级计划和步骤",
    DocumentKind.patch_summary: "补丁、微码升级总结报告",
}
EVERY = [(kind, language) for kind in DocumentKind for language in LANGUAGES]


def papers(kind: DocumentKind, **more: Any) -> Papers:
    return done(**more) if kind is DocumentKind.change_record else planned(**more)


def page(document: Document) -> str:
    return Page(re.sub("<(col) ([^>]*)>", r"<\1 \2/>", render_html(document))).text


def text(kind: DocumentKind, language: Language = "zh", **more: Any) -> str:
    return page(compose(kind, papers(kind, **more), language))


def words_of(data: bytes) -> str:
    docx = pytest.importorskip("docx")
    word = docx.Document(io.BytesIO(data))

    def paragraphs() -> Iterator[str]:
        for block in word.iter_inner_content():
            if hasattr(block, "rows"):
                for row in block.rows:
                    yield from (cell.text for cell in row.cells)
            else:
                yield block.text

    return "\n".join(paragraphs())


@pytest.mark.parametrize(("kind", "language"), EVERY)
def test_every_word_is_there(kind: DocumentKind, language: Language) -> None:
    """No key of the catalogue is missing, and no place of a sentence is left open."""
    found = text(kind, language)
    assert not re.search(r"\b(document|owed|conflict|reason)\.[a-z_.]+", found)
    assert "{" not in found.replace("{'", "")
    if language == "en":
        own = re.sub(r"[\"“].*?[\"”]", "", found)
        assert "变更记录" not in own
        assert "回退" not in own


@pytest.mark.parametrize("kind", DocumentKind)
def test_titles_are_exact_and_a_contract_may_set_its_own(kind: DocumentKind) -> None:
    assert compose(kind, papers(kind), "zh").title == TITLES[kind]
    own = CONTRACT.model_copy(update={"report_titles": {kind.value: "《检修申请书》"}})
    assert compose(kind, papers(kind, contract=own), "zh").title == "《检修申请书》"
    assert "检修" not in compose(kind, papers(kind, contract=own), "en").title


@pytest.mark.parametrize(("kind", "language"), EVERY)
def test_word_says_what_the_page_says(kind: DocumentKind, language: Language) -> None:
    pytest.importorskip("docx")
    document = compose(kind, papers(kind), language)
    word, shown = words_of(render_docx(document)), page(document)
    for _, section in document.numbered():
        assert section.title in word
        assert section.title in shown
    for fact in document.head.items:
        assert fact.text in word
        assert fact.text in shown


def test_word_is_the_same_bytes_every_time() -> None:
    pytest.importorskip("docx")
    document = compose(DocumentKind.change_record, done(), "zh")
    assert render_docx(document) == render_docx(document)
    with zipfile.ZipFile(io.BytesIO(render_docx(document))) as archive:
        assert archive.testzip() is None


def test_nothing_of_a_device_becomes_markup() -> None:
    html = render_html(compose(DocumentKind.change_plan, planned(), "zh"))
    assert "<b>门诊" not in html
    assert "&lt;b&gt;门诊 &amp; 收费&lt;/b&gt;" in html
    assert "<script" not in html
    assert "http" not in html.replace("http-equiv", "")


@pytest.mark.parametrize("broken", ["a\x00b", "a\x1bb", "a\u202eb", "a\ud800b", "a\ufffeb"])
def test_characters_that_would_break_a_file(broken: str) -> None:
    pytest.importorskip("docx")
    target = PLAN.targets[0].model_copy(update={"difference": broken, "platform": broken})
    plan = PLAN.model_copy(update={"targets": (target,)})
    document = compose(
        DocumentKind.change_plan, planned(plan=plan, change=change(title=broken)), "zh"
    )
    assert "\x1b" not in render_html(document)
    assert words_of(render_docx(document))


def test_without_python_docx_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from weibao.errors import UncheckedError

    monkeypatch.setitem(sys.modules, "docx", None)
    with pytest.raises(UncheckedError, match=r"weibao\[documents\]"):
        render_docx(compose(DocumentKind.change_plan, planned(), "zh"))


# What each document must say.


def test_the_operation_plan_of_a_runbook_alone() -> None:
    """RPT-21, JOB-06: steps, timing, the way back, contingency."""
    alone = Papers(contract=CONTRACT, runbook=RUNBOOK, now=START)
    found = page(compose(DocumentKind.operation_plan, alone, "zh"))
    for words in (
        "操作方案", "应急方案", "回退方案", "下发配置", "恢复原配置", "确认面板无告警灯", "15 分",
        "通过 Console 口恢复备份配置", "预计无业务中断", "change-switch-config 1.2", "申请时填写",
    ):  # fmt: skip
        assert words in found
    english = page(compose(DocumentKind.operation_plan, alone, "en"))
    assert "restore the backup by console" in english


def test_a_plan_without_contingency_says_so() -> None:
    bare = RUNBOOK.model_copy(update={"contingency": {}})
    assert "未编写应急方案" in text(DocumentKind.operation_plan, runbook=bare)


def test_the_application() -> None:
    """RPT-19: CHG-01 to CHG-07, and the lead time of CHG-20."""
    found = text(DocumentKind.maintenance_application)
    for words in (
        "维护的目的 按批准的内容", "操作工程师 王工", "记录人 赵记录", "2. 备份配置",
        "涉及系统硬件变更 不涉及", "涉及系统软件变更 不涉及", "预计操作所需时间 9 分",
        "2026-03-07 22:00 至 2026-03-08 02:00（4 小时）", "提前 30 小时提交，满足", "共 3 台",
    ):  # fmt: skip
        assert words in found.replace("：", " ").replace("  ", " ") or words in spaced(found)


def spaced(found: str) -> str:
    return re.sub(r"(维护的目的|操作工程师|记录人|硬件变更|软件变更|所需时间)", r"\1 ", found)


def test_what_was_not_said_shows() -> None:
    found = text(DocumentKind.maintenance_application, change=change(fields={}))
    assert found.count("未填写") == 2  # hardware, software


def test_a_short_lead_time_shows() -> None:
    late = change(submitted_at=START - timedelta(hours=20.5))
    assert "仅提前 20.5 小时" in text(DocumentKind.maintenance_application, change=late)
    urgent = change(kind=ChangeKind.emergency, fault="F-7", verbal_approver="chen")
    found = text(DocumentKind.maintenance_application, change=urgent, plan=None, approvals=())
    assert "仅提前" not in found
    for words in ("F-7", "陈主任", "紧急故障处理", "待审批"):
        assert words in found


def test_no_lead_time_is_short_of_none() -> None:
    none = CONTRACT.change.model_copy(update={"lead_time_hours": 0})
    contract = CONTRACT.model_copy(update={"change": none})
    late = change(submitted_at=START + timedelta(minutes=5))
    assert "提前" not in text(DocumentKind.maintenance_application, change=late, contract=contract)


@pytest.mark.parametrize(
    "kind", [DocumentKind.maintenance_application, DocumentKind.change_plan], ids=str
)
def test_what_is_signed_on_paper_names_the_digest(kind: DocumentKind) -> None:
    """CHG-38; a plan that does not count any more does not look as if it did."""
    assert PLAN.digest in text(kind)
    edited = text(kind, change=change(digest="", state=ChangeState.draft))
    assert PLAN.digest not in edited
    assert "须重新计划" in edited


def test_tasks_that_would_change_something_or_cannot_be_tried() -> None:
    """JOB-10, JOB-11: neither is 'no change'."""
    said = ("# ? Call it\n", "# ~ Write the file\n", "")
    targets = tuple(
        target.model_copy(update={"difference": text, "checked": True, "problem": ""})
        for target, text in zip(PLAN.targets, said, strict=True)
    )
    plan = PLAN.model_copy(update={"targets": targets})
    found = text(DocumentKind.change_plan, plan=plan)
    for words in ("有命令未能预演", "# ~ Write the file", "不列出文件内容"):
        assert words in found
    assert "“~”" not in text(DocumentKind.change_plan)


def test_the_change_plan() -> None:
    """RPT-20, CHG-38: exactly what the approver is shown."""
    found = text(DocumentKind.change_plan)
    for words in (
        "-port default vlan 30", "+port default vlan 31", "ZB-CORE-02", "未预演",
        "封网期“决算”", PLAN.digest, "现场联系人", "先在 1 台设备上试点", "预计回退用时",
    ):  # fmt: skip
        assert words in found


@pytest.mark.parametrize(("language", "yes", "no", "below"), [
    ("zh", "是", "否", "见下文"), ("en", "yes", "no", "see below"),
])  # fmt: skip
def test_values_are_said_in_words(language: Language, yes: str, no: str, below: str) -> None:
    names = ("lines", "armed", "restart", "avoid", "minutes", "ports")
    asked = tuple(
        Variable(name=name, title={"zh": f"参数 {name}", "en": f"Parameter {name}"})
        for name in names
    )
    values = {
        "lines": "interface GE0/0/7\n shutdown\n", "armed": True, "restart": False, "avoid": "",
        "minutes": 10, "ports": ["GE0/0/7"],
    }  # fmt: skip
    papers = planned(
        runbook=RUNBOOK.model_copy(update={"variables": asked}), change=change(variables=values)
    )
    document = compose(DocumentKind.change_plan, papers, language)
    blocks = [block for section in document.sections for block in section.blocks]
    table = next(b for b in blocks if isinstance(b, Table) and b.rows[0][0].endswith("lines"))
    none = translate("document.variable.none", language)
    assert [value for _, value in table.rows] == [below, yes, no, none, "10", '["GE0/0/7"]']
    listing = next(b for b in blocks if isinstance(b, Listing))
    assert (listing.caption, listing.text) == (table.rows[0][0], "interface GE0/0/7\n shutdown")


def test_devices_that_change_alike_are_shown_once() -> None:
    same = tuple(t.model_copy(update={"difference": "+x", "checked": True}) for t in PLAN.targets)
    found = text(DocumentKind.change_plan, plan=PLAN.model_copy(update={"targets": same}))
    assert found.count("+x") == 1
    assert "MZ-1F-ACC-01、ZB-CORE-01、ZB-CORE-02" in found


def test_without_a_plan_nothing_looks_checked() -> None:
    found = text(DocumentKind.change_plan, plan=None, change=change(plan=0, digest=""))
    assert found.count("尚未生成变更计划") == 3
    assert "未发现" not in found


def test_a_consent_to_another_plan_is_void() -> None:
    old = approval("internal", "zhou", round=0)
    other = approval("customer", "chen", digest="0" * 64)
    found = text(DocumentKind.change_plan, approvals=(old, other))
    assert found.count("已失效") == 2
    assert found.count("待审批") == 2
    assert "SSH 数字签名 2026" not in found  # no signature in the signature block either


def test_a_consent_on_paper_names_who_recorded_it() -> None:
    assert APPROVALS[1].channel is ApprovalChannel.paper
    assert "书面签字（李工 登记）" in text(DocumentKind.change_plan)


def test_the_record() -> None:
    """RPT-20: timeline, consents, planned against actual, steps, evidence (CHG-25, JOB-05)."""
    found = text(DocumentKind.change_record)
    for words in (
        "等待客户确认收费业务正常", "晚 6 分", "早 3 小时 6 分", "王工；确认：赵记录",
        "Error: 登录超时", "下发配置 (2)", STEPS[0].evidence[0], APPROVALS[1].evidence,
        "尚未更新配置文档", "2026-03-10 22:00", "陈主任（到场 22:00 – 23:10）",
    ):  # fmt: skip
        assert words in found


def test_a_representative_whose_presence_nobody_noted() -> None:
    """CHG-24."""
    events = tuple(e for e in EVENTS if e.action != "attend")
    assert "陈主任（无到场记录）" in text(DocumentKind.change_record, events=events)


def test_a_planned_device_that_was_not_verified_is_no_success() -> None:
    """Not checked is never a pass."""
    document = compose(DocumentKind.change_record, done(), "zh")
    assert document.banner is not None
    assert document.banner.tone == "warning"
    assert "未经验证的设备：1 台" in document.banner.text
    assert "ZB-CORE-02" in text(DocumentKind.change_record).split("六、验证")[1]
    whole = done(steps=(*STEPS, step("verify", "-", 2, 40)))
    banner = compose(DocumentKind.change_record, whole, "zh").banner
    assert banner is not None
    assert banner.tone == "good"


def test_without_verification_it_says_not_checked() -> None:
    none = tuple(s for s in STEPS if s.phase != "verify")
    assert "未经验证" in text(DocumentKind.change_record, steps=none)


def test_a_failed_step_shows_in_the_first_sentence() -> None:
    failed = (*STEPS, step("verify", "ZB-CORE-02", 2, 40, state=StepState.failed))
    banner = compose(DocumentKind.change_record, done(steps=failed), "zh").banner
    assert banner is not None
    assert "步骤失败的设备：1 台" in banner.text


@pytest.mark.parametrize(
    ("state", "tone"),
    [
        (ChangeState.rolled_back, "warning"),
        (ChangeState.aborted, "bad"),
        (ChangeState.missed, "bad"),
        (ChangeState.draft, "note"),
    ],
)
def test_how_it_ended(state: ChangeState, tone: str) -> None:
    given = done(change=change(state=state), steps=(), events=EVENTS[:1])
    banner = compose(DocumentKind.change_record, given, "zh").banner
    assert banner is not None
    assert banner.tone == tone


def test_a_closed_change_still_says_that_it_was_backed_out() -> None:
    ends = (
        *EVENTS[:11],
        EVENTS[11].model_copy(update={"action": "back_out", "state": ChangeState.rolled_back}),
    )
    banner = compose(
        DocumentKind.change_record, done(change=change(state=ChangeState.closed), events=ends), "zh"
    ).banner
    assert banner is not None
    assert "已回退" in banner.text
    assert "已关闭" in banner.text


def test_work_beyond_the_window_is_said() -> None:
    late = change(
        state=ChangeState.verified, started_at=START, finished_at=START + timedelta(hours=4.5)
    )
    assert "超出变更窗口" in text(DocumentKind.change_record, change=late)


def test_what_is_owed_and_overdue() -> None:
    """CHG-29: an emergency's consents and fields are made up for afterwards."""
    urgent = change(
        kind=ChangeKind.emergency, state=ChangeState.backfill, recorder="", fields={},
        owed_until=START + timedelta(hours=1), fault="F-7",
    )  # fmt: skip
    codes = [item.code for item in owed_items(CONTRACT, RUNBOOK, urgent, (), ())]
    kinds = ["documents", "recorder", "consent", "field", "field", "field"]
    assert codes == [f"change_owes_{kind}" for kind in kinds]
    found = text(DocumentKind.change_record, change=urgent, approvals=())
    for words in ("口头同意未补书面材料", "涉及系统硬件变更", "未登记记录人", "现已逾期"):
        assert words in found
    assert all(f"reason.{code}" in messages() for code in codes)


@pytest.mark.parametrize("state", ChangeState)
def test_owed_only_after_the_work(state: ChangeState) -> None:
    owed = owed_items(CONTRACT, RUNBOOK, change(state=state), (), ())
    after = {"verified", "rolled_back", "aborted", "backfill"}
    assert bool(owed) is (state.value in after)


def test_a_document_of_a_change_needs_one() -> None:
    with pytest.raises(ValueError, match="about a change"):
        compose(DocumentKind.change_record, Papers(CONTRACT, RUNBOOK, START), "zh")
