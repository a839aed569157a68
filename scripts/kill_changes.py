"""Changes that are killed at seeded random moments, and what must hold at their end.

    python scripts/kill_changes.py --seed 7 --count 200

Change after change is planned, approved and started: a line for a file of each local host, or (one
in so many) lines for switches of the lab, in several waves; sometimes a host is made to fail, so
that the change stops or goes back. ``weibao change plan``, ``weibao change start``, and every
``weibao change resume`` and ``back-out`` after it, may be killed with SIGKILL: all of its processes
at once (as a machine that goes down) or its own process group. Then it is done again, or resumed
at once; where it asks what became of a step, the answer is what is found on the host. Who is
killed while planning leaves no plan, or a whole one.

What must hold is looked at from outside: every host is as it should be, each step was
done exactly once (a host's file keeps a line of each), the journal says the same, ``weibao
verify`` passes, nothing is locked or left running, the change can be closed, and its record
names every host.

Ends with 0 only if everything held. A change that did not is shown with its seed, and its estate
is kept. Uses the estate of ``tests/change``.
"""

from __future__ import annotations

import argparse
import collections
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from killed_hosts import Hosts
from killed_switches import Switches
from killing import alive, descendants, kill, name_of
from nights_held import Broken, check_folder, hold

from weibao.bootstrap import open_workshop
from weibao.domain.change import StepState
from weibao.domain.records import RunState

FINAL = frozenset({"verified", "aborted", "rolled_back"})
_PATIENCE = 600.0
_ATTEMPTS = 40
_ASKED = ("begun", "unknown")

Target = Hosts | Switches


class Killed:
    """One change, killed and resumed until its end."""

    def __init__(self, target: Target, chance: random.Random, kills: int) -> None:
        self.target = target
        self.flow = target.flow
        self.chance = chance
        self.left = kills
        self.known: set[int] = set()
        self.story: list[str] = []
        self.hits: collections.Counter[str] = collections.Counter()
        self.number = ""

    def run(self) -> None:
        """From the application to the end, and all that must hold then.

        Raises:
            Broken: something does not.
        """
        try:
            self.number = self.target.drafted(self.chance)
            self.target.office.close()
            self._plan()
            self._carry_out()
            self._check()
        except Broken as error:
            raise Broken(f"{error}\n--- {self.number}\n" + "\n".join(self.story)) from error

    # killing

    def _plan(self) -> None:
        """Plan it until it is; whoever is killed leaves no plan, or a whole one. Then all sign."""
        for _ in range(_ATTEMPTS):
            said = self._killed(("plan", self.number), "wang.pm", often=0.5)
            hold("Traceback" not in said, said)
            self.target.office.open()
            try:
                desk = self.target.office.desk
                change = desk.fresh(self.number)
                plan = desk.records.change_plan(self.number, max(change.plan, 1))
                hold((plan is None) == (not change.plan), f"plan {change.plan}: {plan}")
                hold(change.digest == (plan.digest if plan else ""), f"digest {change.digest}")
                if plan is not None:
                    self.target.office.agreed(change)
                    return
            finally:
                self.target.office.close()
        raise Broken(f"not planned after {_ATTEMPTS} attempts")

    def _carry_out(self) -> None:
        self._do("start", self.number)
        for _ in range(_ATTEMPTS):
            shown = self._show()
            state = shown["change"]["state"]
            if state in FINAL:
                return
            if state == "scheduled":
                self._do("start", self.number)
                continue
            self._do("resume", self.number, *self._answers(shown))
        raise Broken(f"not at its end after {_ATTEMPTS} attempts")

    def _answers(self, shown: Any) -> list[str]:
        latest = {(r["wave"], r["step"], r["device"]): r for r in shown["steps"]}
        words: list[str] = []
        for row in latest.values():
            if row["state"] == "unknown" and self.target.asks(row["step"]):
                outcome = self.target.outcome(row["device"], row["step"])
                words += ["--answer", f"{row['device']}:{row['step']}={outcome}"]
        return words

    def _do(self, *words: str) -> None:
        said = self.target.attended(self.number, lambda: self._killed(words))
        hold("Traceback" not in said, said)

    def _killed(self, words: tuple[str, ...], person: str = "li.op", often: float = 0.9) -> str:
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
            process = subprocess.Popen(
                [self.target.program, "change", *words, "--as", person],
                cwd=self.flow.folder,
                env=self.flow.environment,
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            hit = self._strike(process, words) if self.left and self.chance.random() < often else ""
            try:
                process.wait(timeout=_PATIENCE)
            except subprocess.TimeoutExpired:
                kill({process.pid} | descendants(process.pid))
                process.wait()
                output.seek(0)
                raise Broken(f"hung: {words}\n{output.read()}") from None
            output.seek(0)
            said = output.read()
        self.story.append(f"{' '.join(words)}: {hit or f'exit {process.returncode}'}\n{said}")
        return said

    def _strike(self, process: subprocess.Popen[bytes], words: tuple[str, ...]) -> str:
        """Kill at a moment of the whole, or soon after something was written."""
        if self.chance.random() < 0.5:
            where, reached = self.chance.choice(self.target.points)
            seen = reached()
            end = time.monotonic() + self.target.seconds
            while process.poll() is None and reached() == seen and time.monotonic() < end:
                time.sleep(0.002)
            delay = self.chance.uniform(0, 0.5) ** 2
        else:
            where, delay = "any time", self.chance.uniform(0, self.target.seconds)
        end = time.monotonic() + delay
        while process.poll() is None and time.monotonic() < end:
            time.sleep(0.002)
        if process.poll() is not None:
            return ""
        tree = {process.pid} | descendants(process.pid)
        self.known |= tree
        if self.chance.random() < 0.5:
            victim = "everything"
            kill(tree)
        else:
            victim = "its process group"
            os.killpg(process.pid, signal.SIGKILL)
        self.left -= 1
        self.hits[f"{words[0]}: {victim} / {where}"] += 1
        return f"killed {victim}, {delay:.3f} s after {where}"

    # what must hold

    def _show(self) -> Any:
        """The change and its steps as the journal has them, seen by another process."""
        self.target.office.open()
        desk = self.target.office.desk
        try:
            steps = [row.model_dump(mode="json") for row in desk.records.change_steps(self.number)]
            return {"change": desk.fresh(self.number).model_dump(mode="json"), "steps": steps}
        finally:
            # SQLite's locks end where this process reads the database's file by itself.
            self.target.office.close()

    def _check(self) -> None:
        self._check_processes()
        shown = self._show()
        self.target.check(shown)
        latest = {(r["wave"], r["step"], r["device"]): r for r in shown["steps"]}
        open_ones = [r for r in latest.values() if r["state"] not in {"done", "failed", "skipped"}]
        looked = [r for r in open_ones if not self.target.asks(r["step"])]
        hold(open_ones == looked, f"still open: {open_ones}")
        self._check_records()
        done = self.flow.weibao("verify", fails=None)
        hold(done.returncode == 0, f"verify: {done.stdout}{done.stderr}")
        hold("!" not in done.stdout, f"verify warns: {done.stdout}")
        self._check_documents(shown)
        closed = ("close", self.number, "--documents", "-", "--result", "-", "--as", "wang.pm")
        done = self.flow.weibao("change", *closed, fails=None)
        hold(done.returncode == 0, f"close: {done.stdout}{done.stderr}")
        check_folder(self.flow.base, self.flow.folder / "var", self.target.secrets, self._may())
        left = list((self.flow.folder / "var").glob("locks/*.holder"))
        # Who was killed at the moment of starting is cleared away by the next one that starts.
        left = [path for path in left if path.name != "starting.lock.holder"]
        hold(not left, f"left behind: {left}")

    def _may(self) -> list[Path]:
        # The compiled inventory says what the inventory says.
        return [self.flow.folder / "inventory", self.flow.folder / "var" / "cache"]

    def _check_processes(self) -> None:
        home = Path(self.flow.environment["HOME"])
        end = time.monotonic() + 30
        while left := [pid for pid in self.known if alive(pid, home)]:
            hold(time.monotonic() < end, f"left running: {[name_of(pid) for pid in left]}")
            time.sleep(0.05)

    def _check_records(self) -> None:
        os.environ["HOME"] = self.flow.environment["HOME"]
        parts = open_workshop(self.flow.folder).parts()
        try:
            records: Any = parts.journal
            hold(not records.device_locks(), f"locked: {records.device_locks()}")
            change = records.change(self.number)
            run = records.run(change.run)
            hold(run.state is RunState.finished, f"its run is {run.state}")
            hold(not records.unfinished_runs(), f"runs: {records.unfinished_runs()}")
            events = records.change_events(self.number)
            hold([e.number for e in events] == list(range(1, len(events) + 1)), "events")
            for row in records.change_steps(self.number):
                ended = row.state in {StepState.done, StepState.failed}
                hold(not ended or row.finished_at is not None, f"no end: {row}")
        finally:
            parts.journal.close()

    def _check_documents(self, shown: Any) -> None:
        paper = self.flow.base / f"{self.number}.html"
        self.flow.change("document", self.number, "record", "--html", str(paper))
        text = paper.read_text(encoding="utf-8")
        rows = [row for row in shown["steps"] if self.target.asks(row["step"])]
        estate = open_workshop(self.flow.folder).estate
        steps = estate.runbook(shown["change"]["runbook"]).steps
        titles = {step.name: step.title[estate.settings.language] for step in steps}
        words = {name for row in rows for name in (row["device"], titles[row["step"]])}
        left = sorted(word for word in words if word not in text)
        hold(not left, f"the record does not name {left}")


def main() -> int:
    """Parse, kill, tell."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=10, help="so many kills")
    parser.add_argument("--switches", type=float, default=0.15, help="share of changes on switches")
    parser.add_argument("--keep-going", action="store_true", help="go on in a new estate")
    given = parser.parse_args()
    base = Path(tempfile.mkdtemp(prefix="kill-changes-"))
    say: Callable[[str], None] = lambda words: print(words, flush=True)  # noqa: E731
    kills = changes = broken = 0
    tally: collections.Counter[str] = collections.Counter()
    targets: dict[type[Target], Target] = {}
    try:
        while kills < given.count:
            changes += 1
            seed = f"{given.seed}/{changes}"
            chance = random.Random(seed)  # noqa: S311 - the same seed kills at the same moments
            kind = Switches if chance.random() < given.switches else Hosts
            if kind not in targets:
                targets[kind] = kind.make(base / f"{changes}")
            target = targets[kind]
            killed = Killed(target, chance, min(chance.randint(2, 9), given.count - kills))
            try:
                killed.run()
            except Broken as error:
                broken += 1
                say(f"BROKEN {seed} {error}\nkept: {target.flow.base}")
                if not given.keep_going:
                    return 1
                targets.pop(kind).close()
            else:
                total = killed.hits.total()
                say(f"change {seed}: {total} kills, {kind.__name__}, {target.wanted}")
            kills += killed.hits.total()
            tally += killed.hits
    finally:
        for target in targets.values():
            target.close()
    if not broken:
        shutil.rmtree(base, ignore_errors=True)
    for where, number in sorted(tally.items()):
        say(f"{number:5}  {where}")
    say(f"{kills} kills, {changes} changes, {broken} broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
