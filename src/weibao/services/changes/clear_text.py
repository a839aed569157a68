"""What comes into a change's records, which are kept for ever: no secret in clear, nothing hidden
(CHG-28, SEC-*)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from weibao.errors import InputError

if TYPE_CHECKING:
    from weibao.domain.platform import Platform

__all__ = ["check_text", "check_values"]

_TEMPLATE = re.compile(r"\{\{.*?\}\}")
_HIDDEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]"
)
"""Control characters but tab and line end, and those that turn the direction of writing."""
_TAG = "00000000"
_MASKED = f"<secret:{_TAG}>"
_TOLD = re.compile(rf"(?:[:：=]|\bis|为|是)\s*{re.escape(_MASKED)}")
_WORD = re.compile(r"[a-z ]+|[\u4e00-\u9fff]+|\d{1,2}")
"""What somebody writes of a password rather than the password: "password rotated"."""


def check_values(platforms: Iterable[Platform], values: Mapping[str, Any]) -> None:
    """The values of variables, which are lines of a configuration or parts of them.

    What a template refers to is no secret.

    Raises:
        InputError: a line holds one, by the rules of a platform; it is not quoted.
    """
    for name, value in values.items():
        if isinstance(value, str):
            _check_shown(name, value)
            _check(platforms, "change.secret_in_clear", name, value, prose=False)


def check_text(platforms: Iterable[Platform], texts: Mapping[str, str]) -> None:
    """What people write: fields, titles, reasons.

    Raises:
        InputError: as ``check_values``; a word that is only written of a password is none.
    """
    for name, text in texts.items():
        _check_shown(name, text)
        _check(platforms, "change.secret_in_text", name, text, prose=True)


def _check_shown(name: str, text: str) -> None:
    """An approver sees what is there: nothing hides on a terminal or turns the line round."""
    found = _HIDDEN.search(text)
    if found is not None:
        line = text.count("\n", 0, found.start()) + 1
        code = f"U+{ord(found.group()):04X}"
        raise InputError("change.hidden_character", variable=name, line=line, code=code)


class _Found:
    """Hears what is hidden."""

    def __init__(self) -> None:
        self.secrets: list[str] = []

    def tag(self, secret: str) -> str:
        """One and the same for all."""
        self.secrets.append(secret)
        return _TAG


def _check(platforms: Iterable[Platform], key: str, name: str, value: str, *, prose: bool) -> None:
    from weibao.domain.redaction import redact  # with all that platforms are

    chosen: Sequence[Platform | None] = list(platforms) or [None]
    before = _TEMPLATE.sub(_MASKED, value)
    for platform in chosen:
        found = _Found()
        after = redact(before, platform, found.tag)
        if after == before:
            continue
        if prose and not _TOLD.search(after) and all(map(_WORD.fullmatch, found.secrets)):
            continue
        lines = zip(before.split("\n"), after.split("\n"), strict=False)
        line = next((n for n, (old, new) in enumerate(lines, 1) if old != new), 1)
        raise InputError(key, variable=name, line=line)
