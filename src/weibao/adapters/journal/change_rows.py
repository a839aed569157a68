"""Changes and what belongs to them as rows, and back."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from sqlalchemy import RowMapping, Table

from weibao.adapters.journal import schema
from weibao.adapters.journal.rows import Row, cell, stamp
from weibao.domain.base import Value
from weibao.domain.change import Change
from weibao.errors import IntegrityError

__all__ = ["change_of", "change_row", "inputs_row", "row_of", "value_of"]

ValueT = TypeVar("ValueT", bound=Value)

_ELSEWHERE = frozenset({"variables", "fields", "window"})
"""Fields of a change that its own row does not hold by their name."""


def row_of(table: Table, value: Value, elsewhere: frozenset[str] = frozenset()) -> Row:
    """A value's columns; fields without one go into ``more``, but for those ``elsewhere``."""
    cells = {name: cell(data) for name, data in value.__dict__.items() if name not in elsewhere}
    more = {name: getattr(value, name) for name in cells if name not in table.c}
    own = {name: data for name, data in cells.items() if name in table.c}
    return {**own, "more": cell(more)}


def change_row(change: Change) -> Row:
    """The row of ``changes``."""
    window = change.window
    spread = {"window_start": stamp(window.start), "window_end": stamp(window.end)}
    return row_of(schema.changes, change, _ELSEWHERE) | spread


def inputs_row(change: Change) -> Row:
    """The row of ``change_inputs``."""
    asked = {"variables": cell(change.variables), "fields": cell(change.fields)}
    return {"change": change.id, **asked}


def value_of(kind: type[ValueT], table: Table, row: RowMapping) -> ValueT:
    """The value that ``row_of`` took apart.

    Raises:
        IntegrityError: the row was changed into something that is no such value.
    """
    names = [name for name in kind.model_fields if name in table.c]
    try:
        data = {
            name: json.loads(row[name]) if schema.is_json(table.c[name]) else row[name]
            for name in names
        }
        return kind.model_validate(data | json.loads(row["more"]))
    except (ValueError, TypeError) as error:
        raise _senseless(table, row) from error


def change_of(row: RowMapping) -> Change:
    """A row of ``changes`` beside the columns of its ``change_inputs``.

    Raises:
        IntegrityError: as ``value_of``; also where the inputs are missing.
    """
    table = schema.changes
    data: dict[str, Any] = {name: row[name] for name in Change.model_fields if name in table.c}
    try:
        data["window"] = {"start": row["window_start"], "end": row["window_end"]}
        for name in ("variables", "fields", "more"):
            data[name] = json.loads(row[name])
        return Change.model_validate(data | data.pop("more"))
    except (ValueError, TypeError) as error:
        raise _senseless(table, row) from error


def _senseless(table: Table, row: RowMapping) -> IntegrityError:
    key = ", ".join(str(row[name]) for name in schema.key_of(table))
    return IntegrityError("journal.bad_row", table=table.name, key=key)
