"""Rows out of a JSON output, and the fields of it that nobody named."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from weibao.domain.patterns import compiled
from weibao.domain.port_rows import Row
from weibao.domain.port_rules import JsonRows

__all__ = ["cut_json"]

_DECODER = json.JSONDecoder()


def cut_json(
    shape: JsonRows, lines: Iterable[tuple[int, str]]
) -> tuple[list[Row], list[tuple[int, str]]]:
    """Rows of the first JSON value in numbered lines, and what was not understood.

    Half a value is none, nor is one that has no rows where ``shape`` looks for them: then every
    line is left over. A field that ``shape`` does not name is told as ``eth0.new_field: value``.
    """
    numbered = list(lines)
    for at, (_, line) in enumerate(numbered):
        if not line.lstrip().startswith(("[", "{")):
            continue
        text = "\n".join(each for _, each in numbered[at:])
        try:
            value, end = _DECODER.raw_decode(text.lstrip())
        except ValueError:
            continue
        found = _at(value, shape.rows)
        if not isinstance(found, Mapping | list):
            break
        rest = text.lstrip()[end:].split("\n")
        behind = len(numbered) - len(rest) + 1
        left = [*numbered[:at], (numbered[behind - 1][0], rest[0]), *numbered[behind:]]
        unnamed: list[tuple[int, str]] = []
        rows: list[Row] = []
        for key, record in _records(found):
            if not isinstance(record, Mapping):
                told = json.dumps(record, ensure_ascii=False)
                unnamed.append((numbered[at][0], f"{key}: {told}"))
                continue
            cells = {
                name: _cell(key if path == "@key" else _at(record, path))
                for name, path in shape.columns.items()
            }
            # An empty record stands for nothing (iproute2 prints one for what it filters).
            if any(cells.values()):
                rows.append(Row(cells, {}))
            unnamed += [(numbered[at][0], f"{key}.{text}") for text in _unnamed(shape, record)]
        return rows, [(number, line) for number, line in left if line.strip()] + unnamed
    return [], [(number, line) for number, line in numbered if line.strip()]


def _records(value: Mapping[str, Any] | list[Any]) -> Iterable[tuple[str, Any]]:
    if isinstance(value, list):
        return [(str(at), each) for at, each in enumerate(value)]
    if any(isinstance(each, Mapping) for each in value.values()):
        return value.items()
    # One row alone is printed without the list around it.
    return [("0", value)] if value else []


def _at(value: Any, path: str) -> Any:
    """What lies at ``a.b.c``; None where it ends before."""
    for part in path.split(".") if path else ():
        if not isinstance(value, Mapping):
            return None
        value = value.get(part)
    return value


def _cell(value: Any) -> str | list[str]:
    if value is None or isinstance(value, Mapping):
        return ""
    if isinstance(value, list):
        # No flag at all is something said, too.
        return [str(each) for each in value] or "[]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _unnamed(shape: JsonRows, record: Mapping[str, Any], above: str = "") -> Iterator[str]:
    named = set(shape.columns.values())
    for key, value in record.items():
        path = f"{above}{key}"
        if path in named or any(compiled(p).fullmatch(path) for p in shape.silent):
            continue
        if isinstance(value, Mapping) and any(name.startswith(f"{path}.") for name in named):
            yield from _unnamed(shape, value, f"{path}.")
        else:
            yield f"{path}: {json.dumps(value, ensure_ascii=False)}"
