"""What a change still owes after the work, and its end (CHG-26..CHG-29, CHG-47)."""

from __future__ import annotations

from collections.abc import Mapping

from weibao.domain.change import (
    Change,
    ChangeAction,
    ChangeKind,
    ChangeState,
    ChangeStep,
    StepState,
)
from weibao.domain.change_fields import REQUIRED_FIELDS
from weibao.domain.reasons import Reason
from weibao.errors import RefusedError
from weibao.i18n import explain
from weibao.services.changes.desk import Desk

__all__ = ["backfill", "close", "missing_fields", "owed"]

_DONE = frozenset(
    {ChangeState.verified, ChangeState.rolled_back, ChangeState.aborted, ChangeState.backfill}
)
_OPEN = frozenset({StepState.begun, StepState.unknown, StepState.waiting})


def missing_fields(desk: Desk, change: Change) -> list[str]:
    """Fields of the application that nobody else can say and that say nothing.

    The expected interruption is named, ``none`` where none: by the applicant or by the
    runbook (CHG-49).
    """
    said = bool(desk.runbook(change).business_impact)
    wanted = REQUIRED_FIELDS if said else (*REQUIRED_FIELDS, "impact")
    return [name for name in wanted if not change.fields.get(name, "").strip()]


def owed(desk: Desk, change: Change) -> list[Reason]:
    """What stands between a change that was carried out and its end; empty before that, too."""
    if change.state not in _DONE:
        return []
    found = [Reason.of("change_owes_field", field=name) for name in missing_fields(desk, change)]
    terms = desk.contract(change).change
    said = {event.action for event in desk.records.change_events(change.id)}
    if terms.recorder_required and not change.recorder:
        found.append(Reason.of("change_owes_recorder"))
    if terms.representative_required and "attend" not in said:
        found.append(Reason.of("change_owes_attendance"))
    if change.kind is ChangeKind.emergency and "backfill" not in said:
        found.append(Reason.of("change_owes_consent", person=change.verbal_approver))
    found += [
        Reason.of("change_owes_step", step=row.step, device=row.device, wave=row.wave)
        for row in _latest(desk, change)
        if row.state in _OPEN
    ]
    return found


def close(desk: Desk, change: Change, actor: str, *, documents: str, result: str) -> Change:
    """The end: ``documents`` says what was updated (CHG-27), ``result`` how the customer heard.

    Raises:
        RefusedError: something is still owed, or a text is missing, or it is not its time.
    """
    if change.state is ChangeState.documents_updated:
        return desk.move(change, ChangeAction.close, actor, closed_at=desk.now)
    left = owed(desk, change)
    if left:
        lines = "; ".join(_said(desk, reason) for reason in left)
        raise RefusedError("change.owes", change=change.id, owed=lines)
    if not documents.strip() or not result.strip():
        raise RefusedError("change.close_needs", change=change.id)
    fields = {**change.fields, "documents": documents, "result": result}
    change = desk.move(change, ChangeAction.document, actor, fields=fields)
    return desk.move(change, ChangeAction.close, actor, closed_at=desk.now)


def _latest(desk: Desk, change: Change) -> list[ChangeStep]:
    last = {(r.wave, r.step, r.device): r for r in desk.records.change_steps(change.id)}
    return list(last.values())


def _said(desk: Desk, reason: Reason) -> str:
    return explain(reason.code, reason.params, desk.parts.settings.language)


def backfill(
    desk: Desk,
    change: Change,
    actor: str,
    fields: Mapping[str, str],
    recorder: str,
    consent: bytes,
) -> Change:
    """Hand in afterwards what is owed (事后补充; CHG-29).

    Raises:
        RefusedError: the change has not been carried out, or is closed.
    """
    if change.state not in _DONE:
        raise RefusedError("change.not_done", change=change.id, state=change.state.value)
    if recorder:
        desk.person(desk.contract(change), recorder)
        if recorder == change.operator:
            raise RefusedError("change.same_person", person=recorder)
    detail: dict[str, object] = {"fields": sorted(fields), "recorder": recorder}
    action = "note"
    if consent:
        sha256, _stored = desk.parts.evidence.put(change.contract, consent)
        detail["evidence"] = sha256
        action = "backfill"
    return desk.note(
        change,
        action,
        actor,
        detail=detail,
        fields={**change.fields, **fields},
        recorder=recorder or change.recorder,
    )
