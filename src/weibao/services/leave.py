"""Leave: everything that must hold now for a change to touch hosts (CHG-21, CHG-22, CHG-38).

The same question is asked by ``change start``, before each wave, and by the gate inside
Ansible; all ask it here, of the journal, the signatures and the files as they are now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from weibao.boundary.changes import ChangeRecords, DigestSource, Signatures, Signer
from weibao.domain.approval_statement import NAMESPACE, statement
from weibao.domain.authority import (
    allowed_until,
    crew_problems,
    may_approve,
    missing_approvals,
    sort_approvals,
    standard_leave,
)
from weibao.domain.base import titled
from weibao.domain.calendar import freeze_at, lead_time_hours
from weibao.domain.change import (
    Approval,
    ApprovalChannel,
    Change,
    ChangeAction,
    ChangeKind,
    ChangePlan,
    ChangeState,
    PlannedTarget,
    next_state,
)
from weibao.domain.change_digest import change_parts, differences, digest_of
from weibao.domain.contract import Contract
from weibao.domain.inventory import Device
from weibao.domain.reasons import Reason
from weibao.domain.runbook import Runbook
from weibao.errors import InputError, RefusedError
from weibao.i18n import Language, explain

__all__ = [
    "CLOCK_TOLERANCE",
    "Leave",
    "LeaveParts",
    "Purpose",
    "RefusedLeave",
    "approval_problem",
    "checked_approvals",
    "leave",
    "parts_now",
]

CLOCK_TOLERANCE = timedelta(minutes=2)
"""A clock that goes back by no more than this was only corrected."""
_SIGNING_TOLERANCE = timedelta(minutes=10)
_EMERGENCY_HOUR = timedelta(hours=1)


class Purpose(StrEnum):
    """What leave is asked for."""

    start = "start"
    resume = "resume"
    """To go on after a pause, judged before the change is running again."""
    work = "work"
    back_out = "back_out"
    """The way back is never closed by the clock: window and freezes do not count (JOB-06)."""


_STATES: Mapping[Purpose, frozenset[ChangeState]] = {
    Purpose.start: frozenset({ChangeState.scheduled}),
    Purpose.resume: frozenset({ChangeState.paused, ChangeState.running}),
    Purpose.work: frozenset({ChangeState.running}),
    Purpose.back_out: frozenset(
        state for state in ChangeState if next_state(state, ChangeAction.back_out) is not None
    ),
}


class RefusedLeave(RefusedError):
    """A change may not touch hosts now; ``why`` are all reasons."""

    def __init__(self, change: str, why: Sequence[Reason]) -> None:
        super().__init__("leave.refused", change=change)
        self.why = tuple(why)

    def say(self, language: Language) -> str:
        """The refusal with its reasons, one a line."""
        lines = [f"- {explain(r.code, r.params, language)}" for r in self.why]
        return "\n".join([super().say(language), *lines])


@dataclass(frozen=True)
class LeaveParts:
    """What leave is judged with."""

    estate: str
    """The estate's name (``Settings.name``), which statements say."""
    records: ChangeRecords
    signatures: Signatures
    digests: DigestSource
    contracts: Mapping[str, Contract]
    runbook: Callable[[str], Runbook]

    def contract(self, name: str) -> Contract:
        """One contract.

        Raises:
            InputError: there is none of that name.
        """
        if name not in self.contracts:
            known = ", ".join(sorted(self.contracts))
            raise InputError("estate.contract_unknown", name=name, known=known)
        return self.contracts[name]


@dataclass(frozen=True)
class Leave:
    """The answer; it is given where nothing stands against it."""

    change: Change
    contract: Contract
    runbook: Runbook
    plan: ChangePlan | None
    purpose: Purpose
    until: datetime
    """The end of the window with its signed extensions."""
    approvals: tuple[Approval, ...]
    """Those that count."""
    why: tuple[Reason, ...]
    """Everything that stands against it."""

    @property
    def given(self) -> bool:
        """Whether hosts may be touched."""
        return not self.why

    def require(self) -> Leave:
        """Itself, where it is given.

        Raises:
            RefusedLeave: it is not; with all reasons.
        """
        if self.why:
            raise RefusedLeave(self.change.id, self.why)
        return self


def parts_now(
    parts: LeaveParts,
    change: Change,
    targets: Sequence[PlannedTarget],
    devices: Sequence[Device],
    sources: Sequence[str],
) -> dict[str, str]:
    """The parts of the change's digest as they are now; ``digest_of`` makes the digest of them.

    ``targets`` are the plan's, ``devices`` those whose variables are hashed.

    Raises:
        UncheckedError: a file or the contract's key cannot be read.
        InputError: contract, runbook or inventory is wrong.
    """
    contract = parts.contract(change.contract)
    return change_parts(
        change,
        contract,
        parts.runbook(change.runbook),
        parts.digests.runbook_part(change.runbook),
        targets,
        program=parts.digests.program_parts(),
        hosts=parts.digests.host_parts(contract, devices, sources),
    )


def leave(
    parts: LeaveParts,
    change_id: str,
    *,
    now: datetime,
    devices: Sequence[Device],
    sources: Sequence[str],
    purpose: Purpose = Purpose.work,
    whole: bool = True,
) -> Leave:
    """Whether ``change_id`` may touch ``devices`` now.

    ``devices`` are what the change's pattern chooses *now* (``whole``: they must be the
    plan's targets, no more and no less), or the hosts of one play (``whole=False``).
    ``sources`` is the inventory that is really used.

    Raises:
        InputError: there is no such change, or its contract or runbook is gone.
        UncheckedError: something could not be checked, which is never leave.
    """
    change = parts.records.change(change_id)
    if change is None:
        raise InputError("change.unknown", change=change_id)
    contract = parts.contract(change.contract)
    runbook = parts.runbook(change.runbook)
    zone = ZoneInfo(contract.time_zone)
    # Whose service or standing leave ends at midnight carries through what he began before.
    day = (change.started_at or now).astimezone(zone).date()
    plan = parts.records.change_plan(change.id, change.plan) if change.plan else None
    good, bad = checked_approvals(parts, change, contract)
    why = [*_state(change, purpose), *_hosts(change, plan, devices, whole=whole)]
    if change.kind is not ChangeKind.emergency:
        why += _digest(parts, change, plan, devices, sources)
    why += _consent(parts, change, contract, good, bad, day)
    why += _lead_time(change, contract) if purpose is Purpose.start else ()
    why += crew_problems(change, contract, day)
    until = allowed_until(change, contract, good)
    if change.kind is ChangeKind.emergency:
        until = max(until, now + _EMERGENCY_HOUR)  # clearing a fault ends when it is cleared
    if purpose is not Purpose.back_out:
        why += _time(parts, change, contract, until, now, zone)
    return Leave(change, contract, runbook, plan, purpose, until, good, _unique(why))


def checked_approvals(
    parts: LeaveParts, change: Change, contract: Contract
) -> tuple[tuple[Approval, ...], tuple[Reason, ...]]:
    """The approvals of this round that count, and why others of it do not.

    Raises:
        UncheckedError: a signature could not be checked.
    """
    zone = ZoneInfo(contract.time_zone)
    given = [a for a in parts.records.approvals(change.id) if a.round == change.round]
    sound, bad = [], []
    for approval in given:
        problem = _signature(parts, change, contract, approval)
        if problem is None:
            sound.append(approval)
        else:
            bad.append(problem)
    good, others = sort_approvals(change, contract, sound, zone)
    return good, (*bad, *others)


def approval_problem(
    parts: LeaveParts, change: Change, approval: Approval, now: datetime
) -> Reason | None:
    """Why a new ``approval`` (with statement and signature) is not to be recorded; None: it is.

    Raises:
        UncheckedError: its signature could not be checked.
    """
    contract = parts.contract(change.contract)
    if abs(approval.at - now) > _SIGNING_TOLERANCE:
        return Reason.of("approval_not_now", at=approval.at.isoformat())
    if approval.round != change.round or approval.digest != change.digest:
        return Reason.of("approval_other_digest", person=approval.person)
    day = now.astimezone(ZoneInfo(contract.time_zone)).date()
    good, _ = checked_approvals(parts, change, contract)
    return may_approve(change, contract, approval, good, day) or _signature(
        parts, change, contract, approval
    )


def _signature(
    parts: LeaveParts, change: Change, contract: Contract, approval: Approval
) -> Reason | None:
    """Why an approval is not what its signer signed for this change; None where it is.

    A consent on paper or by mail is signed by who recorded it.
    """
    direct = approval.channel is ApprovalChannel.signature
    name = approval.person if direct else approval.recorded_by
    signer = contract.person(name)
    if signer is None:
        return Reason.of("person_unknown", person=name or "-", contract=contract.id)
    if approval.change != change.id or approval.statement != statement(
        parts.estate, change, approval
    ):
        return Reason.of("signature_other_text", person=name)
    if approval.decision != "extend" and approval.window_end != change.window.end:
        return Reason.of("signature_other_text", person=name)
    code = parts.signatures.verify(
        contract.id,
        Signer(signer.signs_as, NAMESPACE),
        approval.statement,
        approval.signature,
        approval.at,
    )
    return Reason.of(f"signature_{code}", person=name) if code else None


def _state(change: Change, purpose: Purpose) -> Iterable[Reason]:
    allowed = _STATES[purpose]
    if change.kind is ChangeKind.emergency and purpose is Purpose.start:
        allowed = allowed | {ChangeState.draft}
    if change.state not in allowed:
        names = ", ".join(sorted(state.value for state in allowed))
        yield Reason.of("leave_state", state=change.state.value, allowed=names)


def _hosts(
    change: Change, plan: ChangePlan | None, devices: Sequence[Device], *, whole: bool
) -> Iterable[Reason]:
    if plan is None:
        yield Reason.of("leave_no_plan", change=change.id)
        return
    planned = {target.device: target for target in plan.targets}
    names = {device.name for device in devices}
    for name in sorted(names - planned.keys()):
        yield Reason.of("leave_other_host", device=name)
    for name in sorted(planned.keys() - names) if whole else ():
        yield Reason.of("leave_host_gone", device=name)
    for name in sorted(names & planned.keys()):
        if planned[name].problem:
            yield Reason.of("leave_target_problem", device=name, problem=planned[name].problem)
    if not names:
        yield Reason.of("leave_no_host")


def _digest(
    parts: LeaveParts,
    change: Change,
    plan: ChangePlan | None,
    devices: Sequence[Device],
    sources: Sequence[str],
) -> Iterable[Reason]:
    if plan is None:
        return
    if not change.digest == plan.digest == digest_of(plan.parts):
        yield Reason.of("leave_plan_differs", number=plan.number)
    wanted = {device.name for device in devices} & {target.device for target in plan.targets}
    chosen = [device for device in devices if device.name in wanted]
    now = parts_now(parts, change, plan.targets, chosen, sources)
    yield from differences(plan.parts, now, hosts=wanted)


def _consent(
    parts: LeaveParts,
    change: Change,
    contract: Contract,
    good: Sequence[Approval],
    bad: Sequence[Reason],
    day: date,
) -> Iterable[Reason]:
    """What is missing of the consent that the change's kind needs."""
    if change.kind is ChangeKind.emergency:
        for name in ("verbal_approver", "fault"):
            if not getattr(change, name):
                yield Reason.of("leave_emergency_minimum", field=name)
        return
    for approval in good:
        if approval.decision == "reject":
            stage = contract.stage(approval.stage)
            named = titled("stage", approval.stage, stage.title if stage else {})
            yield Reason.of("leave_rejected", person=approval.person, **named)
    if change.kind is ChangeKind.standard:
        part = parts.digests.runbook_part(change.runbook)
        problem = standard_leave(change, contract, part, day)
        if problem is None and not parts.runbook(change.runbook).standard_allowed:
            problem = Reason.of("leave_never_standard", runbook=change.runbook)
        if problem is not None:
            yield problem
        return
    missing = missing_approvals(change, contract, good, day)
    for stage, needed, _ in missing:
        yield Reason.of(
            "leave_approval_missing", count=needed, **titled("stage", stage.id, stage.title)
        )
    if missing:
        yield from bad  # why those that were given do not count


def _lead_time(change: Change, contract: Contract) -> Iterable[Reason]:
    """From the submission to the customer to the window, as the profile has it now (CHG-20)."""
    wanted = contract.change.lead_time_hours
    if change.kind is not ChangeKind.normal or not wanted:
        return
    given = lead_time_hours(change.submitted_at, change.window) if change.submitted_at else None
    if given is None or given < wanted:
        left = "-" if given is None else f"{given:.1f}"
        yield Reason.of("leave_lead_time", needs=f"{wanted:g}", left=left)


def _time(
    parts: LeaveParts,
    change: Change,
    contract: Contract,
    until: datetime,
    now: datetime,
    zone: ZoneInfo,
) -> Iterable[Reason]:
    emergency = change.kind is ChangeKind.emergency
    times = [event.at for event in parts.records.change_events(change.id)]
    for step in parts.records.change_steps(change.id):
        times += [step.started_at, step.finished_at or step.started_at]
    latest = max(times, default=None)
    if latest is not None and latest > now + CLOCK_TOLERANCE:
        yield Reason.of("leave_clock_back", now=now.isoformat(), latest=latest.isoformat())
    if not emergency and not change.window.start <= now < until:
        yield Reason.of(
            "leave_outside_window",
            now=now.astimezone(zone).isoformat(timespec="minutes"),
            start=change.window.start.astimezone(zone).isoformat(timespec="minutes"),
            end=until.astimezone(zone).isoformat(timespec="minutes"),
        )
    freeze = freeze_at(contract.calendar, now, zone)
    if freeze is not None and not (emergency and freeze.emergencies):
        yield Reason.of("leave_freeze", title=freeze.title, first=freeze.first, last=freeze.last)


def _unique(reasons: Sequence[Reason]) -> tuple[Reason, ...]:
    return tuple({(r.code, tuple(sorted(r.params.items()))): r for r in reasons}.values())
