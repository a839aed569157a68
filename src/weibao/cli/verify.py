"""``weibao verify``."""

from __future__ import annotations

import sys

import click

from weibao.cli.options import Call, command_options

__all__ = ["verify"]


@click.command()
@command_options()
def verify(call: Call) -> int:
    """Recompute the ledger, the evidence and the archive; say what does not fit.

    Exit code 0: everything fits; 1: something does not; 4: some of it could not be checked.
    """
    from weibao.services.verify import verify as check

    out = call.out
    workshop = call.workshop
    parts = workshop.parts()

    def progress(text: str) -> None:
        if sys.stderr.isatty():
            out.note(text)

    with workshop.lock("verify", wait=60):
        result = check(parts.journal, parts.evidence, parts.archive, parts.texts)
    out.data(
        {
            "sound": not result.problems and not result.unchecked,
            "problems": [{"code": r.code, "text": out.reason(r)} for r in result.problems],
            "unchecked": [{"code": r.code, "text": out.reason(r)} for r in result.unchecked],
            "warnings": [{"code": r.code, "text": out.reason(r)} for r in result.warnings],
            "counts": result.counts,
        }
    )
    for reason in result.problems:
        out.line("✗ " + out.reason(reason))
    for reason in result.unchecked:
        out.line("? " + out.reason(reason))
    for reason in result.warnings:
        out.line("! " + out.reason(reason))
    if result.problems:
        return 1
    if result.unchecked:
        return 4
    out.line("✓ " + out.say("cli.verified", **result.counts.model_dump()))
    return 0
