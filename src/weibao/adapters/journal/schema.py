"""The journal's tables.

Every table but ``ledger`` and ``device_state`` carries ``site`` and ``ledger``: the ledger
row that last wrote the row, whose payload is the canonical JSON of all its other columns.
Times are ISO 8601 text in UTC with microseconds and compare as text; lists, mappings and
reasons are canonical JSON. Text sorts by code point in both databases.

``device_state`` says nothing of its own: it is what ``run_targets`` says of each device's
last attempt and last good night, kept so that 5,000 devices and years of nights stay quick.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)
from sqlalchemy.types import TypeEngine

__all__ = [
    "ACTIONS",
    "METADATA",
    "RECORDED",
    "accesses",
    "device_state",
    "evidence",
    "findings",
    "is_json",
    "key_of",
    "ledger",
    "run_steps",
    "run_targets",
    "runs",
    "versions",
]

METADATA = MetaData()


def _text_type() -> TypeEngine[str]:
    return Text().with_variant(Text(collation="C"), "postgresql")


def _text(name: str, *, null: bool = False) -> Column[str]:
    return Column(name, _text_type(), nullable=null)


def _json(name: str, *, null: bool = False) -> Column[str]:
    return Column(name, _text_type(), nullable=null, info={"json": True})


def _whole(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False)


def _yes_no(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False)


def _run(name: str = "run_id") -> Column[str]:
    return Column(name, _text_type(), ForeignKey("runs.id"), nullable=False)


def _table(name: str, key: tuple[str, ...], *columns: Column[Any]) -> Table:
    table = Table(
        name,
        METADATA,
        *columns,
        _text("site"),
        Column("ledger", BigInteger, nullable=False),
        PrimaryKeyConstraint(*key, name=f"pk_{name}"),
    )
    Index(f"ix_{name}_ledger", table.c.site, table.c.ledger, unique=True)
    return table


ledger = Table(
    "ledger",
    METADATA,
    _text("site"),
    Column("sequence", BigInteger, nullable=False),
    _text("at"),
    _text("actor"),
    _text("action"),
    _text("subject"),
    _text("payload"),
    _text("previous"),
    _text("hash"),
    PrimaryKeyConstraint("site", "sequence", name="pk_ledger"),
    sqlite_with_rowid=False,
)
Index("ix_ledger_action", ledger.c.site, ledger.c.action, ledger.c.sequence)

runs = _table(
    "runs",
    ("id",),
    _text("id"),
    _text("job"),
    _text("runbook"),
    _text("runbook_sha256"),
    _text("actor"),
    _text("trigger"),
    _text("authorisation"),
    _text("change_ref"),
    _text("program"),
    _text("started_at"),
    _text("finished_at", null=True),
    _text("state"),
    _whole("targets"),
)

run_steps = _table(
    "run_steps",
    ("run_id", "name", "started_at"),
    _run(),
    _text("name"),
    _text("started_at"),
    _text("finished_at"),
    _text("outcome"),
    _json("detail", null=True),
)

run_targets = _table(
    "run_targets",
    ("run_id", "device"),
    _run(),
    _text("device"),
    _text("contract"),
    _text("platform"),
    _text("outcome"),
    _json("reason", null=True),
    _yes_no("changed"),
    _text("sha256"),
    _json("evidence"),
    _json("warnings"),
    _whole("attempts"),
    Column("seconds", Double, nullable=False),
    _text("at"),
)

findings = _table(
    "findings",
    ("run_id", "id"),
    _run(),
    _text("id"),
    _text("contract"),
    _text("device"),
    _text("code"),
    _text("severity"),
    _json("params"),
    _json("evidence"),
    _text("at"),
)

versions = _table(
    "config_versions",
    ("contract", "device", "number"),
    _text("contract"),
    _text("device"),
    _whole("number"),
    _text("platform"),
    _run(),
    _text("operator"),
    _text("command"),
    _text("sha256"),
    _text("content_sha256"),
    Column("size", BigInteger, nullable=False),
    _text("collected_at"),
    _yes_no("restorable"),
    _text("hostname"),
    _whole("lines_added"),
    _whole("lines_removed"),
    _text("change_ref"),
    _text("full_path"),
    _text("full_sha256"),
    _text("startup_path"),
    _text("startup_sha256"),
    _text("commit"),
)
_not_committed = text("\"commit\" = ''")
Index(
    "ix_config_versions_uncommitted",
    versions.c.site,
    versions.c.collected_at,
    sqlite_where=_not_committed,
    postgresql_where=_not_committed,
)

evidence = _table(
    "evidence",
    ("contract", "sha256", "device", "kind", "run_id"),
    _text("contract"),
    _text("sha256"),
    _text("stored_sha256"),
    Column("size", BigInteger, nullable=False),
    _text("device"),
    _text("kind"),
    _text("command"),
    _run(),
    _text("collected_at"),
    _text("note"),
)
Index("ix_evidence_sha256", evidence.c.sha256)
Index("ix_evidence_run", evidence.c.run_id)

accesses = _table(
    "accesses",
    ("site", "ledger"),
    _text("contract"),
    _text("actor"),
    _text("subject"),
    _text("purpose"),
    _text("at"),
)

device_state = Table(
    "device_state",
    METADATA,
    _text("contract"),
    _text("device"),
    _text("good_at", null=True),
    _text("attempt_at"),
    _text("attempt_run"),
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
}
"""The ledger's actions that write a table's row, and which table."""


def is_json(column: Column[Any]) -> bool:
    """Whether a column holds canonical JSON."""
    return bool(column.info.get("json"))


def key_of(table: Table) -> tuple[str, ...]:
    """The names of the columns that identify a row."""
    return tuple(column.name for column in table.primary_key.columns)
