"""A report in a few lines, for mail and chats: as text, and in Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from weibao.reports.words import visible

__all__ = ["MOST", "NoticePart", "Telling", "escape"]

MOST = 20
"""Entries of a list; the rest is counted."""
_LONGEST = 200
"""Characters of what is said of one entry."""
_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~&!$])")


def escape(text: str) -> str:
    """``text`` as plain words in a line or a table's cell, whatever it contains."""
    line = " ".join(visible(text).split())
    marked = _SPECIAL.sub(r"\\\1", line)
    return re.sub(r"^([-+=])", r"\\\1", re.sub(r"^(\d+)([.)])(?=\s|$)", r"\1\\\2", marked))


@dataclass(frozen=True, slots=True)
class NoticePart:
    """A list with its title."""

    title: str
    entries: Sequence[tuple[str, str]]
    """A name, and what is said of it."""
    count: int
    """Of all, where ``entries`` are the first of them."""


@dataclass(frozen=True)
class Telling:
    """What both forms are made of."""

    title: str
    sentence: str
    details: Sequence[str]
    parts: Sequence[NoticePart]
    end: Sequence[str]
    colon: str
    more: Callable[[int], str]
    """Says that so many are left out."""

    def text(self) -> str:
        """For mail."""

        def line(name: str, said: str) -> str:
            return f"  {name}{self.colon}{said}" if name else f"  {said}"

        lines = [self.title, self.sentence, *self.details]
        for part in self.parts:
            lines += ["", part.title, *self._entries(part, line)]
        return "\n".join([*lines, "", *self.end]) + "\n"

    def markdown(self) -> str:
        """For chats."""

        def line(name: str, said: str) -> str:
            if not name:
                return f"- {escape(said)}"
            return f"- **{escape(name)}**{self.colon}{escape(said)}"

        lines = [f"### {escape(self.title)}", "", f"**{escape(self.sentence)}**", ""]
        lines += [escape(detail) for detail in self.details]
        for part in self.parts:
            lines += ["", f"#### {part.title}", "", *self._entries(part, line)]
        return "\n".join([*lines, "", *(escape(text) for text in self.end)]) + "\n"

    def _entries(self, part: NoticePart, line: Callable[[str, str], str]) -> Iterable[str]:
        shown = part.entries[:MOST]
        yield from (line(name, _short(said)) for name, said in shown)
        if (left := part.count - len(shown)) > 0:
            yield line("", self.more(left))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
