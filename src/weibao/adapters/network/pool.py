"""Starts worker processes, gathers what they report, and writes the bundle's manifest."""

from __future__ import annotations

import contextlib
import queue
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from weibao.adapters.bundle import BundleWriter
from weibao.adapters.network.job import Endpoint, Job
from weibao.adapters.network.ready import ReadyWorkers
from weibao.adapters.network.shared_address import address_notes
from weibao.adapters.scrub import scrub
from weibao.domain.collection import BundleHeader, CollectionStatus, DeviceCollection
from weibao.domain.reasons import Reason
from weibao.errors import FailedError

__all__ = ["collect", "shares"]

_POLL = 1.0


def shares(endpoints: Sequence[Endpoint], processes: int) -> list[tuple[Endpoint, ...]]:
    """The endpoints dealt out to processes; those with one address stay together."""
    places: dict[tuple[str, int], int] = {}
    dealt: list[list[Endpoint]] = [[] for _ in range(max(1, min(processes, len(endpoints))))]
    for endpoint in endpoints:
        place = (endpoint.address, endpoint.port)
        number = places.setdefault(place, len(places))
        dealt[number % len(dealt)].append(endpoint)
    return [tuple(share) for share in dealt if share]


@dataclass
class _Worker:
    process: subprocess.Popen[str]
    open: dict[str, Endpoint]
    threads: list[threading.Thread]
    said: list[str]
    libssh: bool

    @property
    def crashed(self) -> bool:
        """Ended by a signal, with devices left, where libssh was in use."""
        return self.process.wait() < 0 and bool(self.open) and self.libssh


def collect(
    header: BundleHeader,
    job: Job,
    processes: int,
    *,
    alive: Callable[[], bool] = lambda: True,
    progress: Callable[[DeviceCollection], None] | None = None,
    ready: ReadyWorkers | None = None,
) -> list[DeviceCollection]:
    """Read all devices of ``job`` in ``processes`` processes and write the bundle.

    ``job.threads`` is the number of sessions at once over all processes. ``alive`` is
    asked about once a second; when it says no, everything is ended at once.
    Results carry no device text.

    Raises:
        FailedError: the bundle cannot be written, or nobody waits for it any more.
    """
    ready = ready or ReadyWorkers()
    results: list[DeviceCollection] = []
    notes = address_notes(job.endpoints)
    dealt = shares(job.endpoints, processes)
    with BundleWriter(Path(job.bundle), header) as writer:
        events: queue.Queue[tuple[_Worker, str | None]] = queue.Queue()
        threads = max(1, -(-job.threads // max(1, len(dealt))))
        workers = [
            _give(replace(job, endpoints=share, threads=threads), ready.take(), events)
            for share in dealt
        ]
        try:
            running = len(workers)
            watch = _Watch(alive)
            while running:
                worker, line = _next(events, watch)
                if line is None and worker.crashed:
                    # A C library may crash; what is left is read once more without it.
                    rest = tuple(worker.open.values())
                    again = replace(job, endpoints=rest, threads=threads, libssh=False)
                    workers.append(_give(again, ready.take(), events))
                    found = []
                elif line is None:
                    running -= 1
                    found = _abandoned(worker, job)
                else:
                    found = [DeviceCollection.model_validate_json(line)]
                    worker.open.pop(found[0].device, None)
                for result in found:
                    if note := notes.get(result.device):
                        result = result.model_copy(update={"warnings": (*result.warnings, note)})
                    writer.add(result)
                    results.append(result)
                    if progress is not None:
                        progress(result)
        finally:
            for worker in workers:
                _end(worker)
    return results


class _Watch:
    """Asks about once a second whether somebody still waits, however much there is to do."""

    def __init__(self, alive: Callable[[], bool]) -> None:
        self._alive = alive
        self._asked = time.monotonic()

    def check(self) -> None:
        """Raises FailedError where nobody does."""
        if time.monotonic() - self._asked >= _POLL:
            self._asked = time.monotonic()
            if not self._alive():
                raise FailedError("collect.orphaned")


def _next(
    events: queue.Queue[tuple[_Worker, str | None]], watch: _Watch
) -> tuple[_Worker, str | None]:
    while True:
        watch.check()
        with contextlib.suppress(queue.Empty):
            return events.get(timeout=_POLL)


def _give(
    job: Job, process: subprocess.Popen[str], events: queue.Queue[tuple[_Worker, str | None]]
) -> _Worker:
    """Tell a waiting process what to do; what it says becomes ``events``."""
    worker = _Worker(process, {e.device: e for e in job.endpoints}, [], [], job.libssh)

    def read() -> None:
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for
        for line in process.stdout:
            events.put((worker, line))
        events.put((worker, None))

    def listen() -> None:
        assert process.stderr is not None  # noqa: S101 - a pipe was asked for
        for line in process.stderr:
            worker.said = [*worker.said[-20:], line]

    def tell() -> None:
        assert process.stdin is not None  # noqa: S101 - a pipe was asked for
        with contextlib.suppress(OSError, ValueError):
            process.stdin.write(job.dump() + "\n")
            process.stdin.flush()

    # A worker reads what it is told once its imports are done; the next starts meanwhile.
    for target in (read, listen, tell):
        thread = threading.Thread(target=target, daemon=True)
        thread.start()
        worker.threads.append(thread)
    return worker


def _abandoned(worker: _Worker, job: Job) -> list[DeviceCollection]:
    """Results of the devices that a worker left behind when it ended early."""
    code = worker.process.wait()
    for thread in worker.threads[1:2]:
        thread.join(timeout=2)
    secrets = tuple(s for e in job.endpoints for s in e.secrets()) if worker.open else ()
    detail = scrub(worker.said[-1] if worker.said else f"exit {code}", secrets)
    now = datetime.now(UTC)
    return [
        DeviceCollection(
            device=endpoint.device,
            contract=endpoint.contract,
            platform="",
            address=f"{endpoint.address}:{endpoint.port}",
            status=CollectionStatus.not_checked,
            reason=Reason.of("worker_ended", detail=detail),
            started_at=now,
            finished_at=now,
        )
        for endpoint in worker.open.values()
    ]


def _end(worker: _Worker) -> None:
    process = worker.process
    with contextlib.suppress(OSError):
        if process.stdin is not None:
            process.stdin.close()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
