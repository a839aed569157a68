"""What a change that was carried out still owes before its end: one list, for all who show it."""

from __future__ import annotations

from collections.abc import Iterable

from weibao.domain.change import Change, ChangeEvent, ChangeKind, ChangeState, ChangeStep, StepState
from weibao.domain.change_fields import REQUIRED_FIELDS
from weibao.domain.contract import Contract
from weibao.domain.reasons import Reason
from weibao.domain.runbook import Runbook

__all__ = ["DOCUMENTS", "missing_fields", "owed_items"]

DOCUMENTS = "change_owes_documents"
"""Of a change whose documents are not updated yet; handed in by closing it."""
_DONE = frozenset(
    {ChangeState.verified, ChangeState.rolled_back, ChangeState.aborted, ChangeState.backfill}
)
_OPEN = frozenset({StepState.begun, StepState.unknown, StepState.waiting})


def missing_fields(change: Change, runbook: Runbook) -> list[str]:
    """Fields of the application that nobody else can say and that say nothing.

    The expected interruption is named, ``none`` where none: by the applicant or by the
    runbook (CHG-49).
    """
    wanted = REQUIRED_FIELDS if runbook.business_impact else (*REQUIRED_FIELDS, "impact")
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
    if change.state not in _DONE:
        return ()
    terms = contract.change
    said = {event.action for event in events}
    found = [Reason.of(DOCUMENTS)]
    if terms.recorder_required and not change.recorder:
        found.append(Reason.of("change_owes_recorder"))
    if terms.representative_required and "attend" not in said:
        found.append(Reason.of("change_owes_attendance"))
    if change.kind is ChangeKind.emergency and "backfill" not in said:
        found.append(Reason.of("change_owes_consent", person=change.verbal_approver or "-"))
    found += [
        Reason.of("change_owes_field", field=name) for name in missing_fields(change, runbook)
    ]
    latest = {(row.wave, row.step, row.device): row for row in steps}
    found += [
        Reason.of("change_owes_step", step=row.step, device=row.device, wave=row.wave)
        for row in latest.values()
        if row.state in _OPEN
    ]
    return tuple(found)
