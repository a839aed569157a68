"""Changes in this very process: all is real but Ansible and the clock, which a test can bend."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from weibao.bootstrap.changes import open_desk
from weibao.bootstrap.workshop import open_workshop
from weibao.boundary import Clock
from weibao.boundary.runner import HostResult, PlaybookResult
from weibao.domain.change import Change, ChangeKind, ChangeStep, StepState, Window
from weibao.domain.reasons import Reason
from weibao.i18n import explain
from weibao.services.changes import approval, control, presence
from weibao.services.changes.desk import Desk
from weibao.services.changes.draft import Application, new_change
from weibao.services.changes.planning import make_plan
from weibao.services.verify import verify

from .flows import FIELDS, HOSTS, Flow

__all__ = ["HOSTS", "HOUR", "Office"]

HOUR = timedelta(hours=1)
CONFIRM = presence.CONFIRM_NAMESPACE


class BentClock:
    """Time passes by a second each time somebody asks."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)

    def now(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at


class HostsOfATest:
    """Implements PlaybookRunner: what was done on which host, and what a test wants to happen."""

    def __init__(self) -> None:
        self.done: list[tuple[str, str]] = []
        self.fails: set[tuple[str, str]] = set()
        self.during: dict[tuple[str, str], Callable[[], None]] = {}
        """By step and first host; called once, after the hosts were changed."""

    def ahead(self, folder: Path, *, reading: bool = False) -> None: ...

    def let_go(self) -> None: ...

    def run(
        self, playbook: str, *, limit: tuple[str, ...], variables: Mapping[str, object], **rest: Any
    ) -> PlaybookResult:
        step = str(variables["weibao_step"])
        if rest.get("check"):
            self.during.pop((step, "check"), lambda: None)()
            return PlaybookResult(0, "", hosts={h: HostResult("ok", True, "", "+") for h in limit})
        self.done += [(step, host) for host in limit]
        self.during.pop((step, limit[0]), lambda: None)()
        hosts = {
            host: HostResult("failed", reason="as asked")
            if (step, host) in self.fails
            else HostResult("ok", True)
            for host in limit
        }
        return PlaybookResult(0, "", hosts=hosts)

    def of(self, step: str) -> list[str]:
        """On which hosts a step was executed, in order."""
        return [host for name, host in self.done if name == step]


class Office:
    """An estate with a desk at which changes are made."""

    def __init__(
        self,
        base: Path,
        *,
        database: str = "",
        clock: Clock | None = None,
        flow: Flow | None = None,
        real: bool = False,
        **terms: Any,
    ) -> None:
        """``clock``: one that cannot be bent, where commands work beside it; ``real``: Ansible."""
        self._real = real
        self.flow = flow or Flow(base, terms=terms)
        if database:
            with (self.flow.folder / "weibao.yml").open("a", encoding="utf-8") as stream:
                stream.write(f'\ndatabase: "{database}"\n')
        self.clock = BentClock()
        self._clock = clock or self.clock
        self.hosts = HostsOfATest()
        self.said: list[Reason] = []
        self.desk: Desk | Any = None
        self.open()

    def open(self) -> None:
        """As another process would find it."""
        self.close()
        workshop = open_workshop(self.flow.folder)
        self.sources = workshop.sources
        desk = open_desk(workshop)
        desk.parts.journal._clock = self._clock  # type: ignore[attr-defined]
        runner = desk.parts.runner if self._real else self.hosts
        parts = dataclasses.replace(desk.parts, clock=self._clock, runner=runner)
        self.desk = dataclasses.replace(desk, parts=parts)

    def close(self) -> None:
        """Let go of the journal."""
        if self.desk is not None:
            self.desk.parts.journal.close()

    def runbook(self, old: str, new: str) -> None:
        """Write the runbook another way."""
        path = self.flow.folder / "runbooks" / "write-note.yml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")
        self.open()

    def terms(self, calendar: Mapping[str, Any] | None = None, **terms: Any) -> None:
        """Write the profile another way."""
        self.flow.write_contract(terms, calendar)
        self.open()

    # the way to a change

    def new(self, *, hours: float = 5, start: datetime | None = None, **given: Any) -> Change:
        begin = start or self._clock.now()
        asked = {
            "runbook": "write-note",
            "limit": "all",
            "window": Window(start=begin, end=begin + hours * HOUR),
            "requester": "wang.pm",
            "operator": "li.op",
            "recorder": "zhao.rec",
            "variables": {"note": "hello"},
            "fields": FIELDS,
        }
        return new_change(self.desk, Application(**{**asked, **given}), self.sources)

    def approved(self, **given: Any) -> str:
        """A change that may start; its number."""
        change = self.new(**given)
        change, _ = make_plan(self.desk, change, "wang.pm", self.sources, self.said.append)
        return self.agreed(change)

    def agreed(self, change: Change) -> str:
        """All sign the plan of a draft; its number."""
        change = approval.submit(self.desk, change, "wang.pm", self.sources)
        if change.kind is ChangeKind.standard:
            return change.id
        change = self.consent(change, "chen.boss")
        change = approval.submit(self.desk, change, "wang.pm", self.sources)
        return self.consent(change, "liu.cust").id

    def consent(self, change: Change, person: str, **given: Any) -> Change:
        signer = given.get("recorded_by", person)
        scan = given.pop("scan", b"")
        asked = approval.Consent(person=person, **given)
        key = Path(self.flow.key(signer))
        return approval.consent(self.desk, change, asked, self.sources, key=key, scan=scan)

    def extend(self, number: str, until: datetime) -> Change:
        """The customer signs a later end, in another terminal."""
        self.open()
        change = self.desk.find(number)
        return self.consent(change, "liu.cust", decision="extend", window_end=until)

    # carrying it out

    def start(self, number: str, who: str = "li.op") -> Change:
        return control.start(
            self.desk, self.desk.find(number), who, self.sources, self.said.append, self.sleep
        )

    def resume(self, number: str, *answers: tuple[str, str, StepState]) -> Change:
        desk, found = self.desk, self.desk.find(number)
        return control.resume(
            desk, found, "li.op", self.sources, self.said.append, answers, self.sleep
        )

    def back_out(self, number: str, *answers: tuple[str, str, StepState]) -> Change:
        desk, found = self.desk, self.desk.find(number)
        return control.back_out(
            desk, found, "li.op", self.sources, self.said.append, "why", answers, self.sleep
        )

    def sleep(self, seconds: float) -> None:
        self.clock.at += timedelta(seconds=seconds)

    def confirm(self, number: str, wave: int = 0) -> None:
        change = self.desk.find(number)
        said = presence.Confirmation("write", wave)
        text = presence.confirm_statement(change, "zhao.rec", said)
        signed = self.desk.signatures.sign(Path(self.flow.key("zhao.rec")), CONFIRM, text)
        presence.confirm(self.desk, change, "zhao.rec", said, signed)

    # what must hold

    def state(self, number: str) -> str:
        return self.desk.fresh(number).state.value

    def steps(self, number: str, step: str) -> list[ChangeStep]:
        return [row for row in self.desk.records.change_steps(number) if row.step == step]

    def words(self) -> str:
        """All that was said, in both languages."""
        return "\n".join(
            explain(reason.code, reason.params, language)
            for reason in self.said
            for language in ("zh", "en")
        )

    def codes(self) -> list[str]:
        return [reason.code for reason in self.said]

    def sound(self) -> None:
        parts = self.desk.parts
        found = verify(
            parts.journal, parts.evidence, parts.archive, parts.texts, contracts=parts.contracts
        )
        assert found.passed, (found.problems, found.unchecked)
        for number in set(self.desk.records.device_locks().values()):
            assert self.state(number) in {"running", "paused"}
