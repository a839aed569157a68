"""Cisco IOS."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from weibao_lab.configs import conceal
from weibao_lab.dialects.base import Command, Reply, port_commands
from weibao_lab.dialects.cisco import CISCO_COMMANDS, CISCO_SECTIONS, CiscoLike, uptime
from weibao_lab.dialects.ios_ports import IOS_PORTS
from weibao_lab.dialects.port_page import PortPrinter
from weibao_lab.grammar import Match
from weibao_lab.terminal import Pager
from weibao_lab.tree import Section, Syntax

if TYPE_CHECKING:
    from weibao_lab.device import Device, Snapshot
    from weibao_lab.session import Session

__all__ = ["BACKSPACE_PAGER", "GLOBAL", "SINGLE", "Ios"]

BACKSPACE_PAGER = Pager(b" --More-- ", b"\x08" * 9 + b" " * 8 + b"\x08" * 9)
GLOBAL = (
    "hostname",
    "interface",
    "vlan",
    "line",
    "router",
    "enable secret",
    "username",
    "snmp-server community",
    "snmp-server location",
    "snmp-server contact",
    "snmp-server host",
    "ip access-list standard",
    "ip access-list extended",
    "ip route",
    "ip name-server",
    "logging host",
    "logging buffered",
    "ntp server",
    "banner",
    "aaa",
    "service",
    "spanning-tree",
    "errdisable",
    "archive",
    "lldp run",
)
SINGLE = (
    "description",
    "name",
    "hostname",
    "enable secret",
    "enable password",
    "switchport access vlan",
    "switchport mode",
    "switchport trunk allowed vlan",
    "switchport trunk native vlan",
    "ip address",
    "speed",
    "duplex",
    "mtu",
    "snmp-server location",
    "snmp-server contact",
    "exec-timeout",
    "transport input",
    "banner motd",
    "banner login",
    "logging buffered",
    "ntp clock-period",
    "spanning-tree mode",
    "ip domain-name",
    "ip default-gateway",
    "clock timezone",
    "boot",
)


class Ios(CiscoLike):
    """Cisco IOS on a Catalyst switch."""

    platform: ClassVar[str] = "cisco_ios"
    commands: ClassVar[tuple[Command, ...]] = (
        *CISCO_COMMANDS,
        *port_commands(IOS_PORTS, user=True),
        Command("configure terminal revert timer <minutes>", "configure_revert"),
        Command("configure confirm", "configure_confirm"),
        Command("configure revert now", "configure_back"),
        Command("configure replace <file> force", "configure_replace"),
        Command("copy running-config <file>", "copy_running"),
        Command("delete /force <file>", "delete_file"),
        Command("reload in <minutes>", "reload_in"),
        Command("reload cancel", "reload_cancel"),
    )
    port_printers: ClassVar[Mapping[str, PortPrinter]] = IOS_PORTS
    system_text: ClassVar[str] = "cisco WS-C3850-24T, Cisco IOS Software, Version 16.12.4"
    speaks_cdp: ClassVar[bool] = True
    factory_name: ClassVar[str] = "Switch"
    pager: ClassVar[Pager] = BACKSPACE_PAGER
    end_marks: ClassVar[tuple[bytes, ...]] = (b"end",)
    hide: ClassVar[tuple[tuple[str, str, str], ...]] = (
        (r"(enable secret) (?!\d )\S+", r"\1 9 ", "ios9"),
        (r"(username \S+ (?:privilege \d+ )?secret) (?!\d )\S+", r"\1 9 ", "ios9"),
        (r"(username \S+ (?:privilege \d+ )?password) (?!\d )\S+", r"\1 7 ", "type7"),
    )
    syntax: ClassVar[Syntax] = Syntax(
        indent=" ",
        separator="!",
        negation="no",
        sections=(
            *CISCO_SECTIONS,
            Section("archive", "config-archive", "archive", phrases=("path", "maximum")),
        ),
        phrases=GLOBAL,
        single=SINGLE,
        explicit_no=("switchport", "ip address", "ip domain-lookup", "ip http server"),
        interfaces=(
            "GigabitEthernet",
            "TenGigabitEthernet",
            "FastEthernet",
            "Vlan",
            "Loopback",
            "Port-channel",
        ),
        virtual=("Vlan", "Loopback", "Port-channel"),
    )

    def frame(self, device: Device, snapshot: Snapshot, body: str, running: bool) -> str:
        """``Building configuration...`` to ``end``."""
        # The clock period is a measured value: it moves between two looks.
        drift = device.printed_at.second % 10
        body = re.sub(
            r"^(ntp clock-period \d+)\d$", rf"\g<1>{drift}", body, count=1, flags=re.MULTILINE
        )
        moment = "%H:%M:%S CST %a %b %d %Y"
        text = (
            f"!\n! Last configuration change at {snapshot.changed_at.strftime(moment)}"
            f" by {snapshot.changed_by}\n"
            f"! NVRAM config last updated at {snapshot.saved_at.strftime(moment)}"
            f" by {snapshot.saved_by}\n!\n{body.rstrip()}\nend\n"
        )
        size = len(device.encode(text))
        if running:
            return f"Building configuration...\n\nCurrent configuration : {size} bytes\n{text}\n"
        return f"Using {size} out of 524288 bytes\n{text}\n"

    def strip_frame(self, text: str) -> str:
        """The lines from ``version`` to before ``end``."""
        found = re.search(r"^version .*", text, flags=re.M | re.S)
        return re.sub(r"\nend\s*\Z", "\n", found.group() if found else text)

    def version_text(self, device: Device) -> str:
        """The answer to ``show version``."""
        serial = "FOC" + conceal("community", device.spec.name, "serial")[:8].upper()
        return (
            "Cisco IOS Software, C3850 Software (CAT3K_CAA-UNIVERSALK9-M), Version 15.2(7)E4, "
            "RELEASE SOFTWARE (fc2)\n"
            "Technical Support: http://www.cisco.com/techsupport\n"
            "Copyright (c) 1986-2021 by Cisco Systems, Inc.\n"
            "Compiled Mon 08-Mar-21 08:36 by prod_rel_team\n\n"
            f"{device.hostname} uptime is {uptime(device)}\n"
            "System returned to ROM by power-on\n"
            'System image file is "flash:cat3k_caa-universalk9.152-7.E4.bin"\n\n'
            "cisco WS-C3850-24T (MIPS) processor with 4194304K bytes of physical memory.\n"
            f"Processor board ID {serial}\n"
            "Configuration register is 0x102\n\n"
        )

    # -- ways back ---------------------------------------------------------------

    async def configure_revert(
        self, session: Session, match: Match, pipes: list[str]
    ) -> Reply | None:
        """``configure terminal revert timer``; it needs a place for archives."""
        archive = self.tree(session.device).find(("archive",))
        if archive is None or not any(node.key.startswith("path ") for node in archive.children):
            return Reply("% Rollback is not enabled: no archive path is configured\n")
        session.device.go_back_later(int(match.args[0]))
        session.put(
            "Rollback Confirmed Change: Backing up current running config to flash:arch-1\n"
        )
        return await self.configure_terminal(session, match, pipes)

    async def configure_confirm(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """Keep what was changed."""
        return Reply("" if session.device.keep() else "%No Rollback Confirmed Change pending\n")

    async def configure_back(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """Go back now."""
        if session.device.go_back():
            return Reply("Total number of passes: 1\nRollback Done\n\n")
        return Reply("%No Rollback Confirmed Change pending\n")

    async def copy_running(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """A copy in the flash."""
        name = match.args[0].removeprefix("flash:")
        await session.ask(f"Destination filename [{name}]? ")
        session.device.files[name] = self.tree(session.device).copy()
        return Reply("5120 bytes copied in 1.2 secs (4266 bytes/sec)\n")

    async def configure_replace(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """A copy in the flash becomes the running configuration."""
        found = session.device.files.get(match.args[0].removeprefix("flash:"))
        if found is None:
            return Reply(f"%Error opening {match.args[0]} (No such file or directory)\n")
        session.device.put(found.copy(), session.username)
        return Reply("Total number of passes: 1\nRollback Done\n\n")

    async def delete_file(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """Delete a copy."""
        session.device.files.pop(match.args[0].removeprefix("flash:"), None)
        return Reply("")

    async def reload_in(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """A restart after some minutes: the saved configuration is the running one then."""
        await session.ask("Reload scheduled\nProceed with reload? [confirm]")
        session.device.go_back_later(int(match.args[0]), restart=True)
        return Reply("")

    async def reload_cancel(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """No restart."""
        if session.device.keep():
            return Reply("\n\n***\n*** --- SHUTDOWN ABORTED ---\n***\n\n")
        return Reply("%No reload is scheduled.\n")
