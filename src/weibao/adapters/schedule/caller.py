"""Calling ``systemctl``, ``loginctl`` and ``crontab``; a parameter, so that tests need none."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from typing import NamedTuple

__all__ = ["Caller", "CommandResult", "call"]

_TIMEOUT = 60.0


class CommandResult(NamedTuple):
    """How a command ended and what it printed, standard output and errors apart."""

    code: int
    output: str
    errors: str = ""

    @property
    def why(self) -> str:
        """What it said, in one line."""
        return " ".join((self.errors or self.output).split())[:500]


Caller = Callable[[Sequence[str]], CommandResult]

NOT_FOUND = 127


def call(argv: Sequence[str]) -> CommandResult:
    """Run ``argv`` without a shell; code 127 where the program is not there."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "SYSTEMD_COLORS": "0", "SYSTEMD_PAGER": ""}
    try:
        done = subprocess.run(
            list(argv),
            check=False,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            encoding="utf-8",
            errors="replace",
            env=environment,
            timeout=_TIMEOUT,
        )
    except OSError as error:
        return CommandResult(NOT_FOUND, "", f"{argv[0]}: {error.strerror}")
    except subprocess.TimeoutExpired:
        return CommandResult(124, "", f"{argv[0]}: no answer in {_TIMEOUT:.0f} s")
    return CommandResult(done.returncode, done.stdout, done.stderr)
