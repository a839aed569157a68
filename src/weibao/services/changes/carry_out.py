"""Carrying a change out: wave by wave, step by step, journaled before and after each.

The process may be killed at any moment. What it had done stands in the journal, and ``carry_out``
goes on from there; it does nothing twice that is done. It stops by itself where the window
does not hold what comes next together with the way back (JOB-05), where the recorder does not
confirm (CHG-23), where a limit of failed hosts is breached, and where somebody paused or
aborted the change from another terminal.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from weibao.domain.change import Change, ChangeAction, ChangePlan, ChangeState, ChangeStep
from weibao.domain.change import StepState as State
from weibao.domain.reasons import Reason
from weibao.domain.runbook import Phase, Runbook, Step, StepKind
from weibao.domain.waves import estimate, fits, minutes_left, minutes_needed
from weibao.errors import RefusedError
from weibao.services.changes.asking import People
from weibao.services.changes.bounds import Bounds, Stopped, Tell
from weibao.services.changes.desk import Desk
from weibao.services.changes.do_step import Work, do_step
from weibao.services.changes.port_snapshots import AFTER, settle_seconds
from weibao.services.changes.progress import WHOLE_WAVE, Progress

__all__ = ["Carrier", "step_seconds"]

_FORWARD = (Phase.precheck, Phase.backup, Phase.implement, Phase.verify)
_PLAYBOOKS = (StepKind.playbook, StepKind.probe, StepKind.builtin)
_TRIES = 3


def step_seconds(desk: Desk, runbook: Runbook, variables: Mapping[str, Any]) -> dict[str, float]:
    """By step, the seconds that one wave will hardly exceed, by history or by the runbook.

    Earlier changes may have waited for less before they looked at the ports.
    """
    history = desk.records.step_durations(runbook.id)
    return {
        step.name: estimate(
            history.get(step.name, ()),
            step.seconds if step.kind is StepKind.wait else step.estimate_minutes * 60,
        )
        + (settle_seconds(variables) if step.run == AFTER else 0.0)
        for step in runbook.steps
    }


@dataclass
class Carrier:
    """Carries one change out; the caller holds it, and its leave was found good."""

    work: Work
    runbook: Runbook
    plan: ChangePlan
    bounds: Bounds
    actor: str
    """The operator."""
    tell: Tell
    seconds: Mapping[str, float] = field(init=False)
    progress: Progress = field(init=False)
    broken: list[str] = field(default_factory=list)
    """Devices whose way back failed too."""

    def __post_init__(self) -> None:
        self.seconds = step_seconds(self.desk, self.runbook, self.work.change.variables)
        self.progress = Progress(self.desk, self.work.change, self.runbook, self.actor)
        self._people = People(self.bounds, self.progress)

    @property
    def desk(self) -> Desk:
        """Where it is recorded."""
        return self.work.desk

    def run(self) -> Change:
        """Go on until the end, or until something stops it; the change as it then stands."""
        unknown = self.progress.take_over()
        try:
            if unknown:
                raise Stopped(ChangeAction.pause, _reason_unknown(unknown))
            for wave in sorted({target.wave for target in self.plan.targets}):
                self._wave(wave)
            self.bounds.check_clock()
            self._check_some_worked()
        except Stopped as stopped:
            if not stopped.told:
                self.tell(stopped.reason)
            return self._stopped(stopped)
        return self._settle(ChangeAction.verify, self._summary())

    def back_out(self, why: str) -> Change:
        """Bring every device back that was touched, newest wave first."""
        self._back_out_all()
        if self.broken and self.bounds.present().state is not ChangeState.running:
            # Verified or aborted it stays; nothing leads from there to a worse state.
            return self.desk.note(
                self.bounds.present(), "back_out_failed", self.actor, why, detail=self._summary()
            )
        action = ChangeAction.abort if self.broken else ChangeAction.back_out
        return self._settle(action, {"why": why, **self._summary()})

    # forward

    def _wave(self, wave: int) -> None:
        devices = [t.device for t in self.plan.targets if t.wave == wave]
        if not self._is_begun(wave):
            self._check_time(wave, devices)
            self.tell(Reason.of("change_wave", wave=wave, count=len(devices)))
        for step in self.runbook.of_phase(*_FORWARD):
            lost = self.progress.failed().get(wave, set())
            left = [d for d in devices if d not in lost]
            if left:
                self._step(wave, step, left)
        self._judge(wave)
        wait = self.runbook.waves.pause_between_seconds
        last = max(target.wave for target in self.plan.targets)
        if wait and wave < last and not self._is_begun(wave + 1):
            self.bounds.pass_time(wait)

    def _step(self, wave: int, step: Step, devices: Sequence[str]) -> None:
        names = [WHOLE_WAVE] if step.per_wave or step.kind is StepKind.manual else list(devices)
        ended = {State.done, State.failed, State.skipped}
        todo = [n for n in names if self.progress.state(wave, step.name, n) not in ended]
        if not todo:
            return
        self.bounds.check_control()
        self.bounds.check_window()
        asks = step.two_person or step.kind is StepKind.manual
        if asks:
            if not self._people.confirmed(wave, step, todo):
                return
            self.bounds.check_control()
            self.bounds.check_window()  # somebody may have let it wait until after its end
        self.tell(Reason.of("change_step", wave=wave, count=len(todo), **step.named))
        rows = self.progress.begin(wave, step, todo)
        self._do(wave, step, rows, devices)

    def _do(
        self, wave: int, step: Step, rows: Sequence[ChangeStep], devices: Sequence[str]
    ) -> None:
        if step.kind is StepKind.wait:
            self.bounds.pass_time(step.seconds)
            self.progress.end(rows, {row.device: {"state": State.done} for row in rows})
            return
        if self._another(wave, step):
            self._load_ahead()
        attempt = max(row.attempt for row in rows)
        names = [row.device for row in rows]
        whole = names == [WHOLE_WAVE]
        found = dict(do_step(self.work, step, wave, devices if whole else names, attempt))
        if whole:
            found = {WHOLE_WAVE: _worst(found)}
        self.progress.end(rows, found)
        for name, fields in found.items():
            if fields["state"] is not State.done:
                self.tell(
                    Reason.of("change_step_failed", device=name, **step.named, **_detail(fields))
                )
        unknown = self.progress.unknown()
        if unknown:
            raise Stopped(ChangeAction.pause, _reason_unknown(unknown))

    def _load_ahead(self) -> None:
        """While a step goes on, Ansible is loaded for the next one."""
        self.desk.parts.runner.ahead(self.desk.folder(self.work.change))

    def _another(self, wave: int, step: Step) -> bool:
        """Whether ``step`` is a playbook and another one will follow it."""
        playbooks = [s for s in self.runbook.of_phase(*_FORWARD) if s.kind in _PLAYBOOKS]
        last = max(target.wave for target in self.plan.targets)
        return step in playbooks and (wave < last or step != playbooks[-1])

    def _judge(self, wave: int) -> None:
        """Bring back what failed, and see whether a limit is breached."""
        failed = self.progress.failed()
        whole = WHOLE_WAVE in failed.get(wave, set())
        lost = failed.get(wave, set()) - {WHOLE_WAVE}
        if whole:
            lost = {t.device for t in self.plan.targets if t.wave == wave}
        if not lost:
            return
        self._back_out(wave, sorted(lost))
        limits = self.runbook.waves
        total = len(set().union(*failed.values()) - {WHOLE_WAVE})
        breached = (
            whole or len(lost) > limits.max_failed_in_wave or max(total, 1) > limits.max_failed
        )
        if not breached and not self.broken:
            return
        reason = (
            Reason.of("change_limit", wave=wave, failed=len(lost), total=total)
            if breached
            else Reason.of("change_way_back_failed", wave=wave, devices=", ".join(self.broken))
        )
        self.tell(reason)
        if limits.on_breach == "back_out" and not self.broken:
            self._back_out_all()
            if not self.broken:
                raise Stopped(ChangeAction.back_out, reason, told=True)
        raise Stopped(ChangeAction.abort, reason, told=True)

    def _check_some_worked(self) -> None:
        """Where every host failed, though that breaches no limit, nothing was carried out."""
        lost = set().union(*self.progress.failed().values(), set()) - {WHOLE_WAVE}
        if not lost or lost < {target.device for target in self.plan.targets}:
            return
        back = self.progress.devices_with(State.done, phase=Phase.back_out)
        action = ChangeAction.back_out if back else ChangeAction.abort
        raise Stopped(action, Reason.of("change_none_worked", failed=len(lost)))

    # the way back

    def _back_out_all(self) -> None:
        touched = self.progress.devices_with(
            State.done, State.failed, State.begun, State.unknown, phase=Phase.implement
        )
        for wave in sorted(touched, reverse=True):
            self._back_out(wave, sorted(touched[wave]))

    def _back_out(self, wave: int, devices: Sequence[str]) -> None:
        """Those of ``devices`` that an implementing step has touched go back."""
        touched = self.progress.devices_with(
            State.done, State.failed, State.begun, State.unknown, phase=Phase.implement
        ).get(wave, set())
        for step in self.runbook.of_phase(Phase.back_out):
            if step.kind is StepKind.manual:
                self._manual_back_out(wave, step)
                continue
            names = [d for d in devices if d in touched and d not in self.broken]
            todo = [d for d in names if self.progress.state(wave, step.name, d) is not State.done]
            if not todo:
                continue
            self.tell(Reason.of("change_back_out", wave=wave, devices=", ".join(todo)))
            rows = self.progress.begin(wave, step, todo)
            attempt = max(row.attempt for row in rows)
            found = do_step(self.work, step, wave, todo, attempt)
            self.progress.end(rows, found)
            for name, fields in found.items():
                if fields["state"] is not State.done:
                    self.broken.append(name)
                    self.tell(Reason.of("change_back_out_failed", device=name, **_detail(fields)))

    def _manual_back_out(self, wave: int, step: Step) -> None:
        if self.progress.state(wave, step.name, WHOLE_WAVE) is None:
            self.progress.begin(wave, step, [WHOLE_WAVE], State.waiting)
            self.tell(Reason.of("change_manual_back_out", wave=wave, **step.named))

    # what must hold

    def _is_begun(self, wave: int) -> bool:
        steps = self.runbook.of_phase(*_FORWARD)
        names = [WHOLE_WAVE, *(t.device for t in self.plan.targets if t.wave == wave)]
        return any(self.progress.state(wave, s.name, n) is not None for s in steps for n in names)

    def _check_time(self, wave: int, devices: Sequence[str]) -> None:
        """No wave begins that cannot end, and be undone with all before it, in the window."""
        forward = sum(self.seconds[s.name] for s in self.runbook.of_phase(*_FORWARD))
        back = sum(self.seconds[s.name] for s in self.runbook.of_phase(Phase.back_out))
        touched = self.progress.devices_with(State.done, phase=Phase.implement)
        waves_back = len(touched.keys() | {wave})
        now, end = self.desk.now, self.bounds.until()
        if not fits(now, end, forward, back * waves_back, self.runbook.waves.reserve):
            reason = Reason.of(
                "change_does_not_fit",
                wave=wave,
                count=len(devices),
                needs=minutes_needed((forward + back * waves_back) * self.runbook.waves.reserve),
                left=minutes_left((end - now).total_seconds()),
            )
            raise Stopped(ChangeAction.pause, reason)

    # ends

    def _summary(self) -> dict[str, object]:
        failed = sorted(set().union(*self.progress.failed().values(), set()) - {WHOLE_WAVE})
        return {"failed": failed, "back_out_failed": sorted(self.broken)}

    def _stopped(self, stopped: Stopped) -> Change:
        if stopped.action is None:
            return self.bounds.present()
        reason = stopped.reason
        detail = {
            "code": reason.code,
            "params": dict(reason.params),
            **reason.params,
            **self._summary(),
        }
        program = self.desk.parts.program  # nobody asked for it: a limit or the window did
        if stopped.action is ChangeAction.pause:
            return self._move(ChangeAction.pause, detail, program)
        return self._settle(stopped.action, detail, program)

    def _move(
        self, action: ChangeAction, detail: Mapping[str, object], actor: str, **fields: Any
    ) -> Change:
        """Somebody may confirm or note something at the same moment: then look again."""
        for _ in range(_TRIES):
            with contextlib.suppress(RefusedError):
                return self.desk.move(self.bounds.present(), action, actor, detail=detail, **fields)
        return self.desk.move(self.bounds.present(), action, actor, detail=detail, **fields)

    def _settle(
        self, action: ChangeAction, detail: Mapping[str, object], actor: str = ""
    ) -> Change:
        terms = self.desk.contract(self.work.change).change
        now = self.desk.now
        return self._move(
            action,
            detail,
            actor or self.actor,
            finished_at=now,
            owed_until=now + timedelta(days=terms.document_days),
        )


def _worst(found: Mapping[str, Mapping[str, object]]) -> Mapping[str, object]:
    order = [State.done, State.skipped, State.failed, State.unknown]
    return max(found.values(), key=lambda fields: order.index(State(str(fields["state"]))))


def _detail(fields: Mapping[str, object]) -> dict[str, object]:
    return {"detail": fields.get("detail") or "-"}


def _reason_unknown(rows: Sequence[ChangeStep]) -> Reason:
    named = ", ".join(f"{row.device}:{row.step}" for row in rows)
    return Reason.of("change_unknown", steps=named)
