"""``weibao inventory``."""

from __future__ import annotations

from pathlib import Path

import click

from weibao.cli.options import Call, command_options, limit_option

__all__ = ["inventory"]


@click.group()
def inventory() -> None:
    """The inventory: what there is, and what is wrong with it."""


@inventory.command()
@command_options()
def check(call: Call) -> int:
    """Say what is wrong with the inventory, by file and line; exit code 2 if anything is."""
    from weibao.bootstrap.beginnings import check as check_all

    out = call.out
    found = check_all(call.workshop)
    out.data(
        {
            "hosts": found.hosts,
            "errors": found.errors,
            "warnings": found.warnings,
            "problems": [
                {**p.model_dump(mode="json"), "text": out.reason(p.reason)} for p in found.problems
            ],
        }
    )
    for problem in found.problems:
        place = f"{problem.file}:{problem.line}" if problem.line else problem.file
        sign = out.say(f"cli.problem.{problem.severity}")
        device = f" {problem.device}:" if problem.device else ""
        out.line(f"{place}: {sign}:{device} {out.reason(problem.reason)}")
    out.line(
        out.say("cli.checked", hosts=found.hosts, errors=found.errors, warnings=found.warnings)
    )
    if found.readable and not found.hosts:
        out.note(out.say("backup.no_devices", sources=", ".join(call.workshop.sources)))
    return 2 if found.errors or not found.readable or not found.hosts else 0


@inventory.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--force", is_flag=True, help="Replace an inventory of the same name.")
@command_options()
def import_(call: Call, file: str, force: bool) -> None:
    """Read a sheet of devices (XLSX or CSV) into the inventory."""
    from weibao.bootstrap.beginnings import import_sheet

    out = call.out
    done = import_sheet(call.workshop, Path(file), force=force)
    warnings = [out.reason(w) for w in done.warnings]
    out.data(
        {
            "files": [str(f) for f in done.files],
            "devices": done.devices,
            "passwords": done.passwords,
            "warnings": warnings,
        }
    )
    files = ", ".join(str(f) for f in done.files)
    out.line(out.say("cli.imported", devices=done.devices, files=files, passwords=done.passwords))
    for warning in warnings:
        out.line("! " + warning)


@inventory.command("list")
@limit_option
@command_options()
def list_(call: Call, limit: str) -> None:
    """List the devices as Weibao understands them."""
    out = call.out
    snapshot = call.workshop.inventory.resolve(call.workshop.sources, limit)
    out.data({"devices": snapshot.devices})
    names = ("device", "platform", "address", "contract", "site", "unit", "reason")
    out.table(
        [out.say(f"cli.head.{n}") for n in names],
        [
            (
                d.name,
                d.platform or d.network_os or "?",
                f"{d.address}:{d.port}",
                d.contract,
                d.site,
                d.unit,
                out.reason(d.problem),
            )
            for d in snapshot.devices
        ],
    )


@inventory.command()
@limit_option
@click.option("--replace", multiple=True, metavar="DEVICE", help="Accept this device's new key.")
@command_options()
def trust(call: Call, limit: str, replace: tuple[str, ...]) -> int:
    """Record host keys on first contact; no password is sent, nothing is asked.

    Exit code 1: a device is dead; 3: a key is not the one on record (refused).
    """
    from weibao.bootstrap.beginnings import trust as trust_all
    from weibao.services.trust_hosts import TrustOutcome, TrustResult

    out = call.out

    def progress(result: TrustResult) -> None:
        if not result.outcome.good:
            words = out.reason(result.reason) or out.say(f"cli.trust.{result.outcome.value}")
            out.note(f"{result.device}: {words}")

    results = trust_all(call.workshop, limit, replace, progress)
    out.data(
        {
            "devices": [
                {**r.model_dump(mode="json"), "reason": out.reason(r.reason) or None}
                for r in results
            ]
        }
    )
    names = ("device", "address", "result", "fingerprint", "reason")
    out.table(
        [out.say(f"cli.head.{n}") for n in names],
        [
            (
                r.device,
                f"{r.address}:{r.port}",
                out.say(f"cli.trust.{r.outcome.value}"),
                f"{r.key_type} {r.fingerprint}".strip(),
                out.reason(r.reason),
            )
            for r in results
        ],
    )
    if any(r.outcome is TrustOutcome.changed for r in results):
        return 3
    return 1 if any(r.outcome is TrustOutcome.unreachable for r in results) else 0
