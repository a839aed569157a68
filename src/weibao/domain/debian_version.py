"""Which of two versions of a Debian package is newer, as dpkg sorts them."""

from __future__ import annotations

import re

__all__ = ["sort_key"]

_PARTS = re.compile(r"(\D*)(\d*)")
_Part = tuple[tuple[int, ...], int]
_Key = tuple[int, tuple[_Part, ...], tuple[_Part, ...]]
_END: _Part = ((0,), 0)


def sort_key(version: str) -> _Key:
    """Keys sort as versions do.

    >>> found = ["1:0.1", "2.0", "2.0~rc1-1", "2.0-1+deb12u10", "2.0-1+deb12u9"]
    >>> sorted(found, key=sort_key)
    ['2.0~rc1-1', '2.0', '2.0-1+deb12u9', '2.0-1+deb12u10', '1:0.1']
    """
    epoch, colon, rest = version.partition(":")
    number, text = (int(epoch), rest) if colon and epoch.isdigit() else (0, version)
    upstream, hyphen, revision = text.rpartition("-")
    return (number, _parts(upstream if hyphen else text), _parts(revision if hyphen else ""))


def _parts(text: str) -> tuple[_Part, ...]:
    """Words and numbers in turn; nothing is the same as zero."""
    found = [
        ((*map(_weight, words), 0), int(digits or 0))
        for words, digits in _PARTS.findall(text)
        if words or digits
    ]
    return (*(found or [_END]), _END)


def _weight(letter: str) -> int:
    """A tilde comes before the end, and letters before everything else."""
    if letter == "~":
        return -1
    return ord(letter) if letter.isalpha() else ord(letter) + 256
