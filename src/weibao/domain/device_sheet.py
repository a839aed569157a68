"""Understanding a sheet of devices as people keep them: pure functions over its rows."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from weibao.domain.base import Value
from weibao.domain.reasons import Reason

__all__ = ["PlatformWord", "Row", "SheetDevice", "SheetReading", "SheetWords", "read_rows"]

HEADER_ROWS = 10
"""The header is looked for in this many rows."""

Row = tuple[int, Sequence[str]]
"""A row's number in the sheet, and its cells as text."""

_SECRETS = ("password", "enable")
"""Taken character for character."""

_HOST = re.compile(r"^(?=.{1,253}$)(?=.*[A-Za-z])[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$")
_NOT_IN_NAME = re.compile(r"[/\\:,\[\]{}\x00-\x1f\"'&!@]")
_PORT_PART = re.compile(r"^(\d+\.\d+\.\d+\.\d+):(\d+)$")


class PlatformWord(Value):
    """A vendor whose devices (of models that match) run a platform."""

    vendor: tuple[str, ...]
    model: str = ""
    platform: str


class SheetWords(Value):
    """The words of sheets: the model of ``data/sheet/words.yml``."""

    columns: dict[str, tuple[str, ...]]
    platforms: tuple[PlatformWord, ...]
    protocols: dict[str, tuple[str, ...]]

    def column_of(self, header: str) -> str:
        """The field that a column's header means, or nothing."""
        word = _word(header)
        return next((name for name, words in self.columns.items() if word in map(_word, words)), "")

    def platform_of(self, vendor: str, model: str) -> str:
        """The platform of a vendor's model, or nothing."""
        named = vendor or model
        for one in self.platforms:
            if any(_plain(word) in _plain(named) for word in one.vendor) and (
                not one.model or re.search(one.model, _plain(model))
            ):
                return one.platform
        return ""

    def protocol_of(self, text: str) -> str:
        """``ssh`` or ``telnet``, or nothing."""
        named = _word(text)
        return next((name for name, words in self.protocols.items() if named in words), "")


@dataclass(frozen=True)
class SheetDevice:
    """One row, understood; secrets are shown by no representation."""

    row: int
    name: str
    address: str
    port: int | None = None
    platform: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    """site, unit, role, model, serial_number, contract, note — where given."""
    user: str = ""
    telnet: bool = False
    password: str = field(default="", repr=False)
    enable: str = field(default="", repr=False)


@dataclass(frozen=True)
class SheetReading:
    """A whole sheet."""

    header_row: int
    """0: none was found."""
    devices: tuple[SheetDevice, ...] = ()
    errors: tuple[Reason, ...] = ()
    warnings: tuple[Reason, ...] = ()


def read_rows(
    rows: Iterable[Row], words: SheetWords, platform_ids: Mapping[str, str]
) -> SheetReading:
    """The devices of a sheet, and everything that is wrong with its rows.

    ``platform_ids`` maps what a platform column may say (lower case) to a platform's id.
    """
    listed = [row for row in rows if any(cell.strip() for cell in row[1])]
    found = _header(listed[:HEADER_ROWS], words)
    if found is None:
        return SheetReading(0)
    position, columns = found
    reader = _Reader(words, platform_ids)
    for number, cells in listed[position + 1 :]:
        values = {
            name: cells[column].strip() if name in _SECRETS else tidy(cells[column])
            for name, column in columns.items()
            if column < len(cells)
        }
        if any(values.values()) and not _is_header(cells, words):
            reader.read(number, values, named="name" in columns)
    reader.twice()
    return SheetReading(
        listed[position][0], tuple(reader.devices), tuple(reader.errors), tuple(reader.warnings)
    )


def tidy(cell: str) -> str:
    """A cell's text: full-width forms made half-width, blanks and invisible characters gone."""
    text = unicodedata.normalize("NFKC", cell)
    text = "".join(c for c in text if unicodedata.category(c) not in ("Cf", "Cc") or c in "\n\t")
    return " ".join(text.split())


def _plain(text: str) -> str:
    return tidy(text).casefold()


def _word(text: str) -> str:
    without_brackets = re.sub(r"\(.*?\)|\[.*?\]|【.*?】", "", _plain(text))
    return re.sub(r"[\s_\-*:/.]+", "", without_brackets)


def _columns(cells: Sequence[str], words: SheetWords) -> dict[str, int]:
    columns: dict[str, int] = {}
    for position, cell in enumerate(cells):
        name = words.column_of(cell)
        if name:
            columns.setdefault(name, position)
    return columns


def _header(rows: Sequence[Row], words: SheetWords) -> tuple[int, dict[str, int]] | None:
    for position, (_, cells) in enumerate(rows):
        columns = _columns(cells, words)
        if "address" in columns and len(columns) >= 2:
            return position, columns
    return None


def _is_header(cells: Sequence[str], words: SheetWords) -> bool:
    """The header again, as long sheets repeat it on every page."""
    columns = _columns(cells, words)
    return "address" in columns and len(columns) >= 3


class _Reader:
    def __init__(self, words: SheetWords, platform_ids: Mapping[str, str]) -> None:
        self.words = words
        self.platform_ids = platform_ids
        self.devices: list[SheetDevice] = []
        self.errors: list[Reason] = []
        self.warnings: list[Reason] = []

    def read(self, row: int, values: Mapping[str, str], *, named: bool) -> None:
        before = len(self.errors)
        address, inner_port = _split(values.get("address", ""))
        name = self._name(row, values.get("name", "") if named else address)
        shown = name or address
        if not address:
            self._wrong("row_address_missing", row=row, name=shown)
        elif not _good_address(address):
            self._wrong("row_address_invalid", row=row, name=shown, address=address)
        port = self._port(row, shown, values.get("port", "") or inner_port)
        telnet = self._telnet(row, shown, values.get("protocol", ""))
        platform = self._platform(row, shown, values)
        if len(self.errors) == before:
            kept = ("site", "unit", "role", "model", "serial_number", "contract", "note")
            self.devices.append(
                SheetDevice(
                    row=row,
                    name=name,
                    address=address,
                    port=port,
                    platform=platform,
                    fields={key: values[key] for key in kept if values.get(key)},
                    user=values.get("user", ""),
                    telnet=telnet,
                    password=values.get("password", ""),
                    enable=values.get("enable", ""),
                )
            )

    def twice(self) -> None:
        rows: dict[str, list[int]] = defaultdict(list)
        for device in self.devices:
            rows[device.name].append(device.row)
        for name, where in rows.items():
            if len(where) > 1:
                self._wrong("row_name_twice", name=name, rows=", ".join(map(str, where)))

    def _wrong(self, code: str, **params: object) -> None:
        self.errors.append(Reason.of(code, **params))

    def _name(self, row: int, text: str) -> str:
        name = "-".join(text.split())
        if not name:
            self._wrong("row_name_missing", row=row)
        elif _NOT_IN_NAME.search(name) or len(name.encode()) > 200 or name in {".", ".."}:
            self._wrong("row_name_unusable", row=row, name=text)
        return name

    def _port(self, row: int, name: str, text: str) -> int | None:
        if not text:
            return None
        if text.isascii() and text.isdigit() and 0 < int(text) < 65536:
            return int(text)
        self._wrong("row_port_invalid", row=row, name=name, port=text)
        return None

    def _telnet(self, row: int, name: str, text: str) -> bool:
        if not text:
            return False
        protocol = self.words.protocol_of(text)
        if not protocol:
            self._wrong("row_protocol_unknown", row=row, name=name, protocol=text)
        return protocol == "telnet"

    def _platform(self, row: int, name: str, values: Mapping[str, str]) -> str:
        said, vendor = values.get("platform", ""), values.get("vendor", "")
        model = values.get("model", "")
        platform = self.platform_ids.get(said.casefold(), "") or self.words.platform_of(
            vendor, model
        )
        platform = platform or (self.words.platform_of(said, model) if said else "")
        if not platform and (said or vendor):
            reason = Reason.of("row_platform_unknown", row=row, name=name, platform=said or vendor)
            self.warnings.append(reason)
        return platform


def _split(text: str) -> tuple[str, str]:
    """An address as people write it (``10.1.1.1/24``, ``10.1.1.1:2222``): address and port."""
    text = text.replace("。", ".").replace(" ", "").replace("．", ".")
    match = _PORT_PART.match(text)
    if match:
        return match[1], match[2]
    return text.split("/", 1)[0], ""


def _good_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return bool(_HOST.match(text))
    return True
