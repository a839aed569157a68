"""Starting a change, and everything that is done to it while it runs."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable, Iterator, Sequence

from weibao.domain.change import (
    Change,
    ChangeAction,
    ChangeKind,
    ChangeState,
    StepState,
    next_state,
)
from weibao.domain.records import Run, RunState
from weibao.domain.runbook import Phase
from weibao.errors import InputError, RefusedError, WeibaoError
from weibao.services.changes.bounds import Bounds, Tell
from weibao.services.changes.carry_out import Carrier
from weibao.services.changes.closing import finish
from weibao.services.changes.conflicting import check_start
from weibao.services.changes.desk import STARTING, Desk
from weibao.services.changes.do_step import Work, keep_left, open_run
from weibao.services.changes.mandate import check_mandate, denied
from weibao.services.changes.permission import check_leave, window_end
from weibao.services.changes.planning import make_plan
from weibao.services.changes.progress import Progress
from weibao.services.recover import CHANGE_RUN

__all__ = [
    "GOING_BACK",
    "abort",
    "back_out",
    "pause",
    "resume",
    "start",
    "start_due",
]

GOING_BACK = "going_back"
"""The event that begins a way back by hand: nobody goes on forward after it."""
_LEFT_SECONDS = 15
_ENDED = frozenset({ChangeState.verified, ChangeState.rolled_back, ChangeState.aborted})
Sleep = Callable[[float], None]


def start(
    desk: Desk,
    change: Change,
    actor: str,
    sources: tuple[str, ...],
    tell: Tell,
    sleep: Sleep = time.sleep,
) -> Change:
    """Start it, and carry it out until its end or until something stops it.

    Raises:
        RefusedError: it may not start: now, so, by this person; the message says why (JOB-02).
    """
    with desk.hold(f"change-{change.id}.lock", f"change start {change.id}"):
        change = desk.find(change.id)
        _check_operator(desk, change, actor, "start")
        if change.kind is ChangeKind.emergency and not change.digest:
            change, _ = make_plan(desk, change, actor, sources, tell)
        plan = desk.plan(change)
        check_leave(desk, change, sources, ChangeAction.start)
        with _loaded_ahead(desk, change):
            # One start at a time: two partners must not both find the other one idle.
            with desk.hold(STARTING, f"change start {change.id}"):
                check_start(desk, change, plan, sources)
                run = open_run(desk, change, len(plan.targets), actor, CHANGE_RUN + change.id)
                try:
                    change = desk.move(
                        change,
                        ChangeAction.start,
                        actor,
                        started_at=desk.now,
                        run=run.id,
                        operator=change.operator or actor,
                        locks=[target.device for target in plan.targets],
                    )
                except RefusedError:
                    desk.parts.journal.close_run(run.id, RunState.interrupted, desk.now, actor)
                    raise
            return _carry(desk, change, run, actor, sources, tell, sleep)


def start_due(
    desk: Desk, sources: tuple[str, ...], tell: Tell, sleep: Sleep = time.sleep
) -> list[tuple[Change, WeibaoError | None]]:
    """Start what is scheduled and due, where the profile lets a timer do that.

    Each with why it could not be started, where it could not; the others go on.
    """
    found: list[tuple[Change, WeibaoError | None]] = []
    for change in desk.records.changes(states=[ChangeState.scheduled]):
        allowed = desk.contract(change).change.timer_may_start
        if not allowed or not change.operator or not change.window.holds(desk.now):
            continue
        try:
            done = start(desk, change, change.operator, sources, tell, sleep)
            found.append((done, None))
        except WeibaoError as error:
            found.append((change, error))
    return found


def resume(
    desk: Desk,
    change: Change,
    actor: str,
    sources: tuple[str, ...],
    tell: Tell,
    answers: Sequence[tuple[str, str, StepState]] = (),
    sleep: Sleep = time.sleep,
) -> Change:
    """Go on where it stopped: after a pause, or after its process was killed.

    ``answers`` say what became of steps whose outcome is unknown: device, step, ``done``,
    ``failed``, or ``waiting`` for what was not done and shall be done again. What had ended when
    the process was killed is only brought to its end.

    Raises:
        RefusedError: another process carries it out, or left something running; a way back was
            begun; or its leave does not hold any more, and then it stays paused.
        InputError: an answer is to no question that was asked.
    """
    with desk.hold(f"change-{change.id}.lock", f"change resume {change.id}"):
        change = desk.find(change.id)
        _check_operator(desk, change, actor, "resume")
        if change.state in _ENDED and _is_left(desk, change):
            return finish(desk, change)
        if change.state not in {ChangeState.running, ChangeState.paused}:
            desk.move(change, ChangeAction.resume, actor)  # says what is legal
        _check_nothing_runs(desk, change, sleep)
        if _goes_back(desk, change):
            raise RefusedError("change.goes_back", change=change.id)
        check_leave(desk, change, sources, ChangeAction.resume)
        with _loaded_ahead(desk, change):
            if change.state is ChangeState.paused:
                change = desk.move(change, ChangeAction.resume, actor)
            change = _take_answers(desk, change, actor, answers)
            return _carry(desk, change, _run_of(desk, change), actor, sources, tell, sleep)


def back_out(
    desk: Desk,
    change: Change,
    actor: str,
    sources: tuple[str, ...],
    tell: Tell,
    why: str,
    answers: Sequence[tuple[str, str, StepState]] = (),
    sleep: Sleep = time.sleep,
) -> Change:
    """Bring everything back that the change touched; the window does not forbid the way back.

    One that was cut off is gone on with; ``answers`` as in ``resume``.

    Raises:
        RefusedError: another process carries it out, or left something running; the change is
            not in such a state; or what became of a step of an earlier way back is unknown.
        InputError: an answer is to no question that was asked.
    """
    with desk.hold(f"change-{change.id}.lock", f"change back-out {change.id}"):
        change = desk.find(change.id)
        _check_operator(desk, change, actor, "back_out")
        if next_state(change.state, ChangeAction.back_out) is None:
            desk.move(change, ChangeAction.back_out, actor)  # says what is legal
        _check_unlocked(desk, change)
        _check_nothing_runs(desk, change, sleep)
        change = _take_answers(desk, change, actor, answers)
        _check_way_back_is_known(desk, change, actor)
        if change.state is ChangeState.paused:
            change = desk.move(change, ChangeAction.resume, actor, why)
        change = desk.note(change, GOING_BACK, actor, why)
        work = Work(desk, change, _run_of(desk, change), sources, _compiler(desk, sources))
        carrier = _carrier(desk, change, work, actor, tell, sleep)
        return finish(desk, carrier.back_out(why))


def pause(desk: Desk, change: Change, actor: str, why: str) -> Change:
    """Stop safely before the next step."""
    check_mandate(desk, desk.contract(change), actor, "pause", change)
    return desk.move(change, ChangeAction.pause, actor, why)


def abort(desk: Desk, change: Change, actor: str, why: str) -> Change:
    """End it where it stands; what was done stays done until it is backed out."""
    check_mandate(desk, desk.contract(change), actor, "abort", change)
    moved = desk.move(change, ChangeAction.abort, actor, why, finished_at=desk.now)
    return finish(desk, moved)


# carrying it out


@contextlib.contextmanager
def _loaded_ahead(desk: Desk, change: Change) -> Iterator[None]:
    """Leave is given: Ansible is loaded for the first step while the start is recorded."""
    desk.parts.runner.ahead(desk.folder(change))
    try:
        yield
    finally:
        desk.parts.runner.let_go()


def _carry(
    desk: Desk,
    change: Change,
    run: Run,
    actor: str,
    sources: tuple[str, ...],
    tell: Tell,
    sleep: Sleep,
) -> Change:
    work = Work(desk, change, run, sources, _compiler(desk, sources))
    return finish(desk, _carrier(desk, change, work, actor, tell, sleep).run())


def _carrier(
    desk: Desk, change: Change, work: Work, actor: str, tell: Tell, sleep: Sleep
) -> Carrier:
    keep_left(work)
    bounds = Bounds(desk, change.id, lambda: window_end(desk, change), tell, sleep)
    return Carrier(
        work=work._replace(pause=bounds.pass_time),
        runbook=desk.runbook(change),
        plan=desk.plan(change),
        bounds=bounds,
        actor=actor,
        tell=tell,
    )


def _run_of(desk: Desk, change: Change) -> Run:
    run = desk.parts.journal.run(change.run)
    if run is None:
        raise RefusedError("change.no_run", change=change.id)
    return run


def _compiler(desk: Desk, sources: tuple[str, ...]) -> Callable[[Sequence[str]], str]:
    @functools.cache
    def compiled(names: tuple[str, ...]) -> str:
        return desk.parts.inventory.resolve(sources, ",".join(names)).compiled

    return lambda names: compiled(tuple(names))


def _take_answers(
    desk: Desk, change: Change, actor: str, answers: Sequence[tuple[str, str, StepState]]
) -> Change:
    """Only what was asked is answered: who looked before may have looked too early."""
    if not answers:
        return change
    progress = Progress(desk, change, desk.runbook(change), actor)
    open_ones = {(row.device, row.step): row for row in progress.unknown()}
    for device, step, state in answers:
        row = open_ones.get((device, step))
        if row is None:
            named = ", ".join(f"{d}:{s}" for d, s in open_ones) or "-"
            raise InputError("change.no_question", device=device, step=step, open=named)
        progress.answer(row, state, f"{actor}: {state.value}", actor)
        detail = {"device": device, "step": step, "state": state.value}
        change = desk.note(change, "answer", actor, detail=detail)
    return change


def _is_left(desk: Desk, change: Change) -> bool:
    """Whether a process was killed between the end of the work and what follows it."""
    run = desk.parts.journal.run(change.run) if change.run else None
    open_run = run is not None and run.state is RunState.running
    return open_run or change.kind is ChangeKind.emergency


def _check_nothing_runs(desk: Desk, change: Change, sleep: Sleep) -> None:
    """A killed process's Ansible ends the task that it does; until then nothing is known."""
    left: Sequence[int] = ()
    for _ in range(_LEFT_SECONDS):
        left = desk.left_running(desk.folder(change))
        if not left:
            return
        sleep(1.0)
    pids = ", ".join(map(str, left))
    raise RefusedError("change.left_running", change=change.id, pids=pids)


def _goes_back(desk: Desk, change: Change) -> bool:
    """Whether somebody's way back was begun and is not over."""
    for event in reversed(desk.records.change_events(change.id)):
        if event.action in {ChangeAction.start, ChangeAction.resume}:
            return False
        if event.action == GOING_BACK:
            return True
    return False


def _check_way_back_is_known(desk: Desk, change: Change, actor: str) -> None:
    progress = Progress(desk, change, desk.runbook(change), actor)
    left = [row for row in progress.take_over() if row.phase == Phase.back_out]
    if left:
        steps = ", ".join(f"{row.device}:{row.step}" for row in left)
        raise RefusedError("change.way_back_unknown", change=change.id, steps=steps)


def _check_unlocked(desk: Desk, change: Change) -> None:
    """What another change works on is not taken back under its hands."""
    locks = desk.records.device_locks()
    for target in desk.plan(change).targets:
        other = locks.get(target.device, change.id)
        if other != change.id:
            raise RefusedError("change.locked", device=target.device, change=other)


def _check_operator(desk: Desk, change: Change, actor: str, action: str) -> None:
    """Who carries it out is who was named for it (ROL-30), and may (ROL-02)."""
    if change.operator and actor != change.operator:
        denied(desk, change, actor, action, "not_operator")
        raise RefusedError("change.not_operator", person=actor, operator=change.operator)
    desk.person(desk.contract(change), actor)
