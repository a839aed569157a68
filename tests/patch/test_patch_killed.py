"""The runner is killed at chosen moments of a patch window; resuming completes it, once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable

from change.flows import WEIBAO

from .booted import Booted
from .patching import PatchFlow

SEED = int(os.environ.get("WEIBAO_KILL_SEED", "6"))
KILLS = int(os.environ.get("WEIBAO_KILLS", "3"))


def test_a_killed_runner_is_resumed_and_nothing_is_applied_twice(
    flow: Callable[..., PatchFlow], lab: Booted
) -> None:
    """In whatever phase it is killed; judged by dpkg's own log."""
    web1 = lab.hosts["web1"]
    before = web1.packages()
    estate = flow("web1")
    number, _ = estate.planned("--package", "wb-web", "--package", "wb-tool")
    estate.consented(number)
    chance = random.Random(SEED)
    word = "start"
    for _ in range(KILLS):
        process = subprocess.Popen(
            [*lab.inside, WEIBAO, "change", word, number, "--as", "li.op"],
            cwd=estate.folder, env=estate.environment, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            process.wait(chance.uniform(4, 25))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if estate.state(number) == "scheduled":
            continue
        word = "resume"
        if estate.state(number) == "verified":
            break
        time.sleep(1)
    if estate.state(number) != "verified":
        estate.start(number, "verified", word)
    wanted = {"wb-web": "2.0", "wb-tool": "2.0", "wb-lib": "2.0", "wb-new": "1.0"}
    assert web1.packages() == {**before, **wanted}
    lines = web1.file("/var/log/dpkg.log").read_text().splitlines()
    for name in ("wb-web", "wb-tool", "wb-lib"):
        done = [line for line in lines if f" upgrade {name}:all 1.0 2.0" in line]
        assert len(done) == 1, done
    estate.weibao("verify")
