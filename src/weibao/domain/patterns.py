"""Regular expressions of platform data."""

from __future__ import annotations

import functools
import re
from typing import Annotated

from pydantic import AfterValidator

__all__ = ["Pattern", "compiled"]


@functools.lru_cache(maxsize=8192)
def compiled(pattern: str) -> re.Pattern[str]:
    """A platform's pattern, compiled once a process."""
    return re.compile(pattern, re.MULTILINE)


def _pattern(text: str) -> str:
    try:
        # Put together as the readers do it, so that an unscoped flag shows here.
        compiled(f"(?:{text})")
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from error
    return text


Pattern = Annotated[str, AfterValidator(_pattern)]
