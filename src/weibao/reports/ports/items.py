"""One line of the day's record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["CheckItem", "CheckState"]

CheckState = Literal["good", "found", "partly", "not_checked", "manual"]
"""Good; differences were found; good on the devices that were read, others were not; nobody
looked; a person has to look."""


@dataclass(frozen=True, slots=True)
class CheckItem:
    """An item of the daily record in words."""

    title: str
    state: CheckState
    text: str
