"""The documents, taken apart: code blocks, links, headings, commands."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
WRITTEN = [d for d in DOCUMENTS if "reference" not in d.relative_to(ROOT).parts]
"""Those written by hand."""

_BLOCK = re.compile(r"^(?P<indent> *)```(?P<kind>\w*)\n(?P<text>.*?)^ *```$", re.S | re.M)
_INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+)$", re.M)
_ENDS = {"|", ">", ">>", "2>", "&&", "||", ";", "&"}


class Block(NamedTuple):
    """A code block and its language."""

    kind: str
    text: str


def blocks(document: Path) -> Iterator[Block]:
    """The code blocks, without the indentation of a list around them."""
    for found in _BLOCK.finditer(document.read_text(encoding="utf-8")):
        cut = len(found["indent"])
        lines = [line[cut:] for line in found["text"].splitlines()]
        yield Block(found["kind"], "\n".join(lines) + "\n")


def prose(document: Path) -> str:
    """The document without its code blocks."""
    return _BLOCK.sub("", document.read_text(encoding="utf-8"))


def links(document: Path) -> list[str]:
    """Where links lead."""
    return _LINK.findall(_INLINE.sub("", prose(document)))


def anchors(document: Path) -> set[str]:
    """The anchors of headings, as GitHub makes them."""
    return {anchor(heading) for heading in _HEADING.findall(prose(document))}


def anchor(heading: str) -> str:
    plain = re.sub(r"[^\w\- ]", "", heading.strip().lower().replace("`", ""))
    return plain.replace(" ", "-")


def commands(document: Path) -> Iterator[list[str]]:
    """Calls of weibao and weibao-lab, in shell blocks and in inline code."""
    lines = [
        line
        for block in blocks(document)
        if block.kind in {"sh", "bash"}
        for line in block.text.replace("\\\n", " ").splitlines()
    ]
    for line in [*lines, *_INLINE.findall(prose(document))]:
        for words in _calls(line):
            if words[0] in {"weibao", "weibao-lab"}:
                yield words


def _calls(line: str) -> Iterator[list[str]]:
    # ``<…>`` and ``…`` stand for something to fill in; ``|`` without blanks for alternatives.
    text = re.sub(r"<[^>]*>", "X", line).replace("…", "X")
    try:
        words = shlex.split(text, comments=True)
    except ValueError:
        return
    call: list[str] = []
    for word in [*words, ";"]:
        if word in _ENDS:
            if call:
                yield call
            call = []
        else:
            call.append(word.strip("()"))
