"""How a platform's ports are read: the model of ``port_readings/<platform>/ports.yml``.

A command's output goes through a TextFSM template (a file beside it, or one of ntc-templates),
whose columns are then named in the words of ``domain/port.py``.
"""

from __future__ import annotations

import itertools
import re
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from weibao.domain.base import Name, Value
from weibao.domain.patterns import Pattern
from weibao.domain.port import AdminStatus, OperStatus
from weibao.domain.port_units import RateUnit

__all__ = [
    "SOURCES",
    "Column",
    "JsonRows",
    "PortCommand",
    "PortField",
    "PortRules",
    "RateUnit",
    "StatusColumn",
    "StatusWord",
    "command_key",
]


SOURCES = ("snmp", "napalm")
"""Where ports may be read from besides a command line; the first word of what was asked."""
_OPTION = re.compile(r"--?[a-z]")


class PortField(StrEnum):
    """What a column may be."""

    name = "name"
    reason = "reason"
    """Free words of the device, used where the status word itself gives no reason."""
    speed = "speed"
    duplex = "duplex"
    media = "media"
    mode = "mode"
    vlan = "vlan"
    description = "description"
    mac_address = "mac_address"
    mtu = "mtu"
    last_change = "last_change"
    lag = "lag"
    lag_members = "lag_members"
    """Of an aggregate: its members, as a list or parted by blanks or commas."""
    in_rate = "in_rate"
    out_rate = "out_rate"
    in_utilisation = "in_utilisation"
    out_utilisation = "out_utilisation"
    in_octets = "in_octets"
    out_octets = "out_octets"
    in_errors = "in_errors"
    out_errors = "out_errors"
    in_discards = "in_discards"
    out_discards = "out_discards"
    in_crc_errors = "in_crc_errors"
    collisions = "collisions"
    late_collisions = "late_collisions"
    carrier_transitions = "carrier_transitions"
    rx_power = "rx_power"
    tx_power = "tx_power"
    rx_low = "rx_low"
    rx_high = "rx_high"
    tx_low = "tx_low"
    tx_high = "tx_high"
    neighbour_system = "neighbour_system"
    neighbour_port = "neighbour_port"
    neighbour_port_description = "neighbour_port_description"
    neighbour_chassis = "neighbour_chassis"
    neighbour_address = "neighbour_address"
    neighbour_platform = "neighbour_platform"


class Column(Value):
    """Where a field comes from. In YAML, a name alone means the column of that name."""

    columns: tuple[str, ...] = Field(min_length=1)
    """The first that is not empty counts."""
    match: Pattern = ""
    """Only where this is found in it; a group ``value`` is the part that counts."""
    unit: RateUnit = RateUnit.megabit
    """Of a speed or rate printed as a bare number."""
    add: bool = False
    """Numbers of all the columns are added up."""
    prefix: str = ""
    """Goes before it (``Po`` before a bare number)."""
    words: dict[str, str] = {}
    """Printed, in lower case → as it is called here (``a`` → ``access``)."""
    otherwise: str = ""
    """Of a name that the output does not print: ``mgmt``; ``{port}`` is the command's own."""
    within: str = ""
    """Of a name that each member of a stack has: the column of the member goes before it."""


def _column(given: object) -> object:
    if isinstance(given, str):
        return {"columns": (given,)}
    if isinstance(given, list):
        return {"columns": tuple(given)}
    return given


ColumnLike = Annotated[Column, BeforeValidator(_column)]


class StatusWord(Value):
    """What a status word means; what is not given, it does not say."""

    match: Pattern
    """The whole word, upper and lower case alike."""
    admin: AdminStatus | None = None
    oper: OperStatus | None = None
    reason: str = ""


class StatusColumn(Value):
    """A column that holds a status."""

    column: str
    words: str
    """The list in ``words`` that explains it."""
    match: Pattern = ""
    """Only this part of it (a group ``value``); a cell without it says nothing."""


class JsonRows(Value):
    """How a JSON output is cut up."""

    rows: str = ""
    """Where the rows lie (``a.b``): a list, or an object with a key for each row."""
    columns: dict[str, str] = Field(min_length=1)
    """Column → where it lies within a row (``a.b``); ``@key`` is the key of the row."""
    silent: tuple[Pattern, ...] = ()
    """Fields that are known and say nothing of a port; all others are reported."""


class PortCommand(Value):
    """One command, how its output is cut up, and what its columns are."""

    send: str
    """As it is sent to a device."""
    names: tuple[str, ...] = ()
    """Other commands that print the same; ``{port}`` stands for a port's name, and a word in
    brackets (``[show]``) may be left out."""
    otherwise: tuple[str, ...] = ()
    """Sent instead, in this order, where the device refuses it; they print the same."""
    template: str = ""
    """A TextFSM file of this folder."""
    ntc: str = ""
    """A template of ntc-templates, by its file's name without ``.textfsm``."""
    from_json: JsonRows | None = None
    """In place of a template, where the device prints JSON."""
    fields: dict[PortField, ColumnLike]
    status: tuple[StatusColumn, ...] = ()
    skip: Pattern = ""
    """Rows whose name this matches wholly are no ports."""
    ignore: tuple[Pattern, ...] = ()
    """Lines that say nothing of a port and that the template does not name."""
    live: bool = True
    """Sent to devices; otherwise only understood where a text of it is given."""
    detail: bool = False
    """Long and slow to print; asked only where details are wanted."""
    adds_only: bool = False
    """Says more of known ports, but makes none (neighbours, descriptions of aggregates)."""
    in_place_of: tuple[Pattern, ...] = ()
    """Of a source that is no command line: commands of the platform (as a whole, as they are
    sent) that are not asked where this one answered."""

    @model_validator(mode="after")
    def _has_one_template(self) -> Self:
        if sum(map(bool, (self.template, self.ntc, self.from_json))) != 1:
            raise ValueError("one of template, ntc and from_json")
        if self.live and "{" in self.send:
            raise ValueError("a command for one port needs live: false")
        if PortField.name not in self.fields:
            raise ValueError("fields needs a name")
        return self

    def spellings(self) -> tuple[str, ...]:
        """All commands that it answers to, in one spelling."""
        return tuple(
            command_key(" ".join(words))
            for each in (self.send, *self.otherwise, *self.names)
            for words in itertools.product(
                *(
                    ("", word[1:-1]) if word.startswith("[") and word.endswith("]") else (word,)
                    for word in each.split()
                )
            )
        )


class PortRules(Value):
    """One platform's ports."""

    schema_version: int = 1
    platform: Name
    also: tuple[str, ...] = ()
    """Further platform names whose outputs look the same."""
    names: dict[str, tuple[str, ...]] = {}
    """Canonical beginning of a name → the short forms in which the device prints it;
    the short form ``""`` is that of a name that is only a number (``1``, ``1/1/1``)."""
    name_suffix: Pattern = ""
    """What devices print behind a name and is no part of it (``(10G)``)."""
    words: dict[str, tuple[StatusWord, ...]] = {}
    """Lists of status words; the first that matches counts."""
    ignore: tuple[Pattern, ...] = ()
    """Lines of any command that say nothing of a port (``re.match``)."""
    commands: tuple[PortCommand, ...] = Field(min_length=1)
    """In this order: what an earlier one says is not overwritten by a later one."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for command in self.commands:
            for status in command.status:
                if status.words not in self.words:
                    raise ValueError(f"{command.send}: no list of words named {status.words!r}")
        seen: set[str] = set()
        for command in self.commands:
            for key in set(command.spellings()):
                if key in seen:
                    raise ValueError(f"{key!r} stands here twice")
                seen.add(key)
        return self


def command_key(command: str) -> str:
    """One spelling of a command: lower case, one blank (folders write ``_`` for it), and
    options (``-d -j``) behind the first word and in order.
    """
    words = re.sub(r"[\s_]+", " ", command.strip().lower()).split(" ")
    options = sorted(word for word in words[1:] if _OPTION.match(word))
    if not options:
        return " ".join(words)
    rest = [word for word in words[1:] if not _OPTION.match(word)]
    return " ".join([words[0], *options, *rest])
