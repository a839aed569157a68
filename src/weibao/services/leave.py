"""Leave: everything that must hold now for a change to touch hosts (CHG-21, CHG-22, CHG-38).

The same question is asked by ``change start``, before each wave, and by the gate inside
Ansible; all ask it here, of the journal, the signatures and the files as they are now.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from weibao.domain.authority import (
    allowed_until,
    crew_problems,
    missing_approvals,
    standard_leave,
)
from weibao.domain.base import titled
from weibao.domain.calendar import freeze_at, lead_time_hours
from weibao.domain.change import (
    Approval,
    Change,
    ChangeAction,
    ChangeKind,
    ChangePlan,
    ChangeState,
    next_state,
)
from weibao.domain.change_digest import differences, digest_of
from weibao.domain.contract import Contract
from weibao.domain.inventory import Device
from weibao.domain.reasons import Reason
from weibao.domain.runbook import Runbook
from weibao.errors import InputError, RefusedError
from weibao.i18n import Language, explain
from weibao.services.counted_approvals import checked_approvals
from weibao.services.leave_parts import LeaveParts, parts_now

__all__ = [
    "CLOCK_TOLERANCE",
    "Leave",
    "Purpose",
    "RefusedLeave",
    "leave",
]

CLOCK_TOLERANCE = timedelta(minutes=2)
"""A clock that goes back by no more than this was only corrected."""
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
    """A change may not touch hosts now; ``why`` are all reasons.

    ``key``: what is refused, where it is not the hosts.
    """

    def __init__(self, change: str, why: Sequence[Reason], key: str = "leave.refused") -> None:
        super().__init__(key, change=change)
        self.why = tuple(why)

    def say(self, language: Language) -> str:
        """The refusal with its reasons, one a line."""
        lines = [f"- {explain(r.code, r.params, language)}" for r in self.why]
        return "\n".join([super().say(language), *lines])


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
    missing = missing_approvals(contract, good)
    for stage, needed in missing:
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
