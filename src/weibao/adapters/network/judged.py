"""What is thought of an answer while it is read: whole, cut, or an error text."""

from __future__ import annotations

import hashlib
import re

from weibao.domain.acceptance import ANY_ERROR, judge
from weibao.domain.collection import ItemKind
from weibao.domain.host_files import document
from weibao.domain.platform import NativeErrorMeaning, Platform, compiled

__all__ = ["Judged", "error_meaning", "without_preamble"]

_INCOMPLETE = frozenset(
    {
        "last_line_cut",
        "missing_part",
        "too_short",
        "truncated_no_begin",
        "truncated_no_end",
        "unbalanced_braces",
    }
)
"""What more of the text may cure, so that a prompt behind it is perhaps none."""
_READ_AGAIN = frozenset(
    {
        "control_characters",
        "empty_text",
        "file_differs",
        "files_disordered",
        "last_line_cut",
        "log_line_interleaved",
        "pager_remains",
        "truncated_no_end",
        "unbalanced_braces",
    }
)
"""What a second reading in the same session may cure."""
_SHORT = 2000
"""An answer longer than this many bytes is no error text."""
_FEW = 5
"""Lines of an answer that is one error text, in words that the platform's file does not know."""


class Judged:
    """Judges the answers to one command; the last verdict is kept."""

    def __init__(self, platform: Platform, kind: ItemKind, known_sha256: str = "") -> None:
        """``known_sha256`` is that of the last good text, which needs no second look."""
        self._platform = platform
        self._kind = kind
        self._known = known_sha256
        self._last: tuple[bytes, frozenset[str]] | None = None

    def codes(self, text: bytes) -> frozenset[str]:
        """Codes of the reasons against ``text``."""
        if self._is_known(text):
            return frozenset()
        if self._last is None or self._last[0] != text:
            verdict = judge(text, self._platform, kind=self._kind)
            self._last = (text, frozenset(reason.code for reason in verdict.reasons))
        return self._last[1]

    def _is_known(self, text: bytes) -> bool:
        return bool(self._known) and hashlib.sha256(text).hexdigest() == self._known

    def whole(self, body: bytes) -> bool:
        """Provably all, so that the prompt after it need not be asked for twice."""
        if self._is_known(without_preamble(body, self._platform)):
            return True
        return _has_end(body, self._platform) and not self.codes(
            without_preamble(body, self._platform)
        )

    def doubtful(self, body: bytes) -> bool:
        """Visibly not all, and no error text either."""
        text = without_preamble(body, self._platform)
        cut = bool(text.strip()) and bool(self.codes(text) & _INCOMPLETE)
        return cut and self.refusal(text) is None

    def curable(self, text: bytes) -> bool:
        """A second reading may bring a better text."""
        return bool(self.codes(text) & _READ_AGAIN) and self.refusal(text) is None

    def refusal(self, text: bytes) -> NativeErrorMeaning | None:
        """What the device means where its answer is an error text and no configuration."""
        return error_meaning(text, self._platform) if self.codes(text) else None


def error_meaning(text: bytes, platform: Platform) -> NativeErrorMeaning | None:
    """What the device means where its answer is an error text and nothing else."""
    if len(text) > _SHORT:
        return None
    said = text.decode("latin-1")
    for error in platform.errors:
        if compiled(error.match).search(said):
            return error.means
    lines = [line for line in said.split("\n") if line.strip()]
    if len(lines) <= _FEW and any(compiled(ANY_ERROR).search(line) for line in lines):
        return NativeErrorMeaning.unknown_command
    return None


def without_preamble(text: bytes, platform: Platform) -> bytes:
    """The text without the lines that the CLI itself puts before it."""
    if platform.configuration.files:
        return document(text)
    preamble = platform.configuration.preamble
    rest = text
    found = bool(preamble)
    while found:
        found = False
        head = rest[:_SHORT].decode("latin-1")
        for pattern in preamble:
            match = compiled(rf"(?:{pattern})[^\n]*(?:\n|\Z)").match(head)
            if match and match.end():
                rest, found = rest[match.end() :], True
                break
    return rest


def _has_end(text: bytes, platform: Platform) -> bool:
    """Whether the last line is an end mark; braces alone prove nothing between two parts."""
    rules = platform.configuration
    if not rules.ends or rules.braces:
        return False
    last = text.rstrip().rpartition(b"\n")[2].decode("latin-1").strip()
    return any(re.search(end, last) for end in rules.ends)
