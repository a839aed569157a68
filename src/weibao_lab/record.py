"""What a device remembers about its visitors, for tests to judge clients by."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

__all__ = ["CommandRecord", "DeviceLog", "LoginRecord"]


@dataclass(frozen=True)
class LoginRecord:
    """One attempt to log in. The password itself is never kept."""

    at: datetime
    username: str
    method: str
    success: bool
    password_right: bool | None
    """None for methods without a password."""
    session: int


@dataclass(frozen=True)
class CommandRecord:
    """One command line as received; answers to password prompts are not commands."""

    at: datetime
    session: int
    mode: str
    """user, exec or config."""
    line: str


@dataclass
class DeviceLog:
    """Everything that happened on one device since it started."""

    connections: int = 0
    connections_open: int = 0
    """TCP connections open now, logged in or not."""
    sessions: int = 0
    """Logged-in sessions open now."""
    max_sessions: int = 0
    """The most logged-in sessions ever open at the same time."""
    sessions_total: int = 0
    enable_failures: int = 0
    logins: list[LoginRecord] = field(default_factory=list)
    commands: list[CommandRecord] = field(default_factory=list)

    def session_opened(self) -> None:
        """Count a session that logged in."""
        self.sessions += 1
        self.sessions_total += 1
        self.max_sessions = max(self.max_sessions, self.sessions)

    def session_closed(self) -> None:
        """Count a session that ended."""
        self.sessions -= 1

    def copy(self) -> DeviceLog:
        """A copy that later events do not change."""
        return DeviceLog(
            self.connections,
            self.connections_open,
            self.sessions,
            self.max_sessions,
            self.sessions_total,
            self.enable_failures,
            list(self.logins),
            list(self.commands),
        )
