"""``weibao verify``."""

from __future__ import annotations

import sys
import time

import click

from weibao.cli.options import Call, command_options
from weibao.cli.output import Output

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

    progress = _Progress(out)
    with workshop.lock("verify", wait=60):
        try:
            result = verify_estate(workshop, progress)
        finally:
            progress.ended()
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


_SHOWN_SECONDS = 0.2
_CLEAR = "\r\x1b[2K"


class _Progress:
    """One line on a terminal that says how far it is; nothing elsewhere."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._shows = sys.stderr.isatty()
        self._next = 0.0
        self._part, self._began = "", 0.0

    def __call__(self, part: str, count: int) -> None:
        now = time.monotonic()
        if part != self._part:
            self._part, self._began = part, now
        if not self._shows or now < self._next:
            return
        self._next = now + _SHOWN_SECONDS
        rate = f"{count / (now - self._began):,.0f}/s" if now > self._began else ""
        words = self._out.say(f"cli.verifying.{part}", count=f"{count:,}")
        sys.stderr.write(f"{_CLEAR}{words}  {rate}")
        sys.stderr.flush()

    def ended(self) -> None:
        """The line goes."""
        if self._shows:
            sys.stderr.write(_CLEAR)
            sys.stderr.flush()
