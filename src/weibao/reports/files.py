"""Values and texts of reports as bytes, whatever devices put into them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pydantic_core import PydanticSerializationError

from weibao.domain.base import Value
from weibao.reports.words import visible

__all__ = ["Write", "as_bytes", "as_json"]

Write = Callable[[Path, bytes], None]
"""Puts bytes under a path, whole or not at all; raises FailedError with words."""


def as_json(value: Value, *, defaults: bool = True) -> str:
    """``value`` as JSON that its class reads back; ``defaults`` may be left out."""
    try:
        return value.model_dump_json(indent=1, exclude_defaults=not defaults) + "\n"
    except PydanticSerializationError:  # half a character, which no file can hold
        mended = type(value).model_validate(_mended(value.model_dump(mode="python")))
        return mended.model_dump_json(indent=1, exclude_defaults=not defaults) + "\n"


def as_bytes(text: str) -> bytes:
    """``text`` as UTF-8; half a character becomes something visible."""
    return text.encode("utf-8", errors="backslashreplace")


def _mended(value: object) -> object:
    if isinstance(value, str):
        return value if value.isascii() else _mended_text(value)
    if isinstance(value, dict):
        return {name: _mended(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return tuple(_mended(part) for part in value)
    return value


def _mended_text(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return visible(text)
    return text
