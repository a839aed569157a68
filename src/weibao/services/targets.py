"""The list of a run's targets in its folder, so that none is forgotten when it is cut off."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from weibao.domain.inventory import Device
from weibao.errors import FailedError

__all__ = ["Planned", "load_targets", "save_targets"]

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
    temporary = folder / f".{_FILE}"
    try:
        with temporary.open("w", encoding="utf-8") as stream:
            json.dump(rows, stream, ensure_ascii=False)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(folder / _FILE)
    except OSError as error:
        raise FailedError("files.unwritable", path=folder, detail=error.strerror) from error


def load_targets(folder: Path) -> list[Planned]:
    """The list; empty where there is none (a bundle made by plain Ansible)."""
    try:
        rows = json.loads((folder / _FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [Planned(*row) for row in rows]
