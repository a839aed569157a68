"""Starts the process that changes devices, gathers its outcomes, writes the bundle's manifest."""

from __future__ import annotations

import contextlib
import queue
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from weibao.adapters.bundle import BundleWriter
from weibao.adapters.network.change_job import ChangeJob, DeviceWish
from weibao.adapters.network.change_state import UNFINISHED, States
from weibao.adapters.network.ready import launch
from weibao.adapters.scrub import scrub
from weibao.domain.change_outcome import ChangeMode, ChangeOutcome, ChangeResult
from weibao.domain.collection import BundleHeader, CollectionStatus, DeviceCollection
from weibao.domain.reasons import Reason
from weibao.errors import WeibaoError

__all__ = ["change_devices"]

_POLL = 1.0


def change_devices(
    header: BundleHeader, job: ChangeJob, *, alive: Callable[[], bool] = lambda: True
) -> list[ChangeOutcome]:
    """Do the step on all devices of ``job``, in a process of its own, and write the bundle.

    Where nobody waits any more (``alive`` says no), or this process ends, the other one sends
    no further line, brings every device back, and ends by itself.

    Raises:
        FailedError: the bundle cannot be written.
    """
    outcomes: list[ChangeOutcome] = []
    left = {wish.endpoint.device: wish for wish in job.devices}
    with BundleWriter(Path(job.base.bundle), header) as writer:
        worker = _Worker(job)
        try:
            for line in worker.lines(alive):
                outcome = ChangeOutcome.model_validate_json(line)
                left.pop(outcome.device, None)
                outcomes.append(outcome)
                if outcome.collection is not None:
                    writer.add(outcome.collection)
        finally:
            worker.end()
        for wish in left.values():
            outcome = _abandoned(wish, job, worker.said)
            outcomes.append(outcome)
            if outcome.collection is not None:
                writer.add(outcome.collection)
    return outcomes


class _Worker:
    """The process; it has a session of its own, so that Ctrl-C does not reach it."""

    def __init__(self, job: ChangeJob) -> None:
        self.said = ""
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._process = launch("weibao.adapters.network.change_worker", own_session=True)
        for target in (self._read, self._listen, lambda: self._tell(job)):
            threading.Thread(target=target, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None  # noqa: S101 - a pipe was asked for
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def _listen(self) -> None:
        assert self._process.stderr is not None  # noqa: S101 - a pipe was asked for
        for line in self._process.stderr:
            self.said = line

    def _tell(self, job: ChangeJob) -> None:
        assert self._process.stdin is not None  # noqa: S101 - a pipe was asked for
        with contextlib.suppress(OSError, ValueError):
            self._process.stdin.write(job.dump() + "\n")
            self._process.stdin.flush()

    def lines(self, alive: Callable[[], bool]) -> Iterator[str]:
        """What it reports, until it ends; nobody waiting makes it go back and end."""
        asked = time.monotonic()
        while True:
            if time.monotonic() - asked >= _POLL:
                asked = time.monotonic()
                if not alive():
                    self._hang_up()
            try:
                line = self._lines.get(timeout=_POLL)
            except queue.Empty:
                continue
            if line is None:
                return
            yield line

    def _hang_up(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            if self._process.stdin is not None:
                self._process.stdin.close()

    def end(self) -> None:
        """Its sign of life is taken away; it is never killed, a device may be in its hands."""
        self._hang_up()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5)


def _abandoned(wish: DeviceWish, job: ChangeJob, said: str) -> ChangeOutcome:
    """The outcome of a device whose process ended without one."""
    endpoint = wish.endpoint
    now = datetime.now(UTC)
    reason = Reason.of("worker_ended", detail=scrub(said or "-", endpoint.secrets()))
    result, by_hand = ChangeResult.failed, None
    if job.wishes.mode in {ChangeMode.apply, ChangeMode.back_out, ChangeMode.save}:
        with contextlib.suppress(WeibaoError):
            state = States(Path(job.states), job.base.passwords).load(endpoint.device)
            if state is not None and state.phase in UNFINISHED:
                result = ChangeResult.unknown_state
                by_hand = Reason.of("change_by_hand_surprise")
    return ChangeOutcome(
        device=endpoint.device,
        contract=endpoint.contract,
        mode=job.wishes.mode,
        result=result,
        reason=reason,
        by_hand=by_hand,
        touched=result is ChangeResult.unknown_state,
        collection=DeviceCollection(
            device=endpoint.device,
            contract=endpoint.contract,
            platform="",
            address=f"{endpoint.address}:{endpoint.port}",
            status=CollectionStatus.failed,
            reason=reason,
            started_at=now,
            finished_at=now,
        ),
        started_at=now,
        finished_at=now,
    )
