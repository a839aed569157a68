"""Values to rows and back, and what the ledger says of a row."""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from operator import itemgetter
from string import Formatter
from typing import Any, TypeVar

from pydantic import BaseModel
from pydantic_core import to_jsonable_python
from sqlalchemy import RowMapping, Table

from weibao.adapters.journal import schema
from weibao.domain.base import Value
from weibao.domain.ledger import canonical, canonical_value
from weibao.domain.records import Finding
from weibao.errors import IntegrityError

__all__ = [
    "Row",
    "RowText",
    "cell",
    "clean",
    "finding_id",
    "from_row",
    "payload",
    "stamp",
    "subject",
    "to_row",
]

Row = dict[str, Any]
"""Column names and what the database stores."""

ValueT = TypeVar("ValueT", bound=Value)

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def stamp(moment: datetime) -> str:
    """A moment as the tables hold it."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def clean(text: str) -> str:
    """``text`` with what PostgreSQL or UTF-8 cannot hold written as an escape."""
    return _UNSTORABLE.sub(lambda found: ascii(found[0])[1:-1], text)


def _jsonable(data: object) -> object:
    if isinstance(data, BaseModel):
        return data.model_dump(mode="json")
    if isinstance(data, tuple | list):
        return [_jsonable(item) for item in data]
    if isinstance(data, dict):
        return {name: _jsonable(item) for name, item in data.items()}
    return to_jsonable_python(data)


def cell(data: object) -> object:
    """What a column holds of a field: times as text, enumerations as their value, else JSON."""
    if data is None or isinstance(data, bool | int | float):
        return data
    if isinstance(data, Enum):
        return str(data.value)
    if isinstance(data, str):
        return clean(data)
    if isinstance(data, datetime):
        return stamp(data)
    return canonical(_jsonable(data))


def to_row(value: Value) -> Row:
    """A value's columns, without ``site`` and ``ledger``."""
    row: Row = {name: cell(data) for name, data in value.__dict__.items()}
    if isinstance(value, Finding):
        row["id"] = finding_id(value)
    return row


def finding_id(finding: Finding) -> str:
    """A name that stays the same when the same finding is made again later."""
    data = finding.model_dump(mode="json", exclude={"at"})
    return hashlib.sha256(canonical(data).encode()).hexdigest()[:32]


@functools.cache
def _read_as(kind: type[Value], table: Table) -> tuple[tuple[str, ...], Any, tuple[str, ...]]:
    """The names of ``kind``'s fields, what takes their cells from a row, and which are JSON."""
    columns = [column.name for column in table.columns]
    names = tuple(kind.model_fields)
    cells = itemgetter(*(columns.index(name) for name in names))
    return names, cells, tuple(name for name in names if schema.is_json(table.c[name]))


def from_row(kind: type[ValueT], table: Table, row: Sequence[Any]) -> ValueT:
    """The value that ``to_row`` took apart; ``row`` is as ``select(table)`` gives it.

    Raises:
        IntegrityError: the row was changed into something that is no such value.
    """
    names, cells, json_names = _read_as(kind, table)
    data = dict(zip(names, cells(row), strict=True))
    try:
        for name in json_names:
            if data[name] is not None:
                data[name] = json.loads(data[name])
        return kind.model_validate(data)
    except (ValueError, TypeError) as error:
        columns = [column.name for column in table.columns]
        key = ", ".join(str(row[columns.index(name)]) for name in schema.key_of(table))
        raise IntegrityError("journal.bad_row", table=table.name, key=key) from error


def payload(row: Mapping[str, Any] | RowMapping) -> str:
    """What the ledger says of a row: all columns but those that place it in the ledger."""
    return canonical({k: v for k, v in row.items() if k not in {"site", "ledger"}})


_SUBJECTS: dict[Table, str] = {
    schema.runs: "run/{id}",
    schema.run_steps: "run/{run_id}/step/{name}@{started_at}",
    schema.run_targets: "run/{run_id}/target/{device}",
    schema.findings: "run/{run_id}/finding/{id}",
    schema.versions: "version/{contract}/{device}/{number}",
    schema.evidence: "evidence/{contract}/{sha256}/{device}/{kind}/{run_id}",
    schema.accesses: "access/{site}/{ledger}",
    schema.changes: "change/{id}",
    schema.change_inputs: "change/{change}/inputs",
    schema.change_events: "change/{change}/event/{number}",
    schema.change_approvals: "change/{change}/approval/{number}",
    schema.change_plans: "change/{change}/plan/{number}",
    schema.change_steps: "change/{change}/step/{wave}/{step}/{device}/{attempt}",
    schema.change_locks: "change/{change}/locks",
    schema.port_readings: "run/{run_id}/ports/{device}",
    schema.patch_states: "run/{run_id}/patch-state/{device}",
}


def subject(table: Table, row: Mapping[str, Any] | RowMapping) -> str:
    """What the ledger calls a row."""
    return _SUBJECTS[table].format(**row)


class RowText:
    """``payload`` and ``subject`` of many rows of one table, as ``select(table)`` gives them."""

    def __init__(self, table: Table) -> None:
        places = {column.name: place for place, column in enumerate(table.columns)}
        said = sorted(places.keys() - {"site", "ledger"})
        self._said = [(f"{canonical_value(name)}:", places[name]) for name in said]
        parts = list(Formatter().parse(_SUBJECTS[table]))
        self._subject = "".join(f"{text}{{}}" if name else text for text, name, *_ in parts)
        self._named = [places[name] for _, name, *_ in parts if name]

    def payload(self, row: Sequence[Any]) -> str:
        """The same as ``payload`` of the row."""
        said = [name + canonical_value(row[place]) for name, place in self._said]
        return "{" + ",".join(said) + "}"

    def subject(self, row: Sequence[Any]) -> str:
        """The same as ``subject`` of the row."""
        return self._subject.format(*[row[place] for place in self._named])
