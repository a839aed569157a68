"""What stands against a change: other changes, freezes, maintenance windows.

Pure: it judges what it is given. That two changes do not run on one device at once is held by
the journal's locks; this says it while there is still time to plan otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, tzinfo

from weibao.domain.base import Value
from weibao.domain.calendar import Calendar, freezes_in, window_allowed
from weibao.domain.change import (
    LOCKING,
    Change,
    ChangeKind,
    ChangeState,
    Conflict,
    PlannedTarget,
    Window,
)

__all__ = ["ALIVE", "Relation", "find_conflicts"]

ALIVE = frozenset(
    {
        ChangeState.draft,
        ChangeState.internal_review,
        ChangeState.internally_approved,
        ChangeState.submitted,
        ChangeState.customer_approved,
        ChangeState.scheduled,
        ChangeState.running,
        ChangeState.paused,
    }
)
"""States in which a change still may touch something, or touches it."""


class Relation(Value):
    """How a configuration item hangs together with others."""

    parent: str = ""
    """``weibao_parent``: the device through which it is reached, or in which it sits."""
    group: str = ""
    """``weibao_redundancy``: its redundancy group."""


def find_conflicts(
    change: Change,
    targets: Sequence[PlannedTarget],
    others: Sequence[tuple[Change, Sequence[str]]],
    relations: Mapping[str, Relation],
    calendar: Calendar,
    zone: tzinfo,
    *,
    at_start: bool = False,
) -> tuple[Conflict, ...]:
    """Everything that stands against ``change`` in its window.

    ``at_start``: what is at work now stands against it, whatever window that has.

    ``others`` are changes with the devices that they touch; those that are over, and the
    change itself, are passed over. ``relations`` may cover any devices; parents count over
    all generations. Times in the parameters are local times of ``zone``.

    Another one's draft is a hint, since nobody asked for leave yet. An emergency goes before
    what is only planned: it is stopped by what is running, and by a freeze that stops
    emergencies too.
    """
    found = [*_of_calendar(change, calendar, zone)]
    devices = [target.device for target in targets]
    groups = {target.device: target.group for target in targets if target.group}
    for other, touched in others:
        if other.id == change.id or other.state not in ALIVE:
            continue
        overlap = _overlap(change.window, other.window)
        if not overlap and not (at_start and other.state in LOCKING):
            continue
        blocking = _blocks(change, other)
        about = _about(other, zone)
        for code, device, their in _devices(devices, touched, relations, groups):
            params = {"device": device, **({"other": their} if code != "device" else {}), **about}
            found.append(Conflict(code=code, params=params, blocking=blocking))
        found += _persons(change, other, about, blocking) if overlap else ()
    return tuple(found)


def _of_calendar(change: Change, calendar: Calendar, zone: tzinfo) -> Iterator[Conflict]:
    emergency = change.kind is ChangeKind.emergency
    for freeze in freezes_in(calendar, change.window, zone):
        yield Conflict(
            code="freeze",
            params={
                "title": freeze.title,
                "first": freeze.first.isoformat(),
                "last": freeze.last.isoformat(),
            },
            blocking=not (emergency and freeze.emergencies),
        )
    if not window_allowed(calendar, change.window, zone):
        yield Conflict(
            code="outside_maintenance_window",
            params={
                "start": _local(change.window.start, zone),
                "end": _local(change.window.end, zone),
                "windows": "; ".join(calendar.maintenance_windows),
            },
            blocking=not emergency,
        )


def _overlap(one: Window, two: Window) -> bool:
    starts = [window.start.astimezone(UTC) for window in (one, two)]
    ends = [window.end.astimezone(UTC) for window in (one, two)]
    return max(starts) < min(ends)


def _blocks(change: Change, other: Change) -> bool:
    if change.kind is ChangeKind.emergency:
        return other.state in LOCKING
    return other.state is not ChangeState.draft


def _about(other: Change, zone: tzinfo) -> dict[str, str]:
    return {
        "change": other.id,
        "title": other.title,
        "start": _local(other.window.start, zone),
        "end": _local(other.window.end, zone),
    }


def _local(moment: datetime, zone: tzinfo) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def _devices(
    ours: Sequence[str],
    theirs: Sequence[str],
    relations: Mapping[str, Relation],
    groups: Mapping[str, str],
) -> Iterator[tuple[str, str, str]]:
    """Code, our device, theirs; a pair of devices is named once, by its closest tie."""
    mine, touched = set(ours), set(theirs)
    their_group: dict[str, list[str]] = {}
    their_ancestors: dict[str, list[str]] = {}
    for name in theirs:
        if name in relations and relations[name].group:
            their_group.setdefault(relations[name].group, []).append(name)
        for ancestor in _ancestors(name, relations):
            if ancestor in mine:
                their_ancestors.setdefault(ancestor, []).append(name)
    for device in ours:
        if device in touched:
            yield "device", device, device
        above = [name for name in _ancestors(device, relations) if name in touched]
        below = their_ancestors.get(device, [])
        for parent in above:
            yield "parent", device, parent
        for child in below:
            yield "child", device, child
        group = groups.get(device) or (relations[device].group if device in relations else "")
        for partner in their_group.get(group, []) if group else []:
            if partner != device and partner not in above and partner not in below:
                yield "redundant", device, partner


def _ancestors(device: str, relations: Mapping[str, Relation]) -> list[str]:
    """Parent, its parent and so on; a circle ends where it closes."""
    found: list[str] = []
    seen = {device}
    while (relation := relations.get(device)) and relation.parent and relation.parent not in seen:
        device = relation.parent
        seen.add(device)
        found.append(device)
    return found


def _persons(
    change: Change, other: Change, about: Mapping[str, str], blocking: bool
) -> Iterator[Conflict]:
    """Who works on both; to attend both as the customer's representative is only a hint."""
    workers = {change.operator, change.recorder} - {""}
    busy = {other.operator, other.recorder} - {""}
    emergency = change.kind is ChangeKind.emergency
    for person in sorted(workers & busy):
        params = {"person": person, **about}
        yield Conflict(code="person", params=params, blocking=blocking and not emergency)
    attends = change.representative
    if attends and attends == other.representative and attends not in workers & busy:
        yield Conflict(code="person", params={"person": attends, **about}, blocking=False)
