"""Who may approve, operate and record; pure rules over a contract profile (ROL-30, CHG-21).

Requester, operator, recorder and approvers are different persons, whatever roles they hold;
stages are passed in their order, each with so many different persons as the profile says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, tzinfo
from typing import NamedTuple

from weibao.domain.base import titled
from weibao.domain.change import Approval, ApprovalChannel, Change, ChangeEvent, ChangeKind
from weibao.domain.contract import ApprovalStage, Contract, Person
from weibao.domain.reasons import Reason

__all__ = [
    "ATTENDANTS",
    "DUTIES",
    "OPERATORS",
    "RECORDERS",
    "Missing",
    "allowed_until",
    "authors_of",
    "crew_problems",
    "may_act",
    "may_approve",
    "may_operate",
    "may_record",
    "missing_approvals",
    "open_stage",
    "recorder_of_consent",
    "sort_approvals",
    "standard_leave",
]

OPERATORS = frozenset({"field_engineer", "project_manager"})
RECORDERS = frozenset({"recorder", "field_engineer"})
ATTENDANTS = frozenset({"customer_representative", "customer_engineer", "customer_approver"})
"""Who may be the customer's representative that is present (CHG-24)."""
_RECORDS = OPERATORS | {"recorder"}
DUTIES: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("new", "edit", "plan", "submit", "withdraw"), OPERATORS),
    **dict.fromkeys(("attend", "backfill", "close"), _RECORDS),
    **dict.fromkeys(("pause", "abort"), frozenset()),
}
"""By action the roles that may do it (ROL-37); none: whoever the profile names, since anybody who
sees harm may stop it. Approving, operating and confirming have rules of their own."""
_CUSTOMERS = frozenset({"customer_approver", "customer_representative"})
APPROVE, EXTEND, REJECT = "approve", "extend", "reject"


class Missing(NamedTuple):
    """Approvals that a stage still needs."""

    stage: ApprovalStage
    needed: int


def may_act(contract: Contract, name: str, action: str, day: date) -> Reason | None:
    """Why ``name`` may not do ``action``, one of ``DUTIES``; None where it is allowed."""
    person = contract.person(name)
    if person is None:
        return Reason.of("person_unknown", person=name, contract=contract.id)
    return _holds(person, DUTIES[action] or set(person.roles), day)


def authors_of(events: Iterable[ChangeEvent]) -> frozenset[str]:
    """Who wrote the application, or a part of it."""
    return frozenset(event.actor for event in events if event.action in {"new", "edit"})


def may_approve(
    change: Change,
    contract: Contract,
    approval: Approval,
    earlier: Sequence[Approval],
    day: date,
    authors: frozenset[str] = frozenset(),
) -> Reason | None:
    """Why ``approval`` may not be given by its person; None where it may.

    ``earlier`` are the approvals of this round that count; ``day`` is the approval's, in the
    contract's time zone; who of ``authors`` wrote a part of the application does not approve it.
    A rejection needs the role, and no more.
    """
    stage = contract.stage(approval.stage)
    if stage is None:
        return Reason.of("approval_no_stage", stage=approval.stage, contract=contract.id)
    person = contract.person(approval.person)
    if person is None:
        return Reason.of("person_unknown", person=approval.person, contract=contract.id)
    problem = _holds(person, {stage.role}, day) or _concerned(change, person.id, authors)
    if problem is None and approval.channel.value not in stage.channels:
        problem = Reason.of("approval_channel", channel=approval.channel.value, **_named(stage))
    if problem is None and approval.channel is not ApprovalChannel.signature:
        problem = recorder_of_consent(change, contract, approval, day)
    if problem is not None or approval.decision == REJECT:
        return problem
    if approval.decision == EXTEND:
        return _may_extend(change, contract, stage, approval)
    if approval.decision != APPROVE:
        return Reason.of("approval_decision", decision=approval.decision)
    return _in_turn(contract, stage, person.id, earlier)


def recorder_of_consent(
    change: Change, contract: Contract, approval: Approval, day: date
) -> Reason | None:
    """Why a consent on paper or by mail is not well recorded (ROL-31); None where it is.

    It needs its scan as evidence, and somebody of the provider who is neither the approver
    nor the operator.
    """
    recorder = contract.person(approval.recorded_by)
    if recorder is None:
        return Reason.of("person_unknown", person=approval.recorded_by or "-", contract=contract.id)
    if not approval.evidence:
        return Reason.of("approval_no_evidence", person=approval.person)
    if recorder.id in (approval.person, change.operator) or set(recorder.roles) <= _CUSTOMERS:
        return Reason.of("approval_recorder", person=recorder.id)
    if not recorder.serves_on(day):
        return Reason.of("person_not_serving", person=recorder.id, day=day)
    return None


def sort_approvals(
    change: Change,
    contract: Contract,
    approvals: Sequence[Approval],
    zone: tzinfo,
    authors: frozenset[str] = frozenset(),
) -> tuple[tuple[Approval, ...], tuple[Reason, ...]]:
    """Those of this round and digest that count, in order, and why the others do not.

    Approvals of earlier rounds are passed over in silence: they were voided by the way back.
    """
    good: list[Approval] = []
    bad: list[Reason] = []
    for approval in approvals:
        if approval.round != change.round:
            continue
        if approval.digest != change.digest:
            bad.append(Reason.of("approval_other_digest", person=approval.person))
            continue
        day = approval.at.astimezone(zone).date()
        problem = may_approve(change, contract, approval, good, day, authors)
        if problem is None:
            good.append(approval)
        else:
            bad.append(problem)
    return tuple(good), tuple(bad)


def missing_approvals(contract: Contract, good: Sequence[Approval]) -> tuple[Missing, ...]:
    """What is still to be approved, in the order of the stages."""
    left = ((stage, stage.minimum - _given(stage, good)) for stage in contract.change.stages)
    return tuple(Missing(stage, needed) for stage, needed in left if needed > 0)


def open_stage(contract: Contract, good: Sequence[Approval]) -> ApprovalStage | None:
    """The stage whose turn it is; None where all are passed."""
    stages = contract.change.stages
    return next((stage for stage in stages if _given(stage, good) < stage.minimum), None)


def allowed_until(change: Change, contract: Contract, good: Sequence[Approval]) -> datetime:
    """The end of the window with what was consented to as an extension (CHG-40).

    An extension holds when every stage of the customer has as many consents for an end at
    least so late as the stage needs; all stages, where the customer has none.
    """
    stages = [stage for stage in contract.change.stages if stage.side == "customer"]
    until = change.window.end
    given = [approval for approval in good if approval.decision == EXTEND]
    for end in sorted({approval.window_end for approval in given}):
        if all(
            len({a.person for a in given if a.stage == stage.id and a.window_end >= end})
            >= stage.minimum
            for stage in stages or contract.change.stages
        ):
            until = max(until, end)
    return until


def may_operate(change: Change, contract: Contract, name: str, day: date) -> Reason | None:
    """Why ``name`` may not conduct the change (主持操作); None where it is allowed."""
    if name and name == change.recorder:
        return Reason.of("crew_same_person", person=name)
    return _crew(contract, name, OPERATORS, "operator", day)


def may_record(change: Change, contract: Contract, name: str, day: date) -> Reason | None:
    """Why ``name`` may not record the change (确认详细记录); None where it is allowed."""
    if name and name == change.operator:
        return Reason.of("crew_same_person", person=name)
    return _crew(contract, name, RECORDERS, "recorder", day)


def crew_problems(change: Change, contract: Contract, day: date) -> tuple[Reason, ...]:
    """What is wrong with the two who carry it out (CHG-23, ROL-30).

    An emergency needs its operator only.
    """
    problems = [may_operate(change, contract, change.operator, day)]
    needed = contract.change.recorder_required and change.kind is not ChangeKind.emergency
    if needed or change.recorder:
        problems.append(may_record(change, contract, change.recorder, day))
    return tuple(problem for problem in problems if problem is not None)


def standard_leave(
    change: Change, contract: Contract, runbook_part: str, day: date
) -> Reason | None:
    """Why the customer's standing leave does not cover the change (CHG-37); None where it does."""
    for leave in contract.change.standard:
        fits = (leave.runbook, leave.version) == (change.runbook, change.runbook_version)
        same = leave.runbook_sha256 in ("", runbook_part)
        if fits and same and leave.valid_from <= day <= leave.valid_until:
            return None
    return Reason.of(
        "leave_not_standard", runbook=change.runbook, version=change.runbook_version, day=day
    )


def _named(stage: ApprovalStage) -> dict[str, str]:
    return titled("stage", stage.id, stage.title)


def _given(stage: ApprovalStage, good: Sequence[Approval]) -> int:
    return len({a.person for a in good if a.stage == stage.id and a.decision == APPROVE})


def _holds(person: Person, roles: set[str] | frozenset[str], day: date) -> Reason | None:
    if not person.serves_on(day):
        return Reason.of("person_not_serving", person=person.id, day=day)
    if not roles & set(person.roles):
        return Reason.of("person_lacks_role", person=person.id, role=", ".join(sorted(roles)))
    return None


def _concerned(change: Change, person: str, authors: frozenset[str]) -> Reason | None:
    for role in ("requester", "operator", "recorder"):
        if getattr(change, role) == person:
            return Reason.of("approval_concerned", person=person, role=role)
    if person in authors:
        return Reason.of("approval_concerned", person=person, role="author")
    return None


def _in_turn(
    contract: Contract, stage: ApprovalStage, person: str, earlier: Sequence[Approval]
) -> Reason | None:
    if any(a.person == person and a.decision == APPROVE for a in earlier):
        return Reason.of("approval_twice", person=person)
    turn = open_stage(contract, earlier)
    names = [each.id for each in contract.change.stages]
    if turn is not None and names.index(stage.id) > names.index(turn.id):
        return Reason.of(
            "approval_not_in_turn", **_named(stage), **titled("turn", turn.id, turn.title)
        )
    return None


def _may_extend(
    change: Change, contract: Contract, stage: ApprovalStage, approval: Approval
) -> Reason | None:
    customers = any(each.side == "customer" for each in contract.change.stages)
    if customers and stage.side != "customer":
        return Reason.of("extension_not_customer", **_named(stage))
    if approval.window_end <= change.window.end:
        return Reason.of("extension_not_later", end=change.window.end.isoformat())
    return None


def _crew(
    contract: Contract, name: str, roles: frozenset[str], what: str, day: date
) -> Reason | None:
    if not name:
        return Reason.of("crew_missing", role=what)
    person = contract.person(name)
    if person is None:
        return Reason.of("person_unknown", person=name, contract=contract.id)
    return _holds(person, roles, day)
