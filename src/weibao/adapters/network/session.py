"""Talking to a device's terminal so that not one character of an answer is lost."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from weibao.adapters.network.received import Received
from weibao.adapters.network.screen import (
    ANSWERS,
    ANY_PAGER,
    ANY_PROMPT,
    LOGGED,
    QUERIES,
    Prompt,
    after_echo,
    compiled,
    fold,
    shown,
    without_codes,
)
from weibao.adapters.network.trouble import Trouble
from weibao.adapters.network.wire import Wire
from weibao.domain.platform import Platform, Terminal

__all__ = ["MOST_BYTES", "Answer", "Session"]

_SETTLE = 0.15
"""Seconds of silence after which a prompt that is not proven complete is asked for again."""
_DOUBTFUL = 8.0
"""The same where the text before the prompt is visibly not all (at most silence / 4)."""
_LAST_CHANCE = 5.0
"""Seconds for a prompt after an empty line, where a device had fallen silent without one
(at most silence / 4)."""
_IDLE = 1.0
"""Seconds of silence in which an unknown pager or a log message after the prompt shows."""
_ROUNDS = 6
"""Empty lines until a prompt must have shown itself."""
_TAIL = 1024
_LOGGED = 8192
"""Bytes of log messages behind a prompt."""
MOST_BYTES = 64 * 1024 * 1024
"""Bytes of one answer: a device that prints for ever must not eat the memory of all."""


def _never(_text: bytes) -> bool:
    return False


@dataclass(frozen=True)
class Answer:
    """What came between the echo of a command and the next prompt."""

    text: bytes


@dataclass
class _Reading:
    """How far the answer to a command has come."""

    command: bytes
    whole: Callable[[bytes], bool]
    doubtful: Callable[[bytes], bool]
    patient: bool
    size: int = -1
    """Of the buffer when it was last looked at."""
    settle: float = _SETTLE
    nudged_at: int | None = None
    """Where the text ended when an empty line was sent; -1 where no prompt stood there."""
    spoilt: bool = False
    """The text went on after that."""


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
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """``deadline`` is a moment of ``now``, which a played device replaces."""
        self._wire = wire
        self._now = now
        self._platform: Platform | None = None
        self._silence = silence
        self._deadline = deadline
        self._stop = stop
        self._received = Received(paints=True)
        self._prompt: Prompt | None = None
        self._any_prompt = False
        self.echoes = False
        """Whether an echo was seen; then each command has one, and waits for it."""
        self.gave_password = False
        """The terminal asked for the password and got it; no prompt was seen since."""
        if platform is not None:
            self.adopt(platform)

    # prompts

    @property
    def prompt(self) -> str:
        """The prompt as the device prints it."""
        return self._prompt.text.decode("latin-1") if self._prompt else ""

    def adopt(self, platform: Platform) -> None:
        """The platform is known now."""
        self._platform = platform
        rules = platform.session
        self._received.paints = rules.terminal is Terminal.painted
        if rules.enter:
            self._wire.enter = rules.enter.encode("utf-8")

    def allow_any_prompt(self) -> None:
        """The platform's own pattern does not match what this device prints."""
        self._any_prompt = True

    def looks_like_prompt(self, pattern: bytes = ANY_PROMPT) -> bool:
        """Whether the last line could be a prompt of any platform."""
        return compiled(rb"(?:" + pattern + rb")\Z").match(self._last_line()) is not None

    def _last_line(self) -> bytes:
        return shown(self._tail().rstrip().rpartition(b"\n")[2])

    def _at_prompt(self) -> bool:
        """Before the prompt is learnt, any that the platform prints counts; afterwards only
        that very one, so that look-alikes inside of a configuration do not."""
        if self._prompt is not None:
            return self._prompt.start(self._tail()) is not None
        if self._platform is None or self._any_prompt:
            return self.looks_like_prompt()
        rules = self._platform.session
        pattern = rules.prompt if rules.shell is None else f"{rules.prompt}|{rules.shell.prompt}"
        return self.looks_like_prompt(pattern.encode("utf-8"))

    def _tail(self) -> bytes:
        return self._received.tail(_TAIL)

    # reading

    def _read(self, patience: float) -> bool:
        """More into the buffer; False when nothing came within ``patience`` seconds."""
        left = self._deadline - self._now()
        if left <= 0:
            raise Trouble("time_limit")
        if self._received.size > MOST_BYTES:
            raise Trouble("endless_answer", megabytes=MOST_BYTES // 1024**2)
        if self._stop():
            raise Trouble("interrupted")
        data = self._wire.read(min(patience, left))
        if data:
            self._received.add(data)
            if b"\x1b" in data:
                self._answer_queries(data)
        return bool(data)

    def _answer_queries(self, data: bytes) -> None:
        """A terminal that is asked what it is and how wide, as RouterOS asks, says it."""
        if self._platform is not None and not self._platform.session.answers_queries:
            return
        for query in QUERIES.findall(data):
            self._wire.write(ANSWERS[query])

    def partial(self) -> bytes:
        """What had come of the answer that broke off, for the evidence."""
        return self._received.text()

    def said(self) -> bool:
        """Whether anything visible came since the last line was sent."""
        return bool(without_codes(self._received.text()).strip(b"\x00 \t\r\n"))

    def expect(self, patterns: dict[str, bytes], patience: float, settle: float = 0.0) -> str:
        """Wait until the end of what comes matches one of ``patterns``; its name.

        A prompt's name is ``prompt``; it needs no pattern. Another match counts when
        nothing follows it for ``settle`` seconds: banners come in pieces.
        """
        quiet_since = self._now()
        while True:
            found = self._matching(patterns)
            if found == "prompt" or (found and not (settle and self._read(settle))):
                return found
            if found or self._read(min(1.0, patience)):
                quiet_since = self._now()
            elif self._now() - quiet_since >= patience:
                raise Trouble("silent", seconds=f"{patience:g}")

    def _matching(self, patterns: dict[str, bytes]) -> str:
        tail = without_codes(self._received.tail(4 * _TAIL))
        plain = LOGGED.sub(b"", tail)
        for name, pattern in patterns.items():
            if compiled(pattern).search(tail) or (
                plain != tail and compiled(pattern).search(plain)
            ):
                return name
        return "prompt" if self._at_prompt() else ""

    def await_line(self, pattern: bytes, patience: float) -> None:
        """Wait until the last line is ``pattern`` and nothing else, whatever comes before."""
        quiet_since = self._now()
        while not self.looks_like_prompt(pattern):
            if self._read(min(1.0, patience)):
                quiet_since = self._now()
            elif self._now() - quiet_since >= patience:
                raise Trouble("silent", seconds=f"{patience:g}")

    def is_quiet(self, seconds: float) -> bool:
        """Whether nothing comes for so long."""
        return not self._read(seconds)

    def send(self, text: str | bytes) -> None:
        """Send a line; what was read before is dropped."""
        raw = text if isinstance(text, bytes) else text.encode("utf-8")
        self._received.clear()
        self._wire.write(raw + self._wire.enter)

    def enter_is_return(self) -> None:
        """This device takes CR alone for Enter, and LF for nothing or for another key."""
        if not (self._platform and self._platform.session.enter):
            self._wire.enter = b"\r"

    def press_enter(self) -> None:
        """Send an empty line; what was read before stays."""
        self._wire.write(self._wire.enter)

    def press(self, key: bytes) -> None:
        """Send a key alone; what was read before is dropped."""
        self._received.clear()
        self._wire.write(key)

    def forget_prompt(self) -> None:
        """The prompt is about to change."""
        self._prompt = None

    def change_prompt(self, command: str) -> bytes:
        """Send a command after which another prompt stands; what it answered."""
        self.forget_prompt()
        self.send(command)
        self.expect({}, self._silence)
        said = self._received.text()
        self.learn_prompt()
        start = after_echo(said, command.encode("utf-8"), self._prompt)
        return said if start is None else said[start:]

    def learn_prompt(self) -> None:
        """Ask for the prompt until an empty line brings it and nothing else.

        A look-alike in a banner, or a message that comes late, is so not taken for it.
        """
        self._prompt = None
        before: list[bytes] = []
        seen = self._last_line()
        for _ in range(_ROUNDS):
            self._ask_for_prompt()
            # The very line that stood there already needs no silence behind it.
            while self._last_line() != seen and self._read(_SETTLE):
                pass
            text = self._received.text()
            lines = [shown(line) for line in text.rstrip().split(b"\n")]
            prompt = Prompt(fold(lines[-1]))
            alone = all(prompt.is_line(line) for line in lines if line)
            plain = alone and b"" not in lines[1:] and not text.endswith(b"\n")
            if plain or (lines == before and prompt.text):
                break
            before, seen = lines, b""
        if not prompt.text:
            raise Trouble("silent", seconds=f"{self._silence:g}")
        self._prompt = Prompt(prompt.text, _lead(lines, prompt) if lines == before else ())

    def _ask_for_prompt(self) -> None:
        """An empty line; where that brings nothing, this device wants CR as Enter."""
        self.send(b"")
        try:
            self.expect({}, min(3.0, self._silence / 4))
            return
        except Trouble as trouble:
            if trouble.reason.code != "silent":
                raise
        if not self.said() and self._wire.enter == b"\n":
            self.enter_is_return()
            self.press_enter()
        elif self.looks_like_prompt():
            self._any_prompt = True
        self.expect({}, self._silence)

    # answers

    def ask(
        self,
        command: str,
        whole: Callable[[bytes], bool] = _never,
        doubtful: Callable[[bytes], bool] = _never,
    ) -> Answer:
        """Send ``command`` and read its whole answer.

        ``whole`` says whether a text is provably all; then the prompt after it ends the
        answer at once. Otherwise an empty line is sent when the device falls silent at a
        prompt, and only a prompt that is printed again is believed; where a text is
        ``doubtful`` (visibly not all), the silence must be longer. When the empty line
        turns out to have fallen into the middle of the text, whose echo may have spoilt
        it, the command is sent once more and silence waited out longer still.
        """
        for patient in (False, True):
            text = self._ask(_Reading(command.encode("utf-8"), whole, doubtful, patient))
            if text is not None:
                return Answer(text)
        raise Trouble("silent", seconds=f"{self._silence:g}")

    def _ask(self, reading: _Reading) -> bytes | None:
        """The answer; None where an empty line of ours spoilt it."""
        self.send(reading.command)
        quiet_since = self._now()
        while True:
            self._answer_pager(self._pager_patterns())
            at_prompt = self._at_prompt()
            if at_prompt and self._received.size != reading.size:
                reading.size = self._received.size
                done, text = self._finished(reading)
                if done:
                    return text
            waiting = reading.settle if at_prompt and reading.nudged_at is None else _IDLE
            if self._read(waiting):
                quiet_since = self._now()
                continue
            quiet = self._now() - quiet_since
            if not at_prompt:
                if self._answer_pager([ANY_PAGER]):
                    continue
                found = self._before_log_message(self._received.text(), reading)
                if found is not None:
                    return found
            if reading.nudged_at is None:
                if quiet >= (reading.settle if at_prompt else self._silence):
                    reading.nudged_at = self._nudge()
                    quiet_since = self._now()
            elif reading.spoilt and at_prompt and quiet >= self._doubt():
                return None
            elif quiet >= (self._silence if at_prompt else min(_LAST_CHANCE, self._silence / 4)):
                raise Trouble("silent", seconds=f"{self._silence:g}")

    def _nudge(self) -> int:
        """Send an empty line; where the prompt stood that is to be printed again, or -1."""
        text = self._received.text()
        start = self._prompt.start(text) if self._prompt else None
        self.press_enter()
        return -1 if start is None else start

    def _finished(self, reading: _Reading) -> tuple[bool, bytes | None]:
        """Whether the answer is over, and its text; None for one that was spoilt."""
        assert self._prompt is not None  # noqa: S101 - commands are sent after the login
        text = self._received.text()
        nudged_at = reading.nudged_at
        if nudged_at is not None and nudged_at >= 0 and self._prompt.only(text[nudged_at:]):
            if self._prompt.count(text[nudged_at:]) < 2:
                return False, None
            body = self._body(text[:nudged_at], reading.command)
            return True, body
        start = self._prompt.start(text)
        if start is None:
            return False, None
        body = self._body(text[:start], reading.command)
        if nudged_at is not None:
            reading.spoilt = True
            return body is not None and reading.whole(body), None
        if body is not None and reading.whole(body):
            return True, body
        earlier = self._before_log_message(text[:start], reading)
        if earlier is not None:
            return True, earlier
        reading.settle = self._settle(reading, body)
        return False, None

    def _settle(self, reading: _Reading, body: bytes | None) -> float:
        if reading.patient:
            return self._silence / 2
        if body is None or reading.doubtful(body):
            return self._doubt()
        # A text that lacks nothing is asked for its prompt again at once.
        return 0.0 if self.echoes and body.strip() else _SETTLE

    def _doubt(self) -> float:
        return min(_DOUBTFUL, self._silence / 4)

    def _before_log_message(self, text: bytes, reading: _Reading) -> bytes | None:
        """The answer, where ``text`` goes on behind its prompt with log messages alone."""
        if self._prompt is None or self._platform is None or reading.nudged_at is not None:
            return None
        start = self._prompt.last_line_of(text, _LOGGED)
        if start is None:
            return None
        messages = [line for line in text[start:].split(b"\n")[1:] if line.strip()]
        logged = [compiled(pattern) for pattern in self._platform.log_lines]
        if not all(any(log.search(line) for log in logged) for line in messages):
            return None
        body = self._body(text[: self._prompt.without_lead(text, start)], reading.command)
        over = body is not None and (reading.whole(body) or not reading.doubtful(body))
        return body if over else None

    def _body(self, text: bytes, command: bytes) -> bytes | None:
        """``text`` after the echo of ``command``; None while the echo is still coming."""
        start = after_echo(text, command, self._prompt)
        if start is not None:
            self.echoes = True
            return text[start:]
        # Some terminals do not echo, and print the answer at once.
        return None if self.echoes else text

    # pagers

    def _pager_patterns(self) -> list[bytes]:
        if self._platform is None:
            return []
        return [pager.match.encode("utf-8") for pager in self._platform.session.pagers]

    def _answer_pager(self, patterns: list[bytes]) -> bool:
        """Ask for the next page where a pager waits at the end of what came."""
        tail = self._received.last_line()
        if not tail.strip():
            return False
        for pattern in patterns:
            if compiled(rb"(?:" + pattern + rb")[ \t]*\Z").search(tail):
                self._received.answered(pattern)
                self._wire.write(self._key(pattern))
                return True
        return False

    def _key(self, pattern: bytes) -> bytes:
        pagers = self._platform.session.pagers if self._platform else ()
        answers = {p.match.encode("utf-8"): p.answer.encode("utf-8") for p in pagers}
        return answers.get(pattern, b" ")

    def close(self) -> None:
        """Hang up."""
        self._wire.close()


def _lead(lines: list[bytes], prompt: Prompt) -> tuple[bytes, ...]:
    """What an empty line makes the device print in front of its prompt, behind the echo."""
    first = next(number for number, line in enumerate(lines) if prompt.is_line(line))
    return tuple(lines[1 if lines[0] == b"" else 0 : first])
