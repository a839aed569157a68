"""Changes for the journal's tests."""

from __future__ import annotations

from datetime import timedelta

from records_made import START, sha

from weibao.boundary import ChangeRecords
from weibao.domain.change import (
    Approval,
    Change,
    ChangeEvent,
    ChangeKind,
    ChangePlan,
    ChangeState,
    ChangeStep,
    Conflict,
    PlannedTarget,
    StepState,
    Window,
)

WINDOW = Window(start=START + timedelta(days=2), end=START + timedelta(days=2, hours=4))
REQUESTER = "zhang"


def change(name: str = "CHG-1", **changes: object) -> Change:
    fields: dict[str, object] = {
        "id": name,
        "contract": "default",
        "kind": ChangeKind.normal,
        "runbook": "change-switch-config",
        "runbook_version": "3",
        "title": "核心交换机“上联”调整",
        "limit": "core-1:core-2",
        "variables": {"lines": "interface GE0/0/1\n shutdown\n", "保存": True, "mtu": 9000},
        "window": WINDOW,
        "requester": REQUESTER,
        "operator": "wang",
        "recorder": "li",
        "fields": {"影响范围": "办公网", "reason": "uplink"},
        "created_at": START,
        "updated_at": START,
    }
    return Change.model_validate({**fields, **changes})


def event(subject: Change, number: int = 1, **changes: object) -> ChangeEvent:
    fields: dict[str, object] = {
        "change": subject.id,
        "number": number,
        "at": START + timedelta(minutes=number),
        "actor": REQUESTER,
        "action": "new" if number == 1 else "plan",
        "state_before": subject.state,
        "state": subject.state,
        "detail": {"附言": ["a", 1]},
    }
    return ChangeEvent.model_validate({**fields, **changes})


def moved(subject: Change, state: ChangeState, **changes: object) -> Change:
    return subject.model_copy(
        update={"state": state, "updated_at": START + timedelta(hours=1), **changes}
    )


def move(
    journal: ChangeRecords, subject: Change, state: ChangeState, number: int, **given: object
) -> Change:
    """Move a change on; the change as it then stands."""
    fields = given.pop("fields", {})
    after = moved(subject, state, **fields)  # type: ignore[arg-type]
    actor = given.pop("actor", REQUESTER)
    done = event(after, number, state_before=subject.state, action=state.value, actor=actor)
    journal.move_change(after, done, expected=subject.state, **given)
    return after


def approval(subject: Change, person: str = "chen", **changes: object) -> Approval:
    fields: dict[str, object] = {
        "change": subject.id,
        "round": 1,
        "stage": "internal",
        "person": person,
        "digest": sha("digest"),
        "window_end": WINDOW.end,
        "statement": '{"weibao":"approval/1"}\n',
        "signature": "-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----\n",
        "at": START + timedelta(minutes=30),
    }
    return Approval.model_validate({**fields, **changes})


def plan(subject: Change, number: int = 1, devices: int = 2) -> ChangePlan:
    names = [f"core-{n}" for n in range(1, devices + 1)]
    return ChangePlan(
        change=subject.id,
        number=number,
        made_at=START,
        digest=sha("digest"),
        parts={f"host/{name}/ansible_host": sha(name) for name in names},
        targets=tuple(
            PlannedTarget(
                device=name,
                wave=wave,
                group="核心",
                estimate=60.0,
                back_out_estimate=30.5,
                checked=True,
                difference="+ shutdown\n",
            )
            for wave, name in enumerate(names)
        ),
        estimate=120.0,
        back_out_estimate=61.0,
        conflicts=(Conflict(code="freeze", params={"name": "春节"}, blocking=False),),
        run="r1",
    )


def step(
    subject: Change, name: str = "apply", device: str = "core-1", **changes: object
) -> ChangeStep:
    fields: dict[str, object] = {
        "change": subject.id,
        "wave": 0,
        "phase": "implement",
        "step": name,
        "device": device,
        "state": StepState.begun,
        "actor": "wang",
        "started_at": START + timedelta(hours=2),
    }
    return ChangeStep.model_validate({**fields, **changes})


def ended(begun: ChangeStep, seconds: float = 5.0, **changes: object) -> ChangeStep:
    fields = {
        "state": StepState.done,
        "finished_at": begun.started_at + timedelta(seconds=seconds),
        "changed": True,
        "evidence": (sha("e"),),
        **changes,
    }
    return begun.model_copy(update=fields)


def changed(journal: ChangeRecords) -> Change:
    """A running change with a row in every table of changes; nine ledger rows."""
    first = change(state=ChangeState.scheduled)
    journal.add_change(first, event(first))
    running = move(
        journal,
        first,
        ChangeState.running,
        2,
        plan=plan(first),
        approvals=(approval(first),),
        locks=("core-1", "core-2"),
    )
    journal.record_change_steps([step(first)])
    return running
