"""Edit sessions of indented configurations: lines count only after a commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weibao_lab.dialects.indented import Indented

if TYPE_CHECKING:
    from weibao_lab.session import Session

__all__ = ["Staged"]


class Staged(Indented):
    """Lines go to the session's own copy, where it has one."""

    async def _configuration_line(self, session: Session, line: str) -> None:
        if session.staged is None:
            await super()._configuration_line(session, line)
            return
        device = session.device
        live, at, who = device.running.tree, device.running.changed_at, device.running.changed_by
        device.running.tree, device.rehearsing = session.staged, True
        device.forget_cache()
        try:
            await super()._configuration_line(session, line)
        finally:
            session.staged = self.tree(device)
            device.running.tree, device.rehearsing = live, False
            device.running.changed_at, device.running.changed_by = at, who
            device.forget_cache()

    def begin_staged(self, session: Session, name: str = "") -> None:
        """Enter a copy of the running configuration."""
        session.mode, session.path = "config", ()
        session.staged = self.tree(session.device).copy()
        session.staged_name = name

    def install_staged(self, session: Session) -> None:
        """What was entered counts."""
        if session.staged is not None:
            session.device.put(session.staged.copy(), session.username)
