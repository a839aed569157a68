"""Changes and what belongs to them as rows, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from sqlalchemy import RowMapping, Table

from weibao.adapters.journal import schema
from weibao.adapters.journal.bodies import packed, unpacked
from weibao.adapters.journal.rows import Row, cell, stamp
from weibao.domain.base import Value
from weibao.domain.change import Change, ChangePlan
from weibao.domain.ledger import canonical
from weibao.errors import IntegrityError

__all__ = [
    "change_of",
    "change_row",
    "inputs_row",
    "plan_body",
    "plan_of",
    "plan_rows",
    "row_of",
    "value_of",
]

ValueT = TypeVar("ValueT", bound=Value)

_ELSEWHERE = frozenset({"variables", "fields", "window"})
"""Fields of a change that its own row does not hold by their name."""

_PLANNED: Mapping[str, object] = {"parts": {}, "targets": [], "conflicts": []}
"""What of a plan grows with its targets, and what the row says instead: it is in the body."""
_BODY = "body"


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


def plan_rows(plan: ChangePlan) -> tuple[Row, Row]:
    """The row of ``change_plans``, and that of ``change_plan_bodies``."""
    large = plan.model_dump(mode="json", include=set(_PLANNED))
    sha256, body = packed(canonical(large).encode())
    row = row_of(schema.change_plans, plan)
    row |= {name: cell(nothing) for name, nothing in _PLANNED.items()}
    row["more"] = cell({_BODY: sha256})
    return row, {"change": row["change"], "number": row["number"], "body": body}


def plan_body(more: str) -> str:
    """The sha256 of a plan's body by its row's ``more``; empty: it is in the row."""
    try:
        said = json.loads(more)
    except (ValueError, TypeError):
        return ""  # nobody wrote that here: the ledger says something else
    found = said.get(_BODY, "") if isinstance(said, dict) else ""
    return found if isinstance(found, str) else ""


def plan_of(row: RowMapping) -> ChangePlan:
    """A row of ``change_plans`` with its body as ``packed``.

    Raises:
        IntegrityError: as ``value_of``; also where the body is missing or another one.
    """
    table, sha256 = schema.change_plans, plan_body(row["more"])
    if not sha256:
        return value_of(ChangePlan, table, row)
    key = f"{row['change']}, {row['number']}"
    large = unpacked(schema.change_plan_bodies, key, sha256, row["packed"])
    return value_of(ChangePlan, table, {**row, "more": large})


def value_of(kind: type[ValueT], table: Table, row: RowMapping | Mapping[str, Any]) -> ValueT:
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


def _senseless(table: Table, row: RowMapping | Mapping[str, Any]) -> IntegrityError:
    key = ", ".join(str(row[name]) for name in schema.key_of(table))
    return IntegrityError("journal.bad_row", table=table.name, key=key)
