"""``weibao ports``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from weibao.cli.options import Call, command_options, limit_option
from weibao.cli.ports_records import baseline, diff, history, show

if TYPE_CHECKING:
    from weibao.domain.port import Port

__all__ = ["ports", "show_ports"]


@click.group()
def ports() -> None:
    """Ports of switches: read, judged, recorded."""


@ports.command()
@limit_option
@click.option(
    "--brief", is_flag=True, help="Only what is quick to print: no counters, no optical power."
)
@click.option("--wait", default=0.0, metavar="SECONDS", help="Wait so long for another run to end.")
@click.option("--change-ref", default="", metavar="REF", help="The change that this belongs to.")
@click.option("--scheduled", is_flag=True, help="Started by a timer.")
@command_options()
def check(
    call: Call, limit: str, brief: bool, wait: float, change_ref: str, scheduled: bool
) -> int:
    """Read the ports of all devices, compare, record, and write the daily log.

    Exit code 0: all read, nothing found; 1: findings, or a device was not or only partly read;
    4: none was.
    """
    from weibao.cli.ports_check import check_ports_command

    return check_ports_command(
        call,
        limit=limit,
        wait=wait,
        scheduled=scheduled,
        change_ref=change_ref,
        details=not brief,
    )


@ports.command()
@click.option("-p", "--platform", required=True, metavar="ID", help="The device's platform.")
@click.option(
    "-c", "--command", required=True, metavar="TEXT", help="The command that printed the text."
)
@click.argument("file")
@command_options()
def parse(call: Call, platform: str, command: str, file: str) -> int:
    """Read the ports in FILE, one recorded output ("-": standard input); offline.

    The same code reads devices. Exit code 1: a status word is not known (its port is shown as
    unknown), or the device refused the command; 2: no port was found.
    """
    from weibao.bootstrap.ports import offline_reader
    from weibao.errors import InputError

    reader = offline_reader(call.estate, platform)
    text = _text(file)
    reading = reader.read([(command, text)])
    call.out.data(
        {
            "ports": [port.model_dump(mode="json") for port in reading.ports],
            "unparsed": list(reading.unparsed),
            "unknown_words": [word.model_dump(mode="json") for word in reading.unknown_words],
        }
    )
    if not reading.ports and not call.out.json:
        raise InputError("ports.no_ports", file=file, command=command)
    show_ports(call, reading.ports)
    for line in reading.unparsed:
        call.out.line("? " + line)
    if reading.unparsed:
        call.out.note(call.out.say("ports.unparsed_lines", count=len(reading.unparsed)))
    for word in reading.unknown_words:
        call.out.note(call.out.say("ports.unknown_word", file=file, **word.model_dump()))
    return 1 if reading.unknown_words else 0 if reading.ports else 2


def show_ports(call: Call, found: tuple[Port, ...]) -> None:
    """A table of ports for people."""
    out = call.out
    keys = ("port", "admin", "oper", "reason", "speed", "duplex", "vlan", "description")
    out.table(
        [out.say(f"ports.head.{key}") for key in keys],
        [
            (
                p.name,
                p.admin_status.value,
                p.oper_status.value,
                p.reason,
                _speed(p.speed),
                "" if p.duplex == "unknown" else p.duplex.value,
                p.vlan,
                p.description,
            )
            for p in found
        ],
    )


def _speed(bits: int | None) -> str:
    if bits is None:
        return ""
    for factor, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if bits >= factor:
            return f"{bits / factor:g}{unit}"
    return str(bits)


def _text(file: str) -> str:
    from weibao.errors import InputError

    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise InputError(
            "ports.unreadable_file", file=file, why=error.strerror or str(error)
        ) from error
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("utf-8", "replace")


for _command in (baseline, diff, history, show):
    ports.add_command(_command)
