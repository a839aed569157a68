"""``weibao backup``."""

from __future__ import annotations

import sys
from typing import Any

import click

from weibao.cli.options import Call, command_options, limit_option
from weibao.errors import FailedError

__all__ = ["backup"]


@click.group()
def backup() -> None:
    """Configuration backups of network devices."""


@backup.command()
@limit_option
@click.option("--wait", default=0.0, metavar="SECONDS", help="Wait for another run to end.")
@click.option(
    "--scheduled", is_flag=True, help="Started by the timer: a late start is a missed night."
)
@click.option(
    "--change",
    "change_ref",
    default="",
    metavar="REF",
    help="The approved change that explains differences.",
)
@click.option(
    "--accept-shrunk", is_flag=True, help="Accept texts much smaller than the last version."
)
@click.option(
    "--startup", is_flag=True, help="Read every startup configuration, due or not (startup_days)."
)
@command_options()
def run(
    call: Call,
    limit: str,
    wait: float,
    scheduled: bool,
    change_ref: str,
    accept_shrunk: bool,
    startup: bool,
) -> int:
    """Collect, accept, archive, record and report."""
    from weibao.cli.backup_run import run_backup_command

    return run_backup_command(
        call,
        limit=limit,
        wait=wait,
        scheduled=scheduled,
        change_ref=change_ref,
        accept_shrunk=accept_shrunk,
        startup=startup,
    )


@backup.command()
@limit_option
@command_options()
def status(call: Call, limit: str) -> int:
    """Show each device's last good version, its age, and the last attempt.

    Exit code 0: every device is fresh; 1: some are overdue; 4: none has ever been read.
    """
    from weibao.services.backup_status import backup_status

    workshop = call.workshop
    devices = workshop.inventory.resolve(workshop.sources, limit).devices
    rows = backup_status(workshop.parts(), devices)
    out = call.out
    data = [{**r.model_dump(mode="json"), "reason": out.reason(r.reason) or None} for r in rows]
    out.data({"devices": data})
    names = (
        "device",
        "platform",
        "version",
        "age",
        "allowed",
        "saved",
        "attempt",
        "outcome",
        "restore",
        "reason",
    )
    out.table([out.say(f"cli.head.{n}") for n in names], [_status_row(call, r) for r in rows])
    if rows and all(r.last_good is None for r in rows):
        return 4
    return 1 if any(r.overdue for r in rows) else 0


def _status_row(call: Call, row: Any) -> tuple[str, ...]:
    out = call.out
    never = out.say("cli.never")
    age = never if row.age_hours is None else f"{row.age_hours:.1f} h"
    saved = {None: "-", True: out.say("cli.unsaved"), False: out.say("cli.saved")}
    return (
        row.name,
        row.platform or "?",
        str(row.version or "-"),
        f"{age} !" if row.overdue else age,
        f"{row.allowed_hours:g} h",
        saved[row.unsaved_change],
        out.moment(row.last_attempt, call.zone(row.contract)),
        out.say(f"cli.outcome.{row.last_outcome}") if row.last_outcome else "-",
        never,
        out.reason(row.reason),
    )


def _device_options(function: Any) -> Any:
    function = click.option("--contract", default="", help="Only this contract's.")(function)
    return click.argument("device")(function)


@backup.command("list")
@_device_options
@command_options()
def list_(call: Call, device: str, contract: str) -> None:
    """List a device's versions, newest first."""
    from weibao.services.read_backup import history

    out = call.out
    versions = history(call.workshop.parts(), device, contract)
    out.data({"device": device, "versions": versions})
    names = ("version", "collected", "size", "lines", "run", "operator", "change", "sha256")
    out.table(
        [out.say(f"cli.head.{n}") for n in names],
        [
            (
                v.number,
                out.moment(v.collected_at, call.zone(v.contract)),
                v.size,
                f"+{v.lines_added} -{v.lines_removed}",
                v.run_id,
                v.operator,
                v.change_ref or "-",
                v.sha256[:16],
            )
            for v in versions
        ],
    )


@backup.command()
@_device_options
@click.argument("old", type=int, default=0, required=False)
@click.argument("new", type=int, default=0, required=False)
@command_options()
def diff(call: Call, device: str, contract: str, old: int, new: int) -> None:
    """Show what changed between two versions (default: the last two), redacted."""
    from weibao.services.read_backup import diff as compare

    before, after, text = compare(call.workshop.parts(), device, contract, old, new)
    call.out.data({"device": device, "old": before, "new": after, "diff": text})
    if before is None:
        call.out.note(call.out.say("backup.only_one_version", device=device))
    if not call.out.json:
        sys.stdout.write(text)


@backup.command()
@_device_options
@click.option("--version", "number", type=int, default=0, help="Which version (default: newest).")
@command_options()
def show(call: Call, device: str, contract: str, number: int) -> None:
    """Show a configuration, redacted."""
    from weibao.services.read_backup import show as read

    text = read(call.workshop.parts(), device, contract, number)
    call.out.data({"device": device, "text": text})
    if not call.out.json:
        sys.stdout.write(text)


@backup.command()
@click.argument("pattern")
@click.option("-I", "--ignore-case", is_flag=True)
@click.option("--contract", default="", help="Only this contract's.")
@command_options()
def grep(call: Call, pattern: str, ignore_case: bool, contract: str) -> None:
    """Search the newest redacted configurations of all devices."""
    from weibao.services.read_backup import grep as search

    hits = list(search(call.workshop.parts(), pattern, contract, ignore_case=ignore_case))
    call.out.data({"hits": hits})
    for hit in hits:
        call.out.line(f"{hit.device}:{hit.line}:{hit.text}")


@backup.command()
@_device_options
@click.option("--version", "number", type=int, default=0, help="Which version (default: newest).")
@click.option("--startup", is_flag=True, help="The startup configuration kept with it.")
@click.option(
    "-o", "--output", "file", default="", metavar="FILE", help="Write there (0600) instead."
)
@click.option("--purpose", default="", help="Why; recorded with the reader's name.")
@command_options(shows=False)
def export(
    call: Call, device: str, contract: str, number: int, startup: bool, file: str, purpose: str
) -> None:
    """Print the full text, for a restore; the reader is recorded."""
    from weibao.bootstrap import actor
    from weibao.services.read_backup import export as read

    parts = call.workshop.parts()
    _, text = read(parts, device, actor(), contract, number, startup=startup, purpose=purpose)
    if not file:
        sys.stdout.flush()
        sys.stdout.buffer.write(text)
        sys.stdout.buffer.flush()
        return
    from pathlib import Path

    from weibao.adapters.files import replace

    try:
        replace(Path(file).absolute(), text, 0o600)
    except OSError as error:
        raise FailedError("files.unwritable", path=file, detail=error.strerror) from error


@backup.command()
@click.option("--contract", default="default", show_default=True, help="Whose archive.")
@command_options()
def rebuild(call: Call, contract: str) -> None:
    """Make a lost archive again from the encrypted full texts."""
    from weibao.bootstrap import actor
    from weibao.services.rebuild_archive import rebuild_archive

    workshop = call.workshop
    workshop.estate.contract(contract)
    with workshop.lock("backup rebuild"):
        count = rebuild_archive(workshop.parts(), contract, actor())
    call.out.data({"contract": contract, "versions": count})
    call.out.line(call.out.say("cli.rebuilt", count=count))
