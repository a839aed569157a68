"""One simulated device: its configuration, what it remembers and what is wrong with it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final

from weibao_lab.braces import BraceTree
from weibao_lab.configs import generate_body
from weibao_lab.dialects import dialect_for, recorded_dialect
from weibao_lab.faults import Fault, FaultBoard
from weibao_lab.ports import PortBoard
from weibao_lab.record import CommandRecord, DeviceLog, LoginRecord
from weibao_lab.specs import DeviceSpec
from weibao_lab.tree import ConfigTree

if TYPE_CHECKING:
    from weibao_lab.dialects.base import Dialect

__all__ = ["Device", "Snapshot", "Tree", "Visit"]

Tree = ConfigTree | BraceTree
_CHINA: Final = timezone(timedelta(hours=8), "CST")


def china_now() -> datetime:
    """The present time as these devices keep it."""
    return datetime.now(_CHINA)


@dataclass
class Snapshot:
    """A configuration with who changed it when."""

    tree: Tree
    changed_at: datetime
    changed_by: str
    saved_at: datetime
    saved_by: str

    def copy(self) -> Snapshot:
        """A copy that shares nothing."""
        return Snapshot(
            self.tree.copy(), self.changed_at, self.changed_by, self.saved_at, self.saved_by
        )


@dataclass(frozen=True)
class Visit:
    """One connection: its number and the faults it will see."""

    number: int
    fault: Fault
    busy: bool


class Device:
    """The state behind all sessions of one device. Used from one event loop only."""

    def __init__(self, spec: DeviceSpec, clock: Callable[[], datetime] = china_now) -> None:
        self.spec = spec
        self.dialect: Dialect = (
            recorded_dialect(spec.recording)
            if spec.recording
            else dialect_for(spec.platform + spec.release)
        )
        self.clock = clock
        self.faults = FaultBoard()
        self.log = DeviceLog()
        self.last_sent: dict[str, bytes] = {}
        self.printed_at = self.made_at = clock()
        self.booted_at = self.printed_at - timedelta(days=3 + _number(spec.name) % 400)
        changed = self.printed_at - timedelta(hours=5 + _number(spec.name) % 900)
        body = spec.recording.configuration if spec.recording else generate_body(spec)
        tree = self.dialect.parse(body)
        self.running = Snapshot(tree, changed, spec.username, changed, spec.username)
        self.startup = self.running.copy()
        self.history: list[Snapshot] = []
        self.pending_rollback: asyncio.TimerHandle | None = None
        self.files: dict[str, Tree] = {}
        """Copies of a configuration on the device, by name."""
        self.lifeline = ""
        """A text of the configuration without which nobody reaches the device."""
        self.restarts = 0
        self.rehearsing = False
        """The running configuration is another one for a moment: what is staged is tried on it."""
        self.ports = PortBoard(self)
        self._earlier: Tree | None = None
        self.minute_seconds = 60.0
        self._body: str | None = None
        self._hostname: str | None = None

    # -- configuration -------------------------------------------------------

    @property
    def hostname(self) -> str:
        """The name as configured now; the prompt shows it."""
        if self._hostname is None:
            self._hostname = self.dialect.hostname(self.running.tree) or self.dialect.factory_name
        return self._hostname

    @property
    def body(self) -> str:
        """The running configuration without header and end mark; cached."""
        if self._body is None:
            self._body = self.running.tree.render()
        return self._body

    def touched(self, who: str) -> None:
        """Note that the running configuration changed."""
        self.running.changed_at = self.clock()
        self.running.changed_by = who
        self.forget_cache()
        if not self.rehearsing:
            self.ports.recover()

    @property
    def cut_off(self) -> bool:
        """Whether its configuration keeps everybody from reaching it."""
        return bool(self.lifeline) and self.lifeline not in self.body

    def put(self, tree: Tree, who: str) -> None:
        """Make ``tree`` the running configuration."""
        self.running.tree = tree
        self.touched(who)

    def go_back_later(self, minutes: float, *, restart: bool = False) -> None:
        """Go back to the present configuration (by a restart: to the saved one) in a while."""
        self.keep()
        self._earlier = None if restart else self.running.tree.copy()
        loop = asyncio.get_running_loop()
        self.pending_rollback = loop.call_later(minutes * self.minute_seconds, self.go_back)

    def keep(self) -> bool:
        """Call off going back; False where nothing was pending."""
        pending, self.pending_rollback = self.pending_rollback, None
        if pending is not None:
            pending.cancel()
        return pending is not None

    def go_back(self) -> bool:
        """Go back now; False where nothing was pending."""
        if not self.keep():
            return False
        if self._earlier is None:
            self.restarts += 1
            self.put(self.startup.tree.copy(), "system")
        else:
            self.put(self._earlier, "system")
        return True

    def forget_cache(self) -> None:
        """Render again at the next occasion."""
        self._body = None
        self._hostname = None
        self.ports.forget()

    def save(self, who: str) -> None:
        """Copy the running to the startup configuration."""
        if self.faults.current().save_fails:
            return
        self.running.saved_at = self.clock()
        self.running.saved_by = who
        self.startup = self.running.copy()

    def configure(self, lines: list[str], who: str = "console") -> None:
        """Do configuration commands as if typed by hand at the console."""
        self.dialect.configure(self, lines, who)

    def replace_running(self, text: bytes, who: str = "console") -> None:
        """Replace the whole running configuration by a text as the device prints it."""
        decoded = self.decode(text).replace("\r\n", "\n")
        self.running.tree = self.dialect.parse(self.dialect.strip_frame(decoded))
        self.touched(who)

    def stamp(self) -> None:
        """Take the present time into what is printed next."""
        self.printed_at = self.clock()

    def render_running(self) -> bytes:
        """The running configuration as last printed, or as it would be, with LF line ends."""
        return self.encode(self.dialect.running_text(self))

    def render_startup(self) -> bytes:
        """The saved configuration as the device prints it."""
        return self.encode(self.dialect.startup_text(self))

    # -- text ----------------------------------------------------------------

    def encode(self, text: str) -> bytes:
        """Text to the bytes this device sends."""
        if self.spec.encoding == "utf-8":
            return text.encode("utf-8", "surrogateescape")
        return text.encode(self.spec.encoding, "replace")

    def decode(self, data: bytes) -> str:
        """Bytes sent to this device to text."""
        errors = "surrogateescape" if self.spec.encoding == "utf-8" else "replace"
        return data.decode(self.spec.encoding, errors)

    # -- visitors ------------------------------------------------------------

    def arrive(self) -> Visit:
        """Count a new connection and decide what it will see."""
        self.log.connections += 1
        fault = self.faults.take()
        limit = fault.max_sessions
        busy = fault.lines_busy or (limit is not None and self.log.connections_open >= limit)
        return Visit(self.log.connections, fault, busy)

    def check_password(self, visit: Visit, username: str, password: str, method: str) -> bool:
        """Judge and record one attempt to log in with a password."""
        right = username == self.spec.username and password == self.spec.password
        success = right and not visit.fault.refuse_login
        self.note_login(visit, username, method, success, right)
        return success

    def note_login(
        self, visit: Visit, username: str, method: str, success: bool, right: bool | None
    ) -> None:
        """Record one attempt to log in."""
        self.log.logins.append(
            LoginRecord(self.clock(), username, method, success, right, visit.number)
        )

    def note_command(self, visit: Visit, mode: str, line: str) -> None:
        """Record one command line."""
        self.log.commands.append(CommandRecord(self.clock(), visit.number, mode, line))


def _number(name: str) -> int:
    """A number that depends on a name alone, in every process."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")
