"""``weibao ports check``: the daily record, with live progress."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from weibao.cli.backup_run import RunProgress
from weibao.cli.options import Call
from weibao.cli.run import recovered_words
from weibao.domain.records import Trigger

if TYPE_CHECKING:
    from weibao.services.ports.check import PortResult

__all__ = ["check_ports_command"]

_SHOWN = 40
"""Findings on the terminal; the log has all."""


def check_ports_command(
    call: Call, *, limit: str, wait: float, scheduled: bool, change_ref: str, details: bool
) -> int:
    """Finish what is owed, read, judge, show, tell; the exit code."""
    from weibao.bootstrap import actor
    from weibao.bootstrap.ports import port_parts
    from weibao.services.begin_run import JobRequest, loading
    from weibao.services.finish import BackupResult
    from weibao.services.ports.check import run_ports
    from weibao.services.recover import recover
    from weibao.services.tell import tell

    workshop = call.workshop
    ports = port_parts(workshop)
    request = JobRequest(
        actor=actor(),
        sources=(),
        limit=limit,
        trigger=Trigger.schedule if scheduled else Trigger.manual,
        change_ref=change_ref,
    )
    with workshop.lock("ports check", wait), loading(ports.parts) as run_id:
        request = replace(request, sources=workshop.sources, run_id=run_id)
        inventory = workshop.inventory.resolve(workshop.sources)
        for finished in recover(ports.parts, inventory.devices):
            call.out.note(recovered_words(call.out, finished.run))
            tell(ports.parts, finished)
        progress = RunProgress(call)
        result = run_ports(
            ports,
            request,
            details=details,
            started=progress.started,
            key_made=lambda c, path: call.out.note(
                call.out.say("cli.key_made", contract=c, key=path)
            ),
            progress=progress.device,
        )
        progress.ended()
        untold = tell(ports.parts, BackupResult(result.run, (), (), result.reports))
    _show(call, result)
    for reason in untold:
        call.out.note(call.out.reason(reason))
    return result.exit_code or (1 if untold else 0)


def _show(call: Call, result: PortResult) -> None:
    from weibao.domain.port_record import WHOLE, PortOutcome
    from weibao.domain.port_report import tally_of_readings
    from weibao.reports.ports.words import PortWords

    out = call.out
    words = PortWords(out.language, str(call.workshop.estate.zone))
    devices = [r for r in result.readings if r.device != WHOLE]
    tallies = {r.device: tally_of_readings([r]) if r.good else None for r in devices}
    out.data(
        {
            "run": result.run.id,
            "devices": [
                {
                    "name": r.device,
                    "contract": r.contract,
                    "platform": r.platform,
                    "outcome": r.outcome.value,
                    "reason": out.reason(r.reason) or words.partly(r) or None,
                    "reason_code": r.reason.code if r.reason else None,
                    "ports": tally.model_dump() if (tally := tallies[r.device]) else None,
                    "refused": list(r.refused),
                    "unparsed": r.unparsed_count,
                    "unknown_words": r.words_unknown,
                }
                for r in devices
            ],
            "findings": [
                {**f.model_dump(mode="json"), "text": words.finding(f)} for f in result.findings
            ],
            "reports": [{"contract": r.contract, "path": str(r.index)} for r in result.reports],
        }
    )
    found = [tally for tally in tallies.values() if tally is not None]
    out.line(
        out.say(
            "ports.summary",
            run=result.run.id,
            devices=len(devices),
            read=len(found),
            total=sum(t.total for t in found),
            up=sum(t.up for t in found),
            down=sum(t.down for t in found),
            shut=sum(t.shut for t in found),
            unknown=sum(t.unknown for t in found),
            lost=sum(t.lost for t in found),
        )
    )
    bad = [r for r in devices if r.outcome is not PortOutcome.read]
    if bad:
        out.line()
        out.table(
            [out.say(f"cli.head.{n}") for n in ("device", "outcome", "reason")],
            [
                (
                    r.device,
                    out.say(f"ports.outcome.{r.outcome.value}"),
                    out.reason(r.reason) or words.partly(r),
                )
                for r in bad
            ],
        )
    counted = [f for f in result.findings if not f.waived]
    if counted:
        out.line()
        out.table(
            [
                out.say(key)
                for key in (
                    "cli.head.device",
                    "ports.head.port",
                    "cli.head.severity",
                    "cli.head.finding",
                    "ports.head.cuts_off",
                )
            ],
            [
                (
                    words.device(f),
                    f.port or "-",
                    out.say(f"cli.severity.{f.severity.value}"),
                    words.finding(f),
                    f.cuts_off,
                )
                for f in counted[:_SHOWN]
            ],
        )
        if len(counted) > _SHOWN:
            out.line(out.say("ports.more_findings", count=len(counted) - _SHOWN))
    for report in result.reports:
        out.line()
        out.line(out.say("ports.log", path=report.index))
