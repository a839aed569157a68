"""The way back: to the configuration that was there before, proven by reading it again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from weibao.adapters.network.change_line import Line, Refused
from weibao.adapters.network.change_touch import Touch
from weibao.adapters.network.trouble import Trouble
from weibao.domain.change_rules import Safety, SafetyKind
from weibao.domain.reasons import Reason

__all__ = ["Found", "WayBack"]

_ATTEMPTS = 4
"""Lines that may be lost on the way back."""
_RELOAD = 900.0
"""Seconds for a restart, beyond everything else."""


@dataclass
class Found:
    """What is known at the end."""

    proven: bool
    text: bytes | None = None
    """The last configuration that could be read."""
    saved: bool | None = None
    by_hand: Reason | None = None


class WayBack:
    """Brings one device back to ``before``, whatever became of it."""

    def __init__(
        self,
        touch: Touch,
        before: bytes,
        *,
        safety: Safety | None,
        until: datetime | None,
        checkpoint: bool,
        session: str = "",
        inside: bool = True,
    ) -> None:
        """``until``: by then the device went back by itself. ``inside``: open lines may still
        be in the configuration mode."""
        self._touch = touch
        self._before = before
        self._safety = safety
        self._until = until
        self._session = session
        self._inside = inside
        self._text: bytes | None = None
        self._ways = ["look", "cancel", "checkpoint", "become"]
        if safety is None or not safety.cancel:
            self._ways.remove("cancel")
        if not checkpoint:
            self._ways.remove("checkpoint")

    def go(self, *, save: bool) -> Found:
        """Go back; ``save`` also the startup configuration. Never raises Trouble."""
        lost: Trouble | None = None
        for _ in range(_ATTEMPTS):
            try:
                line = self._line()
            except Trouble as trouble:
                lost = trouble
                break
            try:
                if self._goes_back(line):
                    return self._settled(line, save=save)
            except Trouble as trouble:
                lost = trouble
                self._touch.transcript.note(f"lost: {trouble.reason.code}")
                self._touch.drop(line)
                continue
            break
        return Found(proven=False, text=self._text, by_hand=self._by_hand(lost))

    def _line(self) -> Line:
        """An open line outside of the configuration mode, else a new one, with patience."""
        for line in self._touch.alive():
            try:
                if self._inside:
                    rules = line.rules
                    self._touch.quietly(line, [*rules.abort, *rules.leave])
                line.session.learn_prompt()
            except Trouble:
                self._touch.drop(line)
                continue
            return line
        patience = self._touch.wishes.patience
        if self._until is not None:
            patience += max(0.0, (self._until - datetime.now(UTC)).total_seconds())
        if self._safety is not None and self._safety.reboots:
            patience += _RELOAD
        return self._touch.open(patience)

    def _goes_back(self, line: Line) -> bool:
        while self._ways:
            way = self._ways[0]
            if way == "cancel":
                assert self._safety is not None  # noqa: S101 - else it is no way
                self._try(line, self._safety.cancel)
            elif way == "checkpoint" and line.rules.checkpoint is not None:
                self._try(line, line.rules.checkpoint.back)
            elif way == "become":
                self._text = self._touch.become(line, self._before)
            if way != "become":
                self._text = line.read()
            if self._text is not None and self._touch.is_back(self._text, self._before):
                return True
            # A way that was lost on its way may be tried by the next line once more.
            self._ways.pop(0)
        return False

    def _try(self, line: Line, commands: Sequence[str]) -> None:
        """One of the ways; a refused command ends it."""
        self._touch.sent_any = True
        try:
            line.do(self._touch.filled(commands, self._session))
        except Refused:
            self._touch.quietly(line, [*line.rules.abort, *line.rules.leave])

    def _settled(self, line: Line, *, save: bool) -> Found:
        """It is back; what is still armed is disarmed, and what was saved is saved again."""
        touch = self._touch
        saved: bool | None = None
        try:
            safety = self._safety
            armed = {SafetyKind.scheduled_reload, SafetyKind.revert_timer}
            if safety is not None and safety.kind in armed:
                touch.quietly(line, safety.confirm)
            if save:
                saved = touch.save(line)
            checkpoint = line.rules.checkpoint
            if checkpoint is not None and checkpoint.drop:
                touch.quietly(line, checkpoint.drop)
            if saved is False:
                touch.warn("change_startup_not_restored")
        except Trouble as trouble:
            touch.warn("change_lost_after_return", why=trouble.reason.code)
        return Found(proven=True, text=self._text, saved=saved)

    def _by_hand(self, lost: Trouble | None) -> Reason:
        if lost is not None:
            return Reason.of("change_by_hand_unreachable", why=lost.reason.code)
        return Reason.of("change_by_hand_differs")
