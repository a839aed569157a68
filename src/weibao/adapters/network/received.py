"""What a device printed since the last line was sent, made readable as it comes.

A line that is complete is cleaned once and never looked at again, so that an answer of
many chunks costs no more than its length.
"""

from __future__ import annotations

from weibao.adapters.network.paint import painted
from weibao.adapters.network.screen import WIPED, clean, compiled, without_codes

__all__ = ["Received"]

_STEP = 1024
"""Bytes that wait before complete lines are cleaned."""
_WIPE = 96
"""Bytes behind an answered pager after which it is clear how it was wiped."""
_LONG = 65536
"""Bytes without a line end that are cleaned all the same."""
_UNFINISHED = 64
"""Bytes at the end of such a line that may hold half a control code."""
_PAGER = 256
"""Bytes at the end that are looked at for a pager."""


class Received:
    """An answer as it grows; what was answered as a pager is taken out."""

    def __init__(self, *, paints: bool) -> None:
        """``paints``: cursor movements place the text, see ``paint.painted``."""
        self.paints = paints
        self.size = 0
        """Bytes that came, as they went over the line."""
        self._done = bytearray()
        self._rest = bytearray()
        self._pages: list[tuple[int, bytes]] = []
        """Where ``_rest`` ended when a pager was answered, and the pager's pattern."""

    def clear(self) -> None:
        """A new line is sent: what came before is over."""
        self.size = 0
        self._done.clear()
        self._rest.clear()
        self._pages.clear()

    def add(self, data: bytes) -> None:
        """More came."""
        self.size += len(data)
        self._rest += data
        if len(self._rest) >= _STEP:
            self._settle()

    def _settle(self) -> None:
        """Clean the lines that nothing can change any more."""
        least = 0
        if self._pages:
            wiped = WIPED.match(self._rest, self._pages[-1][0])
            least = wiped.end() if wiped else self._pages[-1][0]
            if len(self._rest) - least < _WIPE:
                return
        cut = _line_begin(self._rest)
        if cut <= least:
            cut = len(self._rest) - _UNFINISHED
            codes = (b"\x1b", b"\r", b"\x08")
            if self._pages or cut < _LONG or any(c in self._rest[cut:] for c in codes):
                return
        self._done += self._cleaned(bytes(self._rest[:cut]))
        del self._rest[:cut]
        self._pages.clear()

    def _clean(self, raw: bytes) -> bytes:
        return painted(raw) if self.paints else clean(raw)

    def _cleaned(self, raw: bytes) -> bytes:
        """``raw`` without answered pagers and what wiped them.

        What was answered and is then followed by a line end and not wiped was no pager,
        but a line of the text; it stays.
        """
        if not self._pages:
            return self._clean(raw)
        parts: list[bytes] = []
        at = 0
        for end, pattern in self._pages:
            wiped = WIPED.match(raw, end)
            after = wiped.end() if wiped else end
            page = raw[at:end]
            if after > end or raw[end : end + 1] not in (b"\r", b"\n"):
                page = _without_last_line(page, pattern)
                at = after
            else:
                at = end
            parts.append(self._clean(page))
        parts.append(self._clean(raw[at:]))
        return b"".join(parts)

    def text(self) -> bytes:
        """All that came, readable."""
        return bytes(self._done) + self._cleaned(bytes(self._rest))

    def tail(self, size: int) -> bytes:
        """The end of what came, of about ``size`` bytes."""
        if len(self._rest) > 4 * size:
            return self._clean(bytes(self._rest[-4 * size :]))
        return bytes(self._done[-size:]) + self._cleaned(bytes(self._rest))

    def last_line(self) -> bytes:
        """What stands in the line that is not complete, for a pager; codes taken out.

        What wipes the last pager, and a blank that came late, are no pager.
        """
        since = self._pages[-1][0] if self._pages else 0
        new = bytes(self._rest[max(since, len(self._rest) - _PAGER) :])
        return without_codes(clean(new))

    def answered(self, pattern: bytes) -> None:
        """The pager at the end of what came was answered."""
        self._pages.append((len(self._rest), pattern))


def _line_begin(raw: bytes | bytearray) -> int:
    """Where the last line begins; 0 where there is only one."""
    painted_end = raw.rfind(b"\x1bE")
    return max(raw.rfind(b"\n") + 1, painted_end + 2 if painted_end >= 0 else 0)


def _without_last_line(page: bytes, pattern: bytes) -> bytes:
    """``page`` without the pager at its end; colours may stand within the pager's line."""
    begin = _line_begin(page)
    line = without_codes(page[begin:])
    match = compiled(rb"(?:" + pattern + rb")[ \t]*\Z").search(line)
    return page[:begin] + line[: match.start()] if match else page
