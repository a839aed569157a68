"""What must hold for a change to go on: its window, the clock, and nobody's hand against it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from weibao.domain.change import Change, ChangeAction, ChangeState
from weibao.domain.reasons import Reason
from weibao.domain.waves import minutes_left
from weibao.services.changes.desk import Desk
from weibao.services.leave import CLOCK_TOLERANCE

__all__ = ["POLL", "Bounds", "Stopped", "Tell"]

Tell = Callable[[Reason], None]
"""Hears what goes on, as reasons with words (``reason.change_…``)."""

POLL = 1.0
"""Seconds between two looks at whether to go on."""
_SOON = timedelta(minutes=15)


class Stopped(Exception):
    """The waves cannot go on; ``action`` is what becomes of the change.

    ``told``: people have been told why already.
    """

    def __init__(self, action: ChangeAction | None, reason: Reason, *, told: bool = False) -> None:
        super().__init__(reason.code)
        self.action = action
        self.reason = reason
        self.told = told


@dataclass
class Bounds:
    """Those of one change, while a process carries it out."""

    desk: Desk
    change: str
    until: Callable[[], datetime]
    """When the window ends, with what was signed as an extension meanwhile."""
    tell: Tell
    sleep: Callable[[float], None]
    seen: datetime = field(init=False)
    """The latest time that the clock showed; it may be set back."""
    warned: bool = False
    """It was said that the window ends soon."""

    def __post_init__(self) -> None:
        self.seen = self.desk.now

    def check_window(self) -> None:
        """No step begins after the window's end; before that there is a warning (JOB-05)."""
        left = self.until() - self.desk.now
        if left <= timedelta():
            raise Stopped(ChangeAction.pause, Reason.of("change_window_over"))
        if left <= _SOON and not self.warned:
            self.warned = True
            minutes = minutes_left(left.total_seconds())
            self.tell(Reason.of("change_window_ends", minutes=minutes))

    def check_control(self) -> None:
        """Somebody may have paused or aborted it from another terminal, or set the clock back."""
        self.check_clock()
        state = self.present().state
        if state is not ChangeState.running:
            raise Stopped(None, Reason.of("change_stopped_by_hand", state=state.value))

    def check_clock(self) -> None:
        """Neither the window nor what happened when can be judged by a clock that went back."""
        now, latest = self.desk.now, self.seen
        if now < latest - CLOCK_TOLERANCE:
            zone = self.desk.zone(self.desk.contract(self.present()))
            said = {
                "now": now.astimezone(zone).isoformat(timespec="seconds"),
                "latest": latest.astimezone(zone).isoformat(timespec="seconds"),
            }
            raise Stopped(ChangeAction.pause, Reason.of("change_clock_back", **said))
        self.seen = max(now, latest)

    def present(self) -> Change:
        """The change as it is recorded now."""
        return self.desk.fresh(self.change)

    def pass_time(self, seconds: float) -> None:
        """Let time pass, while nothing stands against going on: the window's end does."""
        until = self.desk.now + timedelta(seconds=seconds)
        while (left := (until - self.desk.now).total_seconds()) > 0:
            self.check_control()
            self.check_window()
            self.sleep(min(left, POLL))
