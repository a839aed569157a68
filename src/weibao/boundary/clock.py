"""Time, passed in."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

__all__ = ["Clock"]


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> datetime:
        """The present, aware."""
        ...
