"""Huawei VRP."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from weibao_lab.dialects.base import Command, Reply, port_commands
from weibao_lab.dialects.huawei_ports import HUAWEI_PORTS
from weibao_lab.dialects.port_page import PortPrinter
from weibao_lab.dialects.vrp import VRP_COMMANDS, VrpLike, span_text
from weibao_lab.grammar import GrammarError, Match
from weibao_lab.terminal import Pager
from weibao_lab.tree import ConfigTree, Node, Section, Syntax

if TYPE_CHECKING:
    from weibao_lab.device import Device, Snapshot
    from weibao_lab.session import Session

__all__ = ["Huawei"]

_ERASE = b"\x1b[42D" + b" " * 42 + b"\x1b[42D"
_PORT = (
    "description",
    "shutdown",
    "port link-type",
    "port default vlan",
    "port trunk allow-pass vlan",
    "port trunk pvid vlan",
    "ip address",
    "stp edged-port enable",
    "speed",
    "duplex",
    "negotiation auto",
    "eth-trunk",
    "traffic-policy",
    "traffic-filter",
)


class Huawei(VrpLike):
    """Huawei VRP 5 on an S5735 switch."""

    platform: ClassVar[str] = "huawei"
    factory_name: ClassVar[str] = "HUAWEI"
    pager: ClassVar[Pager] = Pager(b"  ---- More ----", _ERASE)
    unauthorised: ClassVar[str] = (
        "Error: You do not have permission to run the command or the command is incomplete.\n"
    )
    enter_text: ClassVar[str] = "Enter system view, return user view with Ctrl+Z.\n"
    commands: ClassVar[tuple[Command, ...]] = (
        *VRP_COMMANDS,
        Command("screen-length <lines> temporary", "set_rows"),
        Command("undo screen-length temporary", "reset_rows"),
        Command("screen-width <columns>", "set_columns"),
        *port_commands(HUAWEI_PORTS),
        Command("display vlan", "show_vlans"),
        Command("display startup", "show_startup_files"),
        Command("schedule reboot delay <minutes>", "reboot_in"),
        Command("undo schedule reboot", "no_reboot"),
    )
    port_printers: ClassVar[Mapping[str, PortPrinter]] = HUAWEI_PORTS
    system_text: ClassVar[str] = "Huawei Switch S5735-L24T4X-A, VRP 5.170 V200R019C10SPC500"
    hide: ClassVar[tuple[tuple[str, str, str], ...]] = (
        (
            r"(local-user \S+ password irreversible-cipher) (?!\$1a\$)\S+",
            r"\1 ",
            "vrp_hash",
        ),
        (r"(.* cipher) (?!%\^%#)\S+", r"\1 ", "vrp_cipher"),
    )
    syntax: ClassVar[Syntax] = Syntax(
        indent=" ",
        separator="#",
        negation="undo",
        sections=(
            Section(r"interface (\S+)", r"\1", "interface", phrases=_PORT),
            Section(r"vlan (\d+)", r"vlan\1", "vlan", phrases=("description", "name")),
            Section(r"aaa", "aaa", "aaa", phrases=("local-user", "domain")),
            Section(r"acl (?:number )?(2\d{3})", r"acl-basic-\1", "acl", phrases=("rule",)),
            Section(r"acl (?:number )?(3\d{3})", r"acl-adv-\1", "acl", phrases=("rule",)),
            Section(
                r"user-interface (con|vty) (\d+)(?: (\d+))?",
                r"ui-\1\2",
                "ui",
                phrases=("idle-timeout", "authentication-mode", "protocol inbound", "acl"),
            ),
            Section(r"radius-server template (\S+)", r"radius-\1", "radius"),
            Section(r"hwtacacs-server template (\S+)", r"hwtacacs-\1", "hwtacacs"),
            Section(r"ospf (\d+)(?: .*)?", r"ospf-\1", "ospf", phrases=("area",)),
        ),
        phrases=(
            "sysname",
            "interface",
            "vlan batch",
            "aaa",
            "acl",
            "ospf",
            "user-interface",
            "ip route-static",
            "info-center loghost",
            "snmp-agent community",
            "snmp-agent sys-info contact",
            "snmp-agent sys-info location",
            "ntp-service unicast-server",
            "header login information",
            "stp",
            "lldp enable",
            "loopback-detect",
        ),
        additive=("port trunk allow-pass vlan",),
        single=(
            "sysname",
            "description",
            "name",
            "port link-type",
            "port default vlan",
            "port trunk pvid vlan",
            "ip address",
            "idle-timeout",
            "protocol inbound",
            "authentication-mode",
            "snmp-agent sys-info contact",
            "snmp-agent sys-info location",
            "header login information",
            "stp mode",
            "clock timezone",
            "speed",
            "duplex",
        ),
        explicit_no=("port trunk allow-pass vlan 1", "http server enable", "negotiation auto"),
        interfaces=(
            "GigabitEthernet",
            "XGigabitEthernet",
            "Vlanif",
            "LoopBack",
            "Eth-Trunk",
            "MEth",
            "NULL",
        ),
        virtual=("Vlanif", "LoopBack", "Eth-Trunk"),
    )

    def frame(self, device: Device, snapshot: Snapshot, body: str, running: bool) -> str:
        """The ``!`` comments at the top to ``return``."""
        moment = "%Y-%m-%d %H:%M:%S+08:00"
        updated = (
            f"!Last configuration was updated at {snapshot.changed_at.strftime(moment)}"
            f" by {snapshot.changed_by}\n"
        )
        return (
            f"!Software Version V200R019C10SPC500\n{updated}"
            f"!Last configuration was saved at {snapshot.saved_at.strftime(moment)}"
            f" by {snapshot.saved_by}\n{body.rstrip()}\nreturn\n"
        )

    def strip_frame(self, text: str) -> str:
        """The lines from the first ``#`` to before ``return``."""
        lines = text.strip("\n").split("\n")
        while lines and lines[0].startswith("!"):
            del lines[0]
        return re.sub(r"\nreturn\s*\Z", "\n", "\n".join(lines) + "\n")

    def shown_empty(self, line: str) -> bool:
        """A VLAN without properties stands in ``vlan batch`` only."""
        return not line.startswith("vlan ")

    def special(self, tree: ConfigTree, path: tuple[str, ...], line: str) -> bool:
        """VLANs stand in ``vlan batch``; a section only where they have properties."""
        found = re.fullmatch(r"(undo )?vlan (?:batch )?([\d ]+(?: to \d+)*)", line)
        if not found or path:
            return False
        batch = next((n for n in tree.nodes if n.key.startswith("vlan batch")), None)
        if batch is None:
            batch = Node("vlan batch")
            tree.nodes[1:1] = [batch, Node("#")]
        known = batch.key.split()[2:]
        numbers = [word for word in found.group(2).split() if word.isdigit()]
        if found.group(1):
            tree.apply((), line)
            left = [number for number in known if number not in numbers]
        else:
            left = sorted({*known, *numbers}, key=int) if "to" not in known else known
        before, batch.raw = batch.raw, " ".join(["vlan batch", *left])
        return before != batch.raw or bool(found.group(1)) or "batch" in line

    def greeting(self, session: Session) -> str:
        """The banner and the count of lines in use."""
        now = session.device.clock()
        return (
            f"\n{self.banner(session, 'header login information')}"
            "Info: The max number of VTY users is 15, and the number\n"
            f"      of current VTY users on line is {session.device.log.sessions}.\n"
            f"      The current login time is {now:%Y-%m-%d %H:%M:%S}+08:00.\n"
        )

    def error(self, session: Session, line: str, problem: GrammarError) -> str:
        """VRP error texts; the caret stands under the wrong word."""
        blank = " " * (len(self.prompt(session)) + problem.position)
        text = {
            "unknown": "Error: Unrecognized command found at '^' position.",
            "ambiguous": "Error:Ambiguous command found at '^' position.",
            "incomplete": "Error:Incomplete command found at '^' position.",
        }[problem.kind]
        return f"{blank}^\n{text}\n"

    def short(self, name: str) -> str:
        """An interface name as the table of neighbours prints it."""
        return name.replace("XGigabitEthernet", "XGE").replace("GigabitEthernet", "GE")

    def syslog_line(self, device: Device) -> str:
        """A log line as the terminal shows it."""
        stamp = device.printed_at.strftime("%b %d %Y %H:%M:%S+08:00")
        return (
            f"{stamp} {device.hostname} %%01IFPDT/4/IF_STATE(l)[12]:Interface "
            "GigabitEthernet0/0/7 has turned into UP state."
        )

    # -- commands ----------------------------------------------------------------

    async def set_rows(self, session: Session, match: Match, pipes: list[str]) -> Reply | None:
        """``screen-length N temporary``."""
        if match.args[0].isdigit():
            session.rows = int(match.args[0])
            return Reply(
                "Info: The configuration takes effect on the current user terminal "
                "interface only.\n"
            )
        return Reply(self.error(session, session.typed, GrammarError("unknown", 14, "")))

    async def reset_rows(self, session: Session, match: Match, pipes: list[str]) -> None:
        """Back to paging."""
        session.rows = self.rows

    async def set_columns(self, session: Session, match: Match, pipes: list[str]) -> None:
        """``screen-width``."""
        if match.args[0].isdigit():
            session.columns = int(match.args[0])

    async def save(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """Ask, then save."""
        answer = await session.ask(
            "The current configuration will be written to the device.\n"
            "Are you sure to continue?[Y/N]"
        )
        if not answer.lower().startswith("y"):
            return Reply("")
        session.device.save(session.username)
        return Reply(
            "Now saving the current configuration to the slot 0.\n"
            "Save the configuration successfully.\n"
        )

    async def reboot_in(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """A restart after some minutes: the saved configuration is the running one then."""
        await session.ask("Info: Reboot system at 12:00. Confirm? [Y/N]:")
        session.device.go_back_later(int(match.args[0]), restart=True)
        return Reply("Info: Reboot system is scheduled.\n")

    async def no_reboot(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """No restart."""
        session.device.keep()
        return Reply("Info: Reboot is canceled.\n")

    async def show_startup_files(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """The files of the next start."""
        return Reply(
            "MainBoard:\n"
            "  Configured startup system software:        flash:/s5735-v200r019c10spc500.cc\n"
            "  Startup system software:                   flash:/s5735-v200r019c10spc500.cc\n"
            "  Next startup system software:              flash:/s5735-v200r019c10spc500.cc\n"
            "  Startup saved-configuration file:          flash:/vrpcfg.zip\n"
            "  Next startup saved-configuration file:     flash:/vrpcfg.zip\n"
            "  Startup paf file:                          default\n"
            "  Next startup paf file:                     default\n"
            "  Startup license file:                      NULL\n"
            "  Next startup license file:                 NULL\n"
            "  Startup patch package:                     NULL\n"
            "  Next startup patch package:                NULL\n"
        )

    async def show_vlans(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """The table of VLANs."""
        tree = self.tree(session.device)
        numbers = (tree.value("vlan batch") or "").split()
        text = (
            f"The total number of vlans is : {len(numbers) + 1}\n" + "-" * 80 + "\n"
            "VID  Status  Property      MAC-LRN Statistics Description\n" + "-" * 80 + "\n"
        )
        for number in ["1", *numbers]:
            node = tree.find((f"vlan {number}",))
            named = [c.key for c in (node.children if node else []) if c.key.startswith("desc")]
            label = named[0].partition(" ")[2] if named else f"VLAN {int(number):04d}"
            text += f"{number:<5}enable  default       enable  disable    {label}\n"
        return Reply(text)

    def version_text(self, device: Device) -> str:
        """The answer to ``display version``."""
        return (
            "Huawei Versatile Routing Platform Software\n"
            "VRP (R) software, Version 5.170 (S5735 V200R019C10SPC500)\n"
            "Copyright (C) 2000-2020 HUAWEI TECH Co., Ltd.\n"
            f"HUAWEI S5735-L24T4X-A Routing Switch uptime is {span_text(device)}\n\n"
            "ES5D2S24Q000 0(Master)  : uptime is " + span_text(device) + "\n"
            "DDR             Memory Size : 1024  M bytes\n"
            "FLASH Total     Memory Size : 512   M bytes\n"
            "Pcb           Version   : VER.A\n"
            "BootROM       Version   : 0000.03c3\n"
            "CPLD          Version   : 0106\n"
            "Software      Version   : VRP (R) Software, Version 5.170 (V200R019C10SPC500)\n"
        )
