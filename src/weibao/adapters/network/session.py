"""Talking to a device's terminal so that not one character of an answer is lost.

What a device prints is bytes. Only line ends are made uniform (a terminal puts carriage
returns before a line feed); what a pager prints and wipes and what switches the
terminal's own modes is taken out, since it is the terminal's and not the answer's.
"""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from weibao.adapters.network.trouble import Trouble
from weibao.adapters.network.wire import Wire
from weibao.domain.platform import Platform

__all__ = ["ANY_PROMPT", "Answer", "Session", "clean"]

ANY_PROMPT = rb"[^\s\x00-\x1f][^\x00-\x1f]{0,120}[>#\]$%][ \t]*"
"""What a prompt looks like as long as the platform is not known."""

_TERMINAL_MODES = re.compile(rb"\x1b\[\?\d+[hl]\r?|\x1b\[[56]n|\x1b=|\x1b>")
_COLOURS = re.compile(rb"\x1b\[[\d;]*m")
_LINE_ENDS = re.compile(rb"\r+\n")
_SETTLE = 0.15
"""Seconds of silence after which a prompt that is not proven complete is asked for again."""
_LONG_SETTLE = 5.0
"""The same after the prompt turned out to be a look-alike within the text."""
_LAST_CHANCE = 5.0
"""Seconds for a prompt after an empty line, where a device had fallen silent without one."""
_TAIL = 1024


@functools.lru_cache(maxsize=512)
def _compiled(pattern: str | bytes) -> re.Pattern[bytes]:
    raw = pattern if isinstance(pattern, bytes) else pattern.encode("utf-8")
    return re.compile(raw, re.MULTILINE)


def clean(data: bytes) -> bytes:
    """Without what switches the terminal's modes, and with uniform line ends."""
    return _LINE_ENDS.sub(b"\n", _TERMINAL_MODES.sub(b"", data))


@dataclass(frozen=True)
class Answer:
    """What came between the echo of a command and the next prompt."""

    text: bytes


class Session:
    """A logged-in terminal of one device; it reads and changes nothing.

    Raises Trouble from every method: ``dropped``, ``silent``, ``time_limit`` and the
    login's own codes.
    """

    def __init__(
        self,
        wire: Wire,
        platform: Platform | None,
        *,
        silence: float,
        deadline: float,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self._wire = wire
        self._platform = platform
        self._silence = silence
        self._deadline = deadline
        self._stop = stop
        self._buffer = bytearray()
        self._prompt = b""
        self.banner = b""

    # prompts

    @property
    def prompt(self) -> str:
        """The prompt as the device prints it."""
        return self._prompt.decode("latin-1")

    def adopt(self, platform: Platform) -> None:
        """The platform is known now."""
        self._platform = platform

    def _prompt_pattern(self) -> bytes:
        if self._platform is None:
            return ANY_PROMPT
        return self._platform.session.prompt.encode("utf-8")

    def _trailing_prompt(self, text: bytes) -> int | None:
        """Where the prompts at the end of ``text`` begin, None without one there.

        ``text`` is clean. Before the prompt is learnt, any that the platform prints
        counts; afterwards only that very one, so that look-alikes inside of a
        configuration do not.
        """
        start: int | None = None
        end = len(text)
        while True:
            tail = text[max(0, end - _TAIL) : end]
            match = _compiled(rb"^(?:" + self._prompt_pattern() + rb")[ \t]*\s*\Z").search(tail)
            if match is None or (self._prompt and self._last_line(match[0]) != self._prompt):
                return start
            start = end - len(tail) + match.start()
            end = start
            if not text[:end].strip() or not text[:end].endswith(b"\n"):
                return start

    @staticmethod
    def _last_line(text: bytes) -> bytes:
        return text.rstrip().rpartition(b"\n")[2].strip()

    # reading

    def _read(self, patience: float) -> bool:
        """More into the buffer; False when nothing came within ``patience`` seconds."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise Trouble("time_limit")
        if self._stop():
            raise Trouble("interrupted")
        data = self._wire.read(min(patience, left))
        self._buffer += data
        return bool(data)

    def partial(self) -> bytes:
        """What had come of the answer that broke off, for the evidence."""
        return self._without_pager(clean(bytes(self._buffer)))

    def expect(self, patterns: dict[str, bytes], patience: float) -> str:
        """Wait until the end of what comes matches one of ``patterns``; its name.

        A prompt's name is ``prompt``; it needs no pattern.
        """
        quiet_since = time.monotonic()
        while True:
            tail = clean(bytes(self._buffer[-4 * _TAIL :]))
            for name, pattern in patterns.items():
                if _compiled(pattern).search(tail):
                    return name
            if self._trailing_prompt(tail) is not None:
                return "prompt"
            if self._read(min(1.0, patience)):
                quiet_since = time.monotonic()
            elif time.monotonic() - quiet_since >= patience:
                raise Trouble("silent", seconds=f"{patience:g}")

    def send(self, text: str | bytes) -> None:
        """Send a line; what was read before is dropped."""
        raw = text if isinstance(text, bytes) else text.encode("utf-8")
        self._buffer.clear()
        self._wire.write(raw + self._wire.enter)

    def forget_prompt(self) -> None:
        """The prompt is about to change."""
        self._prompt = b""

    def learn_prompt(self) -> None:
        """Ask for the prompt again, so that a look-alike in a banner is not taken for it."""
        self._prompt = b""
        self.banner += clean(bytes(self._buffer))
        self.send(b"")
        while True:
            self.expect({}, self._silence)
            if not self._read(_SETTLE):
                break
        self._prompt = self._last_line(clean(bytes(self._buffer)))

    def ask(
        self,
        command: str,
        complete: Callable[[bytes], bool] = lambda _text: False,
        settle: float = _SETTLE,
    ) -> Answer:
        """Send ``command`` and read its whole answer.

        ``complete`` says whether a text is provably whole; then the prompt after it ends
        the answer at once. Otherwise an empty line is sent when the device falls silent
        at a prompt, and only a prompt that is printed again is believed. Where it turns
        out that the empty line fell into the middle of the text, whose echo it may have
        spoilt, the command is sent once more and the silence waited out longer.
        """
        self.send(command)
        nudged_at: int | None = None
        quiet_since = time.monotonic()
        answered_pager = 0
        while True:
            answered_pager = self._answer_pager(answered_pager)
            at_prompt = self._trailing_prompt(clean(bytes(self._buffer[-_TAIL:]))) is not None
            if at_prompt:
                found = self._finished(command, complete, nudged_at)
                if found is not None:
                    answer, start = found
                    if nudged_at not in (None, start) and settle < _LONG_SETTLE:
                        return self.ask(command, complete, _LONG_SETTLE)
                    return answer
            waiting = settle if at_prompt and nudged_at is None else 1.0
            if self._read(waiting):
                quiet_since = time.monotonic()
                continue
            quiet = time.monotonic() - quiet_since
            if nudged_at is None and (at_prompt or quiet >= self._silence):
                nudged_at = self._nudge()
                quiet_since = time.monotonic()
            elif quiet >= (self._silence if at_prompt else _LAST_CHANCE):
                if nudged_at is None:
                    continue
                raise Trouble("silent", seconds=f"{self._silence:g}")

    def _nudge(self) -> int:
        """Send an empty line; where the prompt stood that is to be printed again, or -1."""
        start = self._trailing_prompt(self._without_pager(clean(bytes(self._buffer))))
        self._wire.write(self._wire.enter)
        return -1 if start is None else start

    def _finished(
        self, command: str, complete: Callable[[bytes], bool], nudged_at: int | None
    ) -> tuple[Answer, int] | None:
        text = self._without_pager(clean(bytes(self._buffer)))
        start = self._trailing_prompt(text)
        if start is None:
            return None
        body = self._without_echo(text[:start], command)
        if body is None:
            return None
        repeated = text[start:].count(self._prompt) > 1
        if complete(body) or (nudged_at is not None and repeated):
            return Answer(body), start
        return None

    # what is not the answer's

    def _answer_pager(self, answered: int) -> int:
        if self._platform is None or len(self._buffer) == answered:
            return answered
        tail = _COLOURS.sub(b"", clean(bytes(self._buffer[-256:])))
        for pager in self._platform.session.pagers:
            if _compiled(b"(?:" + pager.match.encode("utf-8") + rb")[ \t]*\Z").search(tail):
                self._wire.write(pager.answer.encode("utf-8"))
                return len(self._buffer)
        return answered

    def _without_pager(self, text: bytes) -> bytes:
        if self._platform is not None:
            for pager in self._platform.session.pagers:
                text = _compiled(pager.erase).sub(b"", text)
        return text

    def _without_echo(self, text: bytes, command: str) -> bytes | None:
        """``text`` after the echo of ``command``; None while the echo is still coming."""
        if not text:
            return None
        line, newline, rest = text.partition(b"\n")
        echoed = line.replace(b"\r", b"").replace(b"\x08", b"").strip()
        wanted = command.encode("utf-8")
        if echoed == wanted or echoed.endswith(wanted):
            return rest if newline else None
        # Some terminals do not echo, and print the answer at once.
        return text

    def close(self) -> None:
        """Hang up."""
        self._wire.close()
