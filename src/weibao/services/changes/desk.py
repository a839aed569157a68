"""What every step of change control works with: the desk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from weibao.boundary.changes import ChangeRecords, DigestSource, Signatures
from weibao.domain.change import (
    Approval,
    Change,
    ChangeAction,
    ChangeEvent,
    ChangePlan,
    ChangeState,
    legal_commands,
    next_state,
)
from weibao.domain.contract import Contract, Person
from weibao.domain.runbook import Runbook
from weibao.errors import InputError, RefusedError
from weibao.services.changes.clear_text import check_text
from weibao.services.parts import Parts

if TYPE_CHECKING:
    from weibao.domain.platform import Platform
    from weibao.services.ports.port_parts import PortParts

__all__ = ["STARTING", "Desk"]

STARTING = "starting.lock"
"""Held for the moment in which a change finds nothing against it and begins."""
_OPEN = tuple(
    state
    for state in ChangeState
    if any(
        next_state(state, action) is not None for action in (ChangeAction.expire, ChangeAction.miss)
    )
)


@dataclass(frozen=True)
class Desk:
    """An estate's change control, wired."""

    parts: Parts
    records: ChangeRecords
    signatures: Signatures
    digests: DigestSource
    hold: Callable[[str, str], AbstractContextManager[None]]
    """A lock by name across processes: what it is for is told to whom it keeps out."""
    read_text: Callable[[Path], str]
    """The contents of a file that a variable names."""
    ports: Callable[[], PortParts]
    """Those of the port job, for snapshots before and after."""
    left_running: Callable[[Path], Sequence[int]] = lambda _folder: ()
    """Processes that a killed one left at work in a folder."""
    _seen: dict[str, int] = field(default_factory=dict)
    """How many events a change had when it was read: who did not see the last one loses."""

    @property
    def now(self) -> datetime:
        """The clock's time."""
        return self.parts.clock.now()

    def contract(self, change: Change) -> Contract:
        """The change's contract profile.

        Raises:
            InputError: it is not in the estate any more.
        """
        found = self.parts.contracts.get(change.contract)
        if found is None:
            known = ", ".join(sorted(self.parts.contracts))
            raise InputError("estate.contract_unknown", name=change.contract, known=known)
        return found

    def folder(self, change: Change) -> Path:
        """Where a change's steps are carried out."""
        return self.parts.runs.parent / "changes" / change.id

    def zone(self, contract: Contract) -> ZoneInfo:
        """The contract's time zone."""
        return ZoneInfo(contract.time_zone)

    def runbook(self, change: Change) -> Runbook:
        """The change's runbook as it is now."""
        return self.parts.runbook(change.runbook).runbook

    def person(self, contract: Contract, name: str) -> Person:
        """Somebody of the contract profile.

        Raises:
            InputError: the profile names nobody so.
        """
        found = contract.person(name)
        if found is None:
            known = ", ".join(sorted(p.id for p in contract.people)) or "-"
            raise InputError("change.no_person", person=name, contract=contract.id, known=known)
        return found

    def find(self, change_id: str) -> Change:
        """A change as it stands, after what time did to it.

        Raises:
            InputError: there is none.
        """
        return self.age(self.fresh(change_id))

    def fresh(self, change_id: str) -> Change:
        """A change as it is recorded now.

        Raises:
            InputError: there is none.
        """
        self._seen[change_id] = len(self.records.change_events(change_id))
        change = self.records.change(change_id)
        if change is None:
            raise InputError("change.unknown", change=change_id)
        return change

    def platforms(self, names: Iterable[str]) -> tuple[Platform, ...]:
        """Those of ``names`` that are known."""
        known = self.parts.platforms
        return tuple(known[name] for name in sorted(set(names)) if name in known)

    def planned_platforms(self, change: Change) -> tuple[Platform, ...]:
        """Of the planned targets."""
        plan = self.records.change_plan(change.id, change.plan) if change.plan else None
        return self.platforms(target.platform for target in plan.targets) if plan else ()

    def plan(self, change: Change) -> ChangePlan:
        """The plan that counts.

        Raises:
            RefusedError: none was made.
        """
        found = self.records.change_plan(change.id, change.plan) if change.plan else None
        if found is None:
            raise RefusedError("change.no_plan", change=change.id)
        return found

    def move(
        self,
        change: Change,
        action: ChangeAction,
        actor: str,
        why: str = "",
        *,
        detail: Mapping[str, object] | None = None,
        approvals: Sequence[Approval] = (),
        plan: ChangePlan | None = None,
        locks: Sequence[str] = (),
        **fields: object,
    ) -> Change:
        """Do ``action`` and record it; the change as it then stands.

        Raises:
            RefusedError: it is not legal now (the message names what is), or somebody else
                moved the change meanwhile.
        """
        state = next_state(change.state, action)
        if state is None:
            raise RefusedError(
                "change.illegal",
                change=change.id,
                state=change.state.value,
                action=action.value.replace("_", "-"),
                legal=legal_commands(change.state, change.kind),
            )
        return self._record(
            change, state, action.value, actor, why, detail or {}, approvals, plan, locks, fields
        )

    def note(
        self,
        change: Change,
        action: str,
        actor: str,
        why: str = "",
        *,
        detail: Mapping[str, object] | None = None,
        approvals: Sequence[Approval] = (),
        **fields: object,
    ) -> Change:
        """Record something that moves nothing (a confirmation, an attendance)."""
        given = detail or {}
        return self._record(
            change, change.state, action, actor, why, given, approvals, None, (), fields
        )

    def age(self, change: Change) -> Change:
        """What the passing of time makes of a change: expired, or missed (never fires late)."""
        if change.state not in _OPEN or self.now < change.window.end:
            return change
        missed = next_state(change.state, ChangeAction.miss) is not None
        action = ChangeAction.miss if missed else ChangeAction.expire
        try:
            return self.move(change, action, self.parts.program, "")
        except RefusedError:  # another process was quicker
            return self.fresh(change.id)

    def sweep(self) -> list[Change]:
        """Changes that this call found to be expired or missed."""
        before = [self.fresh(change.id) for change in self._overtaken()]
        after = [self.age(change) for change in before]
        return [new for old, new in zip(before, after, strict=True) if new.state is not old.state]

    def _overtaken(self) -> list[Change]:
        begun = (datetime.min.replace(tzinfo=UTC), self.now)
        found = self.records.changes(states=_OPEN, overlapping=begun)
        return [change for change in found if change.window.end <= self.now]

    def _record(
        self,
        change: Change,
        state: ChangeState,
        action: str,
        actor: str,
        why: str,
        detail: Mapping[str, object],
        approvals: Sequence[Approval],
        plan: ChangePlan | None,
        locks: Sequence[str],
        fields: Mapping[str, object],
    ) -> Change:
        if why:
            check_text((), {"why": why})
        now = self.now
        if change.id not in self._seen:
            self._seen[change.id] = len(self.records.change_events(change.id))
        numbered = {"plan": plan.number} if plan else {}
        update = {**fields, **numbered, "state": state, "updated_at": now}
        moved = change.model_copy(update=update)
        event = ChangeEvent(
            change=change.id,
            number=self._seen[change.id] + 1,
            at=now,
            actor=actor,
            action=action,
            state_before=change.state,
            state=state,
            why=why,
            detail=dict(detail),
        )
        self.records.move_change(
            moved,
            event,
            expected=change.state,
            approvals=approvals,
            plan=plan,
            locks=locks,
        )
        self._seen[change.id] += 1
        return moved
