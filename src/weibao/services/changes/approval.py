"""Asking for leave and giving it (CHG-20, CHG-21, CHG-38, CHG-40, ROL-31)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from weibao.domain.approval_statement import NAMESPACE, statement
from weibao.domain.authority import (
    crew_problems,
    missing_approvals,
    open_stage,
    standard_leave,
)
from weibao.domain.change import (
    FINAL,
    Approval,
    ApprovalChannel,
    Change,
    ChangeAction,
    ChangeKind,
    ChangeState,
)
from weibao.domain.change_digest import differences as part_differences
from weibao.domain.change_owed import missing_fields
from weibao.domain.reasons import Reason
from weibao.errors import InputError, RefusedError, WeibaoError
from weibao.i18n import Language, explain
from weibao.services.changes.conflicting import blocking_now
from weibao.services.changes.desk import Desk
from weibao.services.changes.draft import chosen_devices
from weibao.services.changes.mandate import check_mandate, denied
from weibao.services.changes.papers import keep_paper
from weibao.services.changes.permission import leave_parts
from weibao.services.counted_approvals import approval_problem, checked_approvals
from weibao.services.leave import RefusedLeave
from weibao.services.leave_parts import parts_now

__all__ = [
    "Consent",
    "approvals_stand",
    "consent",
    "differences",
    "statement_for",
    "submit",
    "withdraw",
]


@dataclass(frozen=True)
class Consent:
    """What somebody decides."""

    person: str
    stage: str = ""
    """Empty: the one whose turn it is."""
    decision: str = "approve"
    """``approve``, ``reject`` or ``extend``."""
    channel: ApprovalChannel = ApprovalChannel.signature
    recorded_by: str = ""
    why: str = ""
    window_end: datetime | None = None
    """Of an extension."""


def submit(
    desk: Desk, change: Change, actor: str, sources: tuple[str, ...], why: str = ""
) -> Change:
    """A draft to internal review, or what is internally approved to the customer.

    A standard change is scheduled at once, under the customer's standing leave.

    Raises:
        RefusedError: something is missing, stands against it, or it is not legal now.
    """
    check_mandate(desk, desk.contract(change), actor, "submit", change)
    if change.state is ChangeState.draft:
        return _submit_draft(desk, change, actor, sources, why)
    if change.state is ChangeState.internally_approved:
        _check_lead_time(desk, change)
    return desk.move(change, ChangeAction.submit, actor, why, submitted_at=desk.now)


def _submit_draft(
    desk: Desk, change: Change, actor: str, sources: tuple[str, ...], why: str
) -> Change:
    if change.kind is ChangeKind.emergency:
        raise RefusedError("change.emergency_starts", change=change.id)
    if not change.digest:
        raise RefusedError("change.no_plan", change=change.id)
    plan = desk.plan(change)
    contract = desk.contract(change)
    day = desk.now.astimezone(desk.zone(contract)).date()
    against = [
        Reason.of("change_field_missing", field=name)
        for name in missing_fields(change, desk.runbook(change), contract.change)
    ]
    against += crew_problems(change, contract, day)
    if contract.change.representative_required and not change.representative:
        against.append(Reason.of("change_no_representative"))
    against += [
        Reason.of("leave_target_problem", device=t.device, problem=t.problem)
        for t in plan.targets
        if t.problem
    ]
    against += blocking_now(desk, change, plan, sources)
    against += differences(desk, change, sources)
    if change.kind is ChangeKind.standard:
        part = desk.digests.runbook_part(change.runbook)
        problem = standard_leave(change, contract, part, day)
        against += [problem] if problem else []
    if against:
        raise RefusedLeave(change.id, against, "leave.not_submitted")
    if change.kind is ChangeKind.standard:
        return desk.move(change, ChangeAction.schedule, actor, why, round=change.round + 1)
    _check_lead_time(desk, change)
    return desk.move(change, ChangeAction.submit, actor, why, round=change.round + 1)


def statement_for(desk: Desk, change: Change, asked: Consent) -> str:
    """What is to be signed now; it holds for a few minutes."""
    return statement(desk.parts.settings.name, change, _approval(desk, change, asked, desk.now))


def consent(
    desk: Desk,
    change: Change,
    asked: Consent,
    sources: tuple[str, ...],
    *,
    key: Path | None = None,
    signature: str = "",
    signed: str = "",
    scan: bytes = b"",
) -> Change:
    """Take an approval, a rejection or an extension, and move the change where it leads.

    Signed here with ``key``, or elsewhere: then ``signed`` is the statement and ``signature``
    the signature of it.

    Raises:
        RefusedLeave: the person may not, it is not the turn, the plan is not what is there
            now, or the signature does not hold.
        InputError: neither key nor signature.
    """
    _check_time_for_consent(change, asked.decision)
    if asked.decision == "approve":
        changed = differences(desk, change, sources)
        if changed:
            raise RefusedLeave(change.id, changed, "leave.no_consent")
    at = _signed_at(signed) if signed else desk.now
    evidence = hashlib.sha256(scan).hexdigest() if scan else ""
    approval = _approval(desk, change, asked, at, evidence)
    text = statement(desk.parts.settings.name, change, approval)
    if key is not None:
        signature = desk.signatures.sign(key, NAMESPACE, text)
    if not signature:
        raise InputError("change.key_or_signature")
    approval = approval.model_copy(update={"statement": text, "signature": signature})
    problem = approval_problem(leave_parts(desk), change, approval, desk.now)
    if problem is not None:
        denied(desk, change, asked.person, asked.decision, problem.code)
        raise RefusedLeave(change.id, [problem], "leave.no_consent")
    if scan:
        what = f"{asked.decision}, {asked.person}"
        keep_paper(desk, change, "scan", what, scan, asked.recorded_by or asked.person)
    return _recorded(desk, change, asked, approval)


def withdraw(desk: Desk, change: Change, actor: str, why: str) -> Change:
    """Back to a draft: what was signed is void, since the next round is another one.

    A draft itself is over then: it stands against no other change any more.
    """
    check_mandate(desk, desk.contract(change), actor, "withdraw", change)
    return desk.move(change, ChangeAction.withdraw, actor, why, digest="", submitted_at=None)


def differences(desk: Desk, change: Change, sources: tuple[str, ...]) -> list[Reason]:
    """What is not any more as the plan says; empty where nothing hangs on it any more.

    Raises:
        WeibaoError: it could not be compared.
    """
    if change.finished_at is not None or change.state in FINAL:
        return []
    plan = desk.records.change_plan(change.id, change.plan) if change.plan else None
    if plan is None:
        return []
    devices = chosen_devices(desk, desk.runbook(change), change.limit, sources)
    now = parts_now(leave_parts(desk), change, plan.targets, devices, sources)
    approved = change.state is not ChangeState.draft
    return list(part_differences(plan.parts, now, approved=approved))


def approvals_stand(desk: Desk, change: Change, language: Language) -> list[dict[str, Any]]:
    """Each stage with who has approved, how many it needs, and what was given in vain."""
    contract = desk.contract(change)
    try:
        good, bad = checked_approvals(leave_parts(desk), change, contract)
        void = [explain(r.code, r.params, language) for r in bad]
    except WeibaoError as error:
        good, void = (), [error.say(language)]
    return [
        {
            "stage": stage.id,
            "title": stage.title[language],
            "minimum": stage.minimum,
            "given": len({a.person for a in good if _approves(a, stage.id)}),
            "people": ", ".join(sorted({a.person for a in good if _approves(a, stage.id)})),
            "void": void if number == 0 else [],
        }
        for number, stage in enumerate(contract.change.stages)
    ]


def _approves(approval: Approval, stage: str) -> bool:
    return approval.stage == stage and approval.decision == "approve"


def _recorded(desk: Desk, change: Change, asked: Consent, approval: Approval) -> Change:
    detail = {"stage": approval.stage, "channel": approval.channel.value}
    who = approval.person
    if asked.decision == "reject":
        return desk.move(
            change, ChangeAction.reject, who, asked.why, detail=detail, approvals=[approval]
        )
    if asked.decision == "extend":
        detail["until"] = approval.window_end.isoformat()
        return desk.note(change, "extend", who, asked.why, detail=detail, approvals=[approval])
    contract = desk.contract(change)
    good, _ = checked_approvals(leave_parts(desk), change, contract)
    missing = missing_approvals(contract, [*good, approval])
    side = "internal" if change.state is ChangeState.internal_review else "customer"
    if any(each.stage.side == side for each in missing):
        return desk.note(change, "approve", who, asked.why, detail=detail, approvals=[approval])
    change = desk.move(
        change, ChangeAction.approve, who, asked.why, detail=detail, approvals=[approval]
    )
    if change.state is ChangeState.customer_approved:
        change = desk.move(change, ChangeAction.schedule, desk.parts.program)
    return change


def _approval(
    desk: Desk, change: Change, asked: Consent, at: datetime, evidence: str = ""
) -> Approval:
    contract = desk.contract(change)
    stage = asked.stage
    if not stage:
        good, _ = checked_approvals(leave_parts(desk), change, contract)
        turn = open_stage(contract, good)
        last = contract.change.stages[-1].id
        stage = turn.id if turn is not None and asked.decision != "extend" else last
    return Approval(
        change=change.id,
        round=change.round,
        stage=stage,
        person=asked.person,
        decision=asked.decision,
        digest=change.digest,
        window_end=asked.window_end or change.window.end,
        channel=asked.channel,
        recorded_by=asked.recorded_by,
        evidence=evidence,
        why=asked.why,
        at=at,
    )


def _check_time_for_consent(change: Change, decision: str) -> None:
    if decision == "extend":
        allowed = {ChangeState.scheduled, ChangeState.running, ChangeState.paused}
    else:
        allowed = {ChangeState.internal_review, ChangeState.submitted}
    if change.state not in allowed:
        raise RefusedError(
            "change.no_consent_now",
            change=change.id,
            state=change.state.value,
            action=decision,
            allowed=", ".join(sorted(state.value for state in allowed)),
        )


def _check_lead_time(desk: Desk, change: Change) -> None:
    """From the submission to the window (CHG-20); a shorter one is refused as early as possible."""
    hours = desk.contract(change).change.lead_time_hours
    left = change.window.start - desk.now
    if hours and change.kind is ChangeKind.normal and left < timedelta(hours=hours):
        raise RefusedError(
            "change.lead_time",
            change=change.id,
            needs=f"{hours:g}",
            left=f"{left / timedelta(hours=1):.1f}",
        )


def _signed_at(signed: str) -> datetime:
    try:
        return datetime.fromisoformat(json.loads(signed)["at"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError("change.statement_wrong") from error
