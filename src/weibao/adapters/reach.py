"""Reaching addresses from this machine, by ``ping`` or by connecting (PRT-08)."""

from __future__ import annotations

import re
import socket
import subprocess
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from weibao.boundary.clock import Clock
from weibao.domain.reachability import CONTROLLER, ReachTest
from weibao.domain.routing import Reached

__all__ = ["reach_from_here"]

_AT_ONCE = 32
_WAIT = 2
_COUNTS = re.compile(r"(\d+) packets transmitted, (\d+) (?:packets )?received")
_RTT = re.compile(r"(?:rtt|round-trip)[^=]*= [\d.]+/([\d.]+)/")


def reach_from_here(tests: Sequence[ReachTest], clock: Clock) -> list[Reached]:
    """Make all tests of the controller; never raises, a test that cannot be made says why."""
    mine = [test for test in tests if test.source == CONTROLLER]
    if not mine:
        return []
    with ThreadPoolExecutor(min(_AT_ONCE, len(mine))) as pool:
        return list(pool.map(lambda test: _reach(test, clock), mine))


def _reach(test: ReachTest, clock: Clock) -> Reached:
    sent, received, rtt, trouble = _connected(test) if test.tcp else _pinged(test)
    return Reached(
        name=test.name,
        source=CONTROLLER,
        target=f"{test.target}:{test.tcp}" if test.tcp else test.target,
        sent=sent,
        received=received,
        rtt=rtt,
        line=test.line,
        trouble=trouble,
        at=clock.now(),
    )


def _pinged(test: ReachTest) -> tuple[int, int, float | None, str]:
    command = ["ping", "-n", "-q", "-c", str(test.count), "-i", "0.2", "-W", str(_WAIT)]
    try:
        done = subprocess.run(
            [*command, "--", test.target],
            capture_output=True,
            text=True,
            timeout=test.count * (_WAIT + 1) + 10,
            check=False,
            env={"LC_ALL": "C", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return 0, 0, None, str(error)
    counts = _COUNTS.search(done.stdout)
    if counts is None:
        said = (done.stderr or done.stdout).strip().splitlines()
        return 0, 0, None, said[-1] if said else f"ping: exit code {done.returncode}"
    rtt = _RTT.search(done.stdout)
    return int(counts[1]), int(counts[2]), float(rtt[1]) if rtt else None, ""


def _connected(test: ReachTest) -> tuple[int, int, float | None, str]:
    times = []
    for _ in range(test.count):
        began = time.perf_counter()
        try:
            with socket.create_connection((test.target, test.tcp or 0), timeout=_WAIT):
                times.append((time.perf_counter() - began) * 1000)
        except socket.gaierror as error:
            return 0, 0, None, str(error)
        except OSError:
            continue
    return test.count, len(times), sum(times) / len(times) if times else None, ""
