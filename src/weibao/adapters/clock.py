"""The machine's clock."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["SystemClock"]


class SystemClock:
    """Implements ``boundary.Clock``."""

    def now(self) -> datetime:
        """The present in UTC."""
        return datetime.now(UTC)
