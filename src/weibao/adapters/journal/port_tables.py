"""The tables of port readings.

``port_readings`` is what a list or a chart needs of a device's reading, and the sha256 of the
whole; ``port_bodies`` holds the whole, compressed. The ledger repeats the first only, and
``verify`` compares the second with the hash in it, so that a year of nights stays small.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, LargeBinary, PrimaryKeyConstraint, Table

from weibao.adapters.journal.columns import (
    METADATA,
    json_text,
    number,
    record_table,
    reference,
    text_type,
    word,
)

__all__ = ["PORT_ACTIONS", "PORT_TABLES", "port_bodies", "port_readings"]

port_readings = record_table(
    "port_readings",
    ("run_id", "device"),
    reference("run_id", "runs.id"),
    word("device"),
    word("contract"),
    word("platform"),
    word("at"),
    word("outcome"),
    json_text("reason", null=True),
    number("total"),
    number("up"),
    number("down"),
    number("shut"),
    number("unknown"),
    number("findings"),
    word("body"),
)
Index(
    "ix_port_readings_device",
    port_readings.c.contract,
    port_readings.c.device,
    port_readings.c.at,
)

port_bodies = Table(
    "port_bodies",
    METADATA,
    Column("run_id", text_type(), nullable=False),
    Column("device", text_type(), nullable=False),
    Column("body", LargeBinary, nullable=False),
    PrimaryKeyConstraint("run_id", "device", name="pk_port_bodies"),
)

PORT_TABLES = (port_readings,)
PORT_ACTIONS = {"ports.recorded": port_readings}
