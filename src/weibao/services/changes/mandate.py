"""Nobody acts outside of a mandate, and who tries is on record (ROL-37)."""

from __future__ import annotations

import contextlib

from weibao.domain.authority import may_act
from weibao.domain.change import Change
from weibao.domain.contract import Contract
from weibao.errors import IntegrityError, RefusedError
from weibao.i18n import explain
from weibao.services.changes.desk import Desk

__all__ = ["DENIED", "check_mandate", "denied"]

DENIED = "denied"
"""The event that somebody tried what he may not do."""
_LONGEST = 80


def check_mandate(
    desk: Desk, contract: Contract, actor: str, action: str, change: Change | None = None
) -> None:
    """That ``actor`` may do ``action`` (``authority.DUTIES``) by the profile as it is now.

    Raises:
        RefusedError: not so; with ``change``, that is noted on it.
    """
    day = desk.now.astimezone(desk.zone(contract)).date()
    problem = may_act(contract, actor, action, day)
    if problem is None:
        return
    if change is not None:
        denied(desk, change, actor, action, problem.code)
    why = explain(problem.code, problem.params, desk.parts.settings.language)
    raise RefusedError("change.may_not", action=action.replace("_", "-"), why=why)


def denied(desk: Desk, change: Change, actor: str, action: str, code: str) -> None:
    """Note that ``actor`` tried ``action``; what is refused is refused all the same without it."""
    detail = {"action": action, "code": code}
    with contextlib.suppress(RefusedError, IntegrityError):
        desk.note(desk.fresh(change.id), DENIED, actor[:_LONGEST], detail=detail)
