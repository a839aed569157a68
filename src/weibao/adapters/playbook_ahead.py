"""A call of ansible-runner that is made before its playbook is known.

ansible-runner starts ``ansible_ahead`` in place of ansible-playbook, in a thread; ``play`` tells
it the arguments. So its process, terminal, events and end are the same as of any other call.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

__all__ = ["AHEAD", "PlaybookAhead"]

AHEAD = "ahead-"
"""What the names of their folders begin with."""

_MODULE = "weibao.adapters.ansible_ahead"
_STOP_SECONDS = 20.0

Call = Callable[..., Any]
"""ansible_runner.run with what is the same in each call; takes ``private_data_dir``, ``binary``,
``cmdline`` and ``cancel_callback``."""


class PlaybookAhead:
    """One playbook's process, loading or loaded, that waits for what it is to play."""

    def __init__(self, folder: Path, call: Call, modules: Sequence[str]) -> None:
        """Start it; ``folder`` is made if need be and takes a new private folder.

        Raises:
            OSError: the folder cannot be written.
        """
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder = Path(tempfile.mkdtemp(prefix=AHEAD, dir=folder))
        self.private = self.folder / "ansible"
        fifo = self.private / "env" / "order"
        try:
            fifo.parent.mkdir(parents=True, mode=0o700)
            os.mkfifo(fifo, mode=0o600)
            # Both ends: the other side reads the end of it only when we close it, or die.
            self._end = os.open(fifo, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        self._call = call
        self._words = ["-P", "-m", _MODULE, str(fifo), *modules]
        self._deadline = float("inf")
        self._stopped = False
        self._result: Any = None
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def waits(self) -> bool:
        """Whether it can still be told what to play."""
        return self._thread.is_alive()

    def play(self, arguments: Sequence[str], time_limit: float | None) -> tuple[Any, bool]:
        """Play; what ansible-runner returns, and whether the time limit ended it.

        Raises:
            OSError, SystemExit: as ansible-runner raises them.
        """
        if time_limit is not None:
            self._deadline = time.monotonic() + time_limit
        try:
            os.write(self._end, json.dumps(list(arguments)).encode() + b"\n")
            while self._thread.is_alive():
                self._thread.join(1.0)
        except BaseException:  # Ctrl-C: what it plays does not go on without us
            self.let_go()
            raise
        self._close()
        if self._failure is not None:
            raise self._failure
        return self._result, self._stopped

    def let_go(self) -> None:
        """End it; what it may have been playing is cut off."""
        self._deadline = 0.0
        self._close()
        self._thread.join(_STOP_SECONDS)

    def _close(self) -> None:
        if self._end >= 0:
            with contextlib.suppress(OSError):
                os.close(self._end)
            self._end = -1

    def _over(self) -> bool:
        self._stopped = self._stopped or time.monotonic() >= self._deadline
        return self._stopped

    def _run(self) -> None:
        try:
            self._result = self._call(
                private_data_dir=str(self.private),
                binary=sys.executable,
                cmdline=shlex.join(self._words),
                cancel_callback=self._over,
            )
        except (Exception, SystemExit) as error:  # raised again where it was asked for
            self._failure = error
