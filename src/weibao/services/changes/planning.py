"""Planning a change: targets, waves, dry run, estimates, conflicts, and the digest of it all."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

from weibao.boundary import HostResult
from weibao.domain.change import Change, ChangeAction, ChangePlan, PlannedTarget
from weibao.domain.change_digest import digest_of
from weibao.domain.inventory import Device
from weibao.domain.patch import HostPlan
from weibao.domain.patch_missing import unknown_everywhere
from weibao.domain.reasons import Reason
from weibao.domain.records import Run, RunState
from weibao.domain.runbook import Phase, Runbook, StepKind
from weibao.domain.waves import make_waves
from weibao.errors import FailedError, InputError, RefusedError, WeibaoError
from weibao.services.changes.bounds import Tell
from weibao.services.changes.carry_out import step_seconds
from weibao.services.changes.conflicting import conflicts_now
from weibao.services.changes.cut_off import end_cut_off_plans
from weibao.services.changes.desk import Desk
from weibao.services.changes.do_step import Work, keep_evidence, open_run, step_variables
from weibao.services.changes.draft import chosen_devices
from weibao.services.changes.mandate import check_mandate
from weibao.services.changes.permission import leave_parts
from weibao.services.leave_parts import parts_now
from weibao.services.recover import DRY_RUN

__all__ = ["make_plan"]


def make_plan(
    desk: Desk, change: Change, actor: str, sources: tuple[str, ...], tell: Tell
) -> tuple[Change, ChangePlan]:
    """Find out everything that an approver must see, and tie it together by a digest (CHG-38).

    Raises:
        RefusedError: the change is not a draft.
        InputError: the inventory, the runbook or a variable is wrong, or no host knows a package
            that is asked for.
        FailedError: the dry run could not be started.
    """
    if change.state.value != "draft":
        desk.move(change, ChangeAction.plan, actor)  # says what is legal instead
        raise RefusedError("change.no_plan", change=change.id)
    check_mandate(desk, desk.contract(change), actor, "plan", change)
    runbook = desk.runbook(change)
    devices = chosen_devices(desk, runbook, change.limit, sources)
    seconds = step_seconds(desk, runbook, change.variables)
    targets = _targets(devices, runbook, seconds)
    end_cut_off_plans(desk, change)
    run = open_run(desk, change, len(targets), actor, DRY_RUN)
    try:
        found = _dry_run(desk, change, runbook, targets, sources, run, tell)
        _check_names(targets, found)
    except WeibaoError:
        desk.parts.journal.close_run(run.id, RunState.interrupted, desk.now, actor)
        raise
    finally:
        desk.parts.runner.let_go()
    desk.parts.journal.close_run(run.id, RunState.finished, desk.now, actor)
    targets = [_seen(target, found.get(target.device)) for target in targets]
    number = change.plan + 1
    parts = parts_now(leave_parts(desk), change, targets, devices, sources)
    waves = len({target.wave for target in targets})
    forward = [s for s in runbook.steps if s.phase is not Phase.back_out]
    plan = ChangePlan(
        change=change.id,
        number=number,
        made_at=desk.now,
        digest=digest_of(parts),
        parts=dict(parts),
        targets=tuple(targets),
        estimate=waves * sum(seconds[step.name] for step in forward),
        back_out_estimate=waves
        * sum(seconds[step.name] for step in runbook.of_phase(Phase.back_out)),
        conflicts=conflicts_now(desk, change, targets, sources),
        run=run.id,
    )
    moved = desk.move(
        change,
        ChangeAction.plan,
        actor,
        detail={"plan": number, "digest": plan.digest, "targets": len(targets)},
        plan=plan,
        digest=plan.digest,
    )
    return moved, plan


def _targets(
    devices: Sequence[Device], runbook: Runbook, seconds: Mapping[str, float]
) -> list[PlannedTarget]:
    work = sum(seconds[s.name] for s in runbook.steps if s.phase is not Phase.back_out)
    back = sum(seconds[s.name] for s in runbook.of_phase(Phase.back_out))
    rows = [
        PlannedTarget(
            device=device.name,
            wave=0,
            platform=device.platform,
            group=device.redundancy_group,
            estimate=work,
            back_out_estimate=back,
        )
        for device in devices
    ]
    first = {
        d.name for d in devices if runbook.waves.first_role and d.role == runbook.waves.first_role
    }
    rows.sort(key=lambda row: row.device not in first)
    canary = len(first) or runbook.waves.canary
    waves = make_waves(rows, runbook.waves.model_copy(update={"canary": canary}))
    placed = [row.model_copy(update={"wave": waves[row.device]}) for row in rows]
    return sorted(placed, key=lambda row: row.wave)


def _dry_run(
    desk: Desk,
    change: Change,
    runbook: Runbook,
    targets: Sequence[PlannedTarget],
    sources: tuple[str, ...],
    run: Run,
    tell: Tell,
) -> dict[str, HostResult]:
    """Check mode and pre-checks against the real devices; nothing is changed (JOB-11)."""
    folder = desk.folder(change) / f"plan-{change.plan + 1}-{run.id}"
    compiled = functools.partial(_compiled, desk, sources)
    work = Work(desk, change, run, sources, compiled)
    names = tuple(target.device for target in targets)
    found: dict[str, HostResult] = {}
    tried = [
        step
        for step in runbook.of_phase(Phase.precheck, Phase.implement)
        if step.kind in {StepKind.playbook, StepKind.probe}
    ]
    if tried:
        desk.parts.runner.ahead(folder)
    for step in tried:
        tell(Reason.of("change_dry_run", count=len(names), **step.named))
        place = folder / step.name
        try:
            place.mkdir(parents=True, mode=0o700)
        except OSError as error:
            raise FailedError("files.unwritable", path=place, detail=error.strerror) from error
        if step != tried[-1]:
            desk.parts.runner.ahead(folder)
        result = desk.parts.runner.run(
            step.run,
            inventory=compiled(names),
            limit=names,
            variables=step_variables(work, step.name, step.phase, place),
            folder=place,
            time_limit=step.time_limit_minutes * 60 if step.time_limit_minutes else None,
            check=True,
        )
        if not result.hosts and result.return_code:
            raise FailedError(
                "change.dry_run_failed",
                detail=result.error,
                **step.named,
            )
        keep_evidence(work, place)
        for name in names:
            found[name] = _together(found.get(name), result.hosts.get(name))
    return found


def _check_names(targets: Sequence[PlannedTarget], found: Mapping[str, HostResult]) -> None:
    """A package that no host knows is a slip of the pen; one that some know is a word in the plan.

    Raises:
        InputError: all hosts were read, and none knows a name that was asked for.
    """
    told = [result.plan for target in targets if (result := found.get(target.device))]
    if len(told) < len(targets) or not all("left_out" in plan for plan in told):
        return
    unknown = unknown_everywhere([HostPlan.model_validate(plan) for plan in told])
    if unknown:
        raise InputError("patch.unknown_names", names=", ".join(unknown))


def _together(one: HostResult | None, other: HostResult | None) -> HostResult:
    now = other or HostResult("failed", reason="not reached")
    if one is None or (one.status == "ok" and not one.difference):
        return now
    if one.status != "ok":
        return one
    if now.status != "ok":
        return now
    both = one.difference + now.difference
    return HostResult("ok", now.changed or one.changed, "", both, plan=now.plan or one.plan)


def _seen(target: PlannedTarget, found: HostResult | None) -> PlannedTarget:
    if found is None:  # the runbook has nothing that could be tried
        return target
    if found.status != "ok":
        why = found.reason or found.status
        return target.model_copy(update={"problem": why, "plan": dict(found.plan)})
    return target.model_copy(
        update={"checked": True, "difference": found.difference, "plan": dict(found.plan)}
    )


def _compiled(desk: Desk, sources: tuple[str, ...], names: Sequence[str]) -> str:
    return desk.parts.inventory.resolve(sources, ",".join(names)).compiled
