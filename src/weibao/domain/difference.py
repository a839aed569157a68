"""What changed between two redacted texts of a device."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

from weibao.domain.base import Value
from weibao.domain.noise import without_noise
from weibao.domain.platform import Platform

__all__ = ["Difference", "unified"]

_CLOSE = 12_000
"""Lines of both changed stretches together up to which they are compared line by line."""


class Difference(Value):
    """A unified difference and its counts."""

    diff: str
    """As ``diff -u`` prints it, cut to the limit; empty where nothing changed."""
    added: int
    removed: int
    truncated: bool = False
    """True where ``diff`` was cut; the counts are of the whole."""


def unified(
    old: str,
    new: str,
    platform: Platform | None = None,
    *,
    old_name: str = "before",
    new_name: str = "after",
    context: int = 3,
    limit: int = 2000,
) -> Difference:
    """The difference of two redacted texts, at most ``limit`` lines of it (CFG-04).

    Lines that change by themselves (the noise of ``platform``) are left out of both, so
    they neither show nor count; line numbers are those of the texts without them.
    """
    noise = platform.configuration.noise if platform else ()
    before, after = _lines(old, noise), _lines(new, noise)
    hunks = list(_hunks(before, after, context))
    if not hunks:
        return Difference(diff="", added=0, removed=0)
    shown = [f"--- {old_name}", f"+++ {new_name}", *hunks][:limit]
    return Difference(
        diff="\n".join(shown) + "\n",
        added=sum(line.startswith("+") for line in hunks),
        removed=sum(line.startswith("-") for line in hunks),
        truncated=len(hunks) + 2 > limit,
    )


def _lines(text: str, noise: Sequence[str]) -> list[str]:
    lines = without_noise(text, noise)
    return lines[:-1] if lines and not lines[-1] else lines


def _hunks(before: list[str], after: list[str], context: int) -> Iterator[str]:
    """Hunks without a file header.

    A comparison costs up to the product of both lengths, so what is equal at both ends is
    left out first; then one change in a huge text is cheap.
    """
    start = _common(before, after)
    end = _common(before[start:][::-1], after[start:][::-1])
    first, last = max(0, start - context), max(0, end - context)
    old, new = before[first : len(before) - last], after[first : len(after) - last]
    if len(old) + len(new) > _CLOSE:
        yield f"@@ -{first + 1},{len(old)} +{first + 1},{len(new)} @@"
        yield from (f"-{line}" for line in old)
        yield from (f"+{line}" for line in new)
        return
    hunks = difflib.unified_diff(old, new, n=context, lineterm="")
    for number, line in enumerate(hunks):
        if number >= 2:
            yield _shifted(line, first) if line.startswith("@@") else line


def _common(one: list[str], other: list[str]) -> int:
    shorter = min(len(one), len(other))
    return next((n for n in range(shorter) if one[n] != other[n]), shorter)


def _shifted(header: str, by: int) -> str:
    """A hunk's header ``@@ -a,b +c,d @@`` with its line numbers moved."""
    parts = header.split(" ")
    for place in (1, 2):
        sign, (number, comma, count) = parts[place][0], parts[place][1:].partition(",")
        parts[place] = f"{sign}{int(number) + by}{comma}{count}"
    return " ".join(parts)
