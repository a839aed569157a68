"""What Huawei VRP and H3C Comware share: views, ``#`` sections, save with questions."""

from __future__ import annotations

import re
from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar, Final

from weibao_lab.configs import conceal
from weibao_lab.dialects.base import Command, Reply
from weibao_lab.dialects.indented import Indented
from weibao_lab.grammar import GrammarError, Match

if TYPE_CHECKING:
    from weibao_lab.device import Device
    from weibao_lab.session import Session

__all__ = ["VRP_COMMANDS", "VrpLike"]

VRP_COMMANDS: Final = (
    Command("quit", "leave"),
    Command("system-view", "system_view"),
    Command("save", "save"),
    Command("display version", "show_version"),
    Command("display clock", "show_clock"),
    Command("display current-configuration", "show_running"),
    Command("display current-configuration interface ...", "show_interface_section"),
    Command("display saved-configuration", "show_startup"),
    Command("display this", "show_this"),
    Command("undo terminal monitor", "accept"),
    Command("terminal monitor", "accept"),
)


class VrpLike(Indented):
    """``<name>`` and ``[name]``, ``display``, ``undo`` and ``return``."""

    name_command: ClassVar[str] = "sysname"
    one_up: ClassVar[tuple[str, ...]] = ("quit",)
    all_up: ClassVar[tuple[str, ...]] = ("return",)
    also_in_config: ClassVar[tuple[str, ...]] = ("display", "save")
    end_marks: ClassVar[tuple[bytes, ...]] = (b"return",)
    hide: ClassVar[tuple[tuple[str, str, str], ...]] = ()

    def prompt(self, session: Session) -> str:
        """``<name>`` or ``[name-view]``."""
        name = session.device.hostname
        if session.mode != "config":
            return f"<{name}>"
        shown = self.section_prompt(session.path)
        return f"[{name}-{shown}]" if shown else f"[{name}]"

    def banner(self, session: Session, command: str) -> str:
        """The text of the configured login banner."""
        text = self.tree(session.device).value(command)
        return "\n".join(text.split("\n")[1:-1]) + "\n" if text else ""

    def stored(self, device: Device, line: str) -> str:
        """Hide a password typed in clear, as the device does."""
        for pattern, form, kind in self.hide:
            found = re.fullmatch(pattern, line)
            if found:
                return found.expand(form) + conceal(kind, device.spec.name, line)
        return line

    # -- commands ----------------------------------------------------------------

    async def accept(self, session: Session, match: Match, pipes: list[str]) -> None:
        """Do nothing, without complaint."""

    enter_text: ClassVar[str] = ""

    async def system_view(self, session: Session, match: Match, pipes: list[str]) -> Reply | None:
        """Enter configuration mode."""
        if session.visit.fault.unauthorised:
            return Reply(self.unauthorised)
        session.mode, session.path = "config", ()
        return Reply(self.enter_text)

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
        return Reply(f"#\n{section}#\nreturn\n")

    async def show_startup(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """The saved configuration."""
        return Reply(self.startup_text(session.device), config=True)

    async def show_this(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """The configuration of the present view."""
        node = self.tree(session.device).find(session.path) if session.path else None
        body = "".join(f"{line}\n" for line in node.lines()) if node else ""
        return Reply(f"#\n{body}#\nreturn\n")

    async def show_clock(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """The time."""
        now = session.device.printed_at
        return Reply(f"{now:%Y-%m-%d %H:%M:%S}+08:00\n{now:%A}\nTime Zone(Beijing) : UTC+08:00\n")

    async def show_version(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """Model and software; given by the platform."""
        return Reply(self.version_text(session.device))

    @abstractmethod
    def version_text(self, device: Device) -> str:
        """The answer to ``display version``."""


def span_text(device: Device) -> str:
    """How long the device is up."""
    span = device.printed_at - device.booted_at
    weeks, days = divmod(span.days, 7)
    hours, minutes = divmod(span.seconds // 60, 60)
    return f"{weeks} weeks, {days} days, {hours} hours, {minutes} minutes"
