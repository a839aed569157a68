"""The log as Markdown (GitHub's tables), for tickets, chats and further processing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from weibao.domain.port_report import PortReport
from weibao.i18n import Language
from weibao.reports.change.document import (
    Block,
    Facts,
    Heading,
    Listing,
    Signatures,
    Table,
    Text,
)
from weibao.reports.notices import escape
from weibao.reports.ports.document import compose

__all__ = ["render_markdown"]

_BLANK = "　" * 6


def render_markdown(report: PortReport, language: Language) -> Iterator[str]:
    """The log in lines, each with its end."""
    document = compose(report, language)
    yield f"# {escape(document.title)}\n\n"
    if document.subtitle:
        yield f"{escape(document.subtitle)}\n\n"
    yield from _block(document.head)
    if document.banner:
        yield f"**{escape(document.banner.text)}**\n\n"
    for number, section in document.numbered():
        yield f"## {number}{escape(section.title)}\n\n"
        for block in section.blocks:
            yield from _block(block)
    yield f"{escape(document.footer)}\n"


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Heading):
        yield f"### {escape(block.text)}\n\n"
    elif isinstance(block, Text):
        yield f"{escape(block.text)}\n\n"
    elif isinstance(block, Table):
        yield from _table(block.head, block.rows)
    elif isinstance(block, Facts):
        yield from (f"- {escape(f.label)}: {_cell(f.text)}\n" for f in block.items)
        yield "\n"
    elif isinstance(block, Signatures):
        rows = ((slot.role, slot.name, slot.done or _BLANK) for slot in block.slots)
        yield from _table(("", "", ""), rows)
    elif isinstance(block, Listing):
        yield f"{escape(block.caption)}\n\n"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    names = [escape(name) for name in head]
    yield f"| {' | '.join(names)} |\n"
    yield f"|{' --- |' * len(names)}\n"
    for row in rows:
        yield f"| {' | '.join(_cell(cell) for cell in row)} |\n"
    yield "\n"


def _cell(text: str) -> str:
    """Lines of a cell stay apart."""
    return " / ".join(escape(line) for line in text.split("\n") if line.strip()) or _empty(text)


def _empty(text: str) -> str:
    return _BLANK if "\n" in text else ""
