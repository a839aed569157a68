"""Cisco IOS."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from weibao_lab.configs import conceal
from weibao_lab.dialects.cisco import CISCO_SECTIONS, CiscoLike, uptime
from weibao_lab.terminal import Pager
from weibao_lab.tree import Syntax

if TYPE_CHECKING:
    from weibao_lab.device import Device, Snapshot

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
        sections=CISCO_SECTIONS,
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
