"""Make an inventory of a sheet of devices; all of it, or a list of what is wrong."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from weibao.domain.device_sheet import (
    HEADER_ROWS,
    Row,
    SheetDevice,
    SheetReading,
    SheetWords,
    read_rows,
)
from weibao.domain.reasons import Reason
from weibao.errors import InputError, InputErrors, RefusedError

__all__ = ["ImportedInventory", "Sealed", "import_inventory"]

Encrypt = Callable[[Sequence[str]], Sequence[str]]
"""Texts to the same encrypted by ansible-vault, in order."""

Read = Callable[[Path], Sequence[tuple[str, Sequence[Row]]]]
"""Each sheet of a file: its name and rows."""

Write = Callable[[Mapping[Path, Mapping[str, object]]], None]
"""Writes inventories (document by path), all or none."""


@dataclass(frozen=True)
class Sealed:
    """An encrypted value, for the writer to mark with ``!vault``."""

    text: str


@dataclass(frozen=True)
class ImportedInventory:
    """What was written."""

    files: tuple[Path, ...]
    devices: int
    passwords: int
    """Passwords written, encrypted."""
    warnings: tuple[Reason, ...]


def import_inventory(
    source: Path,
    folder: Path,
    *,
    read: Read,
    words: SheetWords,
    platform_ids: Mapping[str, str],
    encrypt: Encrypt | None,
    write: Write,
    force: bool = False,
) -> ImportedInventory:
    """Write ``folder``/<sheet>.yml for each sheet of ``source`` that lists devices.

    Passwords are encrypted (inline ``!vault``) with the estate's vault password; without
    one (``encrypt`` is None) they are left out and counted in a warning, never written in
    plain text.

    Raises:
        InputErrors: every row that is wrong; nothing is written.
        InputError: the file cannot be understood.
        RefusedError: a file is there already and ``force`` is not given.
        FailedError: it cannot be written.
    """
    sheets = read(source)
    readings = {name: read_rows(rows, words, platform_ids) for name, rows in sheets}
    used = {name: reading for name, reading in readings.items() if reading.header_row}
    _require_sound(source.name, used)
    targets = {
        name: folder / f"{_file_name(name)}.yml" for name, one in used.items() if one.devices
    }
    for path in targets.values():
        if path.exists() and not force:
            raise RefusedError("estate.sheet_exists", file=path)
    devices = [device for name in targets for device in used[name].devices]
    secrets = list(dict.fromkeys(s for d in devices for s in (d.password, d.enable) if s))
    sealed = dict(zip(secrets, encrypt(secrets), strict=True)) if encrypt and secrets else {}
    write({path: _document(used[name].devices, sealed) for name, path in targets.items()})
    warnings = [w for reading in used.values() for w in reading.warnings]
    warnings += [
        Reason.of("sheet_skipped", sheet=name)
        for name, rows in sheets
        if rows and not readings[name].header_row
    ]
    given = sum(bool(d.password) + bool(d.enable) for d in devices)
    if given and not sealed:
        warnings.append(Reason.of("passwords_left_out", count=given))
    return ImportedInventory(
        tuple(targets.values()), len(devices), given if sealed else 0, tuple(warnings)
    )


def _require_sound(file: str, readings: Mapping[str, SheetReading]) -> None:
    if not readings:
        raise InputError("estate.sheet_no_header", file=file, rows=HEADER_ROWS)
    problems = [
        (f"{file}[{name}]" if len(readings) > 1 else file, reason.key, reason.params)
        for name, reading in readings.items()
        for reason in [*reading.errors]
    ]
    problems += [(file, reason.key, reason.params) for reason in _twice_in_workbook(readings)]
    if problems:
        raise InputErrors(problems)
    if not any(reading.devices for reading in readings.values()):
        raise InputError("estate.sheet_no_devices", file=file)


def _twice_in_workbook(readings: Mapping[str, SheetReading]) -> list[Reason]:
    places: dict[str, dict[str, int]] = defaultdict(dict)
    for sheet, reading in readings.items():
        for device in reading.devices:
            places[device.name].setdefault(sheet, device.row)
    return [
        Reason.of(
            "row_name_twice",
            name=name,
            rows=", ".join(f"{sheet}!{row}" for sheet, row in where.items()),
        )
        for name, where in places.items()
        if len(where) > 1
    ]


def _file_name(sheet: str) -> str:
    safe = "".join("-" if c in "/\\:*?\"<>|'\0" or c.isspace() else c for c in sheet).strip("-.")
    return safe[:60] or "devices"


def _document(devices: Sequence[SheetDevice], sealed: Mapping[str, str]) -> dict[str, object]:
    """A YAML inventory with a group for each platform, so that one can set its variables."""
    groups: dict[str, dict[str, object]] = defaultdict(dict)
    for device in devices:
        groups[device.platform][device.name] = _variables(device, sealed)
    all_group: dict[str, object] = {}
    if unknown := groups.pop("", None):
        all_group["hosts"] = unknown
    if groups:
        all_group["children"] = {
            platform: {"vars": {"ansible_network_os": platform}, "hosts": hosts}
            for platform, hosts in groups.items()
        }
    return {"all": all_group}


def _variables(device: SheetDevice, sealed: Mapping[str, str]) -> dict[str, object]:
    variables: dict[str, object] = {"ansible_host": device.address}
    if device.port:
        variables["ansible_port"] = device.port
    if device.telnet:
        variables["weibao_protocol"] = "telnet"
    if device.user:
        variables["ansible_user"] = device.user
    if device.password in sealed:
        variables["ansible_password"] = Sealed(sealed[device.password])
    if device.enable in sealed:
        variables["ansible_become_password"] = Sealed(sealed[device.enable])
    return variables | dict(device.fields)
