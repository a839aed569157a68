"""The confirmation one to two weeks after the work (PAT-15); closing waits for it."""

from __future__ import annotations

from datetime import timedelta

from weibao.domain.change import Change, ChangeState
from weibao.errors import RefusedError
from weibao.services.changes.clear_text import check_text
from weibao.services.changes.desk import Desk

__all__ = ["confirm_performance"]

_DONE = frozenset({ChangeState.verified, ChangeState.backfill})


def confirm_performance(
    desk: Desk, change: Change, actor: str, *, outcome: str, text: str
) -> Change:
    """Record how the systems have worked since.

    ``outcome`` is ``good`` or ``bad``; a bad one is on record and is no confirmation: what
    follows of it is a fault, or another change.

    Raises:
        RefusedError: the change was not carried out, asks for no confirmation, or it is too
            early to tell.
        InputError: nobody of the contract is called so.
    """
    desk.person(desk.contract(change), actor)
    follow_up = desk.runbook(change).follow_up
    if change.state not in _DONE or change.finished_at is None:
        raise RefusedError("change.not_done", change=change.id, state=change.state.value)
    if follow_up is None:
        raise RefusedError("patch.no_follow_up", change=change.id, runbook=change.runbook)
    zone = desk.zone(desk.contract(change))
    ended = change.finished_at.astimezone(zone).date()
    first = ended + timedelta(days=follow_up.after_days)
    if desk.now.astimezone(zone).date() < first:
        raise RefusedError("patch.too_early", change=change.id, first=first.isoformat())
    check_text(desk.planned_platforms(change), {"text": text})
    return desk.note(change, "follow_up", actor, text, detail={"outcome": outcome})
