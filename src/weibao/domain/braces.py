"""Curly braces in configurations that are written with them (Junos)."""

from __future__ import annotations

import re

__all__ = ["braces_balance"]

# Strings, comments and the braces outside of them. A quote that is not closed on its line
# is an ordinary character.
_TOKENS = re.compile(
    r'"(?:[^"\\\n]|\\.)*"|/\*(?:[^*]|\*(?!/))*\*/|(?:^|(?<=\s))#[^\n]*|(?P<brace>[{}])',
    re.MULTILINE,
)


def braces_balance(text: str) -> bool:
    """Whether every brace of ``text`` outside of strings and comments has its partner."""
    depth = 0
    for match in _TOKENS.finditer(text):
        brace = match["brace"]
        if brace == "{":
            depth += 1
        elif brace == "}":
            depth -= 1
            if depth < 0:
                return False
    return depth == 0
