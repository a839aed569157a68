"""Patch states of hosts."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def _text(name: str, *, null: bool = False) -> sa.Column[str]:
    kind = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    return sa.Column(name, kind, nullable=null)


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "patch_states",
        *[_text(name) for name in ("run_id", "device", "contract", "at")],
        sa.Column("checked", sa.Boolean, nullable=False),
        _text("problem", null=True),
        *[_text(name) for name in ("system", "level", "kernel", "installed_kernel")],
        sa.Column("packages", sa.Integer, nullable=False),
        *[_text(name) for name in ("missing", "left_out", "held", "reboot", "restarts")],
        _text("last_patched", null=True),
        _text("evidence"),
        _text("site"),
        sa.Column("ledger", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "device", name="pk_patch_states"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"]),
    )
    op.create_index("ix_patch_states_ledger", "patch_states", ["site", "ledger"], unique=True)
    op.create_index("ix_patch_states_device", "patch_states", ["contract", "device", "at"])
