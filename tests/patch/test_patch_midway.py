"""What happens while packages are being installed: the runner is killed, the journal is gone, the
window closes, the clock goes wrong. Judged by dpkg's own records, seen from outside the hosts.

A package's script holds still in the middle of the installation, so each fault meets exactly that.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from change.flows import WEIBAO
from change.test_change_flow import wait_for

from .booted import Booted, Host
from .packages import Repository, tool
from .patching import PatchFlow

SEED = int(os.environ.get("WEIBAO_KILL_SEED", "6"))
KILLS = int(os.environ.get("WEIBAO_KILLS", "3"))
HOLD, BEGUN, ENDED = (f"/var/lib/wb-slow.{word}" for word in ("hold", "begun", "ended"))
SLOW = f"""\
#!/bin/sh
[ "$1" = configure ] && [ -n "$2" ] || exit 0
echo >> {BEGUN}
while [ -e {HOLD} ]; do sleep 0.1; done
echo >> {ENDED}
"""
WINDOW = float(os.environ.get("WEIBAO_TEST_WINDOW", "240"))
"""Seconds, less the minute that a window of these tests is old when it is planned."""
WANTED = {"wb-slow": "2.0", "wb-web": "2.0", "wb-lib": "2.0", "wb-new": "1.0"}
ASKED = ("--package", "wb-slow", "--package", "wb-web")


def lines(host: Host, path: str) -> int:
    """How many a file of the host has."""
    file = host.file(path)
    return len(file.read_text().splitlines()) if file.exists() else 0


def upgrades(host: Host, name: str) -> int:
    """How often dpkg says to have replaced version 1.0 of a package."""
    log = host.file("/var/log/dpkg.log").read_text()
    return log.count(f" upgrade {name}:all 1.0 2.0")


def applied_once(host: Host, before: dict[str, str]) -> None:
    assert host.packages() == {**before, **WANTED}
    assert [upgrades(host, name) for name in ("wb-slow", "wb-web", "wb-lib")] == [1, 1, 1]
    assert lines(host, ENDED) == 1


@pytest.fixture
def slow(pool: Repository, flow: Callable[..., PatchFlow]) -> Callable[..., PatchFlow]:
    """As ``flow``; its hosts have a package whose next version takes as long as the test wants."""
    pool.add(tool("wb-slow", "1.0"))

    def make(*names: str, **terms: object) -> PatchFlow:
        estate = flow(*names, **terms)
        for host in estate.booted_hosts:
            host.ssh("apt-get -q update && apt-get -q -y install wb-slow=1.0", timeout=120)
            host.file(HOLD).touch()
        pool.add(tool("wb-slow", "2.0", postinst=SLOW))
        return estate

    return make


@contextmanager
def at_work(estate: PatchFlow, number: str, word: str = "start") -> Iterator[subprocess.Popen[str]]:
    """The command, which is not waited for."""
    process = subprocess.Popen(
        [*estate.lab.inside, WEIBAO, "change", word, number, "--as", "li.op"],
        cwd=estate.folder, env=estate.environment, start_new_session=True, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def in_the_middle(host: Host, process: subprocess.Popen[str], begun: int = 0) -> bool:
    """Wait until its package's script is at work (again); False where the command ended before."""
    wait_for(lambda: lines(host, BEGUN) > begun or process.poll() is not None, seconds=280)
    return lines(host, BEGUN) > begun


def resumed(estate: PatchFlow, number: str) -> None:
    """Resume until it is through; while a host is still at work the command says so."""
    wait_for(
        lambda: (
            estate.change("resume", number, who="li.op", fails=None)
            and estate.state(number) == "verified"
        ),
        seconds=280,
    )


def test_a_runner_that_is_killed_while_installing_is_resumed_and_applies_once(
    slow: Callable[..., PatchFlow], lab: Booted
) -> None:
    """At seeded moments; sometimes the host's package manager dies with it."""
    web1 = lab.hosts["web1"]
    estate = slow("web1")
    before = web1.packages()
    number, _ = estate.planned(*ASKED)
    estate.consented(number)
    chance = random.Random(SEED)
    word = "start"
    for _ in range(KILLS):
        web1.file(HOLD).touch()
        begun = lines(web1, BEGUN)
        with at_work(estate, number, word) as process:
            if not in_the_middle(web1, process, begun):
                break  # the host was through with it before the kill was felt
            time.sleep(chance.uniform(0, 3))
            os.killpg(process.pid, signal.SIGKILL)
        if chance.random() < 0.7:
            web1.ssh("pkill -9 -x 'apt-get|dpkg|wb-slow.postinst'; true")
        web1.file(HOLD).unlink()
        word = "resume"
        wait_for(lambda: not web1.ssh("pgrep -x 'apt-get|dpkg'", check=False).stdout, seconds=60)
        time.sleep(1)
    web1.file(HOLD).unlink(missing_ok=True)
    if estate.state(number) != "verified":
        resumed(estate, number)
    applied_once(web1, before)
    estate.weibao("verify")


def test_a_journal_that_is_gone_for_a_while_loses_nothing(
    slow: Callable[..., PatchFlow], lab: Booted
) -> None:
    """Its server goes while packages are installed, and comes back after the command gave up."""
    pytest.importorskip("asyncssh")
    from e2e.database_server import running_server

    web1 = lab.hosts["web1"]
    estate = slow("web1")
    before = web1.packages()
    with running_server() as server:
        with (estate.folder / "weibao.yml").open("a") as stream:
            stream.write(f"\ndatabase: {server.url}\n")
        number, _ = estate.planned(*ASKED)
        estate.consented(number)
        with at_work(estate, number) as process:
            assert in_the_middle(web1, process), process.communicate()[0]
            server.stop("immediate")
            web1.file(HOLD).unlink()
            said, _ = process.communicate(timeout=280)
        assert process.returncode == 1, said
        assert "Traceback" not in said
        server.start()
        assert estate.state(number) not in {"verified", "rolled_back"}
        resumed(estate, number)
        applied_once(web1, before)
        estate.weibao("verify")


def test_a_window_that_closes_in_mid_wave_lets_nothing_begin_but_the_way_back(
    slow: Callable[..., PatchFlow], lab: Booted
) -> None:
    """What is being installed comes to its end; nothing more is done but to bring the host back."""
    web1, web2 = lab.hosts["web1"], lab.hosts["web2"]
    estate = slow("web1", "web2", runbook={"reserve": 1})
    path = estate.folder / "runbooks" / "patch-linux.yml"
    book = json.loads(path.read_text())
    for step in book["steps"]:
        step["estimate_minutes"] = 0.02
    path.write_text(json.dumps(book))
    before = {host.name: host.packages() for host in (web1, web2)}
    number, _ = estate.planned(*ASKED, hours=WINDOW / 3600)
    change = estate.data("show", number)["change"]
    ends = datetime.fromisoformat(change["window"]["end"])
    estate.consented(number)
    with at_work(estate, number) as process:
        assert in_the_middle(web1, process), process.communicate()[0]
        time.sleep(max(0, (ends - datetime.now(UTC)).total_seconds()) + 1)
        web1.file(HOLD).unlink()
        said, _ = process.communicate(timeout=280)
    assert estate.state(number) == "aborted", said
    steps = estate.steps(number)
    assert (steps["web1", "apply"], steps["web1", "back-out"]) == ("failed", "done")
    assert upgrades(web1, "wb-slow") == 1  # it was installed
    assert {host.name: host.packages() for host in (web1, web2)} == before
    assert not lines(web2, BEGUN) and not any(device == "web2" for device, _ in steps)
    estate.change("resume", number, who="li.op", fails=3)


def test_a_clock_that_goes_wrong_after_the_approval_keeps_the_host_untouched(
    flow: Callable[..., PatchFlow], lab: Booted
) -> None:
    db1 = lab.hosts["db1"]
    db1.file("/etc/wb-clock").write_text("+0")
    wrapper = db1.file("/usr/local/bin/python-clock")
    wrapper.write_text('#!/bin/sh\nexec faketime -f "$(cat /etc/wb-clock)" /usr/bin/python3 "$@"\n')
    wrapper.chmod(0o755)
    estate = flow("db1")
    estate.write_inventory(db1={"ansible_python_interpreter": "/usr/local/bin/python-clock"})
    before = db1.packages()
    number, targets = estate.planned("--package", "wb-tool")
    assert targets["db1"]["checked"]
    estate.consented(number)
    db1.file("/etc/wb-clock").write_text("-1d")
    said = estate.start(number, "aborted")
    assert "-86" in said
    assert db1.packages() == before
    assert ("db1", "backup-before") not in estate.steps(number)
