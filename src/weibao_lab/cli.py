"""The command ``weibao-lab``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, Literal, ParamSpec

import click

from weibao_lab.control import request
from weibao_lab.daemon import run_foreground, start_background, stop_background
from weibao_lab.errors import LabError
from weibao_lab.faults import FAULT_KEYS, parse_assignments
from weibao_lab.inventory import inventory_yaml
from weibao_lab.lab import Lab
from weibao_lab.ports import CHANGES
from weibao_lab.specs import recorded_spec

__all__ = ["main"]

P = ParamSpec("P")
_FOUR_HOURS = 4 * 3600

_state = click.option(
    "--state",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The directory that belongs to this lab.",
)


def _reporting(command: Callable[P, None]) -> Callable[P, None]:
    """Print an error of the lab as a message instead of a traceback."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except LabError as problem:
            click.echo(f"weibao-lab: {problem}", err=True)
            sys.exit(1)

    return run


@click.group()
def main() -> None:
    """A lab of simulated switches on loopback."""


@main.command()
@_state
@click.option("--count", default=24, show_default=True, type=click.IntRange(0, 2000))
@click.option("--seed", default=1, show_default=True)
@click.option("--foreground", is_flag=True, help="Stay in the terminal.")
@click.option("--telnet", is_flag=True, help="Listen for telnet as well.")
@click.option(
    "--addresses",
    type=click.Choice(["ports", "loopback"]),
    default="ports",
    show_default=True,
    help="A port or a 127.77.x.y address for each device.",
)
@click.option("--base-port", default=0, type=click.IntRange(0, 65535), help="0: free ports.")
@click.option(
    "--shared-host-key/--own-host-keys",
    default=True,
    show_default=True,
    help="One host key for all devices, or one each.",
)
@click.option(
    "--session",
    "sessions",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A session file (weibao platform record) to play as one more device.",
)
@click.option("--max-seconds", default=_FOUR_HOURS, show_default=True, type=click.FloatRange(1))
@_reporting
def start(
    state: Path,
    count: int,
    seed: int,
    foreground: bool,
    telnet: bool,
    addresses: Literal["ports", "loopback"],
    base_port: int,
    shared_host_key: bool,
    sessions: tuple[Path, ...],
    max_seconds: float,
) -> None:
    """Start a lab; returns when all devices listen."""
    state = state.absolute()

    def make() -> Lab:
        return Lab.start(
            [*Lab.default_specs(count, seed), *map(recorded_spec, sessions)],
            addresses=addresses,
            base_port=base_port,
            telnet=telnet,
            shared_host_key=shared_host_key,
        )

    if foreground:
        run_foreground(
            state, make, max_seconds, lambda lab: click.echo(f"{len(lab.devices)} devices listen")
        )
        return
    arguments = [
        f"--state={state}",
        f"--count={count}",
        f"--seed={seed}",
        f"--addresses={addresses}",
        f"--base-port={base_port}",
        f"--max-seconds={max_seconds}",
        "--shared-host-key" if shared_host_key else "--own-host-keys",
        *(["--telnet"] if telnet else []),
        *(f"--session={path.absolute()}" for path in sessions),
    ]
    status = start_background(state, arguments)
    click.echo(f"{len(status['devices'])} devices listen (process {status['pid']})")


@main.command()
@_state
@_reporting
def stop(state: Path) -> None:
    """Stop the lab."""
    stop_background(state.absolute())
    click.echo("stopped")


@main.command()
@_state
@_reporting
def status(state: Path) -> None:
    """Show the devices and what happened on them."""
    answer = request(state.absolute(), "status")
    click.echo(f"process {answer['pid']}, {len(answer['devices'])} devices")
    for item in answer["devices"]:
        faults = " ".join(f"{key}={value}" for key, value in item["faults"].items()) or "-"
        where = f"{item['host']}:{item['port']}"
        click.echo(
            f"{item['name']:<20} {item['platform']:<14} {where:<21} "
            f"sessions={item['sessions']}/{item['sessions_total']} "
            f"commands={item['commands']} faults={faults}"
        )


@main.command()
@_state
@_reporting
def inventory(state: Path) -> None:
    """Print an Ansible inventory of the lab, passwords included."""
    click.echo(inventory_yaml(request(state.absolute(), "devices")["devices"]), nl=False)


@main.command(epilog=f"Faults: {', '.join(FAULT_KEYS)}; sessions=N limits them.")
@_state
@click.option("--clear", is_flag=True, help="Make the device healthy.")
@click.argument("device")
@click.argument("assignments", nargs=-1, metavar="[KEY=VALUE]...")
@_reporting
def fault(state: Path, clear: bool, device: str, assignments: tuple[str, ...]) -> None:
    """Set or clear faults of a device."""
    values: dict[str, Any] = parse_assignments(list(assignments))
    answer = request(state.absolute(), "fault", device=device, clear=clear, values=values)
    faults = " ".join(f"{key}={value}" for key, value in answer["faults"].items())
    click.echo(f"{device}: {faults or 'healthy'}")


@main.command()
@_state
@click.argument("device")
@click.argument("lines", nargs=-1, required=True, metavar="LINE...")
@_reporting
def configure(state: Path, device: str, lines: tuple[str, ...]) -> None:
    """Change the configuration of a device as if by hand."""
    request(state.absolute(), "configure", device=device, lines=list(lines))
    click.echo(f"{device}: configured")


def _port_line(port: dict[str, Any]) -> str:
    admin = "up" if port["admin_up"] else "shut"
    link = port["error"] or ("absent" if port["absent"] else "")
    link = link or ("up" if port["oper_up"] else "down")
    there = port["neighbour"]
    counters = port["counters"]
    speed = f"{port['speed']}/{port['duplex']}" if port["oper_up"] else "-"
    vlan = port["vlan"] if port["mode"] == "access" else port["mode"]
    return (
        f"{port['name']:<26} {admin:<5} {link:<10} {speed:<11} {vlan:<7} "
        f"{port['lag'] or '-':<15} errors={counters['in_errors']} flaps={port['flaps']} "
        f"neighbour={there['system'] + ':' + there['port'] if there else '-'}"
    )


@main.command(epilog=f"Changes: {', '.join(CHANGES)}.")
@_state
@click.option("--clear", is_flag=True, help="Forget what was done to the port.")
@click.argument("device")
@click.argument("name", required=False, metavar="[PORT]")
@click.argument("changes", nargs=-1, metavar="[CHANGE]...")
@_reporting
def port(state: Path, clear: bool, device: str, name: str | None, changes: tuple[str, ...]) -> None:
    """Show the ports of a device, or do something to one from outside."""
    answer = request(
        state.absolute(), "port", device=device, port=name, clear=clear, changes=list(changes)
    )
    for found in answer["ports"]:
        click.echo(_port_line(found))
