"""Changes: what was asked for, planned, approved, done, and which devices belong to them."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def _text(name: str, *, null: bool = False) -> sa.Column[str]:
    kind = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    return sa.Column(name, kind, nullable=null)


def _texts(*names: str, null: bool = False) -> list[sa.Column[str]]:
    return [_text(name, null=null) for name in names]


def _number(name: str, kind: type[sa.types.TypeEngine[int]] = sa.Integer) -> sa.Column[int]:
    return sa.Column(name, kind, nullable=False)


def _seconds(name: str) -> sa.Column[float]:
    return sa.Column(name, sa.Double, nullable=False)


def _record(name: str, key: tuple[str, ...], *columns: sa.Column[Any]) -> None:
    names = {column.name for column in columns}
    change = [sa.ForeignKeyConstraint(["change"], ["changes.id"])] if "change" in names else []
    op.create_table(
        name,
        *columns,
        _text("site"),
        _number("ledger", sa.BigInteger),
        sa.PrimaryKeyConstraint(*key, name=f"pk_{name}"),
        *change,
    )
    op.create_index(f"ix_{name}_ledger", name, ["site", "ledger"], unique=True)


def upgrade() -> None:
    """Make the tables."""
    _changes()
    _record("change_inputs", ("change",), *_texts("change", "variables", "fields"))
    _record(
        "change_plans",
        ("change", "number"),
        _text("change"),
        _number("number"),
        *_texts("made_at", "digest", "parts", "targets"),
        _seconds("estimate"),
        _seconds("back_out_estimate"),
        *_texts("conflicts", "run", "more"),
    )
    _record(
        "change_approvals",
        ("change", "number"),
        _text("change"),
        _number("number"),
        _number("round"),
        *_texts("stage", "person", "decision", "digest", "window_end", "channel", "statement"),
        *_texts("signature", "recorded_by", "evidence", "why", "at", "more"),
    )
    _record(
        "change_events",
        ("change", "number"),
        _text("change"),
        _number("number"),
        *_texts("at", "actor", "action", "state_before", "state", "why", "detail", "more"),
    )
    _steps()
    _record("change_locks", ("change",), *_texts("change", "devices", "at"))


def _changes() -> None:
    _record(
        "changes",
        ("id",),
        *_texts("id", "contract", "kind", "state"),
        _number("round"),
        *_texts("runbook", "runbook_version", "title", "limit", "window_start", "window_end"),
        *_texts("requester", "operator", "recorder", "representative", "verbal_approver", "fault"),
        _number("plan"),
        *_texts("digest", "created_at"),
        *_texts("submitted_at", "started_at", "finished_at", "closed_at", null=True),
        _text("owed_until", null=True),
        *_texts("run", "updated_at", "more"),
    )
    op.create_index("ix_changes_created", "changes", ["created_at", "id"])
    op.create_index("ix_changes_contract", "changes", ["contract", "created_at", "id"])
    op.create_index("ix_changes_state", "changes", ["state", "created_at", "id"])
    op.create_index("ix_changes_window", "changes", ["window_end", "window_start"])


def _steps() -> None:
    _record(
        "change_steps",
        ("change", "wave", "step", "device", "attempt"),
        _text("change"),
        _number("wave"),
        *_texts("phase", "step", "device"),
        _number("attempt"),
        *_texts("state", "actor", "started_at"),
        _text("finished_at", null=True),
        sa.Column("changed", sa.Boolean, nullable=False),
        *_texts("detail", "evidence", "confirmed_by", "more"),
        _number("number"),
        _text("runbook"),
    )
    op.create_index("ix_change_steps_number", "change_steps", ["change", "number"], unique=True)
    op.create_index(
        "ix_change_steps_durations", "change_steps", ["runbook", "state", "step", "finished_at"]
    )
