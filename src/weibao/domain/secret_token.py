"""A word of a configuration's line."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Token"]


class Token(NamedTuple):
    """A word of a line, or what stands in quotes."""

    start: int
    end: int
    text: str
    word: str
    """In lower case, without a colon behind it."""

    @property
    def stops(self) -> bool:
        """Whether it is punctuation alone."""
        return not self.text.strip(";{}[]|")
