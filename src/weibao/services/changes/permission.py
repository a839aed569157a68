"""Whether a change may go on: the leave, asked with what the desk has."""

from __future__ import annotations

from datetime import datetime, timedelta

from weibao.domain.authority import allowed_until
from weibao.domain.change import Change, ChangeAction, ChangeKind
from weibao.domain.reasons import Reason
from weibao.services.changes.desk import Desk
from weibao.services.changes.draft import chosen_devices
from weibao.services.counted_approvals import checked_approvals
from weibao.services.leave import CLOCK_TOLERANCE, Leave, Purpose, RefusedLeave, leave
from weibao.services.leave_parts import LeaveParts

__all__ = ["check_leave", "leave_parts", "window_end"]

_EMERGENCY = timedelta(days=1)
_PURPOSES = {
    ChangeAction.start: Purpose.start,
    ChangeAction.resume: Purpose.resume,
    ChangeAction.back_out: Purpose.back_out,
}


def leave_parts(desk: Desk) -> LeaveParts:
    """The desk as the leave wants it."""
    return LeaveParts(
        estate=desk.parts.settings.name,
        records=desk.records,
        signatures=desk.signatures,
        digests=desk.digests,
        contracts=desk.parts.contracts,
        runbook=lambda name: desk.parts.runbook(name).runbook,
    )


def check_leave(
    desk: Desk, change: Change, sources: tuple[str, ...], action: ChangeAction
) -> Leave:
    """The leave for ``action`` now.

    Raises:
        RefusedLeave: it is not given; all reasons are in it.
        UncheckedError: something could not be checked, which is never leave.
    """
    found = leave(
        leave_parts(desk),
        change.id,
        now=desk.now,
        devices=chosen_devices(desk, desk.runbook(change), change.limit, sources),
        sources=sources,
        purpose=_PURPOSES.get(action, Purpose.work),
    )
    if action in {ChangeAction.start, ChangeAction.resume}:
        _check_clock(desk, change)
    return found.require()


def _check_clock(desk: Desk, change: Change) -> None:
    """A window is judged by a clock that is not behind what was last written down, whatever by.

    Raises:
        RefusedLeave: it is.
    """
    journal, now = desk.parts.journal, desk.now
    last = journal.head().sequence
    if change.kind is ChangeKind.emergency or not last:
        return
    latest = datetime.fromisoformat(next(journal.ledger(after=last - 1)).at)
    if latest > now + CLOCK_TOLERANCE:
        said = {"now": now.isoformat(), "latest": latest.isoformat()}
        raise RefusedLeave(change.id, [Reason.of("leave_clock_back", **said)])


def window_end(desk: Desk, change: Change) -> datetime:
    """The end of the window with what was signed as an extension (CHG-40)."""
    now = desk.records.change(change.id) or change
    contract = desk.contract(now)
    good, _ = checked_approvals(leave_parts(desk), now, contract)
    end = allowed_until(now, contract, good)
    # Clearing a fault ends when it is cleared.
    return max(end, desk.now + _EMERGENCY) if now.kind is ChangeKind.emergency else end
