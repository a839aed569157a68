"""The tables of change control.

What is asked for in full (``change_inputs``: contents of files among it) and what was planned
(``change_plans``: hashes and differences of every target) can be large and stand apart, so
that a list of changes reads little and a move of a change does not repeat them in the ledger.
What of a plan grows with its targets lies compressed in ``change_plan_bodies``, and the row's
``more``, which the ledger repeats, has its sha256. (Plans from before migration 0006 have it
in the row itself, and in the ledger.) ``change_locks`` says which devices belong to a change
*while* it is running or paused; nothing has to be removed when it ends. Column ``more`` holds
the fields of a value that have no column.
"""

from __future__ import annotations

from sqlalchemy import Index

from weibao.adapters.journal.columns import (
    body_table,
    json_text,
    number,
    record_table,
    reference,
    seconds,
    word,
    yes_no,
)

__all__ = [
    "CHANGE_ACTIONS",
    "CHANGE_TABLES",
    "change_approvals",
    "change_events",
    "change_inputs",
    "change_locks",
    "change_plan_bodies",
    "change_plans",
    "change_steps",
    "changes",
]

changes = record_table(
    "changes",
    ("id",),
    word("id"),
    word("contract"),
    word("kind"),
    word("state"),
    number("round"),
    word("runbook"),
    word("runbook_version"),
    word("title"),
    word("limit"),
    word("window_start"),
    word("window_end"),
    word("requester"),
    word("operator"),
    word("recorder"),
    word("representative"),
    word("verbal_approver"),
    word("fault"),
    number("plan"),
    word("digest"),
    word("created_at"),
    word("submitted_at", null=True),
    word("started_at", null=True),
    word("finished_at", null=True),
    word("closed_at", null=True),
    word("owed_until", null=True),
    word("run"),
    word("updated_at"),
    json_text("more"),
)
Index("ix_changes_created", changes.c.created_at, changes.c.id)
Index("ix_changes_contract", changes.c.contract, changes.c.created_at, changes.c.id)
Index("ix_changes_state", changes.c.state, changes.c.created_at, changes.c.id)
Index("ix_changes_window", changes.c.window_end, changes.c.window_start)

change_inputs = record_table(
    "change_inputs",
    ("change",),
    reference("change", "changes.id"),
    json_text("variables"),
    json_text("fields"),
    bulky=True,
)

change_events = record_table(
    "change_events",
    ("change", "number"),
    reference("change", "changes.id"),
    number("number"),
    word("at"),
    word("actor"),
    word("action"),
    word("state_before"),
    word("state"),
    word("why"),
    json_text("detail"),
    json_text("more"),
)

change_approvals = record_table(
    "change_approvals",
    ("change", "number"),
    reference("change", "changes.id"),
    number("number"),
    number("round"),
    word("stage"),
    word("person"),
    word("decision"),
    word("digest"),
    word("window_end"),
    word("channel"),
    word("statement"),
    word("signature"),
    word("recorded_by"),
    word("evidence"),
    word("why"),
    word("at"),
    json_text("more"),
)

change_plans = record_table(
    "change_plans",
    ("change", "number"),
    reference("change", "changes.id"),
    number("number"),
    word("made_at"),
    word("digest"),
    json_text("parts"),
    json_text("targets"),
    seconds("estimate"),
    seconds("back_out_estimate"),
    json_text("conflicts"),
    word("run"),
    json_text("more"),
    bulky=True,
)

change_plan_bodies = body_table("change_plan_bodies", word("change"), number("number"))

change_steps = record_table(
    "change_steps",
    ("change", "wave", "step", "device", "attempt"),
    reference("change", "changes.id"),
    number("wave"),
    word("phase"),
    word("step"),
    word("device"),
    number("attempt"),
    word("state"),
    word("actor"),
    word("started_at"),
    word("finished_at", null=True),
    yes_no("changed"),
    word("detail"),
    json_text("evidence"),
    word("confirmed_by"),
    json_text("more"),
    number("number"),  # the order in which a change's steps were first recorded
    word("runbook"),  # of the change; how long steps take is asked by it
)
Index("ix_change_steps_number", change_steps.c.change, change_steps.c.number, unique=True)
Index(
    "ix_change_steps_durations",
    change_steps.c.runbook,
    change_steps.c.state,
    change_steps.c.step,
    change_steps.c.finished_at,
)

change_locks = record_table(
    "change_locks",
    ("change",),
    reference("change", "changes.id"),
    json_text("devices"),
    word("at"),
    bulky=True,
)

CHANGE_TABLES = (
    changes,
    change_inputs,
    change_plans,
    change_approvals,
    change_events,
    change_steps,
    change_locks,
)
"""In the order in which they may be written."""

CHANGE_ACTIONS = {
    "change.added": changes,
    "change.moved": changes,
    "change_inputs.recorded": change_inputs,
    "change_plan.recorded": change_plans,
    "change_approval.recorded": change_approvals,
    "change_event.recorded": change_events,
    "change_step.recorded": change_steps,
    "change_locks.recorded": change_locks,
}
"""The ledger's actions that write a row of these tables."""
