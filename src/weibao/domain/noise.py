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
    return [line.replace(_MARK, "") for line in marked.split("\n") if line.strip(" \t") != _MARK]
