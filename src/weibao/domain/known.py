"""What is known of a device before it is read, so that an unchanged night costs little.

A text that is byte for byte the last accepted version needs no second look before it is
believed to be whole (acceptance judges it all the same), and where the startup configuration
was found to be the same not long ago, it need not be printed again.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

__all__ = ["KNOWN_FILE", "Known", "dump_known", "is_startup_day", "load_known"]

KNOWN_FILE = "known.json"
"""Its name in a run's folder."""


class Known(NamedTuple):
    """The last good version of a device."""

    contract: str
    sha256: str
    """Of the exact bytes."""
    content_sha256: str
    """Of the text without noise."""
    startup_settled: bool
    """The startup configuration was the same, and it is not its turn to be read."""
    version_at: float = 0.0
    """When it was collected, in seconds since 1970."""


def is_startup_day(device: str, day: date, every: int) -> bool:
    """Whether it is the device's turn: once in ``every`` days, and not all on one day."""
    return every < 1 or (zlib.crc32(device.encode()) + day.toordinal()) % every == 0


def dump_known(devices: Mapping[str, Known]) -> str:
    """As JSON, by device."""
    return json.dumps(devices, ensure_ascii=False)


def load_known(text: str) -> dict[str, Known]:
    """What ``dump_known`` wrote.

    Raises:
        ValueError: it is something else.
    """
    try:
        return {device: Known(*row) for device, row in json.loads(text).items()}
    except (AttributeError, TypeError) as error:
        raise ValueError(str(error)) from error
