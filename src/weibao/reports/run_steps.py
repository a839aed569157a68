"""The steps of a run, on its time line (JOB-04)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from weibao.domain.records import RunStep
from weibao.reports.words import Words, visible

__all__ = ["Step", "shown_steps"]


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the run, with its place on the run's time line in percent."""

    title: str
    start: str
    end: str
    took: str
    outcome: str
    detail: str
    left: float
    width: float


def shown_steps(
    steps: Sequence[RunStep], titles: Mapping[str, Mapping[str, str]], words: Words
) -> Iterator[Step]:
    """The steps in words; ``titles`` are the runbook's own, by step and language."""
    if not steps:
        return
    begin = min(step.started_at for step in steps)
    whole = (max(step.finished_at for step in steps) - begin).total_seconds() or 1.0
    for step in steps:
        took = (step.finished_at - step.started_at).total_seconds()
        usual = words.maybe(f"step.name.{step.name}", visible(step.name))
        yield Step(
            title=visible(titles.get(step.name, {}).get(words.language, "")) or usual,
            start=words.clock(step.started_at),
            end=words.clock(step.finished_at),
            took=words.duration(took),
            outcome=step.outcome.value,
            detail=words.reason(step.detail),
            left=100 * (step.started_at - begin).total_seconds() / whole,
            width=max(100 * took / whole, 0.6),
        )
