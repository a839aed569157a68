"""What a change still owes after the work, and its end (CHG-26..CHG-29, CHG-47)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from weibao.domain.change import Change, ChangeAction, ChangeKind, ChangeState, next_state
from weibao.domain.change_owed import DOCUMENTS, OWING, owed_items
from weibao.domain.reasons import Reason
from weibao.domain.records import RunState
from weibao.errors import RefusedError
from weibao.i18n import explain
from weibao.services.changes.clear_text import check_text
from weibao.services.changes.desk import Desk
from weibao.services.changes.mandate import check_mandate
from weibao.services.changes.papers import keep_paper

__all__ = ["backfill", "close", "finish", "owed"]

_ENDED = OWING - {ChangeState.backfill}


def owed(desk: Desk, change: Change) -> tuple[Reason, ...]:
    """What stands between a change that was carried out and its end."""
    if change.state not in OWING:
        return ()
    records = desk.records
    return owed_items(
        desk.contract(change),
        desk.runbook(change),
        change,
        records.change_events(change.id),
        records.change_steps(change.id),
    )


def finish(desk: Desk, change: Change) -> Change:
    """Close the run of what has ended; an emergency owes its documents from now on (CHG-29).

    A process that was killed in between leaves it to the next command.
    """
    if change.state not in _ENDED:
        return change
    run = desk.parts.journal.run(change.run) if change.run else None
    if run is not None and run.state is RunState.running:
        desk.parts.journal.close_run(run.id, RunState.finished, desk.now, change.operator)
    if change.kind is ChangeKind.emergency:
        return desk.move(change, ChangeAction.owe, change.operator, owed_until=_due(desk, change))
    return change


def _due(desk: Desk, change: Change) -> datetime:
    """Counted from the first end: who takes an emergency back later has no more time."""
    events = desk.records.change_events(change.id)
    since = next((e.at for e in events if e.action == ChangeAction.owe), desk.now)
    terms = desk.contract(change).change
    hours = terms.emergency_backfill_hours
    return since + timedelta(hours=24 * terms.document_days if hours is None else hours)


def close(desk: Desk, change: Change, actor: str, *, documents: str, result: str) -> Change:
    """The end: ``documents`` says what was updated (CHG-27), ``result`` how the customer heard.

    Raises:
        RefusedError: something is still owed, or a text is missing, or it is not its time.
    """
    check_mandate(desk, desk.contract(change), actor, "close", change)
    change = finish(desk, change)
    if change.state is ChangeState.documents_updated:
        return desk.move(change, ChangeAction.close, actor, closed_at=desk.now)
    if next_state(change.state, ChangeAction.document) is None:
        desk.move(change, ChangeAction.close, actor)  # says what is legal
    left = [reason for reason in owed(desk, change) if reason.code != DOCUMENTS]
    if left:
        lines = "; ".join(_said(desk, reason) for reason in left)
        raise RefusedError("change.owes", change=change.id, owed=lines)
    if not documents.strip() or not result.strip():
        raise RefusedError("change.close_needs", change=change.id)
    told = {"documents": documents, "result": result}
    check_text(desk.planned_platforms(change), told)
    fields = {**change.fields, **told}
    change = desk.move(change, ChangeAction.document, actor, fields=fields)
    return desk.move(change, ChangeAction.close, actor, closed_at=desk.now)


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
    check_mandate(desk, desk.contract(change), actor, "backfill", change)
    change = finish(desk, change)
    if change.state not in OWING:
        raise RefusedError("change.not_done", change=change.id, state=change.state.value)
    if recorder:
        desk.person(desk.contract(change), recorder)
        if recorder == change.operator:
            raise RefusedError("change.same_person", person=recorder)
    check_text(desk.planned_platforms(change), fields)
    detail: dict[str, object] = {"fields": sorted(fields), "recorder": recorder}
    action = "note"
    if consent:
        what = f"consent, {change.verbal_approver or change.requester}"
        detail["evidence"] = keep_paper(desk, change, "scan", what, consent, actor)
        action = "backfill"
    return desk.note(
        change,
        action,
        actor,
        detail=detail,
        fields={**change.fields, **fields},
        recorder=recorder or change.recorder,
    )
