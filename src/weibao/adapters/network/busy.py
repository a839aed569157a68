"""How devices say that no terminal line is free."""

from __future__ import annotations

import re

__all__ = ["BUSY"]

BUSY = re.compile(
    r"(?i)(all [^\n]{0,40}(lines|interfaces|vtys?|ttys?|sessions)[^\n]{0,30}(busy|used|in use)"
    r"|lines? (is|are) (all )?busy|too many (open )?(users|sessions|connections)"
    r"|no (free|available) (vty|tty|line|session|user)"
    r"|(max|maximum)( number of)? [^\n]{0,30}(sessions|users|connections)[^\n]{0,30}"
    r"(reached|exceeded))"
)
