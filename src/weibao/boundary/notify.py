"""Telling people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

__all__ = ["Notice", "Notifier"]


@dataclass(frozen=True)
class Notice:
    """A summary to send: no device text, no secret."""

    subject: str
    text: str
    """Plain text."""
    markdown: str
    failed: bool
    data: dict[str, object]
    """For the generic webhook: JSON-able."""


class Notifier(Protocol):
    """One way to reach people."""

    @property
    def name(self) -> str:
        """For reports: ``mail smtp.example.com`` or ``dingtalk``; no secret in it."""
        ...

    def send(self, notice: Notice) -> None:
        """Send.

        Raises:
            FailedError: with the reason, scrubbed of tokens and passwords.
        """
        ...
