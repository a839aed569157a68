"""One command-line session on a device, whatever carries it."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from weibao_lab.device import Device, Visit
from weibao_lab.output import Damaged, damage, half_of
from weibao_lab.ports.chinese import in_chinese
from weibao_lab.terminal import Channel, Closed, Terminal

if TYPE_CHECKING:
    from weibao_lab.braces import BraceTree
    from weibao_lab.tree import ConfigTree

__all__ = ["Reply", "Session"]


@dataclass(frozen=True)
class Reply:
    """The answer to a command; ``config`` marks a whole configuration, ``ports`` its ports."""

    text: str = ""
    config: bool = False
    ports: bool = False


class Session:
    """The state of one logged-in user."""

    def __init__(self, device: Device, channel: Channel, visit: Visit, username: str) -> None:
        self.device = device
        self.visit = visit
        self.username = username
        self.terminal = Terminal(channel)
        self.terminal.bytes_per_second = visit.fault.bytes_per_second
        self.mode = "user" if device.spec.enable_secret else "exec"
        self.path: tuple[str, ...] = ()
        """The configuration section the user is in."""
        self.rows = device.dialect.rows
        """Lines of a page; 0 is no paging."""
        self.columns = 80
        self.candidate: BraceTree | None = None
        """The uncommitted configuration (Junos)."""
        self.staged: ConfigTree | None = None
        """The same where configurations are indented lines."""
        self.staged_name = ""
        self.trial = False
        """What it committed ends with this session."""
        self._config_lines = 0
        self.over = False
        self.typed = ""

    async def run(self) -> None:
        """Greet, then answer commands until the user leaves."""
        self.device.log.session_opened()
        try:
            await self._run()
        except (Closed, ConnectionError):
            pass
        finally:
            self.device.log.session_closed()
            if self.trial:
                self.device.go_back()

    async def run_command(self, line: str) -> None:
        """Answer a single command without a prompt (``ssh host command``)."""
        self.device.log.session_opened()
        self.terminal.echo = False
        self.rows = 0
        try:
            with contextlib.suppress(Closed, ConnectionError):
                await self._handle(line.strip())
        finally:
            self.device.log.session_closed()

    async def _run(self) -> None:
        if self.visit.fault.hang_at_login:
            await self.terminal.hang()
        dialect = self.device.dialect
        self.put(dialect.greeting(self))
        while not self.over:
            self.put(dialect.prompt(self))
            raw = await self.terminal.read_line()
            line = self.device.decode(raw)
            if line.strip():
                await self._handle(line)

    async def _handle(self, line: str) -> None:
        self.typed = line
        self.device.note_command(self.visit, self.mode, line.strip())
        if self.visit.fault.command_latency:
            await asyncio.sleep(self.visit.fault.command_latency)
        entering = self.mode == "config"
        await self.device.dialect.handle(self, line.rstrip())
        if self.device.cut_off:
            await self.terminal.hang()
        self._config_lines += entering
        if entering and self._config_lines == self.visit.fault.cut_after_config_lines:
            await self.terminal.cut()

    # -- for dialects ----------------------------------------------------------

    def put(self, text: str) -> None:
        """Print short text at once."""
        self.terminal.put(self.device.encode(text))

    async def ask(self, question: str, echo: bool = True) -> str:
        """Ask the user something; the answer is not recorded as a command."""
        self.put(question)
        return self.device.decode(await self.terminal.read_line(echo=echo)).strip()

    async def typed_text(self) -> str:
        """A text of several lines that Ctrl-D ends."""
        return self.device.decode(await self.terminal.read_text())

    async def more_lines(self, prompt: str) -> str:
        """One more line of a multi-line input such as a banner."""
        self.put(prompt)
        return self.device.decode(await self.terminal.read_line())

    async def answer(self, reply: Reply, canonical: str) -> None:
        """Print the answer to a command, with everything that is wrong with it."""
        fault = self.visit.fault
        text = in_chinese(reply.text) if reply.ports and fault.chinese_words else reply.text
        data = self.device.encode(text)
        if reply.ports and fault.half_table:
            data = data[: half_of(data)] + b"\n"
        result, seconds = Damaged(data), 0.0
        if reply.config:
            if fault.silence_seconds:
                await asyncio.sleep(fault.silence_seconds)
            dialect = self.device.dialect
            result = damage(
                data, fault, dialect.end_marks, self.device.encode(dialect.syslog_line(self.device))
            )
            seconds = fault.print_seconds
        self.device.last_sent[self.typed.strip()] = result.text
        self.device.last_sent[canonical] = result.text
        await self._print(result, seconds)

    async def _print(self, result: Damaged, seconds: float) -> None:
        rows = self.rows
        if self.visit.fault.ignore_no_paging:
            rows = rows or self.device.dialect.rows
        if rows > 1:
            await self.terminal.page(result.text, rows, self.device.dialect.pager, seconds)
        else:
            await self.terminal.flow(result.text, seconds)
        if result.cut:
            await self.terminal.cut()
        if result.hang:
            await self.terminal.hang()
