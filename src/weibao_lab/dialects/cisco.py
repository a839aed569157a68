"""What the Cisco-like platforms share: enable, show commands, configuration mode."""

from __future__ import annotations

import re
from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar, Final

from weibao_lab.configs import conceal
from weibao_lab.dialects.base import Command, Reply
from weibao_lab.dialects.indented import Indented
from weibao_lab.grammar import GrammarError, Match
from weibao_lab.tree import Section

if TYPE_CHECKING:
    from weibao_lab.device import Device
    from weibao_lab.session import Session

__all__ = ["CISCO_COMMANDS", "CISCO_SECTIONS", "SWITCHPORT", "CiscoLike"]

SWITCHPORT: Final = (
    "description",
    "shutdown",
    "switchport",
    "switchport access vlan",
    "switchport mode access",
    "switchport mode trunk",
    "switchport trunk allowed vlan",
    "switchport trunk native vlan",
    "spanning-tree portfast",
    "ip address",
    "ip access-group",
    "speed",
    "duplex",
    "mtu",
    "channel-group",
    "port-group",
    "storm-control",
)
CISCO_SECTIONS: Final = (
    Section(r"interface \S+(?: \S+)?", "config-if", "interface", phrases=SWITCHPORT),
    Section(r"vlan \d+", "config-vlan", "vlan", phrases=("name", "state")),
    Section(
        r"line .+",
        "config-line",
        "line",
        phrases=("exec-timeout", "transport input", "access-class", "login", "password"),
    ),
    Section(r"router .+", "config-router", "router", phrases=("network", "neighbor", "router-id")),
    Section(
        r"address-family .+", "config-router-af", "af", "router", phrases=("network", "neighbor")
    ),
    Section(
        r"ip access-list .+",
        "config-acl",
        "acl",
        phrases=("permit", "deny", "remark", "<sequence>"),
    ),
    Section(r"(?:radius|tacacs) server .+", "config-server", "server", phrases=("address", "key")),
    Section(r"aaa group server .+", "config-sg", "aaa-group", phrases=("server",)),
    Section(r"class-map .+", "config-cmap", "class-map", phrases=("match",)),
    Section(r"policy-map .+", "config-pmap", "policy-map", phrases=("class",)),
    Section(r"class .+", "config-pmap-c", "class", "policy-map", phrases=("set", "police")),
    Section(r"(?:vrf definition|vrf context|ip vrf) .+", "config-vrf", "vrf", phrases=("ip",)),
    Section(r"crypto pki .+", "config-pki", "pki"),
    Section(r"management .+", "config-mgmt", "management"),
    Section(r"vdc .+", "config-vdc", "vdc"),
)
CISCO_COMMANDS: Final = (
    Command("enable", "enable", user=True),
    Command("disable", "disable"),
    Command("exit", "leave", user=True),
    Command("quit", "leave", user=True),
    Command("logout", "leave", user=True),
    Command("terminal length <lines>", "set_rows", user=True),
    Command("terminal width <columns>", "set_columns", user=True),
    Command("terminal no monitor", "accept", user=True),
    Command("terminal monitor", "accept", user=True),
    Command("show version", "show_version", user=True),
    Command("show clock", "show_clock", user=True),
    Command("show privilege", "show_privilege", user=True),
    Command("show running-config", "show_running"),
    Command("show running-config interface ...", "show_interface_section"),
    Command("show startup-config", "show_startup"),
    Command("show vlan", "show_vlans", user=True),
    Command("show vlan brief", "show_vlans", user=True),
    Command("copy running-config startup-config", "save"),
    Command("write", "save"),
    Command("write memory", "save"),
    Command("configure terminal", "configure_terminal"),
    Command("configure", "configure_terminal"),
)


class CiscoLike(Indented):
    """User, privileged and configuration mode as Cisco IOS has them."""

    commands: ClassVar[tuple[Command, ...]] = CISCO_COMMANDS
    do_prefix: ClassVar[str | None] = "do"
    prompt_end: ClassVar[str] = ""
    """What follows the last character of the prompt."""
    unauthorised: ClassVar[str] = "% Authorization failed.\n"
    save_text: ClassVar[str] = "Building configuration...\n[OK]\n"
    hide: ClassVar[tuple[tuple[str, str, str], ...]] = ()
    """(pattern of a line with a plain password, its stored form, notation)."""

    def greeting(self, session: Session) -> str:
        """The banner, as configured."""
        text = self.tree(session.device)
        for command in ("banner motd", "banner login"):
            banner = text.value(command)
            if banner:
                return "\n" + "\n".join(banner.split("\n")[1:-1]) + "\n\n"
        return "\n"

    def prompt(self, session: Session) -> str:
        """``name>``, ``name#`` or ``name(config-if)#``."""
        name = session.device.hostname
        if session.mode == "user":
            return f"{name}>{self.prompt_end}"
        if session.mode == "exec":
            return f"{name}#{self.prompt_end}"
        return f"{name}({self.section_prompt(session.path) or 'config'})#{self.prompt_end}"

    def error(self, session: Session, line: str, problem: GrammarError) -> str:
        """IOS error texts; the caret stands under the wrong word."""
        if problem.kind == "ambiguous":
            return f'% Ambiguous command:  "{line.strip()}"\n'
        if problem.kind == "incomplete":
            return "% Incomplete command.\n\n"
        blank = " " * (len(self.prompt(session)) + problem.position)
        return f"{blank}^\n% Invalid input detected at '^' marker.\n\n"

    def syslog_line(self, device: Device) -> str:
        """A log line as the terminal shows it."""
        stamp = device.printed_at.strftime("%b %d %H:%M:%S.000 CST")
        return f"*{stamp}: %LINK-3-UPDOWN: Interface GigabitEthernet1/0/7, changed state to up"

    def stored(self, device: Device, line: str) -> str:
        """Hide a password typed in clear, as the device does."""
        for pattern, form, kind in self.hide:
            found = re.fullmatch(pattern, line)
            if found:
                return found.expand(form) + conceal(kind, device.spec.name, line)
        return line

    # -- commands ----------------------------------------------------------------

    async def enable(self, session: Session, match: Match, pipes: list[str]) -> None:
        """Ask for the enable secret, three times at most."""
        secret = session.device.spec.enable_secret
        if session.mode != "user" or secret is None:
            session.mode = "exec" if session.mode == "user" else session.mode
            return
        for _ in range(3):
            if await session.ask("Password: ", echo=False) == secret:
                session.mode = "exec"
                return
            session.device.log.enable_failures += 1
        session.put(self.enable_refused)

    enable_refused: ClassVar[str] = "% Bad secrets\n\n"

    async def disable(self, session: Session, match: Match, pipes: list[str]) -> None:
        """Back to the user mode."""
        session.mode = "user"

    async def accept(self, session: Session, match: Match, pipes: list[str]) -> None:
        """Do nothing, without complaint."""

    async def set_rows(self, session: Session, match: Match, pipes: list[str]) -> Reply | None:
        """``terminal length``."""
        if not match.args[0].isdigit():
            raise_at = GrammarError("unknown", len("terminal length "), match.args[0])
            return Reply(self.error(session, session.typed, raise_at))
        session.rows = int(match.args[0])
        return None

    async def set_columns(self, session: Session, match: Match, pipes: list[str]) -> Reply | None:
        """``terminal width``."""
        if match.args[0].isdigit():
            session.columns = int(match.args[0])
        return None

    async def show_running(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """The running configuration."""
        return Reply(self.running_text(session.device), config=True)

    async def show_interface_section(
        self, session: Session, match: Match, pipes: list[str]
    ) -> Reply:
        """One interface of the running configuration."""
        line = f"interface {' '.join(match.args)}"
        section = self.show_section(session.device, (), line)
        if not section:
            problem = GrammarError("unknown", session.typed.rfind(match.args[0]), "")
            return Reply(self.error(session, session.typed, problem))
        size = len(session.device.encode(section))
        return Reply(
            f"Building configuration...\n\nCurrent configuration : {size} bytes\n!\n"
            f"{section}end\n\n"
        )

    async def show_startup(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """The saved configuration."""
        return Reply(self.startup_text(session.device), config=True)

    async def show_clock(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """The time."""
        return Reply(session.device.printed_at.strftime("%H:%M:%S.000 CST %a %b %d %Y\n"))

    async def show_privilege(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """The level of the user."""
        return Reply(f"Current privilege level is {1 if session.mode == 'user' else 15}\n")

    async def save(self, session: Session, match: Match, pipes: list[str]) -> Reply | None:
        """Save; ``copy`` asks for the name of the file first."""
        if match.pattern.startswith("copy") and self.asks_file:
            await session.ask("Destination filename [startup-config]? ")
        session.device.save(session.username)
        return Reply(self.save_text)

    asks_file: ClassVar[bool] = True
    config_text: ClassVar[str] = "Enter configuration commands, one per line.  End with CNTL/Z.\n"

    async def configure_terminal(
        self, session: Session, match: Match, pipes: list[str]
    ) -> Reply | None:
        """Enter configuration mode."""
        if session.visit.fault.unauthorised:
            return Reply(self.unauthorised)
        session.mode, session.path = "config", ()
        return Reply(self.config_text)

    def short(self, name: str) -> str:
        """An interface name as tables print it."""
        found = re.match(r"([A-Za-z-]+)\s*(.*)", name)
        return f"{found.group(1)[:2]}{found.group(2)}" if found else name

    async def show_vlans(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """The table of VLANs with their access ports."""
        ports: dict[str, list[str]] = {}
        for port in self.ports(session.device):
            if port.switched and not port.trunk:
                ports.setdefault(port.vlan, []).append(self.short(port.name))
        text = f"\n{'VLAN':<5}{'Name':<33}{'Status':<10}Ports\n"
        text += f"{'-' * 4} {'-' * 32} {'-' * 9} {'-' * 31}\n"
        names = {"1": "default"}
        for node in self.tree(session.device).nodes:
            if re.fullmatch(r"vlan \d+", node.key):
                number = node.key.split()[1]
                named = [c.key[5:] for c in node.children if c.key.startswith("name ")]
                names[number] = named[0] if named else f"VLAN{int(number):04d}"
        for number, name in names.items():
            cells = ports.get(number, [])
            rows = [", ".join(cells[i : i + 4]) for i in range(0, len(cells), 4)] or [""]
            text += f"{number:<5}{name:<33}{'active':<10}{rows[0]}".rstrip() + "\n"
            text += "".join(f"{'':<48}{row}\n" for row in rows[1:])
        return Reply(text)

    async def show_version(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """Model and software; given by the platform."""
        return Reply(self.version_text(session.device))

    @abstractmethod
    def version_text(self, device: Device) -> str:
        """The answer to ``show version``."""


def uptime(device: Device) -> str:
    """How long the device is up, in Cisco's words."""
    span = device.printed_at - device.booted_at
    weeks, days = divmod(span.days, 7)
    hours, minutes = divmod(span.seconds // 60, 60)
    return f"{weeks} weeks, {days} days, {hours} hours, {minutes} minutes"
