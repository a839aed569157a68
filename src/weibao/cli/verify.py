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
    from weibao.bootstrap.checking import verify_estate

    out = call.out
    workshop = call.workshop

    def progress(part: str, count: int) -> None:
        if sys.stderr.isatty():
            out.note(f"{part}: {count}")

    with workshop.lock("verify", wait=60):
        result = verify_estate(workshop, progress)
    out.data(
        {
            "sound": result.passed,
            "problems": [{"code": r.code, "text": out.reason(r)} for r in result.problems],
            "further_problems": result.further_problems,
            "unchecked": [{"code": r.code, "text": out.reason(r)} for r in result.unchecked],
            "warnings": [{"code": r.code, "text": out.reason(r)} for r in result.warnings],
            "counts": result.counts,
        }
    )
    for sign, reasons in (
        ("✗", result.problems),
        ("?", result.unchecked),
        ("!", result.warnings),
    ):
        for reason in reasons:
            out.line(f"{sign} {out.reason(reason)}")
    if result.further_problems:
        out.line("✗ " + out.say("cli.further_problems", count=result.further_problems))
    if result.problems:
        return 1
    if not result.passed:
        return 4
    out.line("✓ " + out.say("cli.verified", **result.counts.model_dump()))
    return 0
