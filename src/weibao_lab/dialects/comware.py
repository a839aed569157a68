"""H3C Comware."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from weibao_lab.dialects.base import Command, Reply, port_commands
from weibao_lab.dialects.comware_ports import COMWARE_PORTS
from weibao_lab.dialects.port_page import PortPrinter
from weibao_lab.dialects.vrp import VRP_COMMANDS, VrpLike, span_text
from weibao_lab.grammar import GrammarError, Match
from weibao_lab.terminal import Pager
from weibao_lab.tree import Section, Syntax

if TYPE_CHECKING:
    from weibao_lab.device import Device, Snapshot
    from weibao_lab.session import Session

__all__ = ["Comware"]

_STARS = "*" * 78
_GREETING = (
    f"\n{_STARS}\n"
    "* Copyright (c) 2004-2022 New H3C Technologies Co., Ltd. All rights reserved.*\n"
    "* Without the owner's prior written consent,                                 *\n"
    "* no decompiling or reverse-engineering shall be allowed.                    *\n"
    f"{_STARS}\n\n"
)
_PORT = (
    "description",
    "shutdown",
    "port link-type",
    "port link-mode",
    "port access vlan",
    "port trunk permit vlan",
    "port trunk pvid vlan",
    "ip address",
    "stp edged-port",
    "speed",
    "duplex",
    "port link-aggregation group",
    "packet-filter",
)


class Comware(VrpLike):
    """H3C Comware 7 on an S5560X switch."""

    platform: ClassVar[str] = "hp_comware"
    factory_name: ClassVar[str] = "H3C"
    pager: ClassVar[Pager] = Pager(b"---- More ----", b"\x1b[16D" + b" " * 16 + b"\x1b[16D")
    unauthorised: ClassVar[str] = "Permission denied.\n"
    enter_text: ClassVar[str] = "System View: return to User View with Ctrl+Z.\n"
    commands: ClassVar[tuple[Command, ...]] = (
        *VRP_COMMANDS,
        *port_commands(COMWARE_PORTS),
        Command("screen-length disable", "no_paging"),
        Command("undo screen-length disable", "paging"),
        Command("save force", "save_force"),
        Command("display vlan brief", "show_vlans"),
        Command("save <file>", "save_copy"),
        Command("delete /unreserved <file>", "delete_copy"),
        Command("configuration commit delay <minutes>", "commit_delay"),
        Command("configuration commit", "commit"),
        Command("configuration replace file <file>", "replace_by_copy"),
        Command("scheduler reboot delay <minutes>", "reboot_in"),
        Command("undo scheduler reboot", "no_reboot"),
    )
    port_printers: ClassVar[Mapping[str, PortPrinter]] = COMWARE_PORTS
    system_text: ClassVar[str] = "H3C Comware Platform Software, Version 7.1.070, Release 6628P46"
    also_in_config: ClassVar[tuple[str, ...]] = ("display", "save", "configuration")
    hide: ClassVar[tuple[tuple[str, str, str], ...]] = (
        (r"password simple \S+", "password hash ", "comware_hash"),
        (r"(.*) simple \S+", r"\1 cipher ", "comware_cipher"),
    )
    syntax: ClassVar[Syntax] = Syntax(
        indent=" ",
        separator="#",
        negation="undo",
        sections=(
            Section(r"interface (\S+)", r"\1", "interface", phrases=_PORT),
            Section(r"vlan (\d+)", r"vlan\1", "vlan", phrases=("description", "name")),
            Section(r"local-user (\S+)(?: class \S+)?", r"luser-manage-\1", "user"),
            Section(r"acl (?:basic|number) (2\d{3})", r"acl-ipv4-basic-\1", "acl"),
            Section(r"acl (?:advanced|number) (3\d{3})", r"acl-ipv4-adv-\1", "acl"),
            Section(r"line (vty|aux|class) (\S+)(?: (\d+))?", r"line-\1\2", "line"),
            Section(r"radius scheme (\S+)", r"radius-\1", "radius"),
            Section(r"hwtacacs scheme (\S+)", r"hwtacacs-\1", "hwtacacs"),
            Section(r"domain (?!default)(\S+)", r"isp-\1", "domain"),
            Section(r"role name (\S+)", r"role-\1", "role"),
            Section(r"user-group (\S+)", r"ugroup-\1", "group"),
            Section(r"ospf (\d+)(?: .*)?", r"ospf-\1", "ospf", phrases=("area",)),
        ),
        phrases=(
            "sysname",
            "interface",
            "vlan",
            "local-user",
            "acl basic",
            "acl advanced",
            "line vty",
            "ospf",
            "ip route-static",
            "info-center loghost",
            "snmp-agent community",
            "snmp-agent sys-info contact",
            "snmp-agent sys-info location",
            "ntp-service unicast-server",
            "header login",
            "stp",
            "lldp",
        ),
        additive=("port trunk permit vlan",),
        single=(
            "sysname",
            "description",
            "name",
            "port link-type",
            "port link-mode",
            "port access vlan",
            "port trunk pvid vlan",
            "ip address",
            "idle-timeout",
            "protocol inbound",
            "authentication-mode",
            "password",
            "snmp-agent sys-info contact",
            "snmp-agent sys-info location",
            "header login",
            "clock timezone",
            "speed",
            "duplex",
        ),
        explicit_no=("port trunk permit vlan 1", "telnet server enable"),
        interfaces=(
            "GigabitEthernet",
            "Ten-GigabitEthernet",
            "M-GigabitEthernet",
            "Vlan-interface",
            "LoopBack",
            "Bridge-Aggregation",
            "NULL",
        ),
        virtual=("Vlan-interface", "LoopBack", "Bridge-Aggregation"),
        flat_indent=" ",
    )

    def frame(self, device: Device, snapshot: Snapshot, body: str, running: bool) -> str:
        """The body already begins with ``#``; ``return`` ends it."""
        return f"{body.rstrip()}\nreturn\n"

    def strip_frame(self, text: str) -> str:
        """The lines from the first ``#`` to before ``return``."""
        return re.sub(r"\nreturn\s*\Z", "\n", text.strip("\n") + "\n")

    def greeting(self, session: Session) -> str:
        """The vendor's box and the banner."""
        return _GREETING + self.banner(session, "header login")

    def error(self, session: Session, line: str, problem: GrammarError) -> str:
        """Comware error texts; the caret stands under the wrong word."""
        blank = " " * (len(self.prompt(session)) + problem.position)
        word = {"unknown": "Unrecognized", "ambiguous": "Ambiguous", "incomplete": "Incomplete"}
        return f"{blank}^\n % {word[problem.kind]} command found at '^' position.\n"

    def short(self, name: str) -> str:
        """An interface name as tables print it."""
        return _short(name)

    def syslog_line(self, device: Device) -> str:
        """A log line as the terminal shows it."""
        stamp = device.printed_at.strftime("%b %d %H:%M:%S:000 %Y")
        return (
            f"%{stamp} {device.hostname} IFNET/3/PHY_UPDOWN: Physical state on the interface "
            "GigabitEthernet1/0/7 changed to up."
        )

    # -- commands ----------------------------------------------------------------

    async def no_paging(self, session: Session, match: Match, pipes: list[str]) -> None:
        """``screen-length disable``."""
        session.rows = 0

    async def paging(self, session: Session, match: Match, pipes: list[str]) -> None:
        """``undo screen-length disable``."""
        session.rows = self.rows

    async def save(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """Three questions, then save."""
        answer = await session.ask(
            "The current configuration will be written to the device. Are you sure? [Y/N]:"
        )
        if not answer.lower().startswith("y"):
            return Reply("")
        await session.ask(
            "Please input the file name(*.cfg)[flash:/startup.cfg]\n"
            "(To leave the existing filename unchanged, press the enter key):"
        )
        answer = await session.ask("flash:/startup.cfg exists, overwrite? [Y/N]:")
        if not answer.lower().startswith("y"):
            return Reply("")
        return await self.save_force(session, match, pipes)

    async def save_force(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """Save without questions."""
        session.device.save(session.username)
        return Reply(
            "Validating file. Please wait...\n"
            "Saved the current configuration to mainboard device successfully.\n"
        )

    async def save_copy(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """A copy in the flash; the startup configuration stays what it is."""
        await session.ask(
            f"The current configuration will be saved to {match.args[0]}. Continue? [Y/N]:"
        )
        session.device.files[match.args[0]] = self.tree(session.device).copy()
        return Reply("Now saving current configuration to the device.\nSaved successfully.\n")

    async def delete_copy(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """Delete a copy."""
        await session.ask(f"The file cannot be restored. Delete {match.args[0]}? [Y/N]:")
        session.device.files.pop(match.args[0], None)
        return Reply("Deleting the file permanently will take a long time. Please wait...\nDone.\n")

    async def commit_delay(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """Roll back in a while what is not committed."""
        if session.visit.fault.old_release:
            unknown = GrammarError("unknown", len("configuration "), "commit")
            return Reply(self.error(session, session.typed, unknown))
        session.device.go_back_later(int(match.args[0]))
        return Reply("")

    async def commit(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """Keep what was changed."""
        session.device.keep()
        return Reply("")

    async def replace_by_copy(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """A copy in the flash becomes the running configuration."""
        found = session.device.files.get(match.args[0])
        if found is None:
            return Reply(" % The file does not exist.\n")
        answer = await session.ask(
            "Current configuration will be lost, save current configuration? [Y/N]:"
        )
        if answer.lower().startswith("y"):
            session.device.save(session.username)
        session.device.put(found.copy(), session.username)
        return Reply(
            "Now replacing the current configuration. Please wait ...\n"
            "Succeeded in replacing current configuration with the file.\n"
        )

    async def reboot_in(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """A restart after some minutes: the saved configuration is the running one then."""
        await session.ask("Reboot system at 12:00. Confirm? [Y/N]:")
        session.device.go_back_later(int(match.args[0]), restart=True)
        return Reply("")

    async def no_reboot(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """No restart."""
        session.device.keep()
        return Reply("")

    async def show_vlans(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """The table of VLANs with their access ports."""
        ports: dict[str, list[str]] = {}
        for port in self.ports(session.device):
            if port.switched and not port.trunk:
                ports.setdefault(port.vlan, []).append(_short(port.name))
        text = (
            "Brief information about all VLANs:\nSupported Minimum VLAN ID: 1\n"
            "Supported Maximum VLAN ID: 4094\nDefault VLAN ID: 1\n"
            "VLAN ID   Name                             Port\n"
        )
        for node in self.tree(session.device).nodes:
            if not (found := re.fullmatch(r"vlan (\d+)", node.key)):
                continue
            number = found.group(1)
            named = [c.key[5:] for c in node.children if c.key.startswith("name ")]
            cells = ports.get(number, [])
            rows = ["  ".join(cells[i : i + 3]) for i in range(0, len(cells), 3)] or [""]
            label = named[0] if named else f"VLAN {int(number):04d}"
            text += f"{number:<10}{label:<33}{rows[0]}".rstrip() + "\n"
            text += "".join(f"{'':<43}{row}\n" for row in rows[1:])
        return Reply(text)

    def version_text(self, device: Device) -> str:
        """The answer to ``display version``."""
        return (
            "H3C Comware Software, Version 7.1.070, Release 6628P46\n"
            "Copyright (c) 2004-2022 New H3C Technologies Co., Ltd. All rights reserved.\n"
            f"H3C S5560X-30C-EI uptime is {span_text(device)}\n"
            "Last reboot reason : Power on\n\n"
            "Boot image: flash:/s5560x_ei-cmw710-boot-r6628p46.bin\n"
            "Boot image version: 7.1.070, Release 6628P46\n"
            "  Compiled Nov 30 2022 14:00:00\n"
            "System image: flash:/s5560x_ei-cmw710-system-r6628p46.bin\n"
            "System image version: 7.1.070, Release 6628P46\n"
        )


def _short(name: str) -> str:
    for long, short in (
        ("M-GigabitEthernet", "MGE"),
        ("Ten-GigabitEthernet", "XGE"),
        ("GigabitEthernet", "GE"),
        ("Vlan-interface", "Vlan"),
        ("LoopBack", "Loop"),
        ("Bridge-Aggregation", "BAGG"),
    ):
        if name.startswith(long):
            return short + name[len(long) :]
    return name
