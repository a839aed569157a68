"""What every platform has in common: resolving a command and printing its answer."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from weibao_lab.dialects.port_page import PortPage, PortPrinter
from weibao_lab.errors import BadRequest
from weibao_lab.grammar import GrammarError, Match, resolve, split_pipes
from weibao_lab.ports import Configured
from weibao_lab.session import Reply

if TYPE_CHECKING:
    from weibao_lab.device import Device, Snapshot, Tree
    from weibao_lab.session import Session
    from weibao_lab.terminal import Pager

__all__ = ["Command", "Dialect", "Reply", "port_commands"]


@dataclass(frozen=True)
class Command:
    """A command outside configuration mode and the method that answers it."""

    pattern: str
    method: str
    user: bool = False
    """Allowed before ``enable``."""


def port_commands(
    printers: Mapping[str, PortPrinter], *, user: bool = False
) -> tuple[Command, ...]:
    """The commands that show ports, and with them the same for one port (``...``)."""
    return tuple(Command(pattern, "show_ports", user=user) for pattern in printers)


class Dialect(ABC):
    """One platform. Stateless: everything that changes is in device and session."""

    factory_name: ClassVar[str]
    rows: ClassVar[int] = 24
    pager: ClassVar[Pager]
    end_marks: ClassVar[tuple[bytes, ...]] = ()
    commands: ClassVar[tuple[Command, ...]]
    unauthorised: ClassVar[str]
    port_printers: ClassVar[Mapping[str, PortPrinter]] = {}
    """Pattern of a command to what prints ports for it."""
    system_text: ClassVar[str] = ""
    """What the device says of itself to its neighbours."""
    speaks_cdp: ClassVar[bool] = False

    # -- configuration -------------------------------------------------------

    @abstractmethod
    def parse(self, text: str) -> Tree:
        """A configuration without frame as a tree."""

    @abstractmethod
    def hostname(self, tree: Tree) -> str | None:
        """The configured name."""

    @abstractmethod
    def frame(self, device: Device, snapshot: Snapshot, body: str, running: bool) -> str:
        """Put header and end mark around a configuration."""

    @abstractmethod
    def strip_frame(self, text: str) -> str:
        """The configuration within a text as the device prints it."""

    @abstractmethod
    def configure(self, device: Device, lines: list[str], who: str) -> None:
        """Do configuration commands outside any session; raises BadRequest."""

    def running_text(self, device: Device) -> str:
        """The answer to the command that shows the running configuration."""
        return self.frame(device, device.running, device.body, True)

    def startup_text(self, device: Device) -> str:
        """The answer to the command that shows the saved configuration."""
        return self.frame(device, device.startup, device.startup.tree.render(), False)

    # -- ports -----------------------------------------------------------------

    def configured_ports(self, device: Device) -> Iterable[Configured]:
        """The interfaces of the running configuration."""
        return ()

    def short(self, name: str) -> str:
        """An interface name as tables print it."""
        return name

    def lldp_port(self, name: str) -> str:
        """An interface name as the device tells it to its neighbours."""
        return name

    async def show_ports(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """All ports, or those that the command names, as the command prints them."""
        device = session.device
        ports = device.ports.all()
        if match.args:
            typed = " ".join(match.args)
            try:
                name = device.ports.find(typed)
            except BadRequest:
                at = session.typed.rfind(match.args[0])
                return Reply(self.error(session, session.typed, GrammarError("unknown", at, typed)))
            ports = [port for port in ports if port.name == name]
        page = PortPage(device, tuple(ports), device.printed_at)
        return Reply(self.port_printers[match.pattern](page), ports=True)

    # -- the session -----------------------------------------------------------

    @abstractmethod
    def greeting(self, session: Session) -> str:
        """What is printed after login, before the first prompt."""

    @abstractmethod
    def prompt(self, session: Session) -> str:
        """The prompt now."""

    @abstractmethod
    async def handle(self, session: Session, line: str) -> None:
        """Answer one line."""

    @abstractmethod
    def error(self, session: Session, line: str, problem: GrammarError) -> str:
        """The native error text for a line that could not be resolved."""

    @abstractmethod
    def syslog_line(self, device: Device) -> str:
        """A log line as the terminal shows it."""

    def available(self, session: Session) -> tuple[Command, ...]:
        """The commands of the present mode."""
        if session.mode == "user":
            return tuple(command for command in self.commands if command.user)
        return self.commands

    async def execute(self, session: Session, line: str) -> None:
        """Resolve a command and print its answer."""
        typed, *pipes = split_pipes(line)
        available = self.available(session)
        try:
            match = resolve(typed, (command.pattern for command in available))
        except GrammarError as problem:
            session.put(self.error(session, line, problem))
            return
        command = next(item for item in available if item.pattern == match.pattern)
        method: Callable[[Session, Match, list[str]], Awaitable[Reply | None]]
        method = getattr(self, command.method)
        session.device.stamp()
        refused = session.visit.fault.refused_command
        if refused and match.canonical.startswith(refused):
            last = match.canonical.rfind(" ") + 1
            session.put(self.error(session, line, GrammarError("unknown", last, "")))
            return
        reply = await method(session, match, pipes)
        if reply is None:
            return
        if reply.config and session.visit.fault.unauthorised:
            session.put(self.unauthorised)
        elif reply.config and session.visit.fault.error_instead:
            last = match.canonical.rfind(" ") + 1
            session.put(self.error(session, line, GrammarError("unknown", last, "")))
        else:
            await session.answer(filtered(reply, pipes), match.canonical)

    async def leave(self, session: Session, match: Match, pipes: list[str]) -> None:
        """End the session."""
        session.over = True


def filtered(reply: Reply, pipes: list[str]) -> Reply:
    """Apply ``| include x`` and its relatives."""
    for pipe in pipes:
        word, _, argument = pipe.partition(" ")
        reply = _filter_one(reply, word.lower(), argument.strip().strip('"'))
    return reply


def _filter_one(reply: Reply, word: str, argument: str) -> Reply:
    if not word or "no-more".startswith(word) or word.startswith("disp"):
        return reply
    lines = reply.text.splitlines(keepends=True)
    try:
        wanted = re.compile(argument)
    except re.error:
        wanted = re.compile(re.escape(argument))
    if "include".startswith(word) or "match".startswith(word):
        lines = [line for line in lines if wanted.search(line)]
    elif word in {"exclude", "except"} or "exclude".startswith(word):
        lines = [line for line in lines if not wanted.search(line)]
    elif "begin".startswith(word) or "find".startswith(word):
        start = next((i for i, line in enumerate(lines) if wanted.search(line)), len(lines))
        lines = lines[start:]
    elif "section".startswith(word):
        lines = _sections(lines, wanted)
    elif "count".startswith(word):
        lines = [f"Count: {len(lines)} lines\n"]
    return Reply("".join(lines), ports=reply.ports)


def _sections(lines: list[str], wanted: re.Pattern[str]) -> list[str]:
    kept: list[str] = []
    inside = False
    for line in lines:
        if not line.startswith(" "):
            inside = wanted.search(line) is not None
        if inside or wanted.search(line):
            kept.append(line)
    return kept
