"""The change record (变更记录): what is to be done, by whom, when, and how far it has come.

States and their order are those of CHG-39. Everything here is a value or a pure rule; who
may do what is in ``authority``, whether the time is right in ``calendar``, what an approval
covers in ``change_digest``.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from pydantic import model_validator

from weibao.domain.base import Moment, Name, Sha256, Value
from weibao.domain.reasons import Reason

__all__ = [
    "FINAL",
    "LOCKING",
    "TRANSITIONS",
    "Approval",
    "ApprovalChannel",
    "Change",
    "ChangeAction",
    "ChangeEvent",
    "ChangeKind",
    "ChangePlan",
    "ChangeState",
    "ChangeStep",
    "Conflict",
    "PlannedTarget",
    "StepState",
    "Window",
    "legal_actions",
    "legal_commands",
    "next_state",
    "stopped_for",
]


class ChangeKind(StrEnum):
    """ITIL's three (CHG-29, CHG-37)."""

    standard = "standard"
    """A pre-approved runbook under a standing authorisation that has an end."""
    normal = "normal"
    emergency = "emergency"
    """Starts with the minimum; what is missing is owed afterwards (CHG-29)."""


class ChangeState(StrEnum):
    """Where a change stands (CHG-39)."""

    draft = "draft"
    internal_review = "internal_review"
    internally_approved = "internally_approved"
    submitted = "submitted"
    """To the customer; the lead time counts from here (CHG-20)."""
    customer_approved = "customer_approved"
    scheduled = "scheduled"
    running = "running"
    paused = "paused"
    verified = "verified"
    rolled_back = "rolled_back"
    aborted = "aborted"
    backfill = "backfill"
    """An emergency that is done and whose documents are owed (CHG-29)."""
    documents_updated = "documents_updated"
    closed = "closed"
    rejected = "rejected"
    expired = "expired"
    """Its window passed before it was approved."""
    missed = "missed"
    """It was approved, and its window passed without a start; it never fires late."""
    withdrawn = "withdrawn"
    """A draft that its people do not want any more; it stays on record."""


FINAL = frozenset(
    {ChangeState.closed, ChangeState.expired, ChangeState.missed, ChangeState.withdrawn}
)
LOCKING = frozenset({ChangeState.running, ChangeState.paused})
"""While a change is in one of these, its configuration items belong to it."""


class ChangeAction(StrEnum):
    """What moves a change, or is noted on it."""

    plan = "plan"
    submit = "submit"
    """To internal review; from internally approved: to the customer."""
    approve = "approve"
    """A stage's last approval was given."""
    schedule = "schedule"
    reject = "reject"
    withdraw = "withdraw"
    """Back to draft, approvals of before are void; of a draft: for good."""
    start = "start"
    pause = "pause"
    resume = "resume"
    abort = "abort"
    verify = "verify"
    back_out = "back_out"
    owe = "owe"
    document = "document"
    close = "close"
    expire = "expire"
    miss = "miss"


_S = ChangeState
_A = ChangeAction

_BY_ITSELF = frozenset({_A.schedule, _A.verify, _A.owe, _A.document, _A.expire, _A.miss})
"""Follows from something else; there is no command for it."""

TRANSITIONS: Mapping[tuple[ChangeState, ChangeAction], ChangeState] = {
    (_S.draft, _A.plan): _S.draft,
    (_S.draft, _A.submit): _S.internal_review,
    (_S.draft, _A.schedule): _S.scheduled,  # standard changes
    (_S.draft, _A.start): _S.running,  # emergencies
    (_S.draft, _A.withdraw): _S.withdrawn,
    (_S.draft, _A.expire): _S.expired,
    (_S.internal_review, _A.approve): _S.internally_approved,
    (_S.internal_review, _A.reject): _S.rejected,
    (_S.internal_review, _A.withdraw): _S.draft,
    (_S.internal_review, _A.expire): _S.expired,
    (_S.internally_approved, _A.submit): _S.submitted,
    (_S.internally_approved, _A.withdraw): _S.draft,
    (_S.internally_approved, _A.expire): _S.expired,
    (_S.submitted, _A.approve): _S.customer_approved,
    (_S.submitted, _A.reject): _S.rejected,
    (_S.submitted, _A.withdraw): _S.draft,
    (_S.submitted, _A.expire): _S.expired,
    (_S.customer_approved, _A.schedule): _S.scheduled,
    (_S.customer_approved, _A.withdraw): _S.draft,
    (_S.customer_approved, _A.expire): _S.expired,
    (_S.scheduled, _A.start): _S.running,
    (_S.scheduled, _A.withdraw): _S.draft,
    (_S.scheduled, _A.miss): _S.missed,
    (_S.running, _A.pause): _S.paused,
    (_S.running, _A.verify): _S.verified,
    (_S.running, _A.back_out): _S.rolled_back,
    (_S.running, _A.abort): _S.aborted,
    (_S.paused, _A.resume): _S.running,
    (_S.paused, _A.abort): _S.aborted,
    (_S.paused, _A.back_out): _S.rolled_back,
    (_S.aborted, _A.back_out): _S.rolled_back,
    (_S.verified, _A.back_out): _S.rolled_back,
    (_S.backfill, _A.back_out): _S.rolled_back,  # an emergency whose effect is not wanted
    (_S.verified, _A.owe): _S.backfill,
    (_S.rolled_back, _A.owe): _S.backfill,
    (_S.aborted, _A.owe): _S.backfill,
    (_S.backfill, _A.document): _S.documents_updated,
    (_S.verified, _A.document): _S.documents_updated,
    (_S.rolled_back, _A.document): _S.documents_updated,
    (_S.aborted, _A.document): _S.documents_updated,
    (_S.documents_updated, _A.close): _S.closed,
    (_S.rejected, _A.withdraw): _S.draft,
}
"""Every legal move; what is not here is refused."""


def next_state(state: ChangeState, action: ChangeAction) -> ChangeState | None:
    """Where ``action`` leads from ``state``; None where it is not legal."""
    return TRANSITIONS.get((state, action))


def legal_actions(state: ChangeState) -> tuple[ChangeAction, ...]:
    """What people may do in ``state``."""
    return tuple(
        action for (here, action) in TRANSITIONS if here is state and action not in _BY_ITSELF
    )


def legal_commands(state: ChangeState, kind: ChangeKind | None = None) -> str:
    """The same as it is typed, for whoever is refused something else.

    Of a draft, an emergency is started and any other change submitted (``kind`` None: both).
    """
    names = [action.value for action in legal_actions(state)]
    if state is ChangeState.draft:
        names.append("edit")
        emergency = kind is ChangeKind.emergency
        no = {"submit" if emergency else "start"} if kind is not None else set()
        names = [name for name in names if name not in no]
    if state is ChangeState.backfill:
        names.append("backfill")
    if next_state(state, ChangeAction.document) is not None:
        names.append("close")  # which updates the documents and closes
    return ", ".join(name.replace("_", "-") for name in names) or "-"


class Window(Value):
    """When work is allowed: from ``start`` until before ``end``."""

    start: Moment
    end: Moment

    @model_validator(mode="after")
    def _in_order(self) -> Window:
        if self.end <= self.start:
            raise ValueError("a window ends after it starts")
        return self

    def holds(self, moment: Moment) -> bool:
        """Whether ``moment`` lies in it."""
        return self.start <= moment < self.end


class Change(Value):
    """One change, as it stands."""

    id: Name
    """``CHG-<yyyymmdd>-<nnn>``."""
    contract: Name
    kind: ChangeKind
    state: ChangeState = ChangeState.draft
    round: int = 0
    """Counts submissions; an approval holds for one of them."""
    runbook: Name
    runbook_version: str
    title: str
    """Of the work, as the applicant says it (变更内容; CHG-08)."""
    limit: str
    """The Ansible pattern that chose the targets."""
    variables: dict[str, Any] = {}
    """What the runbook asks for; never a secret."""
    window: Window
    requester: Name
    """A person of the contract profile, as all of these."""
    operator: str = ""
    recorder: str = ""
    representative: str = ""
    """The customer's representative who is to be present (CHG-24)."""
    fields: dict[str, str] = {}
    """What else the application says, by field name (CHG-01..CHG-19, CHG-49)."""
    verbal_approver: str = ""
    """Of an emergency: who said yes (CHG-29)."""
    fault: str = ""
    """The fault that it clears (CHG-18)."""
    plan: int = 0
    """Number of the plan that counts; 0: none was made."""
    digest: str = ""
    """Of that plan; what an approval signs."""
    created_at: Moment
    submitted_at: Moment | None = None
    """To the customer (CHG-20)."""
    started_at: Moment | None = None
    finished_at: Moment | None = None
    closed_at: Moment | None = None
    owed_until: Moment | None = None
    """By when what is owed is due (CHG-29, CHG-47)."""
    run: str = ""
    """The run that carries it out."""
    updated_at: Moment


class ChangeEvent(Value):
    """Something that was done to a change: who, when, why (CHG-39)."""

    change: Name
    number: int
    at: Moment
    actor: str
    """A person of the profile, or ``user@host`` where it is the program itself."""
    action: str
    """A ``ChangeAction``, or ``note``, ``confirm``, ``attend``, ``extend``, ``step`` …"""
    state_before: ChangeState
    state: ChangeState
    why: str = ""
    detail: dict[str, Any] = {}


def stopped_for(event: ChangeEvent) -> Reason | None:
    """Why the program itself stopped the work; None where somebody did, who says why."""
    code = event.detail.get("code")
    if not isinstance(code, str) or not code:
        return None
    params = event.detail.get("params")
    if not isinstance(params, dict):  # written before its numbers had a place of their own
        params = {
            name: len(value) if isinstance(value, list) else value
            for name, value in event.detail.items()
            if name != "code"
        }
    return Reason.of(code, **params)


class ApprovalChannel(StrEnum):
    """How a consent came (ROL-31)."""

    signature = "signature"
    paper = "paper"
    mail = "mail"


class Approval(Value):
    """One consent to one round of one change."""

    change: Name
    round: int
    stage: Name
    person: Name
    """Who consents."""
    decision: str = "approve"
    """``approve``, ``reject``, or ``extend`` (a later end of the window)."""
    digest: Sha256
    window_end: Moment
    channel: ApprovalChannel = ApprovalChannel.signature
    statement: str = ""
    """The exact text that was signed."""
    signature: str = ""
    """Armored SSH signature."""
    recorded_by: str = ""
    """Who recorded a consent on paper or by mail."""
    evidence: str = ""
    """Sha256 of its scan."""
    why: str = ""
    at: Moment


class PlannedTarget(Value):
    """One configuration item of a plan."""

    device: Name
    wave: int
    """0 is the canary."""
    platform: str = ""
    group: str = ""
    """Its redundancy group; the members never share a wave."""
    estimate: float
    """Seconds of the work, from history or from the runbook."""
    back_out_estimate: float
    checked: bool = False
    """The dry run reached it."""
    difference: str = ""
    """What the dry run would change, redacted."""
    problem: str = ""
    """Why it cannot be done; empty where nothing stands against it."""
    plan: dict[str, Any] = {}
    """What the dry run found to be done, exactly, where the job tells it (patching: a
    ``HostPlan``). It is approved with the change, and nothing else is done."""


class Conflict(Value):
    """What stands against a change (code and its parameters; words under ``conflict.<code>``)."""

    code: str
    """``device``, ``parent``, ``child``, ``redundant``, ``person``, ``freeze``,
    ``outside_maintenance_window``."""
    params: dict[str, str] = {}
    blocking: bool = True


class ChangePlan(Value):
    """What was found out before asking for leave; an approver is shown exactly this (CHG-38)."""

    change: Name
    number: int
    made_at: Moment
    digest: Sha256
    parts: dict[str, str]
    """What the digest covers: a name such as ``host/core-1/weibao_role`` and its hash."""
    targets: tuple[PlannedTarget, ...]
    estimate: float
    """Seconds for all waves."""
    back_out_estimate: float
    conflicts: tuple[Conflict, ...] = ()
    run: str = ""
    """The run of its dry run."""


class StepState(StrEnum):
    """What is known of a step on a host."""

    begun = "begun"
    """It was begun; whether it was done is unknown until it ends."""
    done = "done"
    failed = "failed"
    skipped = "skipped"
    unknown = "unknown"
    """It was begun by a process that is gone."""
    waiting = "waiting"
    """For a person."""


class ChangeStep(Value):
    """One step on one host, written before it begins and after it ended."""

    change: Name
    wave: int
    phase: str
    step: Name
    device: Name
    """``-`` for a step of the whole wave."""
    attempt: int = 1
    state: StepState
    actor: str
    started_at: Moment
    finished_at: Moment | None = None
    changed: bool = False
    detail: str = ""
    evidence: tuple[str, ...] = ()
    confirmed_by: str = ""
