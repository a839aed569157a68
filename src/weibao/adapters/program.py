"""Who and what runs here."""

from __future__ import annotations

import getpass
import secrets
import socket
from datetime import UTC, datetime

from weibao import __version__

__all__ = ["PROGRAM", "actor", "new_run_id"]

PROGRAM = f"weibao {__version__}"


def actor() -> str:
    """Who runs this, as user@host."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "unknown"
    return f"{user}@{socket.gethostname()}"


def new_run_id(now: datetime) -> str:
    """A run's name: its time in UTC and four random digits."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
