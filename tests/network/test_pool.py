"""Worker processes: what a crash in one costs (JOB-01)."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from network.conftest import job
from network.scripted import Script, Scripted
from weibao.adapters.network.job import Endpoint
from weibao.adapters.network.pool import collect
from weibao.adapters.network.ready import ReadyWorkers
from weibao.domain.collection import BundleHeader, CollectionStatus

TEXT = b"!\r\nversion 15.2\r\nhostname SW1\r\ninterface Gi0/1\r\nline vty 0 4\r\n!\r\nend\r\n"


def header(devices: int) -> BundleHeader:
    now = datetime.now(UTC)
    return BundleHeader(
        run_id="r1", job="backup-configs", actor="me", program="t", created_at=now, devices=devices
    )


def endpoint_of(device: Scripted) -> Endpoint:
    return Endpoint(
        device="sw1",
        contract="default",
        address=device.host,
        port=device.port,
        network_os="cisco_ios",
        username="admin",
        password="Right-pw1",
    )


def workers() -> list[int]:
    found = []
    for task in Path(f"/proc/{os.getpid()}/task").iterdir():
        with contextlib.suppress(OSError):
            for child in (task / "children").read_text().split():
                command = Path(f"/proc/{child}/cmdline").read_bytes()
                if b"weibao.adapters.network.worker" in command:
                    found.append(int(child))
    return found


@pytest.mark.parametrize("crashes", [1, 2])
def test_devices_of_a_crashed_worker_are_read_once_more(tmp_path: Path, crashes: int) -> None:
    """A C library may crash; a second crash is said, and nobody waits for ever."""
    answers = {"show running-config": [TEXT[:20], 1.2, TEXT[20:]], "show startup-config": TEXT}
    with Scripted(Script(answers=answers)) as device:

        def crash() -> None:
            for number in range(crashes):
                while len(device.secrets) <= number:
                    time.sleep(0.02)
                for process in workers():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(process, signal.SIGSEGV)

        thread = threading.Thread(target=crash, daemon=True)
        thread.start()
        bundle = str(tmp_path / "bundle")
        (result,) = collect(header(1), job(bundle=bundle, endpoints=(endpoint_of(device),)), 2)
        thread.join(timeout=10)
    if crashes == 1:
        assert result.status is CollectionStatus.collected, result.reason
    else:
        assert result.status is CollectionStatus.not_checked
        assert result.reason is not None
        assert result.reason.code == "worker_ended"


def test_workers_that_wait_are_given_work_or_end(tmp_path: Path) -> None:
    answers = {"show running-config": TEXT, "show startup-config": TEXT}
    with ReadyWorkers(2) as ready:
        waiting = {process.pid for process in ready._waiting}
        assert all(process.poll() is None for process in ready._waiting)
        with Scripted(Script(answers=answers)) as device:
            task = job(bundle=str(tmp_path / "bundle"), endpoints=(endpoint_of(device),))
            results = collect(header(1), task, 2, ready=ready)
        assert [r.status for r in results] == [CollectionStatus.collected]
        assert len(waiting & set(workers())) == 1
    assert not waiting & set(workers())
