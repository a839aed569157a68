"""Judging the patch state of many hosts: unpack what was read, parse, judge, write it down.

python benchmarks/patch.py [HOSTS]
"""

from __future__ import annotations

import base64
import json
import sys
import tempfile
import time
import zlib
from datetime import UTC, datetime
from pathlib import Path

from weibao.adapters.clock import SystemClock
from weibao.adapters.journal import SqlJournal
from weibao.domain.patch_facts import unpack
from weibao.domain.patch_missing import status_of
from weibao.domain.records import Run, Trigger

PACKAGES, UPDATES, FILES = 600, 60, 1000


def packed(host: int) -> str:
    """What one host says."""
    names = [f"package-{n}" for n in range(PACKAGES)]
    lines = [
        f"Inst {name} [1.0-{host}] (1.1-{n} Debian:12.11/stable, "
        f"Debian-Security:12/stable-security [amd64])"
        for n, name in enumerate(names[:UPDATES])
    ]
    facts = {
        "manager": "apt",
        "system": {"name": "Debian GNU/Linux 12 (bookworm)", "kernel": "6.1.0-35-amd64"},
        "packages": [[name, "amd64", f"1.0-{host}"] for name in names],
        "updates": {kind: {"out": "\n".join(lines)} for kind in ("upgrade", "full")},
        "services": {f"s{n}.service": {"packages": names[n : n + 20]} for n in range(40)},
        "files": {f"/etc/f{n}": "0644:0:0:" + "ab" * 32 for n in range(FILES)},
    }
    return base64.b64encode(zlib.compress(json.dumps(facts).encode())).decode()


def main() -> None:
    """Measure and say."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    said = [packed(host) for host in range(count)]
    now = datetime.now(UTC)
    begun = time.perf_counter()
    states = [
        status_of(unpack(text), device=f"host-{n}", contract="default", run_id="r", at=now,
                  evidence=())
        for n, text in enumerate(said)
    ]  # fmt: skip
    judged = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        with SqlJournal(
            f"sqlite:///{place}/journal.db", site="main", clock=SystemClock(), mark=place / "mark"
        ) as journal:
            journal.open_run(
                Run(id="r", job="patch-status", runbook="patch-status@1.0", runbook_sha256="0" * 64,
                    actor="benchmark", trigger=Trigger.manual, authorisation="", program="-",
                    started_at=now, targets=count)
            )  # fmt: skip
            opened = time.perf_counter()
            journal.record_patch_states(states, "benchmark")
            written = time.perf_counter()
    assert all(len(state.missing) == UPDATES for state in states)
    print(f"{count} hosts: judged in {judged - begun:.2f} s, written in {written - opened:.2f} s")


if __name__ == "__main__":
    main()
