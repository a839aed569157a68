"""``weibao backup run``: the night itself, with live progress."""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from weibao.cli.options import Call
from weibao.cli.run import recovered_words
from weibao.domain.collection import DeviceCollection
from weibao.domain.records import Outcome, Run, Trigger
from weibao.errors import RefusedError, WeibaoError

if TYPE_CHECKING:
    from weibao.services.backup_run import BackupRequest
    from weibao.services.finish import BackupResult

__all__ = ["RunProgress", "run_backup_command"]


def run_backup_command(
    call: Call,
    *,
    limit: str,
    wait: float,
    scheduled: bool,
    change_ref: str,
    accept_shrunk: bool,
    startup: bool,
) -> int:
    """Finish what is owed, run, show, tell; the exit code.

    What stops a night of the timer is told like its result: nobody watches it.
    """
    try:
        request = _request(limit, scheduled, change_ref, accept_shrunk, startup)
        return _run(call, request, wait)
    except WeibaoError as error:
        if scheduled and error.key != "backup.night_missed":  # that one is told already
            from weibao.bootstrap.night import tell_stopped

            for reason in tell_stopped(call.workshop, error):
                call.out.note(call.out.reason(reason))
        raise


def _request(
    limit: str, scheduled: bool, change_ref: str, accept_shrunk: bool, startup: bool
) -> BackupRequest:
    from weibao.bootstrap import actor
    from weibao.services.backup_run import BackupRequest

    return BackupRequest(
        actor=actor(),
        sources=(),
        limit=limit,
        trigger=Trigger.schedule if scheduled else Trigger.manual,
        change_ref=change_ref,
        accept_shrunk=accept_shrunk,
        startup=startup,
    )


def _run(call: Call, request: BackupRequest, wait: float) -> int:
    from weibao.services.backup_run import run_backup
    from weibao.services.begin_run import loading
    from weibao.services.recover import recover
    from weibao.services.tell import tell

    workshop = call.workshop
    parts = workshop.parts()
    if request.trigger is Trigger.schedule and _too_early_or_late(call):
        return 0
    with workshop.lock("backup run", wait), loading(parts) as run_id:
        request = replace(request, sources=workshop.sources, run_id=run_id)
        inventory = workshop.inventory.resolve(workshop.sources)
        for finished in recover(parts, inventory.devices):
            call.out.note(recovered_words(call.out, finished.run))
            tell(parts, finished)
        progress = RunProgress(call)
        result = run_backup(
            parts,
            request,
            started=progress.started,
            key_made=lambda c, path: call.out.note(
                call.out.say("cli.key_made", contract=c, key=path)
            ),
            progress=progress.device,
        )
        progress.ended()
        untold = tell(parts, result)
    _show(call, result)
    for reason in untold:
        call.out.note(call.out.reason(reason))
    return result.exit_code or (1 if untold else 0)


def _too_early_or_late(call: Call) -> bool:
    """Whether the timer's start comes to nothing; a missed night is not made up (JOB-19)."""
    from weibao.bootstrap.night import check_night, decide_night
    from weibao.domain.schedule import StartVerdict

    decision = decide_night(call.workshop)
    if decision.verdict is StartVerdict.run:
        return False
    if decision.verdict is StartVerdict.missed:
        with call.workshop.lock_named("schedule.lock", "schedule check", wait=60):
            check_night(call.workshop)
        raise RefusedError("backup.night_missed", planned=call.out.moment(decision.planned))
    call.out.note(call.out.say("cli.night_not_due"))
    return True


class RunProgress:
    """A line for each device where output is a file, a bar on a terminal."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._total = 0
        self._done = 0
        self._bar: Any = None
        self._task: Any = None
        self._lock = threading.Lock()
        self._began = time.monotonic()

    def started(self, run: Run, total: int) -> None:
        """The run begins."""
        self._total = total
        self._call.out.note(self._call.out.say("cli.run_started", run=run.id, count=total))
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import (
                BarColumn,
                MofNCompleteColumn,
                Progress,
                TextColumn,
                TimeElapsedColumn,
            )

            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._task = self._bar.add_task("", total=total)
            self._bar.start()

    def device(self, entry: DeviceCollection) -> None:
        """A device is done."""
        with self._lock:
            self._done += 1
            out = self._call.out
            words = out.reason(entry.reason) or out.say("cli.collected")
            seconds = (entry.finished_at - entry.started_at).total_seconds()
            line = f"[{self._done}/{self._total}] {entry.device}  {seconds:.1f} s  {words}"
            if self._bar is None:
                out.note(line)
                return
            if entry.reason is not None:
                self._bar.console.print(line, highlight=False, markup=False)
            self._bar.update(self._task, completed=self._done, description=entry.device)

    def ended(self) -> None:
        """The bar goes."""
        if self._bar is not None:
            self._bar.stop()


def _show(call: Call, result: BackupResult) -> None:
    out = call.out
    devices = [
        {
            "name": t.device,
            "contract": t.contract,
            "platform": t.platform,
            "outcome": t.outcome.value,
            "reason": out.reason(t.reason) or None,
            "reason_code": t.reason.code if t.reason else None,
            "changed": t.changed,
            "sha256": t.sha256 or None,
            "seconds": t.seconds,
            "warnings": [out.reason(w) for w in t.warnings],
            "evidence": list(t.evidence),
        }
        for t in sorted(result.targets, key=lambda t: t.device)
    ]
    findings = [
        {**f.model_dump(mode="json"), "text": out.reason(f.reason)} for f in result.findings
    ]
    out.data(
        {
            "run": result.run.id,
            "state": result.run.state.value,
            "devices": devices,
            "findings": findings,
            "reports": [{"contract": r.contract, "path": str(r.index)} for r in result.reports],
        }
    )
    tally = {o: sum(t.outcome is o for t in result.targets) for o in Outcome}
    out.line(
        out.say("cli.summary", run=result.run.id, total=len(result.targets))
        + "  ".join(f"{out.say(f'cli.outcome.{o.value}')} {n}" for o, n in tally.items())
    )
    bad = [t for t in result.targets if not t.outcome.good]
    if bad:
        out.line()
        out.table(
            [out.say(f"cli.head.{n}") for n in ("device", "outcome", "reason")],
            [
                (t.device, out.say(f"cli.outcome.{t.outcome.value}"), out.reason(t.reason))
                for t in bad
            ],
        )
    if result.findings:
        out.line()
        out.table(
            [out.say(f"cli.head.{n}") for n in ("device", "severity", "finding")],
            [
                (f.device or "-", out.say(f"cli.severity.{f.severity.value}"), out.reason(f.reason))
                for f in result.findings
            ],
        )
    for report in result.reports:
        out.line()
        out.line(out.say("cli.report", path=report.index))
