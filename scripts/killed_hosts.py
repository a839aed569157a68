"""Local hosts whose files keep a line of each step that was done. For ``kill_changes.py``."""

from __future__ import annotations

import random
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from nights_held import hold

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from change.flows import WEIBAO, Flow
from change.office import Office
from weibao.adapters.clock import SystemClock

__all__ = ["WEIBAO", "Flow", "Hosts", "Office", "SystemClock"]

DATA = Path(__file__).parents[1] / "tests" / "change" / "data" / "killed"
HOSTS = ("host1", "host2", "host3", "host4")
WAVES = ((0,), (1,), (2, 3))
_MUTATING = frozenset({"write", "take-away"})


class Hosts:
    """An estate of them, and one change."""

    program = WEIBAO
    seconds = 12.0
    """A change takes so long, and no longer."""
    secrets: Sequence[str] = ()

    def __init__(self, office: Office) -> None:
        self.office = office
        self.flow = flow = office.flow
        self.failing = ""
        self.back = False
        self.wanted = "verified"
        self.points: Sequence[tuple[str, Callable[[], object]]] = (
            ("a step's folder", lambda: sorted(flow.folder.glob("var/changes/*/*"))),
            ("a line", lambda: [self._lines(host) for host in HOSTS]),
            ("a ticket", lambda: sorted(flow.folder.glob("var/gate/*"))),
        )

    @classmethod
    def make(cls, base: Path) -> Hosts:
        """A new estate below ``base``."""
        base.mkdir(parents=True)
        flow = Flow(base)
        for kind in ("playbooks", "runbooks"):
            shutil.copytree(DATA / kind, flow.folder / kind, dirs_exist_ok=True)
        return cls(Office(base, clock=SystemClock(), flow=flow))

    def close(self) -> None:
        """Nothing."""

    def drafted(self, chance: random.Random) -> str:
        """A change to be planned: chance decides whether a host fails, and what follows."""
        for path in self.flow.place.iterdir():
            path.unlink()
        for host in HOSTS:
            (self.flow.place / f"{host}.log").touch()
        self.failing, self.back, self.wanted = "", False, "verified"
        text = (DATA / "runbooks" / "add-line.yml").read_text(encoding="utf-8")
        if chance.random() < 0.4:
            self.failing = chance.choice(HOSTS)
            (self.flow.place / f"{self.failing}.write.fails").touch()
            self.wanted = "aborted"
            if chance.random() < 0.5:
                self.back, self.wanted = True, "rolled_back"
                text = text.replace("on_breach: stop", "on_breach: back_out")
        (self.flow.folder / "runbooks" / "add-line.yml").write_text(text, encoding="utf-8")
        self.office.open()
        return self.office.new(runbook="add-line", variables={}).id

    def attended(self, _number: str, work: Callable[[], str]) -> str:
        """Nobody has to confirm anything."""
        return work()

    def asks(self, step: str) -> bool:
        """Whether it must not just be done again."""
        return step in _MUTATING

    def outcome(self, host: str, step: str) -> str:
        """What a person finds on the host."""
        if step not in self._lines(host):
            return "again"
        return "failed" if (host, step) == (self.failing, "write") else "done"

    def check(self, shown: Any) -> None:
        """Each host has the lines that it should have, each once; the journal says the same."""
        state = shown["change"]["state"]
        hold(state == self.wanted, f"it is {state} and not {self.wanted}")
        found = {host: self._lines(host) for host in HOSTS}
        hold(found == self._expected(), f"found {found}, expected {self._expected()}")
        for host, lines in found.items():
            for step in _MUTATING:
                rows = [r for r in shown["steps"] if (r["device"], r["step"]) == (host, step)]
                ended = [r for r in rows if r["state"] in {"done", "failed"}]
                hold(len(ended) == lines.count(step), f"{host}, {step}: {lines}, {rows}")

    def _expected(self) -> dict[str, list[str]]:
        if not self.failing:
            return {host: ["write"] for host in HOSTS}
        failed = HOSTS.index(self.failing)
        last = next(n for n, wave in enumerate(WAVES) if failed in wave)
        found: dict[str, list[str]] = {}
        for number, wave in enumerate(WAVES):
            for index in wave:
                back = self.back or index == failed
                lines = ["write", "take-away"] if back else ["write"]
                found[HOSTS[index]] = lines if number <= last else []
        return found

    def _lines(self, host: str) -> list[str]:
        return (self.flow.place / f"{host}.log").read_text(encoding="utf-8").split()
