"""The steps of a run with their times (操作步骤, 执行时间; JOB-04)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from weibao.boundary import Clock, Journal
from weibao.domain.reasons import Reason
from weibao.domain.records import Run, RunStep, StepOutcome
from weibao.errors import WeibaoError

__all__ = ["OpenStep", "Steps"]


class OpenStep:
    """A step that is going on; it ends well unless told otherwise."""

    def __init__(self) -> None:
        self.outcome = StepOutcome.ok
        self.detail: Reason | None = None

    def failed(self, why: Reason) -> None:
        """It did not end well."""
        self.outcome = StepOutcome.failed
        self.detail = why

    def skipped(self, why: Reason) -> None:
        """There was nothing to do."""
        self.outcome = StepOutcome.skipped
        self.detail = why


class Steps:
    """Journals each step as it ends."""

    def __init__(self, journal: Journal, clock: Clock, run: Run) -> None:
        self._journal = journal
        self._clock = clock
        self._run = run

    @contextmanager
    def step(self, name: str) -> Iterator[OpenStep]:
        """Time what happens inside; an error is journaled and goes on upwards."""
        started = self._clock.now()
        step = OpenStep()
        try:
            yield step
        except WeibaoError as error:
            step.failed(Reason(code=error.key, params={k: str(v) for k, v in error.params.items()}))
            raise
        finally:
            record = RunStep(
                name=name,
                started_at=started,
                finished_at=self._clock.now(),
                outcome=step.outcome,
                detail=step.detail,
            )
            self._journal.record_step(self._run.id, record, self._run.actor)
