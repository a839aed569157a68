"""Worker processes that are started before their work is known.

Imports take a worker longer than anything else; meanwhile what it is to do is found out. This
module imports nothing that takes time itself.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from typing import Self

__all__ = ["ReadyWorkers", "launch"]

_WORKER = "weibao.adapters.network.worker"


class ReadyWorkers:
    """Some worker processes, each waiting for its job on standard input."""

    def __init__(self, count: int = 0) -> None:
        """Start ``count`` of them; more are started when they are taken."""
        self._waiting = [launch(_WORKER) for _ in range(count)]

    def take(self) -> subprocess.Popen[str]:
        """One that nobody has; who takes it ends it."""
        return self._waiting.pop(0) if self._waiting else launch(_WORKER)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Those that nobody took find their input closed, and end."""
        for process in self._waiting:
            for pipe in (process.stdin, process.stdout, process.stderr):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._waiting.clear()


def launch(module: str, *, own_session: bool = False) -> subprocess.Popen[str]:
    """A process of this Python that runs ``module``, with pipes to it.

    ``own_session``: Ctrl-C in the terminal does not reach it.
    """
    return subprocess.Popen(
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=own_session,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
