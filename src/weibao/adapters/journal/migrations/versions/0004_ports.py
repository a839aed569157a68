"""Readings of ports."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def _text(name: str, *, null: bool = False) -> sa.Column[str]:
    kind = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    return sa.Column(name, kind, nullable=null)


def upgrade() -> None:
    """Make the tables."""
    texts = ("run_id", "device", "contract", "platform", "at", "outcome")
    numbers = ("total", "up", "down", "shut", "unknown", "findings")
    op.create_table(
        "port_readings",
        *(_text(name) for name in texts),
        _text("reason", null=True),
        *(sa.Column(name, sa.Integer, nullable=False) for name in numbers),
        _text("body"),
        _text("site"),
        sa.Column("ledger", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "device", name="pk_port_readings"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"]),
    )
    op.create_index("ix_port_readings_ledger", "port_readings", ["site", "ledger"], unique=True)
    op.create_index("ix_port_readings_device", "port_readings", ["contract", "device", "at"])
    op.create_table(
        "port_bodies",
        _text("run_id"),
        _text("device"),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "device", name="pk_port_bodies"),
    )
