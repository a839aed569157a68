"""What a terminal's bytes mean: line ends, control codes, prompts, echoes, pagers.

Pure functions. What a device prints is bytes and stays bytes. Only line ends are made
uniform (a terminal puts carriage returns before a line feed); what switches the
terminal's own modes and what wipes a pager is taken out, since it is the terminal's and
not the answer's.
"""

from __future__ import annotations

import functools
import re

__all__ = [
    "ANSWERS",
    "ANY_PAGER",
    "ANY_PROMPT",
    "LOGGED",
    "QUERIES",
    "WIPED",
    "Prompt",
    "after_echo",
    "clean",
    "compiled",
    "fold",
    "shown",
    "without_codes",
]

ANY_PROMPT = rb"[^\s\x00-\x1f][^\x00-\x1f?]{0,250}(?:[>#$%]|(?<!/[YyNn])(?<!/no)(?<!/NO)\])[ \t]*"
"""What a prompt looks like as long as the platform is not known; no ``[yes/no]``."""

ANY_PAGER = (
    rb"(?i:^[ \t]*(?:[-<]{1,5} ?\(?more\b[^\n]{0,60}|press any key to continue[^\n]{0,60}"
    rb"|more: ?<space>[^\n]{0,60}|press <space> to continue[^\n]{0,60}|-- \[q quit\|[^\n]{0,60}"
    rb"|lines \d+-\d+[^\n]{0,20}|\(end\)))"
)
"""What a pager looks like that is not its platform's own; asked for only in silence."""

LOGGED = re.compile(
    rb"(?:(?:\r*\n)+[^\n]{0,80}(?:%[A-Z][A-Z0-9_]*-(?:[A-Z0-9_]+-)?[0-7]-[A-Z0-9_]+:"
    rb"|%%\d\d[A-Z]\w*/\d/|[A-Z][A-Z0-9_]*/[0-7]/[A-Z0-9_]+)[^\n]*)+\s*\Z"
)
"""Log messages of Cisco's, Ruijie's, VRP's and Comware's kind at the end, behind a question."""

_MODES = re.compile(rb"\x1b\[\?\d+[hl]\r?|\x1b\[[56]n|\x1b=|\x1b>")
_CODES = re.compile(
    rb"\x1b\[[\d;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b\n]{0,255}(?:\x07|\x1b\\)|\x1b[=>]|\x1b[()]\w"
)
_LINE_ENDS = re.compile(rb"\r+\n")
_LINE_STARTS = re.compile(rb"^\r+", re.MULTILINE)
_MOVES = re.compile(
    rb"\x1b\[(?:\d*;)?(\d*)([CDGHKPf])|" + _CODES.pattern + rb"|([^\x1b]|\x1b)", re.DOTALL
)

WIPED = re.compile(
    rb"(?:\r*\n\r*\x1b\[\d*A)?"
    rb"(?: *(?:\x08|\r(?!\r*\n)|\x1b\[[\d;?]*[A-DGHJKPXfhlmr]|\x1b[78]))*"
)
"""How devices wipe a pager once it is answered; blanks count only before a movement."""

ANSWERS = {
    b"\x1b[5n": b"\x1b[0n",
    b"\x1b[6n": b"\x1b[999;510R",
    b"\x1b[c": b"\x1b[?1;0c",
    b"\x1b[0c": b"\x1b[?1;0c",
    b"\x1bZ": b"\x1b[?1;0c",
}
"""What a terminal is asked: its state, the cursor's place, what it is. This one is a VT100
whose cursor goes far to the right."""
QUERIES = re.compile(b"|".join(re.escape(query) for query in ANSWERS))

_CLOCK = re.compile(rb"\d{1,2}:\d\d(?::\d\d)?(?:\\?\.\d{1,6})?")
_COUNTER = re.compile(rb"(?<=[.:!\[(])\d{1,6}(?=[\])]? ?[#>%$]\Z)")
_ECHO_LINES = 60
"""Lines in front of an echo: what a device had still to say before it read the command."""


@functools.lru_cache(maxsize=512)
def compiled(pattern: str | bytes) -> re.Pattern[bytes]:
    """A platform's pattern for bytes, compiled once a process."""
    raw = pattern if isinstance(pattern, bytes) else pattern.encode("utf-8")
    return re.compile(raw, re.MULTILINE)


def clean(data: bytes) -> bytes:
    """Without what switches the terminal's modes, and with uniform line ends.

    A carriage return at the begin of a line (LF CR) moves nothing.
    """
    if b"\x1b" in data:
        data = _MODES.sub(b"", data).replace(b"\x1bE", b"\r\n")
    data = data.replace(b"\r\n", b"\n")
    if b"\r" in data:
        data = _LINE_STARTS.sub(b"", _LINE_ENDS.sub(b"\n", data))
    return data


def without_codes(data: bytes) -> bytes:
    """Without colours, titles and movements."""
    return _CODES.sub(b"", data) if b"\x1b" in data else data


def shown(line: bytes) -> bytes:
    """What stands on the screen once ``line`` was printed there, blanks at its ends gone."""
    if not re.search(rb"[\x00-\x08\r\x1b]", line):
        return line.strip()
    screen = bytearray()
    at = 0
    for match in _MOVES.finditer(line):
        count, move, byte = min(int(match[1] or b"1"), 999) if match[2] else 0, match[2], match[3]
        if byte == b"\x08" or move == b"D":
            at = max(0, at - (count or 1))
        elif byte == b"\r":
            at = 0
        elif move in (b"G", b"H", b"f"):
            at = max(0, count - 1)
        elif move == b"C":
            at += count
        elif move == b"K":
            del screen[0 if match[1] == b"2" else at :]
        elif byte is not None and byte >= b" ":
            screen += b" " * (at - len(screen))
            screen[at : at + 1] = byte
            at += 1
    return bytes(screen).strip()


class Prompt:
    """A device's own prompt, once learnt; a clock in it may tick, a counter count."""

    def __init__(self, line: bytes, lead: tuple[bytes, ...] = ()) -> None:
        """``line`` as it stands on the screen; ``lead`` are lines that always precede it."""
        self.text = line
        self._lead = lead
        self._last = line[-1:]
        parts = [re.escape(part) for part in _COUNTER.split(line)]
        one = _CLOCK.sub(rb"[\\d:.]{4,15}", rb"\d{1,6}".join(parts))
        self._one = re.compile(one)
        self._ending = re.compile(rb"(?:" + one + rb"[ \t]*)+\Z")
        self._leading = re.compile(rb"[ \t]*" + one)

    def is_line(self, line: bytes) -> bool:
        """Whether ``line`` shows this prompt, once or more, and nothing else."""
        seen = shown(line)
        match = self._ending.search(seen)
        return match is not None and match.start() == 0

    def start(self, text: bytes, *, since: int = 0) -> int | None:
        """Where the prompts at the end of ``text`` begin, None without one there.

        A prompt that follows a last line without line end begins in mid-line. Further
        prompts in front of it, as empty lines make them, count from ``since`` on.
        """
        end = len(text.rstrip())
        if b"\x1b" not in text[-64:] and text[end - 1 : end] != self._last:
            return None
        begin = text.rfind(b"\n", 0, end) + 1
        if not self.is_line(text[begin:]):
            match = self._ending.search(text, begin, end)
            return None if match is None else match.start()
        while begin > since:
            begin = self.without_lead(text, begin)
            above = len(text[:begin].rstrip())
            before = text.rfind(b"\n", 0, above) + 1
            if before < since or not self.is_line(text[before:above]):
                break
            begin = before
        return begin

    def without_lead(self, text: bytes, begin: int) -> int:
        """Where the lines begin that always precede the prompt at ``begin``."""
        at = begin
        for line in reversed(self._lead):
            before = text.rfind(b"\n", 0, max(0, at - 1)) + 1
            if at == 0 or shown(text[before:at]) != line:
                return begin
            at = before
        return at

    def only(self, text: bytes) -> bool:
        """Whether ``text`` is prompts and blanks alone."""
        rest = [s for s in (shown(line) for line in text.split(b"\n")) if s]
        return all(line in self._lead or self.is_line(line) for line in rest)

    def count(self, text: bytes) -> int:
        """How often it stands in ``text``."""
        return len(self._one.findall(without_codes(text)))

    def last_line_of(self, text: bytes, within: int) -> int | None:
        """Where the last line begins that is this prompt with a line end after it.

        Looked for in the last ``within`` bytes.
        """
        end = len(text)
        least = max(0, end - within)
        while (end := text.rfind(self._last, least, end)) >= 0:
            begin = text.rfind(b"\n", 0, end) + 1
            stop = text.find(b"\n", end)
            if stop >= 0 and self.is_line(text[begin:stop]):
                return begin
            end = begin
        return None

    def strip(self, line: bytes) -> bytes:
        """``line`` without this prompt at its front."""
        match = self._leading.match(line)
        return line[match.end() :] if match else line


def fold(line: bytes) -> bytes:
    """The last of several equal prompts that stand in one line for want of an echo."""
    match = re.fullmatch(rb"(.{2,}?[^\w\s])\s*(?:\1\s*)+", line)
    return match[1] if match else line


def after_echo(text: bytes, command: bytes, prompt: Prompt | None) -> int | None:
    """Where the answer begins: behind the echo of ``command``; None without an echo.

    The echo is looked for, since what a device had still to print may come before it.
    A terminal may break it over lines, shift it to the left or draw it again.
    """
    begin = 0
    previous = b""
    wanted = _squeeze(command)
    for _ in range(_ECHO_LINES):
        end = text.find(b"\n", begin)
        if end < 0:
            return None
        line = text[begin:end]
        if _is_echo(line, command, prompt) or (
            previous and _is_echo(previous + line, command, prompt)
        ):
            return end + 1
        squeezed = _squeeze(_bare(previous + line, prompt))
        previous = previous + line if squeezed and wanted.startswith(squeezed) else b""
        begin = end + 1
    return None


def _is_echo(line: bytes, command: bytes, prompt: Prompt | None) -> bool:
    seen = _bare(line, prompt)
    if _squeeze(seen) == _squeeze(command) or _squeeze(_raw(line, prompt)) == _squeeze(command):
        return True
    return seen[:1] == b"$" and len(seen) > 4 and command.endswith(seen[1:])


def _bare(line: bytes, prompt: Prompt | None) -> bytes:
    """What ``line`` shows behind the prompt."""
    return _stripped(shown(line), prompt)


def _raw(line: bytes, prompt: Prompt | None) -> bytes:
    return _stripped(without_codes(line), prompt)


def _stripped(line: bytes, prompt: Prompt | None) -> bytes:
    while prompt is not None and (rest := prompt.strip(line)) != line:
        line = rest
    return line.strip()


def _squeeze(line: bytes) -> bytes:
    return re.sub(rb"[\x00-\x20]", b"", line)
