"""Huawei VRP 8: lines count after a commit; a trial goes back by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from weibao_lab.dialects.base import Command, Reply
from weibao_lab.dialects.huawei import Huawei
from weibao_lab.dialects.staged import Staged
from weibao_lab.grammar import Match

if TYPE_CHECKING:
    from weibao_lab.device import Device
    from weibao_lab.session import Session

__all__ = ["Huawei8"]


class Huawei8(Staged, Huawei):
    """Huawei VRP 8 on a CloudEngine switch."""

    commands: ClassVar[tuple[Command, ...]] = (
        *Huawei.commands,
        Command("commit", "commit"),
        Command("commit trial <seconds>", "commit_trial"),
        Command("abort trial", "abort_trial"),
        Command("clear configuration candidate", "clear"),
    )
    also_in_config: ClassVar[tuple[str, ...]] = ("display", "save", "commit", "abort", "clear")

    def prompt(self, session: Session) -> str:
        """``[~name]``, and ``[*name]`` where something is not committed."""
        text = super().prompt(session)
        if session.mode != "config":
            return text
        staged = session.staged
        changed = staged is not None and staged.render() != session.device.body
        return ("[*" if changed else "[~") + text[1:]

    async def system_view(self, session: Session, match: Match, pipes: list[str]) -> Reply | None:
        """Enter a copy of the running configuration."""
        reply = await super().system_view(session, match, pipes)
        if session.mode == "config":
            self.begin_staged(session)
        return reply

    def leave_config(self, session: Session) -> None:
        """What was not committed is gone."""
        session.staged = None
        super().leave_config(session)

    async def commit(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """What was entered counts; a trial is confirmed."""
        session.device.keep()
        session.trial = False
        self.install_staged(session)
        return Reply("Committing....done.\n")

    async def commit_trial(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """It counts for some seconds, at most as long as this session lasts."""
        session.device.go_back_later(int(match.args[0]) / 60)
        session.trial = True
        self.install_staged(session)
        return Reply(f"Info: The trial will be rolled back in {match.args[0]} seconds.\n")

    async def abort_trial(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """Go back at once."""
        session.trial = False
        if not session.device.go_back():
            return Reply("Error: No trial is in progress.\n")
        if session.staged is not None:
            self.begin_staged(session)
        return Reply("")

    async def clear(self, session: Session, match: Match, pipes: list[str]) -> Reply:
        """Nothing of it counts."""
        if session.mode == "config":
            self.begin_staged(session)
        return Reply("")

    def version_text(self, device: Device) -> str:
        """The answer to ``display version``."""
        text = super().version_text(device)
        return text.replace(
            "Version 5.170 (S5735 V200R019C10SPC500)", "Version 8.180 (CE6850 V200R005C10)"
        )
