"""The patch state of hosts: read, judged, kept as history (PAT-09, CHK-OS-07, CHK-OS-17)."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from weibao.boundary import HostResult
from weibao.boundary.patch import PatchHistory
from weibao.domain.collection import DeviceCollection
from weibao.domain.inventory import Device
from weibao.domain.patch import PatchStatus
from weibao.domain.patch_facts import Facts
from weibao.domain.patch_missing import status_of
from weibao.domain.reasons import Reason
from weibao.domain.records import Run, RunState, Trigger
from weibao.errors import FailedError, InputError
from weibao.services.contract_keys import make_missing_keys
from weibao.services.keep_bundle import keep_bundle
from weibao.services.parts import Parts

__all__ = ["JOB", "StatusRequest", "judge_facts", "read_status"]

JOB = "patch-status"
PLAYBOOK = "weibao.core.read_patch_state"
_TIME_LIMIT = 3600.0


@dataclass(frozen=True)
class StatusRequest:
    """What was asked for."""

    actor: str
    sources: tuple[str, ...]
    limit: str = ""
    refresh: bool = True
    """Fetch the package lists anew; without, what the host last fetched counts."""


def read_status(
    parts: Parts, history: PatchHistory, request: StatusRequest
) -> tuple[Run, list[PatchStatus]]:
    """Read every host that the pattern selects, and record its patch state.

    A host that could not be read is in the answer too, as not checked (JOB-10).

    Raises:
        InputError: the inventory or the pattern is wrong.
        FailedError: the playbook could not run, or nothing can be recorded.
    """
    chosen = parts.inventory.resolve(request.sources, request.limit or "all")
    if not chosen.devices:
        raise InputError("change.no_targets", pattern=request.limit or "all")
    make_missing_keys(parts, chosen.devices, request.actor, lambda _contract, _path: None)
    run = _open(parts, request, len(chosen.devices))
    folder = parts.runs / run.id
    try:
        folder.mkdir(parents=True, mode=0o700)
    except OSError as error:
        raise FailedError("files.unwritable", path=folder, detail=error.strerror) from error
    try:
        result = parts.runner.run(
            PLAYBOOK,
            inventory=chosen.compiled,
            limit=tuple(device.name for device in chosen.devices),
            variables={
                "weibao_estate": str(parts.estate),
                "weibao_run_folder": str(folder),
                "weibao_watch_pid": os.getpid(),
                "patch_linux_refresh": request.refresh,
            },
            folder=folder,
            time_limit=_TIME_LIMIT,
        )
        if not result.hosts and result.return_code:
            raise FailedError("change.dry_run_failed", step=JOB, detail=result.error)
        facts: dict[str, Facts] = {}

        def take(entry: DeviceCollection, data: bytes) -> None:
            facts[entry.device] = Facts.model_validate_json(data)

        kept = keep_bundle(parts, run, folder, take)
        states = judge_facts(parts, run, chosen.devices, facts, kept, result.hosts)
        history.record_patch_states(states, request.actor)
    except BaseException:
        parts.journal.close_run(run.id, RunState.interrupted, parts.clock.now(), request.actor)
        raise
    parts.journal.close_run(run.id, RunState.finished, parts.clock.now(), request.actor)
    return run, states


def judge_facts(
    parts: Parts,
    run: Run,
    devices: Sequence[Device],
    facts: Mapping[str, Facts],
    kept: Mapping[str, tuple[str, ...]],
    results: Mapping[str, HostResult],
) -> list[PatchStatus]:
    """The state of every device, from what was read."""
    now = parts.clock.now()
    found = []
    for device in devices:
        read = facts.get(device.name)
        if read is None:
            result = results.get(device.name)
            why = result.reason if result else ""
            problem = Reason.of("patch_host_not_read", detail=why or "-")
            found.append(
                PatchStatus(
                    device=device.name,
                    contract=device.contract,
                    run_id=run.id,
                    at=now,
                    checked=False,
                    problem=problem,
                )
            )
            continue
        found.append(
            status_of(
                read,
                device=device.name,
                contract=device.contract,
                run_id=run.id,
                at=now,
                evidence=kept.get(device.name, ()),
            )
        )
    return found


def _open(parts: Parts, request: StatusRequest, count: int) -> Run:
    booked = parts.runbook(JOB)
    run = Run(
        id=parts.run_id(),
        job=JOB,
        runbook=booked.reference,
        runbook_sha256=booked.sha256,
        actor=request.actor,
        trigger=Trigger.manual,
        authorisation="",
        program=parts.program,
        started_at=parts.clock.now(),
        targets=count,
    )
    parts.journal.open_run(run)
    return run
