"""Arista EOS."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from weibao_lab.dialects.base import Command, Reply, port_commands
from weibao_lab.dialects.cisco import CISCO_COMMANDS, CISCO_SECTIONS, CiscoLike, uptime
from weibao_lab.dialects.eos_ports import EOS_PORTS
from weibao_lab.dialects.ios import GLOBAL, SINGLE
from weibao_lab.dialects.port_page import PortPrinter
from weibao_lab.dialects.staged import Staged
from weibao_lab.grammar import GrammarError, Match
from weibao_lab.terminal import Pager
from weibao_lab.tree import ConfigTree, Node, Section, Syntax

if TYPE_CHECKING:
    from weibao_lab.device import Device, Snapshot
    from weibao_lab.session import Session

__all__ = ["Eos"]

# EOS shows the name of the section's subject in the prompt: sw(config-if-Et1)#
_SECTIONS = (
    Section(
        r"interface (?:Ethernet(\S+))",
        r"config-if-Et\1",
        "interface",
        phrases=CISCO_SECTIONS[0].phrases,
    ),
    Section(r"vlan (\d+)", r"config-vlan-\1", "vlan", phrases=("name", "state")),
    *CISCO_SECTIONS,
)


class Eos(Staged, CiscoLike):
    """Arista EOS 4.24 on a 7050."""

    platform: ClassVar[str] = "arista_eos"
    port_printers: ClassVar[Mapping[str, PortPrinter]] = EOS_PORTS
    system_text: ClassVar[str] = "Arista Networks EOS version 4.24.5M running on a DCS-7050TX-64"
    channel: ClassVar[str] = "Port-Channel"
    factory_name: ClassVar[str] = "localhost"
    pager: ClassVar[Pager] = Pager(b" --More-- ", b"\r\x1b[K")
    end_marks: ClassVar[tuple[bytes, ...]] = (b"end",)
    asks_file: ClassVar[bool] = False
    also_in_config: ClassVar[tuple[str, ...]] = (
        *("show", "copy", "write", "commit", "abort", "rollback"),
    )
    commands: ClassVar[tuple[Command, ...]] = (
        *CISCO_COMMANDS,
        *port_commands(EOS_PORTS, user=True),
        Command("configure session <name>", "enter_session"),
        Command("configure session <name> commit", "confirm_session"),
        Command("configure session <name> abort", "abort_session"),
        Command("show session-config", "show_session"),
        Command("commit", "commit"),
        Command("commit timer <time>", "commit_timer"),
        Command("abort", "abort"),
        Command("rollback clean-config", "clean"),
    )
    do_prefix: ClassVar[str | None] = None
    config_text: ClassVar[str] = ""
    save_text: ClassVar[str] = "Copy completed successfully.\n"
    enable_refused: ClassVar[str] = "% Bad secret\n\n"
    unauthorised: ClassVar[str] = "% Authorization denied for command\n"
    hide: ClassVar[tuple[tuple[str, str, str], ...]] = (
        (
            r"(username \S+ (?:privilege \d+ )?(?:role \S+ )?secret) (?!\d |sha512 )\S+",
            r"\1 sha512 ",
            "sha512",
        ),
        (
            r"(enable password|enable secret) (?!\d |sha512 )\S+",
            r"enable password sha512 ",
            "sha512",
        ),
    )
    syntax: ClassVar[Syntax] = Syntax(
        indent="   ",
        separator="!",
        negation="no",
        sections=_SECTIONS,
        phrases=GLOBAL,
        single=SINGLE,
        explicit_no=("switchport", "aaa root"),
        interfaces=("Ethernet", "Management", "Vlan", "Loopback", "Port-Channel"),
        virtual=("Vlan", "Loopback", "Port-Channel"),
    )

    def frame(self, device: Device, snapshot: Snapshot, body: str, running: bool) -> str:
        """The comments at the top to ``end``."""
        which = "running" if running else "startup"
        saved = (
            ""
            if running
            else (
                f"! Startup-config last modified at "
                f"{snapshot.saved_at:%a %b %d %H:%M:%S %Y} by {snapshot.saved_by}\n"
            )
        )
        return (
            f"! Command: show {which}-config\n{saved}"
            f"! device: {device.hostname} (DCS-7050TX-64, EOS-4.24.5M)\n!\n"
            f"{body.rstrip()}\nend\n"
        )

    def strip_frame(self, text: str) -> str:
        """The lines below the two comments to before ``end``."""
        lines = text.strip("\n").split("\n")
        while lines and re.match(r"! (?:Command|device|Startup-config)|!$", lines[0]):
            del lines[0]
        return re.sub(r"\nend\s*\Z", "\n", "\n".join(lines) + "\n")

    def special(self, tree: ConfigTree, path: tuple[str, ...], line: str) -> bool:
        """A management interface is off by default, and printed where it is on."""
        node = tree.find(path) if line == "no shutdown" and path else None
        if node is None or not path[0].startswith("management api"):
            return False
        node.children = [child for child in node.children if child.key != "shutdown"]
        if all(child.key != line for child in node.children):
            node.children.append(Node(self.syntax.indent + line))
        return True

    async def show_interface_section(
        self, session: Session, match: Match, pipes: list[str]
    ) -> Reply:
        """One interface of the running configuration, without a frame."""
        line = f"interface {' '.join(match.args)}"
        return Reply(self.show_section(session.device, (), line))

    async def set_rows(self, session: Session, match: Match, pipes: list[str]) -> Reply | None:
        """``terminal length``."""
        problem = await super().set_rows(session, match, pipes)
        if problem is None and session.rows == 0:
            return Reply("Pagination disabled.\n")
        return problem

    async def set_columns(self, session: Session, match: Match, pipes: list[str]) -> Reply | None:
        """``terminal width``."""
        await super().set_columns(session, match, pipes)
        return Reply(f"Width set to {session.columns} columns.\n")

    def error(self, session: Session, line: str, problem: GrammarError) -> str:
        """EOS error texts."""
        if problem.kind == "unknown" and session.mode == "user" and line.lstrip().startswith("sh"):
            return "% Invalid input (privileged mode required)\n"
        word = {
            "unknown": "Invalid input",
            "ambiguous": "Ambiguous command",
            "incomplete": "Incomplete command",
        }[problem.kind]
        return f"% {word}\n"

    def syslog_line(self, device: Device) -> str:
        """A log line as the terminal shows it."""
        stamp = device.printed_at.strftime("%b %d %H:%M:%S")
        return (
            f"{stamp} {device.hostname} Ebra: %LINEPROTO-5-UPDOWN: Line protocol on "
            "Interface Ethernet7, changed state to up"
        )

    def version_text(self, device: Device) -> str:
        """The answer to ``show version``."""
        return (
            "Arista DCS-7050TX-64-F\nHardware version:    01.11\nSerial number:       "
            f"JPE{sum(device.spec.name.encode()):08d}\n"
            "System MAC address:  001c.7300.c4a1\n\n"
            "Software image version: 4.24.5M\nArchitecture:           i686\n"
            "Internal build version: 4.24.5M-20486112.4245M\n\n"
            f"Uptime:                 {uptime(device)}\n"
            "Total memory:           3982512 kB\nFree memory:            2604220 kB\n\n"
        )

    # -- edit sessions -----------------------------------------------------------

    async def enter_session(self, session: Session, match: Match, pipes: list[str]) -> Reply | None:
        """``configure session``; a name that was committed cannot be used again."""
        if session.visit.fault.unauthorised:
            return Reply(self.unauthorised)
        if match.args[0] in session.device.files:
            return Reply("% Cannot enter session: already completed\n")
        self.begin_staged(session, match.args[0])
        return None

    async def show_session(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """All of what was entered, as the running configuration would be."""
        if session.staged is None:
            return Reply("% Not in a config session\n")
        device = session.device
        text = self.frame(device, device.running, session.staged.render(), True)
        return Reply(text.replace("show running-config", "show session-config", 1), config=True)

    async def commit(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """What was entered counts."""
        if session.staged is None:
            return Reply("% Not in a config session\n")
        self.install_staged(session)
        session.device.keep()
        self._ended(session)
        return Reply("")

    async def commit_timer(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """It counts for a while, and for good once it is committed from outside."""
        if session.staged is None:
            return Reply("% Not in a config session\n")
        hours, minutes, seconds = map(int, match.args[0].split(":"))
        session.device.go_back_later(hours * 60 + minutes + seconds / 60)
        self.install_staged(session)
        self._ended(session)
        return Reply("")

    def _ended(self, session: Session) -> None:
        session.device.files[session.staged_name] = self.tree(session.device).copy()
        session.staged = None
        self.leave_config(session)

    async def abort(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """Nothing of it counts."""
        if session.staged is None:
            return Reply("% Not in a config session\n")
        session.staged = None
        self.leave_config(session)
        return Reply("")

    async def clean(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """The factory's configuration: its ports, with nothing in them."""
        if session.staged is None:
            return Reply("% Not in a config session\n")
        ports = [n for n in session.staged.nodes if re.match(r"interface (?:Eth|Man)", n.key)]
        session.staged.nodes = [Node(port.raw) for port in ports]
        return Reply("")

    async def confirm_session(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """Keep what a session with a timer committed."""
        if match.args[0] in session.device.files and session.device.keep():
            return Reply("")
        return Reply("% Session is not pending commit\n")

    async def abort_session(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """Go back from what a session with a timer committed."""
        if match.args[0] in session.device.files and session.device.go_back():
            return Reply("")
        return Reply("% Session is not pending commit\n")
