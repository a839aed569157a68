"""The journal's tables.

Every table but ``ledger`` and ``device_state`` carries ``site`` and ``ledger``: the ledger
row that last wrote the row, whose payload is the canonical JSON of all its other columns.
Times are ISO 8601 text in UTC with microseconds and compare as text; lists, mappings and
reasons are canonical JSON. Text sorts by code point in both databases.

``device_state`` says nothing of its own: it is what ``run_targets`` says of each device's
last attempt and last good night, kept so that 5,000 devices and years of nights stay quick.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, PrimaryKeyConstraint, Table, text

from weibao.adapters.journal.change_tables import (
    CHANGE_ACTIONS,
    CHANGE_TABLES,
    change_approvals,
    change_events,
    change_inputs,
    change_locks,
    change_plan_bodies,
    change_plans,
    change_steps,
    changes,
)
from weibao.adapters.journal.columns import (
    METADATA,
    is_json,
    json_text,
    key_of,
    number,
    record_table,
    reference,
    seconds,
    word,
    yes_no,
)
from weibao.adapters.journal.patch_tables import PATCH_ACTIONS, PATCH_TABLES, patch_states
from weibao.adapters.journal.port_tables import (
    PORT_ACTIONS,
    PORT_TABLES,
    port_bodies,
    port_readings,
)

__all__ = [
    "ACTIONS",
    "METADATA",
    "RECORDED",
    "accesses",
    "change_approvals",
    "change_events",
    "change_inputs",
    "change_locks",
    "change_plan_bodies",
    "change_plans",
    "change_steps",
    "changes",
    "device_state",
    "evidence",
    "findings",
    "is_json",
    "key_of",
    "ledger",
    "patch_states",
    "port_bodies",
    "port_readings",
    "run_steps",
    "run_targets",
    "runs",
    "versions",
]

ledger = Table(
    "ledger",
    METADATA,
    word("site"),
    Column("sequence", BigInteger, nullable=False),
    word("at"),
    word("actor"),
    word("action"),
    word("subject"),
    word("payload"),
    word("previous"),
    word("hash"),
    PrimaryKeyConstraint("site", "sequence", name="pk_ledger"),
    sqlite_with_rowid=False,
)
Index("ix_ledger_action", ledger.c.site, ledger.c.action, ledger.c.sequence)

runs = record_table(
    "runs",
    ("id",),
    word("id"),
    word("job"),
    word("runbook"),
    word("runbook_sha256"),
    word("actor"),
    word("trigger"),
    word("authorisation"),
    word("change_ref"),
    word("program"),
    word("started_at"),
    word("finished_at", null=True),
    word("state"),
    number("targets"),
)

run_steps = record_table(
    "run_steps",
    ("run_id", "name", "started_at"),
    reference("run_id", "runs.id"),
    word("name"),
    word("started_at"),
    word("finished_at"),
    word("outcome"),
    json_text("detail", null=True),
)

run_targets = record_table(
    "run_targets",
    ("run_id", "device"),
    reference("run_id", "runs.id"),
    word("device"),
    word("contract"),
    word("platform"),
    word("outcome"),
    json_text("reason", null=True),
    yes_no("changed"),
    word("sha256"),
    json_text("evidence"),
    json_text("warnings"),
    number("attempts"),
    seconds("seconds"),
    word("at"),
)

findings = record_table(
    "findings",
    ("run_id", "id"),
    reference("run_id", "runs.id"),
    word("id"),
    word("contract"),
    word("device"),
    word("code"),
    word("severity"),
    json_text("params"),
    json_text("evidence"),
    word("at"),
)

versions = record_table(
    "config_versions",
    ("contract", "device", "number"),
    word("contract"),
    word("device"),
    number("number"),
    word("platform"),
    reference("run_id", "runs.id"),
    word("operator"),
    word("command"),
    word("sha256"),
    word("content_sha256"),
    Column("size", BigInteger, nullable=False),
    word("collected_at"),
    yes_no("restorable"),
    word("hostname"),
    number("lines_added"),
    number("lines_removed"),
    word("change_ref"),
    word("full_path"),
    word("full_sha256"),
    word("startup_path"),
    word("startup_sha256"),
    word("commit"),
)
# On PostgreSQL it is as partial; to say so here would load that dialect for every command.
Index(
    "ix_config_versions_uncommitted",
    versions.c.site,
    versions.c.collected_at,
    sqlite_where=text("\"commit\" = ''"),
)

evidence = record_table(
    "evidence",
    ("contract", "sha256", "device", "kind", "run_id"),
    word("contract"),
    word("sha256"),
    word("stored_sha256"),
    Column("size", BigInteger, nullable=False),
    word("device"),
    word("kind"),
    word("command"),
    reference("run_id", "runs.id"),
    word("collected_at"),
    word("note"),
)
Index("ix_evidence_sha256", evidence.c.sha256)
Index("ix_evidence_run", evidence.c.run_id)

accesses = record_table(
    "accesses",
    ("site", "ledger"),
    word("contract"),
    word("actor"),
    word("subject"),
    word("purpose"),
    word("at"),
)

device_state = Table(
    "device_state",
    METADATA,
    word("contract"),
    word("device"),
    word("good_at", null=True),
    word("attempt_at"),
    word("attempt_run"),
    PrimaryKeyConstraint("contract", "device", name="pk_device_state"),
)

RECORDED: tuple[Table, ...] = (
    runs,
    run_steps,
    run_targets,
    findings,
    versions,
    evidence,
    accesses,
    *CHANGE_TABLES,
    *PORT_TABLES,
    *PATCH_TABLES,
)
"""The tables whose rows the ledger repeats, in the order in which they may be written."""

ACTIONS: dict[str, Table] = {
    "run.opened": runs,
    "run.closed": runs,
    "step.ended": run_steps,
    "target.recorded": run_targets,
    "finding.recorded": findings,
    "version.recorded": versions,
    "version.committed": versions,
    "evidence.recorded": evidence,
    "access.recorded": accesses,
    **CHANGE_ACTIONS,
    **PORT_ACTIONS,
    **PATCH_ACTIONS,
}
"""The ledger's actions that write a table's row, and which table."""
