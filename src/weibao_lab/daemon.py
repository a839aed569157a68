"""The lab as a process: started in a session of its own, found again by its directory."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final

from weibao_lab.control import ControlServer, request
from weibao_lab.errors import LabError, LabNotRunning, LabRunning
from weibao_lab.lab import Lab

__all__ = ["run_foreground", "start_background", "stop_background"]

_LOCK: Final = "lab.lock"
_PID: Final = "lab.pid"
_LOG: Final = "lab.log"
_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 30.0


def _prepare(state: Path) -> None:
    """Make the directory; what lies in it is for the user alone."""
    state.mkdir(parents=True, exist_ok=True, mode=0o700)


def _lock(state: Path) -> IO[str]:
    """Take the lock of the directory for the life of this process."""
    stream = (state / _LOCK).open("w")
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        stream.close()
        raise LabRunning(f"a lab already runs for {state}") from None
    return stream


def run_foreground(
    state: Path, start: Callable[[], Lab], max_seconds: float, ready: Callable[[Lab], None]
) -> None:
    """Serve a lab until it is told to stop, is interrupted, or its time is over."""
    _prepare(state)
    over = threading.Event()
    with _lock(state):
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: over.set())
        with start() as lab:
            control = ControlServer(lab, state, over.set)
            lab.run(control.start())
            (state / _PID).write_text(f"{os.getpid()}\n")
            try:
                ready(lab)
                over.wait(max_seconds)
                # The answer to "stop" is still on its way to who asked.
                time.sleep(0.1)
            finally:
                lab.run(control.stop())
                (state / _PID).unlink(missing_ok=True)


def start_background(state: Path, arguments: list[str]) -> dict[str, Any]:
    """Start the lab in a session of its own; returns its status when all listens."""
    _prepare(state)
    with suppress(LabNotRunning):
        request(state, "status")
        raise LabRunning(f"a lab already runs for {state}")
    log = os.open(state / _LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "weibao_lab", "start", "--foreground", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    finally:
        os.close(log)
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        with suppress(LabNotRunning):
            status = request(state, "status")
            if status["pid"] == process.pid:
                return status
        if process.poll() is not None:
            raise LabError(f"the lab did not start; see {state / _LOG}")
        time.sleep(0.05)
    process.terminate()
    raise LabError(f"the lab did not answer in time; see {state / _LOG}")


def stop_background(state: Path) -> None:
    """Stop the lab of a directory. Only a process that answers as this lab is stopped."""
    try:
        recorded = int((state / _PID).read_text())
    except (OSError, ValueError):
        raise LabNotRunning(f"no lab runs for {state}") from None
    answering = request(state, "status")["pid"]
    if answering != recorded:
        raise LabError(f"process {answering} answers, {recorded} is recorded; not stopped")
    request(state, "stop")
    deadline = time.monotonic() + _STOP_SECONDS
    while time.monotonic() < deadline:
        try:
            _lock(state).close()
        except LabRunning:
            time.sleep(0.05)
        else:
            return
    raise LabError(f"the lab (process {recorded}) did not stop in time")
