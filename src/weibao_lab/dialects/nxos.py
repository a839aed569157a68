"""Cisco NX-OS."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from weibao_lab.configs import conceal
from weibao_lab.dialects.base import Command, Reply, port_commands
from weibao_lab.dialects.cisco import CISCO_COMMANDS, CISCO_SECTIONS, CiscoLike
from weibao_lab.dialects.ios import GLOBAL, SINGLE
from weibao_lab.dialects.nxos_ports import NXOS_PORTS
from weibao_lab.dialects.port_page import PortPrinter
from weibao_lab.grammar import GrammarError, Match
from weibao_lab.terminal import Pager
from weibao_lab.tree import ConfigTree, Syntax

if TYPE_CHECKING:
    from weibao_lab.device import Device, Snapshot
    from weibao_lab.session import Session

__all__ = ["NxOs"]


class NxOs(CiscoLike):
    """Cisco NX-OS 9.3 on a Nexus 9000."""

    platform: ClassVar[str] = "cisco_nxos"
    port_printers: ClassVar[Mapping[str, PortPrinter]] = NXOS_PORTS
    system_text: ClassVar[str] = "N9K-C93180YC-EX, Cisco Nexus Operating System, Version 9.3(8)"
    speaks_cdp: ClassVar[bool] = True
    channel: ClassVar[str] = "port-channel"
    factory_name: ClassVar[str] = "switch"
    pager: ClassVar[Pager] = Pager(b"\x1b[7m--More--\x1b[m", b"\r\x1b[K")
    prompt_end: ClassVar[str] = " "
    asks_file: ClassVar[bool] = False
    also_in_config: ClassVar[tuple[str, ...]] = ("show", "copy")
    unauthorised: ClassVar[str] = "% Permission denied for the role\n"
    config_text: ClassVar[str] = "Enter configuration commands, one per line. End with CNTL/Z.\n"
    save_text: ClassVar[str] = (
        "[" + "#" * 40 + "] 100%\n"
        "Copy complete, now saving to disk (please wait)...\nCopy complete.\n"
    )
    # NX-OS has no "write": it is an alias that each site defines for itself.
    commands: ClassVar[tuple[Command, ...]] = (
        *(item for item in CISCO_COMMANDS if "write" not in item.pattern),
        *port_commands(NXOS_PORTS),
        Command("show hostname", "show_hostname"),
        Command("wr", "save"),
        Command("checkpoint <name>", "checkpoint"),
        Command("no checkpoint <name>", "no_checkpoint"),
        Command("rollback running-config checkpoint <name> atomic", "rollback"),
    )
    hide: ClassVar[tuple[tuple[str, str, str], ...]] = (
        (r"(username \S+ password) (?!\d )\S+", r"\1 5 ", "nx5"),
    )
    syntax: ClassVar[Syntax] = Syntax(
        indent="  ",
        separator="",
        negation="no",
        sections=CISCO_SECTIONS,
        phrases=(*GLOBAL, "feature"),
        single=SINGLE,
        last=(),
        explicit_no=("switchport", "shutdown"),
        interfaces=("Ethernet", "Vlan", "loopback", "port-channel", "mgmt"),
        virtual=("Vlan", "loopback", "port-channel"),
    )

    def frame(self, device: Device, snapshot: Snapshot, body: str, running: bool) -> str:
        """The comments at the top; there is no end mark."""
        which = "running" if running else "startup"
        moment = "%a %b %d %H:%M:%S %Y"
        done = (
            f"!Running configuration last done at: {snapshot.changed_at.strftime(moment)}\n"
            if running
            else f"!Startup config saved at: {snapshot.saved_at.strftime(moment)}\n"
        )
        return (
            f"\n!Command: show {which}-config\n{done}"
            f"!Time: {device.printed_at.strftime(moment)}\n\n{body.rstrip()}\n\n\n"
        )

    def strip_frame(self, text: str) -> str:
        """The lines from ``version``."""
        found = re.search(r"^version .*", text, flags=re.M | re.S)
        return (found.group() if found else text).rstrip() + "\n"

    def special(self, tree: ConfigTree, path: tuple[str, ...], line: str) -> bool:
        """A VLAN stands in the list of VLANs as well as in its own section."""
        found = re.fullmatch(r"(no )?vlan (\d+)", line)
        if not found or path:
            return False
        listed = next((n for n in tree.nodes if re.fullmatch(r"vlan [\d,-]*[,-].*", n.key)), None)
        if listed is None:
            return False
        numbers = _numbers(listed.key.split()[1])
        if found.group(1):
            tree.apply((), line)
            numbers.discard(int(found.group(2)))
        else:
            numbers.add(int(found.group(2)))
        before, listed.raw = listed.raw, f"vlan {_ranges(numbers)}"
        return before != listed.raw

    def error(self, session: Session, line: str, problem: GrammarError) -> str:
        """NX-OS error texts."""
        word = {"unknown": "Invalid", "ambiguous": "Ambiguous", "incomplete": "Incomplete"}
        blank = " " * (len(self.prompt(session)) + problem.position)
        return f"{blank}^\n% {word[problem.kind]} command at '^' marker.\n"

    def short(self, name: str) -> str:
        """An interface name as tables print it."""
        for long, short in (("Ethernet", "Eth"), ("port-channel", "Po"), ("loopback", "Lo")):
            if name.startswith(long):
                return short + name[len(long) :]
        return name

    def shut_unless_told(self, name: str) -> bool:
        """A VLAN's interface is down until a ``no shutdown``."""
        return name.startswith("Vlan")

    async def show_interface_section(
        self, session: Session, match: Match, pipes: list[str]
    ) -> Reply:
        """One interface of the running configuration, with the usual comments."""
        device = session.device
        line = f"interface {' '.join(match.args)}"
        section = self.show_section(device, (), line)
        if not section:
            problem = GrammarError("unknown", session.typed.rfind(match.args[0]), "")
            return Reply(self.error(session, session.typed, problem))
        moment = device.printed_at.strftime("%a %b %d %H:%M:%S %Y")
        return Reply(
            f"\n!Command: {match.canonical}\n!Time: {moment}\n\n"
            f"version 9.3(8) Bios:version 05.42\n\n{section}\n"
        )

    async def checkpoint(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """Keep the running configuration under a name."""
        if match.args[0] in session.device.files:
            return Reply("ERROR: Checkpoint name already exists\n")
        session.device.files[match.args[0]] = self.tree(session.device).copy()
        return Reply(".Done\n")

    async def no_checkpoint(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """Forget it."""
        if session.device.files.pop(match.args[0], None) is None:
            return Reply("ERROR: Checkpoint does not exist\n")
        return Reply("")

    async def rollback(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """Make it the running configuration again."""
        found = session.device.files.get(match.args[0])
        if found is None:
            return Reply("ERROR: Checkpoint does not exist\n")
        session.device.put(found.copy(), session.username)
        return Reply(
            "Collecting Running-Config\nExecuting Rollback Patch\n"
            "Rollback completed successfully.\n"
        )

    async def show_hostname(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """The name."""
        return Reply(session.device.hostname + " \n")

    def syslog_line(self, device: Device) -> str:
        """A log line as the terminal shows it."""
        stamp = device.printed_at.strftime("%Y %b %d %H:%M:%S")
        return f"{stamp} {device.hostname} %ETHPORT-5-IF_UP: Interface Ethernet1/7 is up"

    def version_text(self, device: Device) -> str:
        """The answer to ``show version``."""
        span = device.printed_at - device.booted_at
        hours, minutes = divmod(span.seconds // 60, 60)
        serial = "FDO" + conceal("community", device.spec.name, "serial")[:8].upper()
        return (
            "Cisco Nexus Operating System (NX-OS) Software\n"
            "TAC support: http://www.cisco.com/tac\n"
            "Copyright (C) 2002-2021, Cisco and/or its affiliates.\n"
            "All rights reserved.\n\n"
            "Software\n  BIOS: version 05.42\n  NXOS: version 9.3(8)\n"
            "  NXOS image file is: bootflash:///nxos.9.3.8.bin\n\n"
            "Hardware\n  cisco Nexus9000 C93180YC-EX chassis\n"
            f"  Processor Board ID {serial}\n  Device name: {device.hostname}\n"
            f"Kernel uptime is {span.days} day(s), {hours} hour(s), {minutes} minute(s), "
            "11 second(s)\n\n"
        )


def _numbers(text: str) -> set[int]:
    numbers: set[int] = set()
    for part in filter(None, text.split(",")):
        low, _, high = part.partition("-")
        numbers.update(range(int(low), int(high or low) + 1))
    return numbers


def _ranges(numbers: set[int]) -> str:
    parts: list[list[int]] = []
    for number in sorted(numbers):
        if parts and parts[-1][-1] == number - 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    return ",".join(str(p[0]) if len(p) == 1 else f"{p[0]}-{p[-1]}" for p in parts)
