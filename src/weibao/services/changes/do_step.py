"""Doing one step of a runbook on the hosts of a wave."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from weibao.boundary import HostResult
from weibao.domain.change import Change, StepState
from weibao.domain.records import Run, Trigger
from weibao.domain.runbook import Phase, Step, StepKind
from weibao.errors import FailedError, InputError
from weibao.services.backup_run import BackupRequest, run_backup
from weibao.services.changes.desk import Desk
from weibao.services.changes.port_snapshots import AFTER, BEFORE, ports_after, ports_before
from weibao.services.changes.work import Found, Work
from weibao.services.keep_bundle import keep_bundle
from weibao.services.recover import recover

__all__ = ["Work", "do_step", "keep_evidence", "keep_left", "open_run", "step_variables"]


def do_step(work: Work, step: Step, wave: int, devices: Sequence[str], attempt: int) -> Found:
    """Do ``step`` on ``devices``; by device what became of it (fields of ``ChangeStep``).

    Raises:
        InputError: the runbook names a built-in step that there is none of.
        FailedError: nothing could be started or recorded.
    """
    if step.kind is StepKind.builtin:
        return _builtin(work, step, devices)
    folder = _folder(work, f"{wave:02d}-{step.name}-{attempt}")
    result = work.desk.parts.runner.run(
        step.run,
        inventory=work.compiled(devices),
        limit=tuple(devices),
        variables=step_variables(work, step.name, step.phase, folder),
        folder=folder,
        time_limit=step.time_limit_minutes * 60 if step.time_limit_minutes else None,
    )
    kept = keep_evidence(work, folder)
    why = result.error or ("time limit" if result.timed_out else "")
    return {
        device: _fields(step, result.hosts.get(device), why, kept.get(device, ()))
        for device in devices
    }


def step_variables(work: Work, step: str, phase: Phase, folder: Path) -> dict[str, object]:
    """What a step's playbook is given: the change's variables and our own names."""
    return {
        **work.change.variables,
        "weibao_estate": str(work.desk.parts.estate),
        "weibao_run_folder": str(folder),
        "weibao_watch_pid": os.getpid(),
        "weibao_change": work.change.id,
        "weibao_step": step,
        "weibao_phase": phase.value,
    }


def _fields(
    step: Step, result: HostResult | None, why: str, kept: tuple[str, ...]
) -> Mapping[str, object]:
    if result is None:  # never tried, or nobody heard of it
        return {"state": StepState.failed, "detail": why or "not reached", "evidence": kept}
    state = {"ok": StepState.done, "unknown": StepState.unknown}.get(
        result.status, StepState.failed
    )
    detail = result.reason
    wanted = step.expect if step.kind is StepKind.probe and state is StepState.done else ""
    if wanted and not re.search(wanted, result.difference or result.reason):
        state, detail = StepState.failed, f"{wanted!r} not found"
    return {
        "state": state,
        "changed": result.changed,
        "detail": detail,
        "evidence": tuple(dict.fromkeys((*result.evidence, *kept))),
    }


def _builtin(work: Work, step: Step, devices: Sequence[str]) -> Found:
    known = {"backup": _backup, BEFORE: ports_before, AFTER: ports_after}
    built = known.get(step.run)
    if built is None:
        raise InputError("change.no_builtin", step=step.name, run=step.run)
    return built(work, devices)


def _backup(work: Work, devices: Sequence[str]) -> Found:
    """A backup of each device before and after (CFG-06), explained by the change (CFG-05)."""
    desk = work.desk
    request = BackupRequest(
        actor=work.run.actor,
        sources=work.sources,
        limit=",".join(devices),
        change_ref=work.change.id,
    )
    everything = desk.parts.inventory.resolve(work.sources).devices
    with desk.hold("run.lock", f"change {work.change.id}"):
        recover(desk.parts, everything)  # a backup that was killed with this change, too
        result = run_backup(desk.parts, request)
    of_device = {target.device: target for target in result.targets}
    found: dict[str, Mapping[str, object]] = {}
    for device in devices:
        target = of_device.get(device)
        good = target is not None and target.outcome.good
        found[device] = {
            "state": StepState.done if good else StepState.failed,
            "detail": f"{result.run.id}: {target.outcome.value if target else 'not_checked'}",
            "evidence": target.evidence if target else (),
        }
    return found


def keep_evidence(work: Work, folder: Path) -> dict[str, tuple[str, ...]]:
    """Take what a step collected into the evidence; by device the names of the pieces."""
    return keep_bundle(work.desk.parts, work.run, folder)


def keep_left(work: Work) -> None:
    """Take in what steps that were cut off had collected: it is evidence all the same."""
    for blobs in sorted(work.desk.folder(work.change).glob("*/bundle/blobs")):
        keep_evidence(work, blobs.parent.parent)


def _folder(work: Work, name: str) -> Path:
    folder = work.desk.folder(work.change) / name
    number = 0
    while folder.exists():  # of an attempt that was cut off
        number += 1
        folder = folder.with_name(f"{name}.{number}")
    try:
        folder.mkdir(parents=True, mode=0o700)
    except OSError as error:
        raise FailedError("files.unwritable", path=folder, detail=error.strerror) from error
    return folder


def open_run(desk: Desk, change: Change, targets: int, actor: str, authorisation: str) -> Run:
    """The run that carries a change out, recorded."""
    booked = desk.parts.runbook(change.runbook)
    run = Run(
        id=desk.parts.run_id(),
        job=change.runbook,
        runbook=booked.reference,
        runbook_sha256=booked.sha256,
        actor=actor,
        trigger=Trigger.manual,
        authorisation=authorisation,
        change_ref=change.id,
        program=desk.parts.program,
        started_at=desk.now,
        targets=targets,
    )
    desk.parts.journal.open_run(run)
    return run
