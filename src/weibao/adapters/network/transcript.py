"""What went over a line, both ways, and what of it was question, answer, echo and prompt."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from weibao.adapters.network.screen import ANSWERS, WIPED, without_codes
from weibao.adapters.network.trouble import Trouble
from weibao.adapters.network.wire import Wire

__all__ = ["Exchange", "PagerSeen", "Spoken", "TappedWire", "line_end_of", "pager_seen", "spoken"]

_ECHO_LINES = 4
_ENDS = (b"\r\r\n", b"\r\n", b"\n\r", b"\n")


@dataclass
class Exchange:
    """Something that was typed, and all that came until the next was."""

    typed: bytes
    printed: bytes = b""

    @property
    def line(self) -> str:
        """What was typed, without Enter."""
        return self.typed.decode("utf-8", "replace").rstrip("\r\n")

    @property
    def is_line(self) -> bool:
        """Enter was typed; else it was a key, or the terminal's own answer."""
        return self.typed[-1:] in (b"\r", b"\n")


class TappedWire:
    """Implements ``Wire`` over another and keeps what went over it, in memory alone."""

    def __init__(self, wire: Wire, keys: int | None = None) -> None:
        """``keys`` are how many pagers may be answered before the line is given up."""
        self._wire = wire
        self._keys = keys
        self.exchanges = [Exchange(b"")]
        self.old_algorithms = wire.old_algorithms

    @property
    def enter(self) -> bytes:
        """See Wire."""
        return self._wire.enter

    @enter.setter
    def enter(self, value: bytes) -> None:
        self._wire.enter = value

    def read(self, timeout: float) -> bytes:
        """See Wire."""
        data = self._wire.read(timeout)
        self.exchanges[-1].printed += data
        return data

    def write(self, data: bytes) -> None:
        """See Wire."""
        if data in ANSWERS.values():
            self._wire.write(data)
            return
        if self._keys is not None and data[-1:] not in (b"\r", b"\n"):
            if self._keys == 0:
                raise Trouble("interrupted")
            self._keys -= 1
        self.exchanges.append(Exchange(data))
        self._wire.write(data)

    def close(self) -> None:
        """See Wire."""
        self._wire.close()


@dataclass
class Spoken:
    """A session's parts as bytes."""

    login: list[Exchange] = field(default_factory=list)
    """What was printed before the first prompt (``printed``), and typed behind it."""
    prompt: bytes = b""
    enable: Exchange | None = None
    """The command that leads to the privileged level, and the question behind it."""
    privileged: bytes = b""
    echo: bytes | None = None
    """What a typed command is echoed as, with ``{command}`` in its place."""
    answers: dict[str, bytes] = field(default_factory=dict)


def line_end_of(exchanges: list[Exchange]) -> bytes:
    """The line end that the device uses most."""
    text = b"".join(e.printed for e in exchanges)
    found = {end: len(re.findall(_only(end), text)) for end in _ENDS}
    return max(found, key=lambda end: found[end])


def _only(end: bytes) -> bytes:
    before, after = (b"" if end[:1] == b"\r" else rb"(?<!\r)"), b""
    if end == b"\r\n":
        before = rb"(?<!\r)"
    if end == b"\n":
        after = rb"(?!\r)"
    return before + re.escape(end) + after


def spoken(exchanges: list[Exchange], enable: str, secret: str) -> Spoken:
    """The parts of a session; ``enable`` is the command for the privileged level, if any."""
    said = Spoken()
    rest = _login(exchanges, said)
    said.privileged = said.prompt
    echoes: Counter[bytes] = Counter()
    last = ""
    while rest:
        exchange = rest.pop(0)
        line = exchange.line
        if not exchange.is_line or not line:
            continue
        if enable and line == enable and said.enable is None:
            said.enable = _enable(exchange, rest, secret, said)
            continue
        answer, echo = _answer(exchange, rest, said.privileged)
        echoes[echo] += echo != b""
        if line not in said.answers or line == last:
            said.answers[line] = answer
        last = line
    if echoes:
        said.echo = echoes.most_common(1)[0][0] or None
    return said


def _login(exchanges: list[Exchange], said: Spoken) -> list[Exchange]:
    """Fill in the login; the exchanges behind it.

    It is over where Enter alone was typed and brought again the last line that was there.
    """
    for number, exchange in enumerate(exchanges[:-1]):
        following = exchanges[number + 1]
        here, there = _last_line(exchange.printed), _last_line(following.printed)
        if following.is_line and not following.line and here and here == there:
            said.prompt = _asked_for(following.printed)
            if exchange.printed.endswith(said.prompt):
                shown = exchange.printed[: len(exchange.printed) - len(said.prompt)]
            else:
                shown = exchange.printed[: exchange.printed.rfind(b"\n") + 1]
            said.login.append(Exchange(b"", shown))
            return exchanges[number + 2 :]
        said.login.append(Exchange(following.typed, exchange.printed))
    return []


def _last_line(printed: bytes) -> bytes:
    return without_codes(printed).rstrip().rpartition(b"\n")[2].strip()


def _asked_for(printed: bytes) -> bytes:
    """The prompt that an empty line brings: all behind the echo of Enter."""
    end = printed.find(b"\n") + 1
    if printed[end : end + 1] == b"\r":
        end += 1
    return printed[end:]


def _enable(exchange: Exchange, rest: list[Exchange], secret: str, said: Spoken) -> Exchange:
    question = _asked_for(exchange.printed)
    asked = bool(rest) and rest[0].line == secret and bool(secret)
    if asked:
        rest.pop(0)
    else:
        question = b""
    if rest and rest[0].is_line and not rest[0].line:
        said.privileged = _asked_for(rest.pop(0).printed)
    return Exchange(exchange.typed, question)


def _answer(exchange: Exchange, rest: list[Exchange], prompt: bytes) -> tuple[bytes, bytes]:
    """The answer without echo, prompt and pagers; and the echo as a template."""
    printed = exchange.printed
    while rest and not rest[0].is_line:
        printed = _unpaged(printed, rest.pop(0).printed)
    end = _echo_end(printed, exchange.line)
    echo = printed[:end]
    command = exchange.line.encode()
    template = echo.replace(command, b"{command}") if echo.count(command) == 1 else b""
    return _without_prompt(printed[end:], prompt), template


def _unpaged(before: bytes, after: bytes) -> bytes:
    wiped = WIPED.match(after)
    return before[: before.rfind(b"\n") + 1] + after[wiped.end() if wiped else 0 :]


def _echo_end(printed: bytes, command: str) -> int:
    wanted = _squeezed(command.encode())
    end = 0
    for _ in range(_ECHO_LINES):
        found = printed.find(b"\n", end)
        if found < 0:
            return 0
        end = found + 1
        if wanted in _squeezed(without_codes(printed[:end])):
            return end + 1 if printed[end : end + 1] == b"\r" and b"\r\n" not in printed else end
    return 0


def _squeezed(text: bytes) -> bytes:
    return re.sub(rb"[\x00-\x20]", b"", text)


def _without_prompt(text: bytes, prompt: bytes) -> bytes:
    if prompt and text.endswith(prompt):
        return text[: len(text) - len(prompt)]
    last = _last_line(prompt)
    at = text.rfind(last) if last else -1
    return text[: text.rfind(b"\n", 0, at) + 1] if at >= 0 else text


@dataclass(frozen=True)
class PagerSeen:
    """A pager as it showed itself."""

    prints: bytes
    then: bytes
    wipe: bytes
    rows: int


def pager_seen(exchanges: list[Exchange]) -> PagerSeen | None:
    """The pager of a reading in which it was answered; None where none came."""
    for number, exchange in enumerate(exchanges):
        keys = []
        for following in exchanges[number + 1 :]:
            if following.is_line:
                break
            keys.append(following)
        if not exchange.is_line or not keys:
            continue
        body = exchange.printed[_echo_end(exchange.printed, exchange.line) :]
        begin = body.rfind(b"\n") + 1
        wiped = WIPED.match(keys[0].printed)
        wipe = wiped[0] if wiped else b""
        then = keys[0].printed[keys[0].printed.rfind(b"\n") + 1 :] if len(keys) > 1 else b""
        rows = body.count(b"\n") + 1
        return PagerSeen(body[begin:], then if then != body[begin:] else b"", wipe, max(2, rows))
    return None
