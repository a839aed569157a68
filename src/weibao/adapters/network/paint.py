"""Terminals that paint: text is placed by cursor movements and not only by line ends.

ProCurve moves to the last row for every line, RouterOS and EXOS draw a line again while
it is typed. What stands in a line in the end is the line. Rows are not modelled: a
movement to another row than the last one ends the line, and so does wiping a whole line,
where what follows does not begin with what was wiped (a command's echo would be lost).
"""

from __future__ import annotations

import re

__all__ = ["painted"]

_PARTS = re.compile(
    rb"\x1b\[(?P<args>[\d;?]*)[ -/]*(?P<move>[@-~])|(?P<text>[^\x1b\r\x08\x07\n]+)"
    rb"|(?P<end>\n|\x1bE|\x1bD)|(?P<cr>\r+)|(?P<back>\x08)"
    rb"|\x07|\x1b\][^\x07\x1b\n]{0,255}(?:\x07|\x1b\\)|\x1b[()#]\w|\x1b[^\[\]]?",
)
_PAINTS = re.compile(rb"[\x1b\x08\x07]|\r(?!\r*\n)")
_WIDTHS = frozenset({80, 100, 120, 132, 160, 200, 256, 511, 512})
"""Columns of terminals whose line editors wrap by a blank and a carriage return."""
_WIDEST = 4096
"""Columns that a movement may reach."""


def painted(data: bytes) -> bytes:
    """``data`` as the lines that stand on the screen, ended by ``\\n``."""
    if not _PAINTS.search(data):
        return data.replace(b"\r", b"") if b"\r" in data else data
    screen = _Screen()
    for match in _PARTS.finditer(data):
        kind = match.lastgroup
        if kind == "text":
            screen.write(match["text"])
        elif kind == "end":
            screen.end_line()
        elif kind == "cr":
            screen.carriage_return()
        elif kind == "back":
            screen.at = max(0, screen.at - 1)
        elif kind == "move":
            screen.move(match["move"], match["args"])
    screen.show()
    return bytes(screen.lines)


class _Screen:
    """The line that is being drawn, and the lines above it."""

    def __init__(self) -> None:
        self.lines = bytearray()
        self.at = 0
        self._line = bytearray()
        self._row = 0
        self._over = False
        """Something was drawn over: blanks at the end may be what wiped it."""
        self._wiped: list[bytes] = []

    def write(self, text: bytes) -> None:
        line = self._line
        if self.at > len(line):
            line += b" " * (self.at - len(line))
        if self.at < len(line):
            self._over = True
        line[self.at : self.at + len(text)] = text
        self.at += len(text)

    def carriage_return(self) -> None:
        """To the first column; behind a blank at the right margin it only wraps the echo."""
        if self.at - 1 in _WIDTHS and self._line.endswith(b" ") and self.at == len(self._line):
            del self._line[-1:]
            self.at -= 1
        else:
            self.at = 0

    def end_line(self) -> None:
        self.show()
        self.lines += b"\n"
        self.at = 0

    def show(self) -> None:
        """The line as it stands goes to the lines; those that were wiped before it too."""
        line = bytes(self._line)
        if self._over:
            line = line.rstrip(b" ")
        for wiped in self._wiped:
            # A prompt that is drawn anew as it was is a second prompt.
            if not line.startswith(wiped) or line.strip(b" ") == wiped:
                self.lines += wiped + b"\n"
        self.lines += line
        self._line.clear()
        self._wiped.clear()
        self._over = False

    def move(self, move: bytes, args: bytes) -> None:
        numbers = [int(n) for n in re.findall(rb"\d+", args)]
        first = min(numbers[0], _WIDEST) if numbers else 0
        if move in (b"H", b"f"):
            self._go_to(first or 1, min(numbers[1], _WIDEST) if len(numbers) > 1 else 1)
        elif move == b"D":
            self.at = max(0, self.at - (first or 1))
        elif move == b"C":
            self.at = min(_WIDEST, self.at + (first or 1))
        elif move == b"G":
            self.at = max(0, first - 1)
        elif move == b"P":
            del self._line[self.at : self.at + (first or 1)]
        elif move in (b"K", b"J"):
            self._erase(first, whole=move == b"J")

    def _go_to(self, row: int, column: int) -> None:
        if self._row and row != self._row and self._line.strip():
            self.end_line()
        self._row = row
        self.at = max(0, column - 1)

    def _erase(self, how: int, *, whole: bool) -> None:
        if how == 2 or (how == 0 and self.at == 0):
            wiped = bytes(self._line).strip(b" ")
            if wiped and wiped not in self._wiped:
                self._wiped = [w for w in self._wiped if not wiped.startswith(w)]
                self._wiped.append(wiped)
            self._line.clear()
        elif how == 0:
            del self._line[self.at :]
        elif how == 1 and not whole:
            self._line[: self.at] = b" " * min(self.at, len(self._line))
