"""A configuration of several texts in one file: the running one, then its further parts.

Each part stands behind a line that names it, and is exactly what the device printed. A
file without such lines is one text. Only titles that the platform knows count.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from weibao.domain.base import Value
from weibao.domain.platform import Part, Platform, compiled

__all__ = ["PartText", "join", "part_of", "split", "with_rules"]

_MARK = "!!!! weibao: {title} !!!!"
_UNREAD = "!!!! weibao: {title}: could not be read ({why}) !!!!"
_LINE = re.compile(
    rb"\n!!!! weibao: (?P<title>[^\n]{1,120}?)(?:: could not be read \((?P<why>\w+)\))? !!!!\n"
)


class PartText(Value):
    """One part as it was read, or why it was not."""

    title: str
    text: bytes = b""
    why: str = ""
    """A code of a reason; the text is empty then."""


def join(main: bytes, parts: Sequence[PartText]) -> bytes:
    """The file that holds ``main`` and ``parts``."""
    pieces = [main]
    for part in parts:
        line = (_UNREAD if part.why else _MARK).format(title=part.title, why=part.why)
        pieces.append(b"\n" + line.encode("utf-8") + b"\n" + part.text)
    return b"".join(pieces)


def split(text: bytes, platform: Platform) -> tuple[bytes, list[PartText]]:
    """The main text of a file, and its parts."""
    if not platform.configuration.also:
        return text, []
    marks = [m for m in _LINE.finditer(text) if part_of(platform, _title(m)) is not None]
    if not marks:
        return text, []
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    parts = [
        PartText(
            title=_title(mark),
            text=text[mark.end() : end],
            why=(mark["why"] or b"").decode("ascii"),
        )
        for mark, end in zip(marks, ends, strict=True)
    ]
    return text[: marks[0].start()], parts


def _title(mark: re.Match[bytes]) -> str:
    return mark["title"].decode("utf-8", "replace")


def part_of(platform: Platform, title: str) -> Part | None:
    """The part of the platform's that ``title`` is one of."""
    for part in platform.configuration.also:
        pattern = re.escape(part.title).replace(re.escape("{name}"), r".+")
        if compiled(pattern).fullmatch(title):
            return part
    return None


def with_rules(platform: Platform, part: Part) -> Platform:
    """``platform`` with the rules for the text of ``part``, which has no parts itself."""
    changed = platform.changed(configuration=part.configuration)
    rules = changed.configuration.model_copy(update={"also": ()})
    return changed.model_copy(update={"configuration": rules})
