"""From rows of a table to ports: words are explained, commands put together (PRT-04)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from weibao.domain.patterns import compiled
from weibao.domain.port import (
    Neighbour,
    OperStatus,
    Optical,
    Port,
    PortCounters,
    PortReading,
    UnknownWord,
)
from weibao.domain.port_merge import merge_status
from weibao.domain.port_rules import Column, PortCommand, PortField, PortRules, StatusWord
from weibao.domain.port_values import (
    decibels,
    duplex,
    listed,
    mac_address,
    number,
    percent,
    rate,
    speed,
)

__all__ = ["PortNames", "Row", "Rows", "assemble"]

Cell = str | list[str]

_TEXTS = frozenset(
    {PortField.media, PortField.mode, PortField.vlan, PortField.description, PortField.last_change}
)
_COUNTERS = frozenset(PortField(name) for name in PortCounters.model_fields)
_RATES = frozenset({PortField.in_rate, PortField.out_rate})
_PERCENTS = frozenset({PortField.in_utilisation, PortField.out_utilisation})
_OPTICAL = frozenset(PortField(name) for name in Optical.model_fields)
_POWERS = frozenset({PortField.rx_power, PortField.tx_power})
_NEIGHBOUR = {PortField(f"neighbour_{name}"): name for name in Neighbour.model_fields}
_NOTHING = frozenset({"", "-", "--", "---", "n/a", "unknown"})


@dataclass(frozen=True)
class Row:
    """One record of a template: its columns, and the line on which each was found."""

    cells: Mapping[str, Cell]
    lines: Mapping[str, int]


@dataclass(frozen=True)
class Rows:
    """A command's whole output, cut up."""

    command: PortCommand
    rows: tuple[Row, ...]
    unparsed: tuple[str, ...]
    text: tuple[str, ...]
    """All lines, for the messages."""
    port: str = ""
    """The port in the command, where it is for one alone."""


class PortNames:
    """One name for every way in which a platform prints a port's name."""

    _NUMBERS = re.compile(r"\d+(?:/\d+)*(?::\d+)?")
    _SHAPE = re.compile(r"([\d.]*[A-Za-z][A-Za-z_-]*?)[ -]?(\d.*)?")

    def __init__(self, names: Mapping[str, Iterable[str]], suffix: str = "") -> None:
        """``suffix``: a pattern of what is printed behind a name and is no part of it."""
        self._suffix = compiled(f"(?:{suffix})$") if suffix else None
        self._long: dict[str, str] = {}
        for canonical, short in names.items():
            for each in (canonical, *short):
                self._long[each.lower()] = canonical

    def canonical(self, native: str) -> str:
        """The long form; a name of unknown kind stays as it is."""
        stripped = native.strip()
        if self._suffix is not None:
            stripped = self._suffix.sub("", stripped)
        if "" in self._long and self._NUMBERS.fullmatch(stripped):
            return self._long[""] + stripped
        found = self._SHAPE.fullmatch(stripped)
        if found is None:
            return stripped
        known = self._long.get(found[1].lower())
        return stripped if known is None else known + (found[2] or "")


@dataclass
class _Draft:
    """A port while its commands are put together."""

    native: str
    fields: dict[str, Any] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)
    optical: dict[str, float] = field(default_factory=dict)
    neighbours: dict[Neighbour, None] = field(default_factory=dict)
    doubtful: bool = False
    """One of its status words is unknown."""
    unset: bool = False
    """One of them says how it is configured."""

    def finish(self, name: str) -> Port:
        fields = self.fields
        if self.counters:
            fields["counters"] = PortCounters(**self.counters)
        if self.optical:
            fields["optical"] = Optical(**self.optical)
        if fields.get("lag") == name:
            # A table of aggregates names the aggregate on its own line too.
            del fields["lag"]
        return Port(name=name, native_name=self.native, neighbours=tuple(self.neighbours), **fields)


def assemble(rules: PortRules, outputs: Iterable[Rows]) -> PortReading:
    """Ports out of the cut outputs, in the order in which the device printed them first."""
    return _Assembly(rules).read(list(outputs))


class _Assembly:
    def __init__(self, rules: PortRules) -> None:
        self._rules = rules
        self._names = PortNames(rules.names, rules.name_suffix)
        self._drafts: dict[str, _Draft] = {}
        self._lags: dict[str, tuple[str, str]] = {}
        """Member → its aggregate, and how it was printed."""
        self._unknown: list[UnknownWord] = []
        self._meanings: dict[tuple[str, str], StatusWord | None] = {}

    def read(self, outputs: list[Rows]) -> PortReading:
        order = {command.send: at for at, command in enumerate(self._rules.commands)}
        outputs.sort(key=lambda rows: order[rows.command.send])
        makes = any(not rows.command.adds_only for rows in outputs)
        for rows in outputs:
            for row in rows.rows:
                self._take(rows, row, new=not (makes and rows.command.adds_only))
        for member, (lag, native) in self._lags.items():
            if not makes:
                # Where nothing else tells the ports, those of a list are not passed over.
                self._drafts.setdefault(member, _Draft(native))
            if member in self._drafts:
                self._drafts[member].fields.setdefault("lag", lag)
        return PortReading(
            ports=tuple(draft.finish(name) for name, draft in self._drafts.items()),
            unparsed=tuple(line for rows in outputs for line in rows.unparsed),
            unknown_words=tuple(self._unknown),
        )

    def _take(self, rows: Rows, row: Row, *, new: bool) -> None:
        command = rows.command
        native = _cell(row, command.fields[PortField.name]).replace("{port}", rows.port)
        if not native or (command.skip and compiled(command.skip).fullmatch(native)):
            return
        name = self._names.canonical(native)
        if within := row.cells.get(command.fields[PortField.name].within):
            name = f"{within} {name}"
        draft = self._drafts.get(name)
        if (members := command.fields.get(PortField.lag_members)) is not None:
            self._members(row, members, name)
        if draft is None:
            if not new or _only_places(command, row):
                return
            draft = self._drafts[name] = _Draft(native)
        self._status(rows, row, native, draft)
        neighbour: dict[str, str] = {}
        for kind, column in command.fields.items():
            if kind in {PortField.name, PortField.lag_members}:
                continue
            text = _cell(row, column)
            if not text:
                continue
            if kind in _NEIGHBOUR:
                neighbour[_NEIGHBOUR[kind]] = text
            else:
                self._field(draft, kind, text, column)
        if any(neighbour.values()):
            draft.neighbours.setdefault(Neighbour(**neighbour))

    def _members(self, row: Row, column: Column, lag: str) -> None:
        for source in column.columns:
            for text in listed(row.cells.get(source, "")):
                self._lags.setdefault(self._names.canonical(text), (lag, text))

    def _field(self, draft: _Draft, kind: PortField, text: str, column: Column) -> None:
        if kind in _TEXTS:
            if kind is PortField.mode:
                text = text.lower()
            if text not in {"--", "-"} or kind is PortField.description:
                before = draft.fields.setdefault(kind.value, text)
                # Tables cut descriptions off.
                if kind is PortField.description and text.startswith(before.rstrip(".~")):
                    draft.fields[kind.value] = text
            return
        if text.lower() in _NOTHING:
            return
        value: Any
        if kind in _COUNTERS:
            if (count := number(text)) is not None:
                draft.counters.setdefault(kind.value, count)
            return
        if kind in _OPTICAL:
            if (power := decibels(text)) is not None:
                weakest = kind in _POWERS and draft.optical.get(kind.value, power) > power
                if weakest or kind.value not in draft.optical:
                    draft.optical[kind.value] = power
            return
        if kind is PortField.speed:
            value = speed(text, column.unit)
        elif kind in _RATES:
            value = rate(text, column.unit)
        elif kind in _PERCENTS:
            value = percent(text)
        elif kind is PortField.duplex:
            value = duplex(text)
            if value == "unknown":
                return
            if draft.fields.get("duplex") == "auto":
                draft.fields["duplex"] = value
        elif kind is PortField.mtu:
            value = number(text)
        elif kind is PortField.mac_address:
            value = mac_address(text) or None
        elif kind is PortField.lag:
            value = self._names.canonical(text)
        else:
            value = text
        if value is not None:
            draft.fields.setdefault(kind.value, value)

    def _status(self, rows: Rows, row: Row, native: str, draft: _Draft) -> None:
        found: list[StatusWord] = []
        said: list[str] = []
        doubtful: set[str] = set()
        for status in rows.command.status:
            cell = row.cells.get(status.column, "")
            text = " ".join(cell) if isinstance(cell, list) else cell
            text = text.strip()
            if status.match:
                part = compiled(status.match).search(text)
                text = (part.groupdict().get("value") or "").strip() if part else ""
            if not text:
                continue
            if text not in said:
                said.append(text)
            word = self._meaning(status.words, text)
            if word is None:
                line = row.lines.get(status.column, 0)
                shown = rows.text[line - 1] if 0 < line <= len(rows.text) else ""
                doubtful.add(status.words)
                self._unknown.append(
                    UnknownWord(port=native, word=text, line=line, text=shown.rstrip())
                )
            else:
                found.append(word)
        draft.doubtful |= bool(doubtful)
        draft.unset |= any(self._tells_no_link(words) for words in doubtful)
        if draft.unset:
            # What is configured has a word of its own, and that is not known.
            found = [word for word in found if word.oper is not OperStatus.up]
        if said:
            merge_status(draft.fields, found, said, doubtful=draft.doubtful, unset=draft.unset)

    def _tells_no_link(self, words: str) -> bool:
        return not any(word.oper is OperStatus.up for word in self._rules.words[words])

    def _meaning(self, words: str, text: str) -> StatusWord | None:
        key = (words, text)
        if key not in self._meanings:
            self._meanings[key] = next(
                (
                    word
                    for word in self._rules.words[words]
                    if compiled(f"(?i:{word.match})").fullmatch(text)
                ),
                None,
            )
        return self._meanings[key]


def _only_places(command: PortCommand, row: Row) -> bool:
    """Whether it only says in which aggregate a port is: what it does, a row of its own says."""
    said = {kind for kind, column in command.fields.items() if _cell(row, column)}
    states = any(row.cells.get(status.column) for status in command.status)
    return bool(command.status) and not states and said == {PortField.name, PortField.lag}


def _cell(row: Row, column: Column) -> str:
    found: list[str] = []
    for name in column.columns:
        cell = row.cells.get(name, "")
        text = (" ".join(filter(None, cell)) if isinstance(cell, list) else cell).strip()
        if text and column.match:
            part = compiled(column.match).search(text)
            groups = part.groupdict() if part else {}
            text = "" if part is None else (groups.get("value") or "" if groups else part[0])
        if text:
            if not column.add:
                return column.prefix + column.words.get(text.lower(), text)
            found.append(text)
    if not found:
        return column.otherwise
    return str(sum(number(text) or 0 for text in found))
