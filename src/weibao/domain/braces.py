"""Curly braces in configurations that are written with them (Junos, PAN-OS)."""

from __future__ import annotations

import re

__all__ = ["braces_balance"]

# Strings, comments and the braces outside of them. A quote that is not closed on its line
# is an ordinary character.
_TOKENS = re.compile(
    r'"(?:[^"\\\n]|\\.)*"|/\*(?:[^*]|\*(?!/))*\*/|(?:^|(?<=\s))#[^\n]*|(?P<brace>[{}])',
    re.MULTILINE,
)
# The same where a value in quotes may have several lines (pages, banners, certificates).
_LONG = re.compile(r'(?:(?<=\s)|^)"(?:[^"\\]|\\[\s\S])*"(?=;|\s)|(?P<brace>[{}])', re.MULTILINE)


def braces_balance(text: str) -> bool:
    """Whether every brace of ``text`` outside of strings and comments has its partner.

    Strings are looked for line by line, and where that does not balance over lines. XML
    says its structure otherwise and has no such braces.
    """
    if text.lstrip()[:1] == "<":
        return True
    return _balance(_TOKENS, text) or _balance(_LONG, text)


def _balance(tokens: re.Pattern[str], text: str) -> bool:
    depth = 0
    for match in tokens.finditer(text):
        brace = match["brace"]
        if brace == "{":
            depth += 1
        elif brace == "}":
            depth -= 1
            if depth < 0:
                return False
    return depth == 0
