"""Device text made fit for results: redacted, and free of every secret of the change."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from weibao.adapters.scrub import scrub
from weibao.domain.config_tree import Node, render
from weibao.domain.difference import Difference, unified
from weibao.domain.platform import Platform
from weibao.domain.redaction import redact
from weibao.domain.secret_spans import MASK
from weibao.domain.texts import decode

__all__ = ["SAFETY_NOTE", "Words", "essence", "sha256_of"]

_LONGEST = 160
SAFETY_NOTE = "# safety: "
"""Before the name of the device's own way back, in what an approver is shown."""


class Words:
    """What of one device's texts may be said."""

    def __init__(
        self, platform: Platform, tag: Callable[[str], str], known: Sequence[str] = ()
    ) -> None:
        """``known`` are secrets of the way to the device."""
        self._platform = platform
        self._tag = tag
        self._secrets = {secret for secret in known if secret}

    def redacted(self, text: bytes) -> str:
        """A configuration without its secrets; they are remembered."""
        return redact(decode(text, self._platform.encodings), self._platform, self._learn)

    def _learn(self, secret: str) -> str:
        self._secrets.add(secret)
        return self._tag(secret)

    def difference(self, before: bytes, after: bytes) -> Difference:
        """What changed, redacted."""
        old, new = (self.redacted(text).strip("\n") + "\n" for text in (before, after))
        return unified(old, new, self._platform)

    def secret_places(self, wanted: Sequence[Node]) -> dict[str, int]:
        """By line, where its first secret begins."""
        lines = render(wanted).split("\n")
        hidden = redact("\n".join(lines), self._platform, self._learn).split("\n")
        if len(hidden) != len(lines):
            return {}
        found: dict[str, int] = {}
        for line, shown in zip(lines, hidden, strict=True):
            mask = MASK.search(shown)
            if mask is not None and shown != line:
                indent = len(line) - len(line.lstrip(" \t"))
                found[line.strip(" \t\r")] = mask.start() - indent
        return found

    def commands(self, lines: Sequence[str]) -> tuple[str, ...]:
        """Lines of a change, redacted as one text."""
        shown = redact("\n".join(lines), self._platform, self._learn)
        return tuple(shown.split("\n")) if lines else ()

    def say(self, text: str) -> str:
        """A short piece of device text on one line."""
        shown = redact(text, self._platform, self._learn)
        shown = scrub(" ".join(shown.split()), self._secrets)
        return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"


def sha256_of(difference: Difference) -> str:
    """What an approval covers of a difference."""
    return hashlib.sha256(difference.diff.encode("utf-8")).hexdigest()


def essence(difference: str) -> list[str]:
    """What counts of a difference that somebody approved: not the numbers of its lines, which
    change with something far away, and not our own notes, which begin with ``#``."""
    return [row for row in difference.splitlines() if row and not row.startswith(("@@", "#"))]
