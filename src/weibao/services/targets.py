"""The list of a run's targets in its folder, so that none is forgotten when it is cut off."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from weibao.domain.inventory import Device
from weibao.domain.known import KNOWN_FILE, Known, dump_known, is_startup_day
from weibao.errors import FailedError
from weibao.services.parts import Parts

__all__ = ["Planned", "load_targets", "save_known", "save_targets"]

_FILE = "targets.json"


class Planned(NamedTuple):
    """A device that a run was to reach."""

    device: str
    contract: str
    address: str = ""


def save_targets(folder: Path, devices: Iterable[Device]) -> None:
    """Write the list.

    Raises:
        FailedError: the folder cannot be written.
    """
    rows = [[d.name, d.contract, f"{d.address}:{d.port}"] for d in devices]
    _write(folder, _FILE, json.dumps(rows, ensure_ascii=False))


def save_known(parts: Parts, folder: Path, devices: Iterable[Device], *, startup: bool) -> None:
    """Write what the collector may know of the devices' last good versions.

    ``startup``: every startup configuration is wanted, settled or not.

    Raises:
        FailedError: the folder cannot be written, or the journal cannot be read.
    """
    every = 0 if startup else parts.settings.backup.startup_days
    now = parts.clock.now()
    settled = parts.journal.settled_startups(now - timedelta(days=every)) if every else set()
    latest = parts.journal.latest_versions()
    today = now.date()
    known = {}
    for device in devices:
        last = latest.get((device.contract, device.name))
        if last is not None:
            rest = (device.contract, device.name) in settled
            rest = rest and not is_startup_day(device.name, today, every)
            at = last.collected_at.timestamp()
            known[device.name] = Known(device.contract, last.sha256, last.content_sha256, rest, at)
    _write(folder, KNOWN_FILE, dump_known(known))


def _write(folder: Path, name: str, text: str) -> None:
    temporary = folder / f".{name}"
    try:
        with temporary.open("w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(folder / name)
    except OSError as error:
        raise FailedError("files.unwritable", path=folder, detail=error.strerror) from error


def load_targets(folder: Path) -> list[Planned]:
    """The list; empty where there is none (a bundle made by plain Ansible)."""
    try:
        rows = json.loads((folder / _FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [Planned(*row) for row in rows]
