"""A device that plays a session file: any platform, as far as it was recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from weibao_lab.dialects.base import Command, Dialect
from weibao_lab.errors import BadRequest
from weibao_lab.recording import Recording
from weibao_lab.session import Reply, Session
from weibao_lab.terminal import Pager
from weibao_lab.tree import ConfigTree

if TYPE_CHECKING:
    from weibao_lab.device import Device, Snapshot, Tree
    from weibao_lab.grammar import GrammarError

__all__ = ["Recorded", "RecordedSession", "RecordedTelnetSession"]

_LEAVING = {"exit", "quit", "logout"}


class _Text:
    """A configuration that is only printed, never understood."""

    def __init__(self, text: str) -> None:
        self._text = text

    def render(self) -> str:
        return self._text

    def copy(self) -> _Text:
        return self


class _Pager(Pager):
    """One that may print otherwise from the second page on."""

    def __init__(self, text: bytes, then: bytes, erase: bytes) -> None:
        super().__init__(text, erase)
        self._then = then or text

    def shown(self, done: int, total: int, first: bool) -> bytes:
        return self.text if first else self._then


class Recorded(Dialect):
    """The dialect of one device."""

    factory_name: ClassVar[str] = "recorded"
    commands: ClassVar[tuple[Command, ...]] = ()
    unauthorised: ClassVar[str] = "% Authorization failed.\n"

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        pager = recording.pager
        self.rows = pager["rows"] if pager else 0  # type: ignore[misc]  # a device's own
        if pager:
            texts = (pager["prints"], pager["then"], pager["wipe"])
            self.pager = _Pager(*(t.encode(recording.encoding) for t in texts))  # type: ignore[misc]
        last = recording.configuration.rstrip().rpartition("\n")[2].strip()
        self.end_marks = (last.encode(recording.encoding),)  # type: ignore[misc]

    def parse(self, text: str) -> Tree:
        """The text itself."""
        return cast(ConfigTree, _Text(text))

    def hostname(self, tree: Tree) -> str | None:
        """Not known; the prompt is recorded."""
        return None

    def frame(self, device: Device, snapshot: Snapshot, body: str, running: bool) -> str:
        """The frame was recorded too."""
        return body

    def strip_frame(self, text: str) -> str:
        """The frame stays."""
        return text

    def configure(self, device: Device, lines: list[str], who: str) -> None:
        """Not possible."""
        raise BadRequest("a recorded device cannot be configured")

    def greeting(self, session: Session) -> str:
        """Printed by the session itself."""
        return ""

    def prompt(self, session: Session) -> str:
        """Of the present level."""
        enable = self.recording.enable
        privileged = bool(enable) and session.mode != "user"
        return enable["prompt"] if privileged else self.recording.prompt

    def syslog_line(self, device: Device) -> str:
        """As most devices have it."""
        return "*Nov 22 02:00:01.123: %SYS-5-CONFIG_I: Configured from console by vty0"

    def error(self, session: Session, line: str, problem: GrammarError) -> str:
        """The recorded error text."""
        return self._unknown(line)

    def _unknown(self, line: str) -> str:
        word = line.split()[-1]
        return self.recording.unknown.replace("{command}", line).replace("{word}", word)

    async def handle(self, session: Session, line: str) -> None:
        """Answer one line."""
        recording, command = self.recording, line.strip()
        enable, pager = recording.enable, recording.pager
        if enable and command == enable["send"] and session.mode == "user":
            await self._enable(session, enable)
            return
        if command in _LEAVING and command not in recording.commands:
            session.over = True
            return
        if command not in recording.commands or self._below(session, command):
            session.put(self._unknown(command))
            return
        if pager and command in pager["silenced_by"]:
            session.rows = 0
        config = recording.is_configuration(command)
        text = recording.commands[command]
        if text == recording.configuration:
            text = session.device.body
        if config and session.visit.fault.unauthorised:
            session.put(self.unauthorised)
        elif config and session.visit.fault.error_instead:
            session.put(self._unknown(command))
        else:
            await session.answer(Reply(text, config), command)

    async def _enable(self, session: Session, enable: dict[str, Any]) -> None:
        given = self.recording.enable_secret
        if enable["prints"]:
            given = await session.ask(enable["prints"], echo=False)
            session.put("\n")
        if given == session.device.spec.enable_secret:
            session.mode = "exec"
        else:
            session.put(enable.get("refused", "% Access denied\n"))

    def _below(self, session: Session, command: str) -> bool:
        enable = self.recording.enable
        if not enable or session.mode != "user":
            return False
        if enable["only"]:
            return command in enable["only"]
        return bool(self.recording.commands[command].strip())


class RecordedSession(Session):
    """A session of such a device: its own login dialogue, its own echo."""

    protocol = "ssh"

    async def log_in(self) -> bool:
        """Play what comes before the first prompt; False where the user is turned away."""
        recording = self._recording
        username, right = self.username, True
        for step in recording.steps:
            if self.protocol not in step.over:
                continue
            self.put(step.prints)
            if step.wants == "key":
                await self.terminal.read_key()
                continue
            if not step.wants:
                continue
            typed = self.device.decode(await self.terminal.read_line(step.wants != "password"))
            if step.wants == "user":
                suffix = recording.suffix
                username = typed.partition(suffix)[0] if suffix else typed
            elif step.wants == "password":
                self.put("\n")
                right = self.device.check_password(self.visit, username, typed, "terminal")
            else:
                right = typed == step.wants
            if not right:
                self.put(recording.rejected)
                return False
        self.username = username
        return True

    async def _run(self) -> None:
        if self.visit.fault.hang_at_login:
            await self.terminal.hang()
        self.terminal.line_end = self._recording.line_end
        for _ in range(3):
            if await self.log_in():
                break
        else:
            return
        self.terminal.echo = False
        while not self.over:
            self.put(self.device.dialect.prompt(self))
            line = self.device.decode(await self.terminal.read_line())
            self.put(self._recording.echo.replace("{command}", line))
            if line.strip():
                await self._handle(line)

    @property
    def _recording(self) -> Recording:
        dialect = self.device.dialect
        assert isinstance(dialect, Recorded)  # noqa: S101 - chosen by the device
        return dialect.recording


class RecordedTelnetSession(RecordedSession):
    """The same over Telnet."""

    protocol = "telnet"
