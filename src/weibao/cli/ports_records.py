"""``weibao ports show|history|diff|baseline``: what is on record, and what is expected."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import click

from weibao.cli.options import Call, command_options, limit_option

if TYPE_CHECKING:
    from weibao.domain.inventory import Device
    from weibao.domain.port_expectation import PortBaseline
    from weibao.services.ports.accepting import Accepted
    from weibao.services.ports.port_parts import PortParts

__all__ = ["baseline", "diff", "history", "show"]


@click.command()
@click.argument("device")
@click.option("--run", "run_id", default="", metavar="RUN", help="Of this run (default: last).")
@command_options()
def show(call: Call, device: str, run_id: str) -> int:
    """Show the ports of DEVICE as they were last read.

    Exit code 1: the last attempt to read it failed, so that what is shown is old; 4: it was
    never read.
    """
    from weibao.bootstrap.ports import port_parts
    from weibao.cli.ports import show_ports
    from weibao.errors import InputError, UncheckedError
    from weibao.reports.ports.words import PortWords

    ports = port_parts(call.workshop)
    words = PortWords(call.out.language, str(call.workshop.estate.zone))
    host = _device(call, device)
    reading, last = ports.records.device_ports(host.contract, host.name, run_id)
    if run_id and last is None:
        raise InputError("ports.not_in_run", device=device, run=run_id)
    if reading is None or last is None:
        raise UncheckedError("ports.never_read", device=device)
    stale = last.run_id != reading.run_id
    out = call.out
    out.data(
        {
            "device": reading.device,
            "run": reading.run_id,
            "at": reading.at,
            "outcome": reading.outcome.value,
            "stale": stale,
            "ports": [
                {
                    **state.port.model_dump(mode="json"),
                    "since": state.since,
                    "since_at_least": state.at_least,
                }
                for state in reading.ports
            ],
            "unparsed": list(reading.unparsed),
            "unknown_words": [word.model_dump(mode="json") for word in reading.unknown_words],
            "findings": [
                {**f.model_dump(mode="json"), "text": words.finding(f)} for f in reading.findings
            ],
        }
    )
    if stale:
        at = out.moment(reading.at, call.zone(host.contract))
        out.line("! " + out.say("ports.stale", at=at, why=out.reason(last.reason)))
    show_ports(call, tuple(state.port for state in reading.ports))
    return 1 if stale else 0


@click.command()
@click.argument("device")
@click.argument("port")
@click.option(
    "--days",
    type=click.IntRange(1, 36500),
    default=365,
    show_default=True,
    metavar="N",
    help="How far back.",
)
@command_options()
def history(call: Call, device: str, port: str, days: int) -> None:
    """Show when PORT of DEVICE was what: a line for each change, and for what was not read."""
    from datetime import timedelta

    from weibao.adapters.clock import SystemClock
    from weibao.bootstrap.ports import port_parts
    from weibao.errors import InputError
    from weibao.services.ports.history import port_history

    ports = port_parts(call.workshop)
    host = _device(call, device)
    since = SystemClock().now() - timedelta(days=days)
    name = ports.canonical(host.platform)(port)
    readings = ports.records.port_history(host.contract, host.name, since)
    spans = port_history(readings, name)
    if all(span.status == "absent" for span in spans):
        raise InputError("ports.no_such_port", device=device, port=port)
    out, zone = call.out, call.zone(host.contract)
    out.data(
        {"device": device, "port": name, "history": [s.model_dump(mode="json") for s in spans]}
    )
    out.table(
        [out.say(f"ports.head.{k}") for k in ("from", "to", "oper", "reason", "speed", "readings")],
        [
            (
                out.moment(s.first, zone),
                out.moment(s.last, zone),
                s.status,
                s.reason,
                s.speed or "",
                s.readings,
            )
            for s in spans
        ],
    )


@click.command()
@click.argument("first")
@click.argument("second")
@limit_option
@command_options()
def diff(call: Call, first: str, second: str, limit: str) -> int:
    """Show what differs between two runs, port by port (``last`` and ``previous`` are names too).

    Exit code 1: something differs; 4: a device was not read in one of them, or not all of it, or
    none was read in both. Who only one of them was to read is counted; --limit asks for them.
    """
    from weibao.bootstrap.ports import port_parts
    from weibao.services.ports.differences import compared

    ports = port_parts(call.workshop)
    chosen: set[str] | None = None
    if limit:
        snapshot = call.workshop.inventory.resolve(call.workshop.sources, limit)
        chosen = {device.name for device in snapshot.devices}
    runs = [_run(ports, name) for name in (first, second)]
    before, after = ({r.device: r for r in ports.records.port_readings(run)} for run in runs)
    result = compared(before, after, chosen)
    out = call.out
    out.data(
        {
            "runs": runs,
            "differences": [d.model_dump(mode="json") for d in result.found],
            "not_compared": result.missing,
            "in_one_run": result.once,
            "ports_not_compared": result.unseen,
        }
    )
    heads = ("cli.head.device", "ports.head.port", "ports.head.field")
    out.table(
        [out.say(key) for key in (*heads, "ports.head.before", "ports.head.after")],
        [(d.device, d.port, d.field, d.before, d.after) for d in result.found],
    )
    for device in result.missing:
        out.line("? " + out.say("ports.not_compared", device=device))
    for device, names in result.unseen.items():
        said = {"device": device, "count": len(names), "ports": ", ".join(names)}
        out.line("? " + out.say("ports.ports_not_compared", **said))
    if result.once:
        out.line("- " + out.say("ports.in_one_run", count=len(result.once)))
    if not result.devices:
        out.line("? " + out.say("ports.nothing_compared"))
    return result.exit_code


@click.group()
def baseline() -> None:
    """What the ports should be."""


@baseline.command()
@limit_option
@click.option("--run", "run_id", default="", metavar="RUN", help="Of this run (default: last).")
@click.option(
    "--retire",
    default="",
    metavar="PORTS",
    help="Used ports and routing neighbours that are used no more (names, patterns, commas).",
)
@command_options()
def accept(call: Call, limit: str, run_id: str, retire: str) -> int:
    """Take what was read as what is expected, written as ports/CONTRACT/DEVICE.yml.

    Ports that are up become used, ports that are shut down closed; of others nothing is
    expected. The lines of an earlier file stay, and what differs comes after them and is named;
    what has to be up and is not stays so, unless --retire names it. Exit code 3: somebody changed
    a file meanwhile; 4: a device was never read.
    """
    from weibao.adapters.clock import SystemClock
    from weibao.bootstrap import actor
    from weibao.bootstrap.ports import port_parts
    from weibao.errors import InputError
    from weibao.services.ports.accepting import accepted, names_of, replace_baseline
    from weibao.services.ports.baseline import baseline_of
    from weibao.services.ports.cases import case_of
    from weibao.services.ports.check import called_names

    ports = port_parts(call.workshop)
    chosen = call.workshop.inventory.resolve(call.workshop.sources, limit)
    if not chosen.devices:
        raise InputError("backup.no_devices", sources=", ".join(call.workshop.sources))
    readings = (
        {
            (r.contract, r.device): r
            for r in ports.records.port_readings(_run(ports, run_id))
            if r.good
        }
        if run_id
        else ports.records.latest_ports()
    )
    out = call.out
    called = called_names(ports.parts)
    accepting: list[tuple[Device, PortBaseline | None, Accepted]] = []
    missing = []
    for device in chosen.devices:
        reading = readings.get((device.contract, device.name))
        if reading is None:
            missing.append(device.name)
            continue
        made = baseline_of(reading, SystemClock().now(), actor())
        old = ports.baselines.read(device.contract, device.name)
        case = replace(case_of(ports, reading, None, {}), called=called.get(device.contract, {}))
        taken = accepted(old, made, case, ports.canonical(reading.platform), retire)
        accepting.append((device, old, taken))
    named = {part for *_, taken in accepting for part in taken.retired}
    if nothing := [part for part in names_of(retire) if part not in named]:
        raise InputError("ports.nothing_retired", names=", ".join(nothing))
    written: list[dict[str, object]] = []
    for device, old, taken in accepting:
        path = replace_baseline(ports, device.contract, old, taken.baseline)
        row = {"device": device.name, "file": path, "lines": len(taken.baseline.ports)}
        out.line("✓ " + out.say("ports.accepted", **row))
        for each in taken.changed:
            out.line("  ~ " + out.say("ports.accepted_change", **asdict(each)))
        for name in taken.kept:
            out.line("  ! " + out.say("ports.accepted_kept", port=name))
        written.append(row | {"changed": [asdict(c) for c in taken.changed], "kept": taken.kept})
    out.data({"written": written, "never_read": missing})
    for name in missing:
        out.line("✗ " + out.say("ports.never_read", device=name))
    return 4 if missing else 0


@baseline.command("show")
@click.argument("device")
@command_options()
def show_baseline(call: Call, device: str) -> int:
    """Show what is expected of every port of DEVICE, baseline and inventory together.

    Exit code 4: it was never read, so that its ports are not known.
    """
    from weibao.bootstrap.ports import port_parts
    from weibao.domain.port_expectation import dump_expectation
    from weibao.errors import UncheckedError
    from weibao.services.ports.cases import case_of

    ports = port_parts(call.workshop)
    host = _device(call, device)
    reading = ports.records.latest_ports().get((host.contract, host.name))
    if reading is None:
        raise UncheckedError("ports.never_read", device=device)
    case = case_of(ports, reading, host, {})
    out = call.out
    shown = {name: dump_expectation(said) for name, said in case.expectations.items()}
    out.data({"device": device, "ports": shown})
    out.table(
        [out.say("ports.head.port"), out.say("ports.head.expected")],
        [
            (
                name,
                said if isinstance(said, str) else ", ".join(f"{k}={v}" for k, v in said.items()),
            )
            for name, said in shown.items()
        ],
    )
    return 0


def _device(call: Call, name: str) -> Device:
    from weibao.errors import InputError

    snapshot = call.workshop.inventory.resolve(call.workshop.sources)
    found = next((d for d in snapshot.devices if d.name == name), None)
    if found is None:
        raise InputError("ports.no_device", device=name)
    return found


def _run(ports: PortParts, name: str) -> str:
    from weibao.errors import InputError
    from weibao.services.ports.check import JOB

    places = {"last": 0, "previous": 1}
    if name in places:
        runs = ports.parts.journal.runs(job=JOB, limit=2, outside_changes=True)
        if len(runs) <= places[name]:
            raise InputError("ports.no_run", run=name)
        return runs[places[name]].id
    run = ports.parts.journal.run(name)
    if run is None or run.job != JOB:
        raise InputError("ports.no_run", run=name)
    return run.id
