"""The night: collect, accept, archive, record, report (CFG-01..CFG-07, JOB-01, JOB-04)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from weibao.boundary import Progress
from weibao.domain.collection import DeviceCollection
from weibao.domain.records import Run
from weibao.services.ahead import Ahead
from weibao.services.begin_run import JobRequest, begin_run, collect
from weibao.services.finish import BackupResult, finish_run
from weibao.services.ingest import judges_of
from weibao.services.parts import Parts
from weibao.services.steps import Steps
from weibao.services.targets import save_known

__all__ = ["JOB", "BackupRequest", "run_backup"]

JOB = "backup-configs"


@dataclass(frozen=True)
class BackupRequest(JobRequest):
    """What was asked for."""

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
    begun = begin_run(
        parts,
        JOB,
        request,
        key_made=key_made,
        prepared=lambda folder, chosen: save_known(
            parts, folder, chosen.devices, startup=request.startup
        ),
    )
    run = begun.run
    started(run, len(begun.chosen.devices))
    steps = Steps(parts.journal, parts.clock, run)
    ahead = Ahead(judges_of(parts, run, accept_shrunk=request.accept_shrunk))
    ahead.meanwhile(parts.prepare)  # one processor is idle until Ansible has started

    def collected(entry: DeviceCollection) -> None:
        if progress is not None:
            progress(entry)
        ahead.take_in(entry)

    try:
        why = collect(parts, begun, "weibao.core.backup_configs", steps, collected)
        return finish_run(parts, run, begun.everything.devices, steps, why=why, ahead=ahead)
    finally:
        ahead.close()
