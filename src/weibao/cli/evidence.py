"""``weibao evidence``."""

from __future__ import annotations

import sys

import click

from weibao.cli.options import Call, command_options
from weibao.errors import InputError

__all__ = ["evidence"]


@click.group()
def evidence() -> None:
    """Evidence: the raw text behind every statement."""


@evidence.command()
@click.argument("sha256", metavar="SHA256")
@click.option(
    "--raw", is_flag=True, help="The bytes as the device printed them; the reader is recorded."
)
@click.option("--contract", default="", help="Only this contract's.")
@command_options()
def show(call: Call, sha256: str, raw: bool, contract: str) -> None:
    """Show a piece of evidence, redacted. SHA256 may be the beginning of it."""
    from weibao.bootstrap import actor
    from weibao.services.read_evidence import read_evidence

    parts = call.workshop.parts()
    found = read_evidence(parts, sha256, actor(), contract=contract, raw=raw)
    if found is None:
        raise InputError("cli.no_evidence", sha256=sha256)
    records, text = found
    if call.out.json:
        call.out.data({"evidence": records, "text": text.decode("utf-8", "replace")})
        return
    if not raw:
        for record in records:
            call.out.note(
                f"{record.sha256}  {record.device}  {record.kind}  {record.command}  "
                f"{call.out.moment(record.collected_at, call.zone(record.contract))}"
                f"  {record.run_id}"
            )
    sys.stdout.flush()
    sys.stdout.buffer.write(text)
    sys.stdout.buffer.flush()
