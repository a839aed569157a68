"""What stands against a change as things are now: asked while planning, submitting and starting."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from weibao.domain.change import LOCKING, Change, ChangePlan, Conflict, PlannedTarget
from weibao.domain.conflicts import ALIVE, Relation, find_conflicts
from weibao.domain.reasons import Reason
from weibao.i18n import translate
from weibao.services.changes.desk import Desk
from weibao.services.leave import RefusedLeave

__all__ = ["blocking_now", "check_start", "conflicts_now"]


def conflicts_now(
    desk: Desk, change: Change, targets: Sequence[PlannedTarget], sources: tuple[str, ...]
) -> tuple[Conflict, ...]:
    """Everything that stands against ``change`` in its window.

    Raises:
        InputError: the inventory is wrong.
    """
    window = change.window.start, change.window.end
    others = desk.records.changes(states=ALIVE, overlapping=window)
    return _find(desk, change, targets, sources, others, at_start=False)


def blocking_now(
    desk: Desk, change: Change, plan: ChangePlan, sources: tuple[str, ...]
) -> list[Reason]:
    """What forbids to ask for leave: others may have been quicker since it was planned."""
    return _blocking(desk, conflicts_now(desk, change, plan.targets, sources))


def check_start(desk: Desk, change: Change, plan: ChangePlan, sources: tuple[str, ...]) -> None:
    """That nothing runs that must not run beside it, and that the calendar still allows it.

    A partner or a parent of a device may be at work, whatever was planned for when.

    Raises:
        RefusedLeave: with everything that stands against it.
    """
    others = desk.records.changes(states=LOCKING)
    found = _find(desk, change, plan.targets, sources, others, at_start=True)
    against = _blocking(desk, found)
    if against:
        raise RefusedLeave(change.id, against)


def _find(
    desk: Desk,
    change: Change,
    targets: Sequence[PlannedTarget],
    sources: tuple[str, ...],
    others: Iterable[Change],
    *,
    at_start: bool,
) -> tuple[Conflict, ...]:
    contract = desk.contract(change)
    touched = []
    for other in others:
        plan = desk.records.change_plan(other.id, other.plan) if other.plan else None
        if other.id != change.id and plan is not None:
            touched.append((other, [target.device for target in plan.targets]))
    relations = _relations(desk, sources) if touched else {}
    zone = desk.zone(contract)
    return find_conflicts(
        change, targets, touched, relations, contract.calendar, zone, at_start=at_start
    )


def _relations(desk: Desk, sources: tuple[str, ...]) -> dict[str, Relation]:
    return {
        device.name: Relation(parent=device.parent, group=device.redundancy_group)
        for device in desk.parts.inventory.resolve(sources).devices
    }


def _blocking(desk: Desk, conflicts: Iterable[Conflict]) -> list[Reason]:
    language = desk.parts.settings.language
    return [
        Reason.of("change_conflict", conflict=translate(f"conflict.{c.code}", language, **c.params))
        for c in conflicts
        if c.blocking
    ]
