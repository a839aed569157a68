"""Each device's last attempt and last good night, filled from what was recorded."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_FILL = """
INSERT INTO device_state (contract, device, good_at, attempt_at, attempt_run)
SELECT contract, device, good_at, at, run_id FROM (
    SELECT contract, device, at, run_id,
           MAX(CASE WHEN outcome IN ('archived', 'unchanged') THEN at END)
               OVER (PARTITION BY contract, device) AS good_at,
           ROW_NUMBER()
               OVER (PARTITION BY contract, device ORDER BY at DESC, run_id DESC) AS place
    FROM run_targets
) AS attempts WHERE place = 1
"""


def upgrade() -> None:
    """Make the table."""
    kind = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        "device_state",
        sa.Column("contract", kind, nullable=False),
        sa.Column("device", kind, nullable=False),
        sa.Column("good_at", kind, nullable=True),
        sa.Column("attempt_at", kind, nullable=False),
        sa.Column("attempt_run", kind, nullable=False),
        sa.PrimaryKeyConstraint("contract", "device", name="pk_device_state"),
    )
    op.execute(_FILL)
