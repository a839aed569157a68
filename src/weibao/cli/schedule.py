"""``weibao schedule``."""

from __future__ import annotations

import click

from weibao.cli.options import Call, command_options

__all__ = ["schedule"]


@click.group()
def schedule() -> None:
    """The night as a timer."""


@schedule.command()
@click.option("--user", "kind", flag_value="user", help="The user's own systemd.")
@click.option("--system", "kind", flag_value="system", help="The machine's systemd (root).")
@click.option("--cron", "kind", flag_value="cron", help="Only print the crontab's lines.")
@click.option("--at", default="", metavar="HH:MM", help="When (default: the settings').")
@command_options()
def install(call: Call, kind: str | None, at: str) -> None:
    """Install the nightly backup; without systemd the cron lines are printed."""
    from weibao.bootstrap.night import install_night

    out = call.out
    used, done, why = install_night(call.workshop, kind or "", at)
    warnings = [out.reason(w) for w in done.warnings]
    out.data(
        {
            "kind": used,
            "changed": done.changed,
            "files": list(done.files),
            "lines": list(done.lines),
            "warnings": warnings,
            "why": why or None,
        }
    )
    if why:
        out.line(why)
    for file in done.files:
        out.line(file)
    for line in done.lines:
        out.line(line)
    for warning in warnings:
        out.line("! " + warning)
    if not done.lines:
        out.line(out.say("cli.schedule_installed", kind=used))


@schedule.command()
@command_options()
def show(call: Call) -> None:
    """Show what is installed, what comes next, the last runs and what was missed."""
    from weibao.bootstrap.night import show_night

    out = call.out
    view = show_night(call.workshop)
    recorded = view.recorded
    warnings = [out.reason(w) for w in view.warnings]
    out.data(
        {
            "installed": recorded is not None,
            "kind": recorded.kind.value if recorded else None,
            "at": recorded.schedule.at if recorded else None,
            "time_zone": recorded.schedule.zone if recorded else None,
            "active": view.state.active if view.state else None,
            "next": view.next_at,
            "last_runs": [r.id for r in view.last_runs],
            "missed": list(view.missed),
            "ports_at": recorded.ports.at if recorded and recorded.ports else None,
            "ports_next": view.ports_next_at,
            "missed_ports": list(view.missed_ports),
            "warnings": warnings,
        }
    )
    if recorded is None:
        out.line(out.say("cli.schedule_none"))
    else:
        when = f"{recorded.schedule.at} {recorded.schedule.zone}"
        out.line(out.say("cli.schedule_at", when=when, kind=recorded.kind.value))
        out.line(out.say("cli.schedule_next", when=out.moment(view.next_at)))
        if recorded.ports:
            ports = f"{recorded.ports.at} {recorded.ports.zone}"
            out.line(out.say("cli.schedule_ports", when=ports))
            out.line(out.say("cli.schedule_next", when=out.moment(view.ports_next_at)))
    for run in view.last_runs:
        out.line(f"  {out.moment(run.started_at)}  {run.id}")
    for night in view.missed:
        out.line("✗ " + out.say("reason.missed_run", planned=out.moment(night)))
    for morning in view.missed_ports:
        out.line("✗ " + out.say("reason.missed_ports_check", planned=out.moment(morning)))
    for warning in warnings:
        out.line("! " + warning)


@schedule.command()
@command_options()
def remove(call: Call) -> None:
    """Take the timer away."""
    from weibao.bootstrap.night import remove_night

    files = remove_night(call.workshop)
    call.out.data({"removed": list(files)})
    for file in files:
        call.out.line(file)


@schedule.command()
@command_options()
def check(call: Call) -> int:
    """Find nights and checks of ports that were missed, record them, and tell once."""
    from weibao.bootstrap.night import check_night

    out = call.out
    with call.workshop.lock_named("schedule.lock", "schedule check", wait=60):
        found = check_night(call.workshop)
    out.data(
        {
            "examined": found.examined,
            "missed": list(found.missed),
            "missed_ports": list(found.missed_ports),
            "told": list(found.told),
        }
    )
    for night in found.missed:
        out.line("✗ " + out.say("reason.missed_run", planned=out.moment(night)))
    for morning in found.missed_ports:
        out.line("✗ " + out.say("reason.missed_ports_check", planned=out.moment(morning)))
    for reason in found.failures:
        out.note(out.reason(reason))
    return 1 if found.missed or found.missed_ports or found.failures else 0
