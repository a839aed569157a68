"""Tickets: what the gate found good for one running ansible-playbook, as a signed file.

A ticket holds for one process, one command line, some hosts and a time. Its HMAC's key lies
beside the estate's keys, so that no play and no variable can write one.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import os
import secrets
import stat
import time
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

from weibao.adapters.files import make_folder, replace, write_once
from weibao.domain.ledger import canonical
from weibao.errors import RefusedError, UncheckedError

__all__ = ["Process", "Ticket", "TicketBox"]

_KEY_FILE = "gate.ticket-key"
_BYTES = 32
_FRESH_SECONDS = 2.0


@dataclass(frozen=True)
class Process:
    """A process that no later one of the same number is taken for."""

    pid: int
    started: str
    """Since the machine's start, in its ticks; empty where the system does not tell."""

    @classmethod
    def of(cls, pid: int) -> Process:
        """The process that has ``pid`` now."""
        try:
            text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
        except OSError:
            return cls(pid, "")
        return cls(pid, text.rpartition(")")[2].split()[19])

    @classmethod
    def playbook(cls) -> Process:
        """The ansible-playbook whose worker this is."""
        return cls.of(os.getppid())

    @property
    def lives(self) -> bool:
        """Whether it is still there."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass
        return Process.of(self.pid) == self


@dataclass(frozen=True)
class Ticket:
    """What was found good."""

    change: str
    purpose: str
    step: str
    hosts: tuple[str, ...]
    digest: str
    round: int
    at: str
    """ISO 8601."""
    until: str
    command: str
    """The command line's fingerprint."""
    process: Process = field(default_factory=Process.playbook)

    def problem(self, host: str, command: str, now: datetime) -> str:
        """A code why it does not hold for ``host`` now; empty where it does."""
        if self.process not in (Process.of(os.getpid()), Process.playbook()):
            return "other_process"
        if self.command != command:
            return "other_command"
        if host not in self.hosts:
            return "other_host"
        if not datetime.fromisoformat(self.at) <= now < datetime.fromisoformat(self.until):
            return "other_time"
        return ""


class TicketBox:
    """Where an estate's tickets lie."""

    def __init__(self, state: Path, keys: Path) -> None:
        """``state`` and ``keys`` are the estate's folders."""
        self._folder = state / "gate"
        self._key_file = keys / _KEY_FILE

    def put(self, ticket: Ticket) -> Path:
        """Write ``ticket``; those of processes that are gone are cleared away.

        Raises:
            FailedError: it cannot be written.
            UncheckedError: its key cannot be read.
        """
        make_folder(self._key_file.parent)
        write_once(self._key_file, secrets.token_hex(_BYTES).encode() + b"\n")
        self._sweep()
        text = canonical(asdict(ticket))
        path = self._path(ticket.change, ticket.process.pid)
        replace(path, canonical({"ticket": text, "mac": self._mac(text)}).encode(), durable=False)
        return path

    def find(self, change: str) -> Ticket | None:
        """The ticket of the running playbook for ``change``; None where there is none.

        Raises:
            RefusedError: there is one that the gate did not write.
            UncheckedError: it or its key cannot be read.
        """
        path = self._path(change, os.getppid())
        try:
            data = json.loads(path.read_bytes())
            text, mac = str(data["ticket"]), str(data["mac"])
            if not hmac.compare_digest(mac, self._mac(text)):
                raise RefusedError("gate.forged", file=path)
            fields = json.loads(text)
            process = Process(**fields.pop("process"))
            return Ticket(**{**fields, "hosts": tuple(fields["hosts"])}, process=process)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise UncheckedError("leave.unreadable", file=path, why=error.strerror) from error
        except (ValueError, KeyError, TypeError) as error:
            raise RefusedError("gate.forged", file=path) from error

    def fresh(self, change: str) -> bool:
        """Whether ``renew`` was called in the last seconds for the running playbook's ticket."""
        try:
            age = time.time() - self._seen(change).stat().st_mtime
        except OSError:
            return False
        return 0 <= age < _FRESH_SECONDS

    def renew(self, change: str) -> None:
        """Note that what a ticket does not say was found good just now."""
        with contextlib.suppress(OSError):  # then it is asked again each time
            self._seen(change).touch(mode=0o600)

    def _seen(self, change: str) -> Path:
        return self._path(change, os.getppid()).with_suffix(".seen")

    def _path(self, change: str, pid: int) -> Path:
        return self._folder / f"{pid}-{change}.json"

    def _mac(self, text: str) -> str:
        try:
            with self._key_file.open("rb") as stream:
                mode = stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
                key = stream.read().strip()
        except OSError as error:
            raise UncheckedError(
                "leave.unreadable", file=self._key_file, why=error.strerror
            ) from error
        if mode & 0o077 or len(key) < _BYTES:
            raise RefusedError("keys.too_open", path=self._key_file, mode=f"{mode:04o}")
        return hmac.new(key, text.encode(), "sha256").hexdigest()

    def _sweep(self) -> None:
        for path in self._folder.glob("*-*"):
            with contextlib.suppress(OSError, ValueError):
                os.kill(int(path.name.partition("-")[0]), 0)
                continue
            with contextlib.suppress(OSError):
                path.unlink()
