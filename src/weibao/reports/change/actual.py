"""Planned against actual: when it began and ended, and how long each device took (JOB-05)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from weibao.domain.change import ChangeStep, StepState
from weibao.domain.runbook import Phase
from weibao.reports.change.document import Block, Table, Text, Tone
from weibao.reports.change.papers import Desk

__all__ = ["STEP_TONES", "actual_times", "between", "latest"]

STEP_TONES: dict[StepState, Tone] = {
    StepState.done: "good",
    StepState.failed: "bad",
    StepState.unknown: "bad",
    StepState.begun: "warning",
    StepState.waiting: "warning",
    StepState.skipped: "note",
}


def actual_times(desk: Desk) -> tuple[Block, ...]:
    """Planned against actual (JOB-05)."""
    w, change, plan = desk.w, desk.change, desk.papers.plan
    window = change.window
    took = between(change.started_at, change.finished_at)
    rows = (
        (w.say("actual.start"), w.moment(window.start), _moment(desk, change.started_at),
         _late(desk, window.start, change.started_at)),
        (w.say("actual.end"), w.moment(window.end), _moment(desk, change.finished_at),
         _late(desk, window.end, change.finished_at)),
        (w.say("actual.takes"), w.duration(plan.estimate) if plan else "—",
         w.duration(took) if took is not None else "—",
         _ratio(desk, plan.estimate if plan else None, took)),
    )  # fmt: skip
    over = change.finished_at is not None and change.finished_at > window.end
    head = tuple(w.say(f"actual.{n}") for n in ("what", "planned", "actual", "difference"))
    tones: tuple[Tone, ...] = ("", "bad" if over else "", "")
    blocks: list[Block] = [Table(head, rows, (20, 28, 28, 24), tones, marked=3)]
    if over:
        blocks.append(Text(w.say("actual.overrun"), "bad"))
    if plan:
        blocks.append(_by_device(desk))
    return tuple(blocks)


def _by_device(desk: Desk) -> Table:
    w, plan = desk.w, desk.papers.plan
    spent: dict[str, float] = {}
    states: dict[str, list[StepState]] = {}
    for step in desk.papers.steps:
        seconds = between(step.started_at, step.finished_at)
        if step.phase != Phase.back_out.value:
            spent[step.device] = spent.get(step.device, 0.0) + (seconds or 0.0)
    back: set[str] = set()
    for step in latest(desk.papers.steps):
        states.setdefault(step.device, []).append(step.state)
        if step.phase == Phase.back_out.value and step.state is StepState.done:
            back.add(step.device)
    rows: list[tuple[str, ...]] = []
    tones: list[Tone] = []
    for target in sorted(plan.targets if plan else (), key=lambda t: t.wave):
        worst = _worst(states.get(target.device, []))
        wave = w.say("wave.canary") if target.wave == 0 else str(target.wave)
        took = spent.get(target.device)
        is_back = worst is StepState.done and target.device in back
        outcome = w.label("step_state", worst.value) if worst else w.say("actual.untouched")
        rows.append((
            target.device, wave, w.duration(target.estimate),
            w.duration(took) if took is not None else "—",
            w.say("actual.brought_back") if is_back else outcome,
        ))  # fmt: skip
        tones.append("warning" if is_back else STEP_TONES[worst] if worst else "note")
    head = tuple(
        w.say(n)
        for n in ("target.device", "target.wave", "actual.planned", "actual.actual", "step.state")
    )
    return Table(head, tuple(rows), (28, 12, 20, 20, 20), tuple(tones), marked=4)


def latest(steps: Sequence[ChangeStep]) -> list[ChangeStep]:
    """Of each step on each device the last attempt."""
    found: dict[tuple[int, str, str], ChangeStep] = {}
    for step in steps:
        key = (step.wave, step.step, step.device)
        if key not in found or step.attempt >= found[key].attempt:
            found[key] = step
    return list(found.values())


def _worst(states: Sequence[StepState]) -> StepState | None:
    order = (
        StepState.failed, StepState.unknown, StepState.begun, StepState.waiting, StepState.done,
        StepState.skipped,
    )  # fmt: skip
    return next((state for state in order if state in states), None)


def _moment(desk: Desk, moment: datetime | None) -> str:
    return desk.w.second(moment) if moment else "—"


def between(start: datetime | None, end: datetime | None) -> float | None:
    """Seconds, where both are known."""
    return (end - start).total_seconds() if start and end else None


def _late(desk: Desk, planned: datetime, actual: datetime | None) -> str:
    if actual is None:
        return "—"
    seconds = (actual - planned).total_seconds()
    key = "actual.later" if seconds >= 0 else "actual.earlier"
    return desk.w.say(key, duration=desk.w.duration(abs(seconds)))


def _ratio(desk: Desk, planned: float | None, actual: float | None) -> str:
    if not planned or actual is None:
        return "—"
    return desk.w.say("actual.ratio", percent=f"{100 * actual / planned:.0f}")
