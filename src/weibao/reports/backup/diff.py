"""A unified difference, taken apart for showing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from weibao.reports.words import visible

__all__ = ["DiffBlock", "DiffKind", "blocks", "plain"]

DiffKind = Literal["added", "removed", "same", "hunk"]

_HUNK = re.compile(r"^@@ -\d+(?:,\d+)? \+(\d+)(?:,\d+)? @@ ?(.*)$")
_KINDS: dict[str, DiffKind] = {"+": "added", "-": "removed"}


@dataclass(frozen=True, slots=True)
class DiffBlock:
    """Lines of one kind that stand together."""

    kind: DiffKind
    text: str
    """With sign and line ends; for a hunk the context that the difference names, if any."""
    line: int = 0
    """Where a hunk begins in the new text."""


def _body(diff: str) -> list[str]:
    """The lines from the first hunk on: what is before names files, not the device's text."""
    lines = diff.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    first = next((at for at, line in enumerate(lines) if _HUNK.match(line)), 0)
    return lines[first:]


def _kind(line: str) -> DiffKind:
    return "hunk" if _HUNK.match(line) else _KINDS.get(line[:1], "same")


def blocks(diff: str) -> Iterator[DiffBlock]:
    """The difference as blocks; ``\\ No newline at end of file`` is left out."""
    lines = [line for line in _body(diff) if not line.startswith("\\ ")]
    for kind, group in groupby(lines, key=_kind):
        if kind != "hunk":
            yield DiffBlock(kind, "".join(f"{visible(line)}\n" for line in group))
            continue
        for line in group:
            if hunk := _HUNK.match(line):
                yield DiffBlock(kind, visible(hunk[2].strip()), int(hunk[1]))


def plain(diff: str) -> str:
    """The difference from its first hunk on, as text."""
    return "\n".join(visible(line) for line in _body(diff))
