"""Dry runs whose process was killed: whoever sees one first ends it, and says so on the change."""

from __future__ import annotations

import contextlib

from weibao.domain.change import Change
from weibao.domain.records import Run, RunState
from weibao.errors import RefusedError
from weibao.services.changes.desk import Desk
from weibao.services.recover import DRY_RUN

__all__ = ["PLAN_CUT_OFF", "end_cut_off_plans", "sweep_cut_off_plans"]

PLAN_CUT_OFF = "plan_cut_off"
"""The event that a dry run was found whose process is gone."""


def sweep_cut_off_plans(desk: Desk, change_id: str = "") -> list[Run]:
    """End those of one change, or of all; a plan that is being made right now is left alone."""
    ended: list[Run] = []
    for name in sorted(
        {run.change_ref for run in _left(desk) if change_id in ("", run.change_ref)}
    ):
        with (
            contextlib.suppress(RefusedError),
            desk.hold(f"change-{name}.lock", f"change {name}"),
        ):
            ended += end_cut_off_plans(desk, desk.fresh(name))
    return ended


def end_cut_off_plans(desk: Desk, change: Change) -> list[Run]:
    """Those of ``change``; the caller holds it, so that nobody works on them."""
    left = [run for run in _left(desk) if run.change_ref == change.id]
    for run in left:
        desk.parts.journal.close_run(run.id, RunState.interrupted, desk.now, desk.parts.program)
        desk.note(change, PLAN_CUT_OFF, desk.parts.program, detail={"run": run.id})
    return left


def _left(desk: Desk) -> list[Run]:
    return [run for run in desk.parts.journal.unfinished_runs() if run.authorisation == DRY_RUN]
