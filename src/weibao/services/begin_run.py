"""The beginning of every reading job: targets, leave, key, run; and its playbook."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from weibao.boundary import Progress
from weibao.domain.contract import Contract
from weibao.domain.inventory import InventorySnapshot
from weibao.domain.reasons import Reason
from weibao.domain.records import Run, Trigger
from weibao.errors import FailedError, InputError, RefusedError
from weibao.services.contract_keys import make_missing_keys
from weibao.services.parts import Parts
from weibao.services.steps import Steps
from weibao.services.targets import save_targets

__all__ = ["Begun", "JobRequest", "begin_run", "collect", "loading"]


@dataclass(frozen=True)
class JobRequest:
    """What was asked for."""

    actor: str
    sources: tuple[str, ...]
    limit: str = ""
    trigger: Trigger = Trigger.manual
    change_ref: str = ""
    run_id: str = ""
    """Of ``loading``; empty: a new one."""


@dataclass(frozen=True)
class Begun:
    """A run that is about to collect."""

    run: Run
    everything: InventorySnapshot
    chosen: InventorySnapshot
    folder: Path


@contextlib.contextmanager
def loading(parts: Parts) -> Iterator[str]:
    """Load the playbook's process beside all that a run begins with; the run's id.

    The caller holds the estate's lock. Where the run does not come about, nothing stays.
    """
    run_id = parts.run_id()
    folder = parts.runs / run_id
    parts.runner.ahead(folder, reading=True)
    try:
        yield run_id
    finally:
        parts.runner.let_go()
        with contextlib.suppress(OSError):  # it is not there, or it holds a run
            folder.rmdir()


def begin_run(
    parts: Parts,
    job: str,
    request: JobRequest,
    *,
    key_made: Callable[[str, str], None] = lambda _contract, _path: None,
    checked: Callable[[InventorySnapshot], None] = lambda _chosen: None,
    prepared: Callable[[Path, InventorySnapshot], None] = lambda _folder, _chosen: None,
) -> Begun:
    """Choose the targets and open the run; the caller holds the estate's lock.

    ``checked`` raises where the job cannot begin on what was chosen; ``prepared`` writes what else
    the collector is to find in the run's folder.

    Raises:
        InputError: the inventory, the limit, or the runbook is wrong.
        RefusedError: a scheduled run without the standing authorisation that a contract
            demands (JOB-03).
        FailedError: journal or folder cannot be written.
    """
    booked = parts.runbook(job)
    everything = parts.inventory.resolve(request.sources)
    pattern = ":&".join(p for p in (_runbook_pattern(booked.runbook.targets), request.limit) if p)
    chosen = parts.inventory.resolve(request.sources, pattern) if pattern else everything
    if not chosen.devices:
        raise InputError("backup.no_devices", sources=", ".join(request.sources))
    checked(chosen)
    authorisation = _authorisation(parts, job, request, chosen)
    make_missing_keys(parts, chosen.devices, request.actor, key_made)
    run = Run(
        id=request.run_id or parts.run_id(),
        job=job,
        runbook=booked.reference,
        runbook_sha256=booked.sha256,
        actor=request.actor,
        trigger=request.trigger,
        authorisation=authorisation,
        change_ref=request.change_ref,
        program=parts.program,
        started_at=parts.clock.now(),
        targets=len(chosen.devices),
    )
    folder = parts.runs / run.id
    try:
        folder.mkdir(parents=True, mode=0o700, exist_ok=bool(request.run_id))
    except OSError as error:
        raise FailedError("files.unwritable", path=folder, detail=error.strerror) from error
    save_targets(folder, chosen.devices)
    prepared(folder, chosen)
    parts.journal.open_run(run)
    return Begun(run, everything, chosen, folder)


def collect(
    parts: Parts,
    begun: Begun,
    playbook: str,
    steps: Steps,
    progress: Progress,
    variables: Mapping[str, object] | None = None,
) -> Reason:
    """Run the job's playbook; the reason of devices that its bundle does not mention."""
    given: dict[str, object] = {
        "weibao_estate": str(parts.estate),
        "weibao_run_folder": str(begun.folder),
        "weibao_watch_pid": os.getpid(),
        "weibao_outcome_targets": "!all",
        **(variables or {}),
    }
    runbook = parts.runbook(begun.run.job).runbook
    minutes = next((s.time_limit_minutes for s in runbook.steps if s.name == "collect"), None)
    with steps.step("collect") as step:
        result = parts.runner.run(
            playbook,
            inventory=begun.chosen.compiled,
            limit=tuple(d.name for d in begun.chosen.devices),
            variables=given,
            folder=begun.folder,
            time_limit=minutes * 60 if minutes else None,
            progress=progress,
        )
        if result.timed_out:
            reason = Reason.of("step_time_limit", minutes=f"{minutes or 0:g}")
            step.failed(reason)
            return reason
        if result.return_code == 0:
            return Reason.of("interrupted")
        reason = Reason.of("playbook_failed", detail=result.error or f"rc {result.return_code}")
        step.failed(reason)
        return reason


def _runbook_pattern(targets: str) -> str:
    return "" if targets in {"", "all"} else targets


def _authorisation(parts: Parts, job: str, request: JobRequest, chosen: InventorySnapshot) -> str:
    day = parts.clock.now().date()
    references = []
    for name in sorted({device.contract for device in chosen.devices}):
        contract: Contract | None = parts.contracts.get(name)
        if contract is None:
            continue
        leave = contract.standing_authorisation
        valid = leave is not None and leave.covers(job, day)
        if leave is not None and valid:
            references.append(leave.reference)
        elif contract.require_standing_authorisation and request.trigger is Trigger.schedule:
            raise RefusedError("backup.no_standing_authorisation", contract=name, day=day)
    return ", ".join(references) or "read-only"
