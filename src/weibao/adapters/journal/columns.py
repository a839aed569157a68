"""Kinds of columns, and what every recorded table shares."""

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
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
)
from sqlalchemy.types import TypeEngine

__all__ = [
    "METADATA",
    "body_table",
    "is_json",
    "json_text",
    "key_of",
    "number",
    "record_table",
    "reference",
    "seconds",
    "text_type",
    "word",
    "yes_no",
]

METADATA = MetaData()


def text_type() -> TypeEngine[str]:
    """Text that sorts by code point in both databases."""
    return Text().with_variant(Text(collation="C"), "postgresql")


def word(name: str, *, null: bool = False) -> Column[str]:
    """Text."""
    return Column(name, text_type(), nullable=null)


def json_text(name: str, *, null: bool = False) -> Column[str]:
    """Canonical JSON."""
    return Column(name, text_type(), nullable=null, info={"json": True})


def number(name: str) -> Column[int]:
    """A whole number."""
    return Column(name, Integer, nullable=False)


def seconds(name: str) -> Column[float]:
    """A time in seconds."""
    return Column(name, Double, nullable=False)


def yes_no(name: str) -> Column[bool]:
    """Yes or no."""
    return Column(name, Boolean, nullable=False)


def reference(name: str, to: str) -> Column[str]:
    """The text key of another table's row."""
    return Column(name, text_type(), ForeignKey(to), nullable=False)


def record_table(
    name: str, key: tuple[str, ...], *columns: Column[Any], bulky: bool = False
) -> Table:
    """A table whose rows the ledger repeats; ``bulky``: a row may have megabytes."""
    table = Table(
        name,
        METADATA,
        *columns,
        word("site"),
        Column("ledger", BigInteger, nullable=False),
        PrimaryKeyConstraint(*key, name=f"pk_{name}"),
        info={"bulky": bulky},
    )
    Index(f"ix_{name}_ledger", table.c.site, table.c.ledger, unique=True)
    return table


def body_table(name: str, *key: Column[Any]) -> Table:
    """A table of bodies: columns ``key`` are those of the recorded table."""
    body = Column("body", LargeBinary, nullable=False)
    names = [column.name for column in key]
    return Table(name, METADATA, *key, body, PrimaryKeyConstraint(*names, name=f"pk_{name}"))


def is_json(column: Column[Any]) -> bool:
    """Whether a column holds canonical JSON."""
    return bool(column.info.get("json"))


def key_of(table: Table) -> tuple[str, ...]:
    """The names of the columns that identify a row."""
    return tuple(column.name for column in table.primary_key.columns)
