"""The tables of port readings.

``port_readings`` is what a list or a chart needs of a device's reading, and the sha256 of the
whole; ``port_bodies`` holds the whole, compressed. The ledger repeats the first only, and
``verify`` compares the second with the hash in it, so that a year of nights stays small.
"""

from __future__ import annotations

from sqlalchemy import Index

from weibao.adapters.journal.columns import (
    body_table,
    json_text,
    number,
    record_table,
    reference,
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

port_bodies = body_table("port_bodies", word("run_id"), word("device"))

PORT_TABLES = (port_readings,)
PORT_ACTIONS = {"ports.recorded": port_readings}
