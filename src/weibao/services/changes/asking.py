"""Waiting for the person whom a step belongs to (CHG-23)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from weibao.domain.change import ChangeAction
from weibao.domain.change import StepState as State
from weibao.domain.reasons import Reason
from weibao.domain.runbook import Step, StepKind
from weibao.services.changes.bounds import POLL, Bounds, Stopped
from weibao.services.changes.progress import Progress

__all__ = ["People"]


class People:
    """Who confirms steps, or does those that are done by hand."""

    def __init__(self, bounds: Bounds, progress: Progress) -> None:
        self._bounds = bounds
        self._progress = progress

    def confirmed(self, wave: int, step: Step, todo: Sequence[str]) -> bool:
        """Wait for whom the step belongs to; whether there is still something to do."""
        for name in todo:
            if self._progress.state(wave, step.name, name) is None:
                self._progress.begin(wave, step, [name], State.waiting)
        manual = step.kind is StepKind.manual
        code = "change_waits_manual" if manual else "change_waits_recorder"
        self._bounds.tell(Reason.of(code, wave=wave, change=self._bounds.change, **step.named))
        terms = self._bounds.desk.contract(self._bounds.present()).change
        minutes = step.time_limit_minutes if manual else None
        patience = timedelta(minutes=minutes or terms.confirm_timeout_minutes)
        asked = self._bounds.desk.now
        since = self._progress.to_be_done_again(wave, step.name, todo)
        while self._bounds.desk.now < asked + patience:
            self._bounds.check_control()
            answer = self._answer(wave, step, asked, since)
            if answer is not None:
                return self._take_answer(wave, step, todo, answer)
            self._bounds.sleep(POLL)
        reason = Reason.of("change_nobody_confirmed", wave=wave, **step.named)
        raise Stopped(ChangeAction.pause, reason)

    def _answer(
        self, wave: int, step: Step, asked: datetime, since: datetime | None
    ) -> Mapping[str, object] | None:
        """The newest one; a refusal of before it was asked again is over, and so is everything of
        before ``since``, when the step was said to be done again.
        """
        for event in reversed(self._bounds.desk.records.change_events(self._bounds.change)):
            said = event.detail
            if since is not None and event.at < since:
                return None
            if event.action == "confirm" and (said.get("step"), said.get("wave")) == (
                step.name,
                wave,
            ):
                stale = said.get("outcome") == "failed" and event.at < asked
                return None if stale else {**said, "actor": event.actor}
        return None

    def _take_answer(
        self, wave: int, step: Step, todo: Sequence[str], answer: Mapping[str, object]
    ) -> bool:
        who = str(answer["actor"])
        if step.kind is not StepKind.manual:
            if answer.get("outcome") == "failed":
                reason = Reason.of("change_recorder_refused", person=who, **step.named)
                raise Stopped(ChangeAction.pause, reason)
            return True
        rows = self._progress.begin(wave, step, todo)
        done = answer.get("outcome") == "done"
        fields: dict[str, object] = {
            "state": State.done if done else State.failed,
            "detail": str(answer.get("reading") or ""),
            "evidence": tuple(map(str, answer.get("evidence") or ())),  # type: ignore[call-overload]
            "confirmed_by": who,
        }
        self._progress.end(rows, {row.device: fields for row in rows})
        return False
