"""Runs, outcomes, versions, findings, evidence, accesses, and the ledger over them."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _text(name: str, *, null: bool = False) -> sa.Column[str]:
    kind = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    return sa.Column(name, kind, nullable=null)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [_text(name) for name in names]


def _number(name: str, kind: type[sa.types.TypeEngine[int]] = sa.Integer) -> sa.Column[int]:
    return sa.Column(name, kind, nullable=False)


def _record(name: str, key: tuple[str, ...], *columns: sa.Column[Any]) -> None:
    names = {column.name for column in columns}
    run = [sa.ForeignKeyConstraint(["run_id"], ["runs.id"])] if "run_id" in names else []
    op.create_table(
        name,
        *columns,
        _text("site"),
        _number("ledger", sa.BigInteger),
        sa.PrimaryKeyConstraint(*key, name=f"pk_{name}"),
        *run,
    )
    op.create_index(f"ix_{name}_ledger", name, ["site", "ledger"], unique=True)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "ledger",
        _text("site"),
        _number("sequence", sa.BigInteger),
        *_texts("at", "actor", "action", "subject", "payload", "previous", "hash"),
        sa.PrimaryKeyConstraint("site", "sequence", name="pk_ledger"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_ledger_action", "ledger", ["site", "action", "sequence"])
    _runs()
    _versions()
    _evidence()
    _record(
        "accesses", ("site", "ledger"), *_texts("contract", "actor", "subject", "purpose", "at")
    )


def _runs() -> None:
    _record(
        "runs",
        ("id",),
        *_texts("id", "job", "runbook", "runbook_sha256", "actor", "trigger", "authorisation"),
        *_texts("change_ref", "program", "started_at"),
        _text("finished_at", null=True),
        _text("state"),
        _number("targets"),
    )
    _record(
        "run_steps",
        ("run_id", "name", "started_at"),
        *_texts("run_id", "name", "started_at", "finished_at", "outcome"),
        _text("detail", null=True),
    )
    _record(
        "run_targets",
        ("run_id", "device"),
        *_texts("run_id", "device", "contract", "platform", "outcome"),
        _text("reason", null=True),
        sa.Column("changed", sa.Boolean, nullable=False),
        *_texts("sha256", "evidence", "warnings"),
        _number("attempts"),
        sa.Column("seconds", sa.Double, nullable=False),
        _text("at"),
    )
    _record(
        "findings",
        ("run_id", "id"),
        *_texts("run_id", "id", "contract", "device", "code", "severity", "params", "evidence"),
        _text("at"),
    )


def _versions() -> None:
    _record(
        "config_versions",
        ("contract", "device", "number"),
        *_texts("contract", "device"),
        _number("number"),
        *_texts("platform", "run_id", "operator", "command", "sha256", "content_sha256"),
        _number("size", sa.BigInteger),
        _text("collected_at"),
        sa.Column("restorable", sa.Boolean, nullable=False),
        _text("hostname"),
        _number("lines_added"),
        _number("lines_removed"),
        *_texts("change_ref", "full_path", "full_sha256", "startup_path", "startup_sha256"),
        _text("commit"),
    )
    open_end = sa.text("\"commit\" = ''")
    op.create_index(
        "ix_config_versions_uncommitted",
        "config_versions",
        ["site", "collected_at"],
        sqlite_where=open_end,
        postgresql_where=open_end,
    )


def _evidence() -> None:
    _record(
        "evidence",
        ("contract", "sha256", "device", "kind", "run_id"),
        *_texts("contract", "sha256", "stored_sha256"),
        _number("size", sa.BigInteger),
        *_texts("device", "kind", "command", "run_id", "collected_at", "note"),
    )
    op.create_index("ix_evidence_sha256", "evidence", ["sha256"])
    op.create_index("ix_evidence_run", "evidence", ["run_id"])
