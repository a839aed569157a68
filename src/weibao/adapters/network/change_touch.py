"""One device in the hands of a step: its lines, its clock, and the small moves of all modes."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from weibao.adapters.network.change_job import ChangeWishes, DeviceWish
from weibao.adapters.network.change_line import Line, LineOpener, Refused, Transcript
from weibao.adapters.network.change_plan import (
    equal,
    remedy,
    same_in_any_order,
    whole_lines,
)
from weibao.adapters.network.change_words import Words
from weibao.adapters.network.job import Limits
from weibao.adapters.network.trouble import Trouble
from weibao.domain.acceptance import startup_differs
from weibao.domain.change_rules import ChangeRules, Safety
from weibao.domain.config_tree import any_of
from weibao.domain.platform import Platform, compiled
from weibao.domain.reasons import Reason
from weibao.domain.texts import decode

__all__ = ["Setback", "Touch"]

_ROUNDS = 3
"""Times that lines towards a text are computed anew."""
_LOOK = 1.0
"""Seconds between two looks at whether to stop."""
_CTRL_D = b"\x04"


class Setback(Exception):
    """A step did not go as meant; what was done is to be undone."""

    def __init__(self, code: str, /, **params: object) -> None:
        super().__init__(code)
        self.reason = Reason.of(code, **params)


class Touch:
    """Holds the lines to one device; all modes work through it."""

    def __init__(
        self,
        opener: LineOpener,
        wish: DeviceWish,
        wishes: ChangeWishes,
        limits: Limits,
        platform: Platform,
        words: Words,
        *,
        stop: Callable[[], bool] = lambda: False,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.wish = wish
        self.wishes = wishes
        self.platform = platform
        self.words = words
        self.stop = stop
        self.now = now
        self.transcript = Transcript()
        self.warnings: list[Reason] = []
        self.sent_any = False
        """Something that counts may have been sent."""
        self.session = ""
        """Name of the edit session that was entered last."""
        self._opener = opener
        self._limits = limits
        self._sleep = sleep
        self._lines: list[Line] = []

    @property
    def rules(self) -> ChangeRules:
        """Of the device's generation, once a line was open."""
        if self._lines:
            return self._lines[-1].rules
        rules = self.platform.change
        assert rules is not None  # noqa: S101 - others are refused before
        return rules

    # lines

    def open(self, patience: float = 0.0) -> Line:
        """A new line; tried again for ``patience`` seconds where its fault may pass.

        Raises:
            Trouble: why there is none.
        """
        until = self.now() + patience
        tries = 0
        while True:
            tries += 1
            deadline = self.now() + self._limits.device
            try:
                line = self._opener.open(
                    self.wish.endpoint, self.platform, self.transcript, deadline
                )
            except Trouble as trouble:
                self.transcript.note(f"no connection: {trouble.reason.code}")
                more = self.now() < until or tries <= self._limits.retries
                if not (trouble.may_pass and more):
                    raise
                wait = self.wishes.pause if self.now() < until else self._limits.retry_wait
                self._sleep(wait)
                continue
            self.platform = line.platform
            self._lines.append(line)
            return line

    def drop(self, line: Line) -> None:
        """Hang up one line."""
        line.close()
        self._lines = [one for one in self._lines if one is not line]

    def close(self) -> None:
        """Hang up all."""
        for line in list(self._lines):
            self.drop(line)

    def alive(self) -> Iterator[Line]:
        """Lines that may still be open, the newest first."""
        yield from reversed(list(self._lines))

    # moves

    def new_session(self) -> None:
        """Give the next edit session a name that no earlier one had."""
        self.session = f"{self.wishes.name}-{secrets.token_hex(3)}"

    def enters(self, commands: Sequence[str]) -> list[str]:
        """Commands that enter the configuration mode, with the name of a new session."""
        self.new_session()
        return self.filled(commands)

    def filled(self, commands: Sequence[str], session: str = "") -> list[str]:
        """Commands with the safety time and the names in their places."""
        minutes = self.wishes.safety_minutes
        places = {
            "minutes": minutes,
            "seconds": minutes * 60,
            "hhmmss": f"{minutes // 60:02d}:{minutes % 60:02d}:00",
            "name": self.wishes.name,
            "session": session or self.session,
        }
        return [command.format(**places) for command in commands]

    def quietly(self, line: Line, commands: Iterable[str]) -> bool:
        """Send commands; one that is refused does not matter. Whether the last one was taken.

        Raises:
            Trouble: the line is gone.
        """
        good = True
        for command in self.filled(list(commands)):
            try:
                line.enter(command)
                good = True
            except Refused:
                good = False
        return good

    def settle(self) -> None:
        """Wait until what was changed had its effect, or until no further line is wanted."""
        until = self.now() + self.wishes.settle
        while (left := until - self.now()) > 0 and not self.stop():
            self._sleep(min(left, _LOOK))

    def safety_ends(self) -> datetime:
        """When the device goes back by itself, where it was just armed."""
        seconds = self.wishes.safety_minutes * self.wishes.minute_seconds
        return datetime.now(UTC) + timedelta(seconds=seconds)

    def said(self, refused: Refused) -> dict[str, str]:
        """A refusal's line and answer, fit for a reason."""
        return {
            "line": self.words.say(refused.line.split("\n")[0]),
            "said": self.words.say(refused.said),
        }

    # towards a text

    def become(self, line: Line, target: bytes, commit: Sequence[str] | None = None) -> bytes:
        """Make the configuration ``target`` by the platform's own replacement, else by
        computed lines, and read it again; the last text that was read.

        Lines that are refused are passed over: what counts is the text in the end.

        Raises:
            Trouble: the line is gone.
        """
        current = line.read()
        for _ in range(_ROUNDS):
            rules = line.rules
            if self.says_the_same(current, target):
                break
            if rules.replace is None and not remedy(current, target, self.platform, rules):
                break
            self.sent_any = True
            before = current
            self._send_towards(line, current, target, commit)
            current = line.read()
            if current == before:
                break
        return current

    def _send_towards(
        self, line: Line, current: bytes, target: bytes, commit: Sequence[str] | None
    ) -> None:
        rules = line.rules
        try:
            line.do(self.enters(rules.enter))
            self.enter_target(line, current, target)
            if rules.stages:
                line.do(self.filled(rules.commit if commit is None else commit))
        except Refused as refused:
            self.transcript.note(f"refused: {refused.line}")
            self.quietly(line, rules.abort)
        self.quietly(line, rules.leave)

    def enter_target(self, line: Line, current: bytes, target: bytes) -> None:
        """In the configuration mode: enter what leads to ``target``.

        Raises:
            Refused: the replacement itself was; single lines are passed over.
            Trouble: the line is gone.
        """
        rules = line.rules
        if rules.replace is not None:
            line.do(self.filled(rules.replace.begin[:-1]))
            if rules.replace.paste:
                line.begin_text(self.filled(rules.replace.begin[-1:])[0])
                line.paste(target, _CTRL_D)
                return
            line.do(self.filled(rules.replace.begin[-1:]))
            lines = whole_lines(target, self.platform, rules)
        else:
            lines = remedy(current, target, self.platform, rules)
        line.enter_all(lines, strict=False)

    def says_the_same(self, one: bytes, other: bytes) -> bool:
        """Whether two texts say the same, the order of lines aside where it says nothing."""
        return equal(one, other, self.platform) or same_in_any_order(
            one, other, self.platform, self.rules
        )

    def is_back(self, text: bytes, target: bytes) -> bool:
        """Whether ``text`` is proven to say what ``target`` says."""
        if equal(text, target, self.platform):
            return True
        if same_in_any_order(text, target, self.platform, self.rules):
            self.warn("change_other_order")
            return True
        return False

    def warn(self, code: str, /, **params: object) -> None:
        """A remark for the outcome, once."""
        reason = Reason.of(code, **params)
        if reason not in self.warnings:
            self.warnings.append(reason)

    # saving

    def save(self, line: Line) -> bool:
        """Save, read back, compare; whether the startup configuration is proven the same.

        Raises:
            Trouble: the line is gone.
        """
        if not line.rules.save:
            return True
        for _ in range(2):
            said = self._save_once(line)
            shown = self.startup_is_running(line)
            word = line.rules.saved
            if shown or (shown is None and any(any_of((word,), row.strip()) for row in said)):
                return True
        return False

    def _save_once(self, line: Line) -> list[str]:
        said: list[str] = []
        for command in self.filled(line.rules.save):
            with contextlib.suppress(Refused):
                said += line.enter(command).splitlines()
        return said

    def startup_is_running(self, line: Line) -> bool | None:
        """Whether the startup configuration says what the running one says; None where a device
        that shows none has only its word for it."""
        if not self.platform.configuration.startup:
            return True
        startup = line.read_startup()
        if startup is None:
            return None if line.rules.saved else False
        return not startup_differs(line.read(), startup, self.platform)

    def startup_was_running(self, line: Line) -> bool:
        """The same before a change, with a remark where it is not so, or not known: then the
        way back saves, since what was there is all that is known."""
        same = self.startup_is_running(line)
        if same is None:
            self.warn("change_startup_not_shown")
        return same is not False

    def usable(
        self, safeties: Sequence[Safety], running: bytes, *, startup_same: bool
    ) -> list[Safety]:
        """The device's own ways back that may be used, ``running`` being what it has."""
        text = decode(running, self.platform.encodings)
        found = []
        for safety in safeties:
            if safety.reboots and not self.wishes.reboot_ok:
                continue
            if safety.kind.value in self.wishes.avoid:
                continue
            if safety.reboots and (not startup_same or self.rules.saved):
                self.warn("change_no_reload")
                continue
            if safety.from_shell and not self._lines[-1].from_shell:
                self.warn("change_safety_needs_shell", kind=safety.kind.value)
                continue
            if safety.needs and not compiled(safety.needs).search(text):
                self.warn("change_safety_lacks", kind=safety.kind.value)
                continue
            if safety.longest_minutes >= self.wishes.safety_minutes:
                found.append(safety)
        return found
