"""How far a change has come, step by step and host by host, as the journal knows it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from weibao.domain.change import Change, ChangeStep, StepState
from weibao.domain.runbook import Phase, Runbook, Step, StepKind
from weibao.services.changes.desk import Desk

__all__ = ["WHOLE_WAVE", "Progress"]

WHOLE_WAVE = "-"
"""In the place of a device, where a step is the whole wave's."""

_LOOKING = frozenset({Phase.precheck, Phase.backup, Phase.verify})
Key = tuple[int, str, str]


class Progress:
    """The steps of one change; every change of it is journaled first."""

    def __init__(self, desk: Desk, change: Change, runbook: Runbook, actor: str) -> None:
        self._desk = desk
        self._change = change
        self._actor = actor
        self._steps = {step.name: step for step in runbook.steps}
        self._last: dict[Key, ChangeStep] = {}
        for row in desk.records.change_steps(change.id):
            self._last[row.wave, row.step, row.device] = row

    def take_over(self) -> list[ChangeStep]:
        """What a process that is gone had begun; the caller holds the change.

        Steps that may be repeated are as if never begun; the others become unknown, and
        their owner is asked.
        """
        left = self.cut_off()
        if left:
            self._write([row.model_copy(update={"state": StepState.unknown}) for row in left])
        return self.unknown()

    def cut_off(self) -> list[ChangeStep]:
        """What is still recorded as begun, and was not asked about yet."""
        return [row for row in self._last.values() if row.state is StepState.begun]

    def unknown(self) -> list[ChangeStep]:
        """Steps whose outcome nobody knows and that must not just be done again."""
        return [
            row
            for row in self._last.values()
            if row.state is StepState.unknown and not self._repeatable(row.step)
        ]

    def answer(self, row: ChangeStep, state: StepState, why: str, actor: str) -> None:
        """Somebody looked and says what became of an unknown step."""
        update = {
            "state": state,
            "detail": why,
            "finished_at": self._desk.now,
            "confirmed_by": actor,
        }
        self._write([row.model_copy(update=update)])

    def state(self, wave: int, step: str, device: str) -> StepState | None:
        """Of the latest attempt; None where it was never begun."""
        row = self._last.get((wave, step, device))
        return row.state if row else None

    def to_be_done_again(self, wave: int, step: str, devices: Iterable[str]) -> datetime | None:
        """When somebody last said that the step was not done on some of ``devices``."""
        rows = (self._last.get((wave, step, device)) for device in devices)
        said = [
            row.finished_at
            for row in rows
            if row is not None and row.state is StepState.waiting and row.finished_at is not None
        ]
        return max(said, default=None)

    def begin(
        self,
        wave: int,
        step: Step,
        devices: Iterable[str],
        state: StepState = StepState.begun,
    ) -> list[ChangeStep]:
        """Journal the beginning, before anything is done."""
        now = self._desk.now
        rows = []
        for device in devices:
            before = self._last.get((wave, step.name, device))
            again = before is not None and before.state is not StepState.waiting
            rows.append(
                ChangeStep(
                    change=self._change.id,
                    wave=wave,
                    phase=step.phase.value,
                    step=step.name,
                    device=device,
                    attempt=(before.attempt + again) if before else 1,
                    state=state,
                    actor=self._actor,
                    started_at=now,
                    confirmed_by=before.confirmed_by if before and not again else "",
                )
            )
        self._write(rows)
        return rows

    def end(self, rows: Sequence[ChangeStep], found: Mapping[str, Mapping[str, object]]) -> None:
        """Journal what became of what was begun: by device, the fields that are known now."""
        now = self._desk.now
        ended = [row.model_copy(update={"finished_at": now, **found[row.device]}) for row in rows]
        self._write(ended)

    def devices_with(self, *states: StepState, phase: Phase) -> dict[int, set[str]]:
        """By wave, the devices of which some step of ``phase`` is in one of ``states``."""
        found: dict[int, set[str]] = defaultdict(set)
        for row in self._last.values():
            if row.phase == phase.value and row.state in states and row.device != WHOLE_WAVE:
                found[row.wave].add(row.device)
        return dict(found)

    def failed(self) -> dict[int, set[str]]:
        """By wave, the devices of which a step on the way forward failed."""
        found: dict[int, set[str]] = defaultdict(set)
        for row in self._last.values():
            if row.phase != Phase.back_out.value and row.state is StepState.failed:
                found[row.wave].add(row.device)
        return dict(found)

    def _repeatable(self, name: str) -> bool:
        step = self._steps.get(name)
        if step is None:
            return False
        looks = step.phase in _LOOKING and step.kind is not StepKind.manual
        return looks or step.repeatable or step.kind is StepKind.wait

    def _write(self, rows: Sequence[ChangeStep]) -> None:
        self._desk.records.record_change_steps(rows)
        for row in rows:
            self._last[row.wave, row.step, row.device] = row
