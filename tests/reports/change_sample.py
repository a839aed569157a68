"""A believable change of two core switches and an access switch, from draft to record."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

from weibao.domain.change import (
    Approval,
    ApprovalChannel,
    Change,
    ChangeEvent,
    ChangeKind,
    ChangePlan,
    ChangeState,
    ChangeStep,
    Conflict,
    PlannedTarget,
    StepState,
    Window,
)
from weibao.domain.contract import Contract, Person
from weibao.domain.runbook import Phase, Runbook, Step, StepKind, Variable, Waves
from weibao.reports.change import Papers

START = datetime(2026, 3, 7, 14, tzinfo=UTC)
"""22:00 of Saturday 7 March in Shanghai."""
DIGEST = hashlib.sha256(b"plan").hexdigest()
DIFF = """--- running
+++ planned
@@ interface GigabitEthernet0/0/7
-port default vlan 30
+port default vlan 31
+description <b>门诊 & 收费</b>
"""

RUNBOOK = Runbook(
    id="change-switch-config",
    version="1.2",
    title={"zh": "交换机配置变更", "en": "Configuration change on switches"},
    purpose={"zh": "按批准的内容调整交换机配置。", "en": "Change switches as approved."},
    mutating=True,
    risk="medium",
    targets="network",
    variables=(
        Variable(name="lines", kind="lines", required=True,
                 title={"zh": "配置片段", "en": "Lines"}),
    ),
    waves=Waves(canary=1, batches=("50%",), on_breach="back_out"),
    business_impact={"zh": "预计无业务中断。", "en": "No interruption is expected."},
    contingency={
        "zh": "回退失败时，由现场人员通过 Console 口恢复备份配置，并电话通知客户值班人员。",
        "en": "Where the way back fails, restore the backup by console and call the customer.",
    },
    steps=(
        Step(name="reach", title={"zh": "检查可达性", "en": "Check reachability"},
             phase=Phase.precheck, kind=StepKind.probe, run="weibao.core.reach", expect="^ok$"),
        Step(name="backup", title={"zh": "备份配置", "en": "Back up"},
             phase=Phase.backup, kind=StepKind.builtin, run="backup"),
        Step(name="apply", title={"zh": "下发配置", "en": "Apply"}, phase=Phase.implement,
             kind=StepKind.playbook, run="weibao.core.change_switch_config",
             time_limit_minutes=15, estimate_minutes=3, two_person=True),
        Step(name="look", title={"zh": "查看指示灯", "en": "Look at the lamps"},
             phase=Phase.verify, kind=StepKind.manual, takes="photo",
             instruction={"zh": "确认面板无告警灯。", "en": "No alarm lamp is lit."}),
        Step(name="verify", title={"zh": "核对配置", "en": "Compare"}, phase=Phase.verify,
             kind=StepKind.playbook, run="weibao.core.change_switch_config"),
        Step(name="undo", title={"zh": "恢复原配置", "en": "Restore"}, phase=Phase.back_out,
             kind=StepKind.playbook, run="weibao.core.change_switch_config"),
    ),
)  # fmt: skip

CONTRACT = Contract(
    id="hospital",
    customer="某市人民医院",
    provider="某某信息技术有限公司",
    title="网络设备维护服务合同",
    project_manager="周经理",
    people=(
        Person(id="li", name="李工", roles=("field_engineer",)),
        Person(id="wang", name="王工", roles=("field_engineer",)),
        Person(id="zhao", name="赵记录", roles=("recorder",)),
        Person(id="zhou", name="周经理", roles=("internal_approver",)),
        Person(id="chen", name="陈主任", roles=("customer_approver", "customer_representative")),
    ),
)


def change(**more: Any) -> Change:
    given: dict[str, Any] = {
        "id": "CHG-20260306-001", "contract": "hospital", "kind": ChangeKind.normal,
        "state": ChangeState.scheduled, "round": 1, "runbook": "change-switch-config",
        "runbook_version": "1.2", "title": "门诊楼收费处接入端口划入 VLAN 31",
        "limit": "core:acc", "variables": {"lines": "interface GE0/0/7\n port default vlan 31\n"},
        "window": Window(start=START, end=START + timedelta(hours=4)),
        "requester": "li", "operator": "wang", "recorder": "zhao", "representative": "chen",
        "fields": {
            "hardware": "不涉及", "software": "不涉及", "notified": "3 月 6 日电话通知信息科",
            "现场联系人": "陈主任",
        },
        "plan": 1, "digest": DIGEST, "created_at": START - timedelta(days=2),
        "submitted_at": START - timedelta(hours=30), "updated_at": START,
    }  # fmt: skip
    return Change(**{**given, **more})


def target(name: str, wave: int, **more: Any) -> PlannedTarget:
    given: dict[str, Any] = {
        "platform": "huawei_vrp", "estimate": 180, "back_out_estimate": 240, "checked": True,
        "difference": DIFF,
    }  # fmt: skip
    return PlannedTarget(device=name, wave=wave, **{**given, **more})


PLAN = ChangePlan(
    change="CHG-20260306-001", number=1, made_at=START - timedelta(hours=31), digest=DIGEST,
    parts={"runbook": "a", "limit": "b"}, estimate=540, back_out_estimate=720, run="20260306-plan",
    targets=(
        target("MZ-1F-ACC-01", 0),
        target("ZB-CORE-01", 1, group="core", difference=""),
        target("ZB-CORE-02", 2, group="core", checked=False, difference=""),
    ),
    conflicts=(
        Conflict(code="freeze",
                 params={"title": "决算", "first": "2026-03-08", "last": "2026-03-08"}),
    ),
)  # fmt: skip


def approval(stage: str, person: str, **more: Any) -> Approval:
    given: dict[str, Any] = {
        "change": "CHG-20260306-001", "round": 1, "digest": DIGEST,
        "window_end": START + timedelta(hours=4), "at": START - timedelta(hours=29),
    }  # fmt: skip
    return Approval(stage=stage, person=person, **{**given, **more})


APPROVALS = (
    approval("internal", "zhou"),
    approval("customer", "chen", channel=ApprovalChannel.paper, recorded_by="li",
             evidence=hashlib.sha256(b"scan").hexdigest()),
)  # fmt: skip


def event(number: int, action: str, before: ChangeState, after: ChangeState, actor: str,
          hours: float, why: str = "", **detail: str) -> ChangeEvent:  # fmt: skip
    return ChangeEvent(
        change="CHG-20260306-001", number=number, at=START + timedelta(hours=hours), actor=actor,
        action=action, state_before=before, state=after, why=why,
        detail=detail,
    )  # fmt: skip


S = ChangeState
EVENTS = (
    event(1, "new", S.draft, S.draft, "li", -48),
    event(2, "plan", S.draft, S.draft, "li", -31),
    event(3, "submit", S.draft, S.internal_review, "li", -30.5),
    event(4, "approve", S.internal_review, S.internally_approved, "zhou", -30),
    event(5, "submit", S.internally_approved, S.submitted, "li", -30),
    event(6, "approve", S.submitted, S.customer_approved, "chen", -29),
    event(7, "schedule", S.customer_approved, S.scheduled, "li", -29),
    event(8, "start", S.scheduled, S.running, "wang", 0.1),
    event(
        9,
        "attend",
        S.running,
        S.running,
        "zhao",
        0.11,
        person="chen",
        name="陈主任",
        **{"from": "22:00", "to": "23:10"},
    ),
    event(10, "pause", S.running, S.paused, "wang", 0.3, "等待客户确认收费业务正常"),
    event(11, "resume", S.paused, S.running, "wang", 0.5),
    event(12, "verify", S.running, S.verified, "wang", 0.9),
)


def step(name: str, device: str, wave: int, minutes: float, **more: Any) -> ChangeStep:
    phases = {s.name: s.phase.value for s in RUNBOOK.steps}
    given: dict[str, Any] = {
        "change": "CHG-20260306-001", "state": StepState.done, "actor": "wang",
        "started_at": START + timedelta(minutes=minutes),
        "finished_at": START + timedelta(minutes=minutes + 2.5),
    }  # fmt: skip
    return ChangeStep(step=name, device=device, wave=wave, phase=phases[name], **{**given, **more})


STEPS = (
    step("backup", "MZ-1F-ACC-01", 0, 6, evidence=(hashlib.sha256(b"before").hexdigest(),)),
    step("apply", "MZ-1F-ACC-01", 0, 9, changed=True, confirmed_by="zhao"),
    step("verify", "MZ-1F-ACC-01", 0, 12),
    step("apply", "ZB-CORE-01", 1, 30, state=StepState.failed, detail="Error: 登录超时"),
    step("apply", "ZB-CORE-01", 1, 34, attempt=2, changed=True, confirmed_by="zhao"),
    step("verify", "ZB-CORE-01", 1, 37),
)


def planned(**more: Any) -> Papers:
    """Before the work."""
    given: dict[str, Any] = {
        "contract": CONTRACT, "runbook": RUNBOOK, "now": START - timedelta(hours=28),
        "change": change(), "plan": PLAN, "approvals": APPROVALS, "events": EVENTS[:7],
    }  # fmt: skip
    return Papers(**{**given, **more})


def done(**more: Any) -> Papers:
    """After it."""
    finished = change(
        state=ChangeState.verified, started_at=START + timedelta(minutes=6),
        finished_at=START + timedelta(minutes=54), run="20260307-220600-change",
        owed_until=START + timedelta(days=3),
    )  # fmt: skip
    return planned(**{
        "change": finished, "events": EVENTS, "steps": STEPS, "now": START + timedelta(hours=2),
        **more,
    })  # fmt: skip
