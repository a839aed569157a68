"""What a change that was carried out still owes before its end: one list, for all who show it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from weibao.domain.base import titled
from weibao.domain.change import Change, ChangeEvent, ChangeKind, ChangeState, ChangeStep, StepState
from weibao.domain.change_fields import REQUIRED_FIELDS
from weibao.domain.contract import ChangeTerms, Contract
from weibao.domain.reasons import Reason
from weibao.domain.runbook import Phase, Runbook

__all__ = [
    "DOCUMENTS",
    "FOLLOW_UP",
    "OWING",
    "follow_up_days",
    "missing_fields",
    "owed_items",
    "unverified",
]

DOCUMENTS = "change_owes_documents"
"""Of a change whose documents are not updated yet; handed in by closing it."""
FOLLOW_UP = "change_owes_follow_up"
"""Of work that is to be confirmed some time later; it has days of its own."""
OWING = frozenset(
    {ChangeState.verified, ChangeState.rolled_back, ChangeState.aborted, ChangeState.backfill}
)
"""States in which something may be owed: not before the work, and not of what is closed."""
_OPEN = frozenset({StepState.begun, StepState.unknown, StepState.waiting})


def missing_fields(change: Change, runbook: Runbook, terms: ChangeTerms) -> list[str]:
    """Fields of the application that nobody else can say and that say nothing.

    The expected interruption is named, ``none`` where none: by the applicant or by the
    runbook (CHG-49). Work outside of the contract says what was agreed on it (PAT-21).
    """
    wanted = list(REQUIRED_FIELDS)
    if not runbook.business_impact:
        wanted.append("impact")
    if terms.scope and runbook.id not in terms.scope:
        wanted.append("scope")
    return [name for name in wanted if not change.fields.get(name, "").strip()]


def owed_items(
    contract: Contract,
    runbook: Runbook,
    change: Change,
    events: Iterable[ChangeEvent],
    steps: Iterable[ChangeStep],
) -> tuple[Reason, ...]:
    """What stands between the work and its end (CHG-27, CHG-29, CHG-47).

    Nothing before the work is over, and nothing of what is closed. ``events`` and ``steps``
    are the change's, in order.
    """
    if change.state not in OWING:
        return ()
    terms = contract.change
    events = tuple(events)
    said = {event.action for event in events}
    found = [Reason.of(DOCUMENTS)]
    if terms.recorder_required and not change.recorder:
        found.append(Reason.of("change_owes_recorder"))
    if terms.representative_required and "attend" not in said:
        found.append(Reason.of("change_owes_attendance"))
    if change.kind is ChangeKind.emergency and "backfill" not in said:
        found.append(Reason.of("change_owes_consent", person=change.verbal_approver or "-"))
    steps = tuple(steps)
    left = unverified(runbook, steps)
    if left and not _looked_at(events):
        found.append(Reason.of("change_owes_verification", devices=", ".join(left)))
    found += _follow_up(contract, runbook, change, events)
    found += [
        Reason.of("change_owes_field", field=name)
        for name in missing_fields(change, runbook, terms)
    ]
    latest = {(row.wave, row.step, row.device): row for row in steps}
    titles = {step.name: step.title for step in runbook.steps}
    found += [
        Reason.of(
            "change_owes_step",
            device=row.device,
            wave=row.wave,
            **titled("step", row.step, titles.get(row.step, {})),
        )
        for row in latest.values()
        if row.state in _OPEN
    ]
    return tuple(found)


def unverified(runbook: Runbook, steps: Iterable[ChangeStep]) -> tuple[str, ...]:
    """Devices that were changed, were not brought back, and of which no verification was done.

    ``steps`` in order. What failed is not among them: it is named as failed.
    """
    if not runbook.of_phase(Phase.verify):
        return ()
    states: dict[tuple[int, str], dict[str, set[StepState]]] = {}
    for row in {(row.wave, row.step, row.device): row for row in steps}.values():
        by_phase = states.setdefault((row.wave, row.device), {})
        by_phase.setdefault(row.phase, set()).add(row.state)

    def had(wave: int, device: str, phase: Phase, *wanted: StepState) -> bool:
        return bool({*wanted} & states.get((wave, device), {}).get(phase.value, set()))

    done, failed = StepState.done, StepState.failed
    return tuple(
        device
        for (wave, device), by_phase in states.items()
        if device != "-"
        and by_phase.get(Phase.implement.value) == {done}
        and not had(wave, device, Phase.back_out, done)
        and not had(wave, device, Phase.verify, done, failed)
        and not had(wave, "-", Phase.verify, done, failed)
    )


def _looked_at(events: Sequence[ChangeEvent]) -> bool:
    """Somebody handed in afterwards what a verification by hand found."""
    return any(
        event.action in {"note", "backfill"} and "verification" in event.detail.get("fields", ())
        for event in events
    )


def follow_up_days(
    contract: Contract, runbook: Runbook, change: Change, events: Iterable[ChangeEvent]
) -> tuple[date, date] | None:
    """From when until when work that stayed is to be confirmed, by the contract's calendar.

    None where nothing is asked: not before the work is over, and not of what did not stay.
    """
    asked, ended = runbook.follow_up, change.finished_at
    ends = [event.state for event in events if event.state in OWING - {ChangeState.backfill}]
    if asked is None or ended is None or ends[-1:] != [ChangeState.verified]:
        return None
    there = ended.astimezone(ZoneInfo(contract.time_zone))
    first, last = (there + timedelta(days=n) for n in (asked.after_days, asked.within_days))
    return first.date(), last.date()


def _follow_up(
    contract: Contract, runbook: Runbook, change: Change, events: Sequence[ChangeEvent]
) -> list[Reason]:
    """The confirmation some time after work that stayed (PAT-15)."""
    days = follow_up_days(contract, runbook, change, events)
    if days is None:
        return []
    if any(e.action == "follow_up" and e.detail.get("outcome") == "good" for e in events):
        return []
    return [Reason.of(FOLLOW_UP, first=days[0], last=days[1])]
