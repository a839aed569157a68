"""The lines of a configuration that change by themselves."""

from __future__ import annotations

from collections.abc import Sequence

from weibao.domain.platform import compiled

__all__ = ["without_noise"]

_MARK = "\x00"


def without_noise(text: str, noise: Sequence[str]) -> list[str]:
    """The lines of ``text`` without what a platform's patterns of noise match.

    A line that was nothing else is gone, not left empty.
    """
    if not noise:
        return text.split("\n")
    marked = compiled("|".join(f"(?:{one})" for one in noise)).sub(_MARK, text)
    lines = marked.split("\n")
    if _MARK not in marked:
        return lines
    # Most lines bear no mark, and asking for it is what costs least.
    return [
        line.replace(_MARK, "") if _MARK in line else line
        for line in lines
        if _MARK not in line or line.strip(" \t") != _MARK
    ]
