"""Ruijie RGOS."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from weibao_lab.configs import conceal
from weibao_lab.dialects.base import Command, Reply, port_commands
from weibao_lab.dialects.cisco import CISCO_COMMANDS, CISCO_SECTIONS, CiscoLike
from weibao_lab.dialects.ios import BACKSPACE_PAGER, GLOBAL, SINGLE
from weibao_lab.dialects.port_page import PortPrinter
from weibao_lab.dialects.ruijie_ports import RUIJIE_PORTS
from weibao_lab.grammar import Match
from weibao_lab.terminal import Pager
from weibao_lab.tree import Syntax

if TYPE_CHECKING:
    from weibao_lab.device import Device, Snapshot
    from weibao_lab.session import Session

__all__ = ["Ruijie"]


class Ruijie(CiscoLike):
    """Ruijie RGOS 11 on an S5750C switch."""

    platform: ClassVar[str] = "ruijie_os"
    commands: ClassVar[tuple[Command, ...]] = (
        *CISCO_COMMANDS,
        *port_commands(RUIJIE_PORTS, user=True),
        Command("reload in <minutes>", "reload_in"),
        Command("reload cancel", "reload_cancel"),
    )
    port_printers: ClassVar[Mapping[str, PortPrinter]] = RUIJIE_PORTS
    system_text: ClassVar[str] = "Ruijie 10G Routing Switch(S5750C-28GT4XS-H), RGOS 11.4(1)B1P3"
    factory_name: ClassVar[str] = "Ruijie"
    pager: ClassVar[Pager] = BACKSPACE_PAGER
    end_marks: ClassVar[tuple[bytes, ...]] = (b"end",)
    interface_space: ClassVar[str] = " "
    asks_file: ClassVar[bool] = False
    save_text: ClassVar[str] = "\nBuilding configuration...\n[OK]\n"
    enable_refused: ClassVar[str] = "% Access denied\n\n"
    unauthorised: ClassVar[str] = "% Authorization failed: command denied.\n"
    hide: ClassVar[tuple[tuple[str, str, str], ...]] = (
        (r"(enable secret) (?!\d )\S+", r"\1 5 ", "ios5"),
        (r"(username \S+ password) (?!\d )\S+", r"\1 7 ", "type7"),
    )
    syntax: ClassVar[Syntax] = Syntax(
        indent=" ",
        separator="!",
        negation="no",
        sections=CISCO_SECTIONS,
        phrases=GLOBAL,
        single=SINGLE,
        explicit_no=("switchport", "enable service telnet-server"),
        interfaces=(
            "GigabitEthernet",
            "TenGigabitEthernet",
            "VLAN",
            "Mgmt",
            "Loopback",
            "AggregatePort",
        ),
        virtual=("VLAN", "Loopback", "AggregatePort"),
    )

    def frame(self, device: Device, snapshot: Snapshot, body: str, running: bool) -> str:
        """``Building configuration...`` to ``end``."""
        text = f"version RGOS 11.4(1)B1P3\n{body.rstrip()}\nend\n"
        size = len(device.encode(text))
        if running:
            return f"\nBuilding configuration...\nCurrent configuration : {size} bytes\n\n{text}\n"
        return f"\n{text}\n"

    def strip_frame(self, text: str) -> str:
        """The lines after ``version`` to before ``end``."""
        found = re.search(r"^version [^\n]*\n(.*)", text, flags=re.M | re.S)
        return re.sub(r"\nend\s*\Z", "\n", found.group(1) if found else text)

    def syslog_line(self, device: Device) -> str:
        """A log line as the terminal shows it."""
        stamp = device.printed_at.strftime("%b %d %H:%M:%S")
        return (
            f"*{stamp}: %LINEPROTO-5-UPDOWN: Line protocol on Interface GigabitEthernet 0/7, "
            "changed state to up."
        )

    def version_text(self, device: Device) -> str:
        """The answer to ``show version``."""
        span = device.printed_at - device.booted_at
        hours, minutes = divmod(span.seconds // 60, 60)
        serial = "G1" + conceal("community", device.spec.name, "serial")[:11].upper()
        return (
            "System description      : Ruijie 10G Routing Switch(S5750C-28GT4XS-H) "
            "By Ruijie Networks\n"
            f"System start time       : {device.booted_at:%Y-%m-%d %H:%M:%S}\n"
            f"System uptime           : {span.days}:{hours:02d}:{minutes:02d}:00\n"
            "System hardware version : 1.10\n"
            "System software version : S5750C_RGOS 11.4(1)B1P3\n"
            "System patch number     : NA\n"
            f"System serial number    : {serial}\n"
            "System boot version     : 1.3.8\n"
            "Module information:\n"
            "  Slot 0 : S5750C-28GT4XS-H\n"
            "    Hardware version    : 1.10\n"
            f"    Serial number       : {serial}\n"
        )

    async def reload_in(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """A restart after some minutes: the saved configuration is the running one then."""
        await session.ask("Reload scheduled. Proceed? (y/n)")
        session.device.go_back_later(int(match.args[0]), restart=True)
        return Reply("")

    async def reload_cancel(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """No restart."""
        return Reply("" if session.device.keep() else "% No reload is scheduled.\n")
