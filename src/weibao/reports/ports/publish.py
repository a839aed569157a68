"""The log as files: HTML, Markdown and Word in both languages, and JSON that reads back."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path

from weibao.domain.port_report import PortReport
from weibao.i18n import LANGUAGES, Language
from weibao.reports.change.word import render_docx
from weibao.reports.files import Write, as_bytes, as_json
from weibao.reports.ports.document import compose
from weibao.reports.ports.html import render_html
from weibao.reports.ports.markdown import render_markdown

__all__ = ["PortReportPaths", "render_json", "render_word", "write_report"]


@dataclass(frozen=True, slots=True)
class PortReportPaths:
    """Where a log lies."""

    html: Path
    """``index.html`` in the estate's language."""
    markdown: Path
    json: Path
    json_sha256: str
    word: Path | None
    """``report.docx``; None without the extra ``documents``."""
    others: tuple[Path, ...]
    """The same in the other language: ``index.en.html``, ``report.en.md``, ``report.en.docx``."""


def render_json(report: PortReport) -> str:
    """The log as JSON; ``PortReport.model_validate_json`` reads it back (RPT-06).

    Fields that have their default (unknown, nothing said) are left out: most fields of most
    ports, two thirds of the file. The schema's name always stands.
    """
    schema = f'{{\n "schema_id": {json.dumps(report.schema_id)},'
    return schema + as_json(report, defaults=False).removeprefix("{")


def write_report(
    report: PortReport, folder: Path, language: Language, write: Write
) -> PortReportPaths:
    """Write the log into ``folder``; ``index.html``, written last, completes it.

    ``write`` is what makes files whole (``adapters.files.replace``).

    Raises:
        FailedError: from ``write``; the page that was there before stays.
    """
    data = render_json(report).encode()
    write(folder / "report.json", data)
    with_word = importlib.util.find_spec("docx") is not None
    others: list[Path] = []
    for other in (*(each for each in LANGUAGES if each != language), language):
        mark = "" if other == language else f".{other}"
        made = [folder / f"report{mark}.md", folder / f"index{mark}.html"]
        if with_word:
            word = folder / f"report{mark}.docx"
            made.insert(0, word)
            write(word, render_word(report, other))
        write(folder / f"report{mark}.md", as_bytes("".join(render_markdown(report, other))))
        write(folder / f"index{mark}.html", as_bytes("".join(render_html(report, other))))
        if mark:
            others += made
    return PortReportPaths(
        html=folder / "index.html",
        markdown=folder / "report.md",
        json=folder / "report.json",
        json_sha256=hashlib.sha256(data).hexdigest(),
        word=folder / "report.docx" if with_word else None,
        others=tuple(others),
    )


def render_word(report: PortReport, language: Language) -> bytes:
    """The log as a Word file.

    Raises:
        UncheckedError: python-docx is not installed.
    """
    return render_docx(compose(report, language))
