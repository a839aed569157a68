"""Juniper Junos."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar

from weibao_lab.braces import TOP_LEVEL, BraceTree, unquoted
from weibao_lab.configs import conceal
from weibao_lab.dialects.base import Command, Dialect, Reply, port_commands
from weibao_lab.dialects.junos_edit import JunosEdit
from weibao_lab.dialects.junos_ports import JUNOS_PORTS
from weibao_lab.dialects.port_page import PortPrinter
from weibao_lab.errors import BadRequest
from weibao_lab.grammar import GrammarError, Match
from weibao_lab.ports import Configured, from_braces
from weibao_lab.terminal import Pager

if TYPE_CHECKING:
    from weibao_lab.device import Device, Snapshot, Tree
    from weibao_lab.session import Session

__all__ = ["Junos"]

_HISTORY = 50


class Junos(JunosEdit, Dialect):
    """Junos 20.4 on an EX3400 switch."""

    platform: ClassVar[str] = "juniper_junos"
    port_printers: ClassVar[Mapping[str, PortPrinter]] = JUNOS_PORTS
    system_text: ClassVar[str] = "Juniper Networks, Inc. ex3400-24t Ethernet Switch, JUNOS 20.4R3.8"
    factory_name: ClassVar[str] = "Amnesiac"
    pager: ClassVar[Pager] = Pager(
        b"---(more)---", b"\r" + b" " * 40 + b"\r", percent=b"---(more %d%%)---"
    )
    end_marks: ClassVar[tuple[bytes, ...]] = (b"}",)
    unauthorised: ClassVar[str] = "error: permission denied\n"
    commands: ClassVar[tuple[Command, ...]] = (
        Command("exit", "leave"),
        Command("quit", "leave"),
        Command("configure", "enter"),
        Command("configure private", "enter"),
        Command("configure exclusive", "enter"),
        Command("edit", "enter"),
        Command("set cli screen-length <lines>", "set_rows"),
        Command("set cli screen-width <columns>", "set_columns"),
        Command("set cli complete-on-space <switch>", "complete_on_space"),
        Command("set cli timestamp disable", "accept"),
        Command("show configuration", "show_configuration"),
        Command("show configuration ...", "show_part"),
        Command("show version", "show_version"),
        *port_commands(JUNOS_PORTS),
        Command("show vlans", "show_vlans"),
        Command("show system commit", "show_commits"),
        Command("show system uptime", "show_uptime"),
    )

    # -- configuration -------------------------------------------------------

    def parse(self, text: str) -> BraceTree:
        """A configuration without frame as a tree."""
        return BraceTree.parse(text)

    def tree(self, device: Device) -> BraceTree:
        """The committed configuration."""
        tree = device.running.tree
        assert isinstance(tree, BraceTree)  # noqa: S101 - parse() above made it
        return tree

    def configured_ports(self, device: Device) -> Iterator[Configured]:
        """The interfaces of the committed configuration."""
        return from_braces(self.tree(device))

    def hostname(self, tree: Tree) -> str | None:
        """The configured name."""
        assert isinstance(tree, BraceTree)  # noqa: S101 - parse() above made it
        return tree.value("system", "host-name")

    def frame(self, device: Device, snapshot: Snapshot, body: str, running: bool) -> str:
        """``## Last commit`` and the configuration; there is no end mark but the last brace."""
        at = snapshot.changed_at.strftime("%Y-%m-%d %H:%M:%S CST")
        return f"## Last commit: {at} by {snapshot.changed_by}\n{body}"

    def strip_frame(self, text: str) -> str:
        """Comments are dropped by the parser."""
        return text

    def configure(self, device: Device, lines: list[str], who: str) -> None:
        """``set`` and ``delete`` lines and an implied commit; raises BadRequest."""
        candidate = self.tree(device).copy()
        for line in lines:
            words = self.split(line)
            if not words or words[0] in {"commit", "exit", "configure"}:
                continue
            if words[0] not in {"set", "delete"} or (words[1:2] and words[1] not in TOP_LEVEL):
                raise BadRequest(f"{device.spec.name}: unknown command: {line}")
            (candidate.set if words[0] == "set" else candidate.delete)(tuple(words[1:]))
        self.install(device, candidate, who)

    def install(self, device: Device, candidate: BraceTree, who: str) -> None:
        """Make a candidate the active configuration."""
        device.history.insert(0, device.running.copy())
        del device.history[_HISTORY:]
        device.running.tree = candidate
        device.touched(who)
        # Junos has no separate startup configuration: what is committed is kept.
        device.save(who)

    @staticmethod
    def split(line: str) -> list[str]:
        """The words of a line; quotes stay where Junos prints them."""
        try:
            words = shlex.split(line, posix=False)
        except ValueError:
            words = line.split()
        return [unquoted(word) for word in words]

    # -- the session -----------------------------------------------------------

    def greeting(self, session: Session) -> str:
        """The kernel line; the login message came before."""
        message = self.tree(session.device).value("system", "login", "message") or ""
        text = message.strip('"').replace("\\n", "\n")
        return f"{text}\n--- JUNOS 20.4R3.8 Kernel 64-bit  JNPR-11.0-20211110.1 built\n"

    def prompt(self, session: Session) -> str:
        """``user@host> `` or ``[edit]`` and ``user@host# ``."""
        name = f"{session.username}@{session.device.hostname}"
        if session.mode != "config":
            return f"{name}> "
        return f"\n[{' '.join(('edit', *session.path))}]\n{name}# "

    async def handle(self, session: Session, line: str) -> None:
        """Answer one line."""
        if session.mode == "config":
            await self.edit_line(session, line.strip())
        elif line != "\x1a":
            await self.execute(session, line.strip())
            if not session.over and session.mode != "config":
                session.put("\n")

    def error(self, session: Session, line: str, problem: GrammarError) -> str:
        """Junos error texts; the caret stands under the wrong word."""
        if problem.kind == "ambiguous":
            return f"'{problem.word}' is ambiguous.\n"
        last = self.prompt(session).rfind("\n") + 1
        blank = " " * (len(self.prompt(session)) - last + problem.position)
        text = "unknown command." if problem.position == 0 else "syntax error, expecting <command>."
        return f"{blank}^\n{text}\n"

    def syslog_line(self, device: Device) -> str:
        """A log line as the terminal shows it."""
        stamp = device.printed_at.strftime("%b %d %H:%M:%S")
        return f"{stamp}  {device.hostname} mib2d[1712]: SNMP_TRAP_LINK_UP: ifIndex 517, ge-0/0/7"

    # -- commands ----------------------------------------------------------------

    async def accept(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """Do nothing, without complaint."""
        return Reply("Disabling CLI timestamp\n")

    async def complete_on_space(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """``set cli complete-on-space``."""
        word = "Disabling" if match.args[0] == "off" else "Enabling"
        return Reply(f"{word} complete-on-space\n")

    async def set_rows(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """``set cli screen-length``."""
        if match.args[0].isdigit():
            session.rows = int(match.args[0])
        return Reply(f"Screen length set to {session.rows}\n")

    async def set_columns(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """``set cli screen-width``."""
        if match.args[0].isdigit():
            session.columns = int(match.args[0])
        return Reply(f"Screen width set to {session.columns}\n")

    async def enter(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """Enter configuration mode."""
        if session.visit.fault.unauthorised:
            return Reply(self.unauthorised)
        session.mode, session.path = "config", ()
        session.candidate = self.tree(session.device).copy()
        return Reply("Entering configuration mode\n")

    async def show_configuration(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """The committed configuration, in braces or as set commands."""
        if any(pipe.split()[:2] == ["display", "set"] for pipe in pipes):
            return Reply(self.tree(session.device).render_set(), config=True)
        return Reply(self.running_text(session.device), config=True)

    async def show_part(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """A part of the committed configuration."""
        found = self.tree(session.device).subtree(match.args) or []
        if any(pipe.split()[:2] == ["display", "set"] for pipe in pipes):
            part = BraceTree(found).render_set().replace("set ", f"set {' '.join(match.args)} ")
            return Reply(part)
        return Reply(BraceTree(found).render())

    async def show_vlans(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """The table of VLANs."""
        text = f"\n{'Routing instance':<24}{'VLAN name':<22}{'Tag':<15}Interfaces\n"
        for item in self.tree(session.device).subtree(("vlans",)) or []:
            tag = next((c.values[0] for c in item.children if c.words == ("vlan-id",)), "")
            text += f"{'default-switch':<24}{item.words[0]:<22}{tag}\n"
        return Reply(text)

    async def show_commits(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """The commits so far."""
        snapshots = [session.device.running, *session.device.history]
        rows = [
            f"{number:<4}{item.changed_at:%Y-%m-%d %H:%M:%S CST} by {item.changed_by} via cli\n"
            for number, item in enumerate(snapshots)
        ]
        return Reply("".join(rows))

    async def show_uptime(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """The time and the last commit."""
        device = session.device
        at = device.running.changed_at
        return Reply(
            f"Current time: {device.printed_at:%Y-%m-%d %H:%M:%S CST}\n"
            f"System booted: {device.booted_at:%Y-%m-%d %H:%M:%S CST}\n"
            f"Last configured: {at:%Y-%m-%d %H:%M:%S CST} by {device.running.changed_by}\n"
        )

    async def show_version(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """Model and software."""
        device = session.device
        serial = conceal("community", device.spec.name, "serial")[:6].upper()
        await asyncio.sleep(0)
        return Reply(
            f"Hostname: {device.hostname}\nModel: ex3400-24t\nJunos: 20.4R3.8\n"
            f"JUNOS OS Kernel 32-bit  [20211110.{len(serial)}]\n"
            "JUNOS OS libs [20211110.1]\nJUNOS Web Management Platform Package [20.4R3.8]\n"
        )
