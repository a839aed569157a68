"""Documents on the terminal and as files, for the commands that have some."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from weibao.cli.output import Output
from weibao.reports.change.document import (
    Block,
    Document,
    Facts,
    Heading,
    Listing,
    Signatures,
    Table,
    Text,
)
from weibao.reports.words import visible

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    F = TypeVar("F", bound=Callable[..., Any])

__all__ = ["document_options", "save_document", "show_document"]

_MARKS = {"good": "✓ ", "warning": "! ", "bad": "✗ "}


def document_options(function: F) -> F:
    """``--html FILE`` and ``--docx FILE``."""
    for option, what in (("--docx", "a Word file"), ("--html", "one HTML page")):
        function = click.option(
            option, default="", metavar="FILE", help=f"Write the document as {what}."
        )(function)
    return function


def save_document(out: Output, document: Document, html: str, docx: str) -> list[str]:
    """Write the files that were asked for, each whole or not at all; their paths.

    Raises:
        InputError: the folder is missing.
        UncheckedError: python-docx is missing; then nothing is written.
        FailedError: a file cannot be written.
    """
    from weibao.adapters.files import replace
    from weibao.errors import InputError
    from weibao.reports.change import render_docx, render_html

    wanted: list[tuple[Path, bytes]] = []
    if html:
        wanted.append((Path(html), render_html(document).encode("utf-8", "backslashreplace")))
    if docx:
        wanted.append((Path(docx), render_docx(document)))
    for path, _ in wanted:
        if not path.absolute().parent.is_dir():
            raise InputError("cli.no_folder", folder=path.absolute().parent)
    for path, data in wanted:
        replace(path.absolute(), data)
        out.line(out.say("cli.document_written", title=document.title, path=path))
    return [str(path) for path, _ in wanted]


def show_document(out: Output, document: Document) -> None:
    """The document as text, in the terminal's width."""
    out.line(visible(document.title))
    out.line(visible(document.subtitle))
    out.line()
    _show(out, document.head)
    if document.banner:
        out.line()
        _show(out, document.banner)
    for number, section in document.numbered():
        out.line()
        out.line(f"{number}{visible(section.title)}")
        for block in section.blocks:
            _show(out, block)


def _show(out: Output, block: Block) -> None:
    if isinstance(block, Text):
        out.line(_MARKS.get(block.tone, "") + visible(block.text))
    elif isinstance(block, Heading):
        out.line(f"[{visible(block.text)}]")
    elif isinstance(block, Facts):
        for fact in block.items:
            _fact(out, visible(fact.label), visible(fact.text))
    elif isinstance(block, Table):
        out.table(block.head, [[visible(cell) for cell in row] for row in block.rows])
    elif isinstance(block, Listing):
        out.line(f"[{visible(block.caption)}]")
        out.line(visible(block.text))
    elif isinstance(block, Signatures):
        for slot in block.slots:
            _fact(out, slot.role, " ".join(part for part in (slot.name, slot.done) if part) or "—")


def _fact(out: Output, label: str, text: str) -> None:
    colon = "：" if out.language == "zh" else ": "
    lines = text.split("\n")
    if len(lines) == 1:
        out.line(f"{label}{colon}{text}")
        return
    out.line(f"{label}{colon}")
    for line in lines:
        out.line(f"    {line}")
