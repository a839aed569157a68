"""The night: collect, accept, archive, record, report (CFG-01..CFG-07, JOB-01, JOB-04)."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from weibao.boundary import Progress
from weibao.domain.collection import DeviceCollection
from weibao.domain.contract import Contract
from weibao.domain.inventory import InventorySnapshot
from weibao.domain.reasons import Reason
from weibao.domain.records import Run, Trigger
from weibao.errors import FailedError, InputError, RefusedError
from weibao.services.ahead import Ahead
from weibao.services.contract_keys import make_missing_keys
from weibao.services.finish import BackupResult, finish_run
from weibao.services.ingest import judges_of
from weibao.services.parts import Parts
from weibao.services.steps import Steps
from weibao.services.targets import save_known, save_targets

__all__ = ["JOB", "BackupRequest", "run_backup"]

JOB = "backup-configs"


@dataclass(frozen=True)
class BackupRequest:
    """What was asked for."""

    actor: str
    sources: tuple[str, ...]
    limit: str = ""
    trigger: Trigger = Trigger.manual
    change_ref: str = ""
    accept_shrunk: bool = False
    startup: bool = False
    """Read the startup configurations also where they are known to be settled."""


def run_backup(
    parts: Parts,
    request: BackupRequest,
    *,
    started: Callable[[Run, int], None] = lambda _run, _count: None,
    key_made: Callable[[str, str], None] = lambda _contract, _path: None,
    progress: Progress | None = None,
) -> BackupResult:
    """Run the backup job once; the caller holds the estate's lock.

    Raises:
        InputError: the inventory, the limit, or a runbook is wrong.
        RefusedError: a scheduled run without the standing authorisation that a contract
            demands (JOB-03).
        FailedError: journal, evidence or archive cannot be written.
    """
    booked = parts.runbook(JOB)
    everything = parts.inventory.resolve(request.sources)
    pattern = ":&".join(p for p in (_runbook_pattern(booked.runbook.targets), request.limit) if p)
    chosen = parts.inventory.resolve(request.sources, pattern) if pattern else everything
    if not chosen.devices:
        raise InputError("backup.no_devices", sources=", ".join(request.sources))
    authorisation = _authorisation(parts, request, chosen)
    make_missing_keys(parts, chosen.devices, request.actor, key_made)
    now = parts.clock.now()
    run = Run(
        id=parts.run_id(),
        job=JOB,
        runbook=booked.reference,
        runbook_sha256=booked.sha256,
        actor=request.actor,
        trigger=request.trigger,
        authorisation=authorisation,
        change_ref=request.change_ref,
        program=parts.program,
        started_at=now,
        targets=len(chosen.devices),
    )
    folder = parts.runs / run.id
    try:
        folder.mkdir(parents=True, mode=0o700)
    except OSError as error:
        raise FailedError("files.unwritable", path=folder, detail=error.strerror) from error
    save_targets(folder, chosen.devices)
    save_known(parts, folder, chosen.devices, startup=request.startup)
    parts.journal.open_run(run)
    started(run, len(chosen.devices))
    steps = Steps(parts.journal, parts.clock, run)
    ahead = Ahead(judges_of(parts, run, accept_shrunk=request.accept_shrunk))
    ahead.meanwhile(parts.prepare)  # one processor is idle until Ansible has started

    def collected(entry: DeviceCollection) -> None:
        if progress is not None:
            progress(entry)
        ahead.take_in(entry)

    try:
        why = _collect(parts, run, chosen, folder, steps, collected)
        return finish_run(parts, run, everything.devices, steps, why=why, ahead=ahead)
    finally:
        ahead.close()


def _runbook_pattern(targets: str) -> str:
    return "" if targets in {"", "all"} else targets


def _collect(
    parts: Parts,
    run: Run,
    chosen: InventorySnapshot,
    folder: Path,
    steps: Steps,
    progress: Progress,
) -> Reason:
    variables: dict[str, object] = {
        "weibao_estate": str(parts.estate),
        "weibao_run_folder": str(folder),
        "weibao_watch_pid": os.getpid(),
        "weibao_outcome_targets": "!all",
    }
    runbook = parts.runbook(JOB).runbook
    minutes = next((s.time_limit_minutes for s in runbook.steps if s.name == "collect"), None)
    with steps.step("collect") as step:
        result = parts.runner.run(
            "weibao.core.backup_configs",
            inventory=chosen.compiled,
            limit=tuple(d.name for d in chosen.devices),
            variables=variables,
            folder=folder,
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


def _authorisation(parts: Parts, request: BackupRequest, chosen: InventorySnapshot) -> str:
    day = parts.clock.now().date()
    references = []
    for name in sorted({device.contract for device in chosen.devices}):
        contract: Contract | None = parts.contracts.get(name)
        if contract is None:
            continue
        leave = contract.standing_authorisation
        valid = leave is not None and leave.covers(JOB, day)
        if leave is not None and valid:
            references.append(leave.reference)
        elif contract.require_standing_authorisation and request.trigger is Trigger.schedule:
            raise RefusedError("backup.no_standing_authorisation", contract=name, day=day)
    return ", ".join(references) or "read-only"
