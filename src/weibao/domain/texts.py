"""The bytes of a configuration and the text that a person reads.

A stored text is what the device printed, byte for byte, with one rule for line ends:
the collector turns ``\\r*\\n`` into ``\\n`` before storing (a terminal adds the carriage
returns), and nothing else is touched. Decoding is for reading, judging and redacting
alone; the exported text is always the stored bytes.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["decode"]


def decode(data: bytes, encodings: Sequence[str] = ("utf-8", "gb18030")) -> str:
    r"""``data`` in the first of ``encodings`` that takes all of it.

    A text that mixes encodings (descriptions typed by different clients) is decoded line
    by line, and a line that fits none keeps its odd bytes as ``\xNN``, so that nothing
    is lost or guessed.
    """
    if data.isascii():
        return data.decode("ascii")
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return "\n".join(_line(line, encodings) for line in data.split(b"\n"))


def _line(data: bytes, encodings: Sequence[str]) -> str:
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("ascii", "backslashreplace")
