"""A worker process: reads its share of the devices in threads.

Told what to do by one line of JSON on standard input, it prints one line of JSON for
each finished device. Standard input stays open as a sign of life: when it ends, the
process that wanted the result is gone, and so is this one.
"""

from __future__ import annotations

import gc
import hashlib
import heapq
import itertools
import logging
import os
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from weibao.adapters.bundle import keep_blob
from weibao.adapters.evidence_store import is_kept
from weibao.adapters.network.collect import Attempt, Collector
from weibao.adapters.network.collect_ports import PortCollector
from weibao.adapters.network.connect import open_wire, open_without_libssh
from weibao.adapters.network.job import Endpoint, Job
from weibao.adapters.network.trouble import Trouble
from weibao.adapters.platform_files import load_platforms
from weibao.adapters.scrub import scrub
from weibao.adapters.sealing import seal
from weibao.domain.collection import CollectionStatus, DeviceCollection

__all__ = ["main", "work"]

_NOT_TRIED = frozenset(
    {
        "key_missing",
        "unknown_contract",
        "unknown_platform",
        "variable_error",
        "vault_password_missing",
        "no_address",
        "interrupted",
        "snmp_not_installed",
        "napalm_not_installed",
        "napalm_no_api",
        "napalm_jump",
        "api_password_missing",
    }
)
"""Codes of devices that nobody connected to."""


class _Task:
    """A device on its way through its attempts."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.attempts = 0
        self.started_at: datetime | None = None
        self.deadline = 0.0


class _Queue:
    """Tasks by the time from which they may be tried; one at a time for each address."""

    def __init__(self, tasks: list[_Task]) -> None:
        self._order = itertools.count()
        self._ready = [(0.0, next(self._order), task) for task in tasks]
        heapq.heapify(self._ready)
        self._open = len(tasks)
        self._condition = threading.Condition()
        self._busy: dict[tuple[str, int], list[_Task]] = defaultdict(list)
        self._taken: set[tuple[str, int]] = set()

    def take(self) -> _Task | None:
        """The next task; None when all are done."""
        with self._condition:
            while self._open:
                wait = 1.0
                while self._ready:
                    at, _, task = self._ready[0]
                    wait = at - time.monotonic()
                    if wait > 0:
                        break
                    heapq.heappop(self._ready)
                    place = (task.endpoint.address, task.endpoint.port)
                    if place in self._taken:
                        self._busy[place].append(task)
                        continue
                    self._taken.add(place)
                    return task
                self._condition.wait(min(max(wait, 0.01), 1.0))
            return None

    def again(self, task: _Task, after: float) -> None:
        """Put a task back for another attempt."""
        with self._condition:
            self._release(task)
            entry = (time.monotonic() + after, next(self._order), task)
            heapq.heappush(self._ready, entry)
            self._condition.notify()

    def done(self, task: _Task) -> None:
        """A task is finished."""
        with self._condition:
            self._release(task)
            self._open -= 1
            self._condition.notify_all()

    def _release(self, task: _Task) -> None:
        place = (task.endpoint.address, task.endpoint.port)
        self._taken.discard(place)
        if self._busy[place]:
            waiting = self._busy[place].pop(0)
            heapq.heappush(self._ready, (0.0, next(self._order), waiting))
            self._condition.notify()


def work(job: Job, report: Callable[[DeviceCollection], None], stop: Callable[[], bool]) -> None:
    """Read every device of ``job``; ``report`` is called once for each, from any thread."""
    bundle = Path(job.bundle)

    def keep(contract: str, data: bytes) -> str:
        sha256 = hashlib.sha256(data).hexdigest()
        if contract in job.evidence and is_kept(Path(job.evidence[contract]), sha256):
            return sha256
        sha256, sealed = seal(job.passwords[contract].encode(), data)
        keep_blob(bundle, sealed, sha256)
        return sha256

    opener = open_wire if job.libssh else open_without_libssh
    platforms = load_platforms([Path(f) for f in job.platform_folders])
    make = Collector if job.purpose == "configurations" else PortCollector
    collector = make(job, platforms, keep, stop, opener=opener)
    queue = _Queue([_Task(endpoint) for endpoint in job.endpoints])

    def run() -> None:
        while (task := queue.take()) is not None:
            try:
                result = _try(task, collector, job, stop)
            except BaseException:
                queue.done(task)
                raise
            if result is None:
                queue.again(task, job.limits.retry_wait)
                continue
            report(result)
            queue.done(task)

    threads = [
        threading.Thread(target=run, daemon=True)
        for _ in range(min(job.threads, len(job.endpoints)))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _try(
    task: _Task, collector: Collector, job: Job, stop: Callable[[], bool]
) -> DeviceCollection | None:
    """One attempt; None where another one is due."""
    if task.started_at is None:
        task.started_at = datetime.now(UTC)
        task.deadline = time.monotonic() + job.limits.device
    task.attempts += 1
    attempt = collector.attempt(task.endpoint, task.deadline)
    trouble = attempt.trouble
    left = task.deadline - time.monotonic() - job.limits.retry_wait
    if (
        trouble is not None
        and trouble.may_pass
        and task.attempts <= job.limits.retries
        and left > 0
        and not stop()
    ):
        return None
    return _result(task, attempt)


def _result(task: _Task, attempt: Attempt) -> DeviceCollection:
    trouble: Trouble | None = attempt.trouble
    status = CollectionStatus.collected
    if trouble is not None:
        untried = trouble.reason.code in _NOT_TRIED
        status = CollectionStatus.not_checked if untried else CollectionStatus.failed
    now = datetime.now(UTC)
    endpoint = task.endpoint
    return DeviceCollection(
        device=endpoint.device,
        contract=endpoint.contract,
        platform=attempt.platform,
        address=f"{endpoint.address}:{attempt.port or endpoint.port}",
        status=status,
        reason=trouble.reason if trouble else None,
        warnings=tuple(attempt.warnings),
        items=tuple(attempt.items),
        attempts=0 if status is CollectionStatus.not_checked else task.attempts,
        started_at=min(task.started_at or now, now),
        finished_at=now,
    )


def main() -> None:
    """Entry point of the process."""
    # What goes wrong with a device is its result; libraries' tracebacks help nobody here.
    logging.disable(logging.CRITICAL)
    gc.set_threshold(50_000, 20, 50)
    told = sys.stdin.readline()
    if not told:
        return  # it was started early, and nothing was to do
    job = Job.load(told)
    stopped = threading.Event()

    def watch() -> None:
        while sys.stdin.read(1):
            pass
        stopped.set()
        os._exit(3)

    threading.Thread(target=watch, daemon=True).start()
    lock = threading.Lock()

    def report(result: DeviceCollection) -> None:
        with lock:
            sys.stdout.write(result.model_dump_json() + "\n")
            sys.stdout.flush()

    try:
        work(job, report, stopped.is_set)
    except OSError as error:
        sys.stderr.write(scrub(str(error), ()) + "\n")
        sys.stdout.flush()
        os._exit(1)
    sys.stdout.flush()
    # Session threads of hung devices must not keep the process.
    os._exit(0)


if __name__ == "__main__":
    main()
