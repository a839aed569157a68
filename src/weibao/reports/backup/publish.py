"""The report as files: HTML and Markdown in both languages, and JSON that reads back."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from weibao.domain.report import BackupReport
from weibao.i18n import LANGUAGES, Language
from weibao.reports.backup.html import render_html
from weibao.reports.backup.markdown import render_markdown
from weibao.reports.files import Write, as_bytes, as_json

__all__ = ["ReportPaths", "Write", "render_json", "write_report"]


@dataclass(frozen=True, slots=True)
class ReportPaths:
    """Where a report lies."""

    html: Path
    """``index.html`` in the estate's language."""
    markdown: Path
    json: Path
    json_sha256: str
    others: tuple[Path, ...]
    """The same in the other language: ``index.en.html``, ``report.en.md``."""


def render_json(report: BackupReport) -> str:
    """The report as JSON; ``BackupReport.model_validate_json`` reads it back (RPT-06)."""
    return as_json(report)


def write_report(
    report: BackupReport, folder: Path, language: Language, write: Write
) -> ReportPaths:
    """Write the report into ``folder``; ``index.html``, written last, completes it.

    ``write`` is what makes files whole (``adapters.files.replace``).

    Raises:
        FailedError: from ``write``; the page that was there before stays.
    """
    data = render_json(report).encode()
    paths = ReportPaths(
        html=folder / "index.html",
        markdown=folder / "report.md",
        json=folder / "report.json",
        json_sha256=hashlib.sha256(data).hexdigest(),
        others=tuple(
            folder / f"{stem}.{other}.{ending}"
            for other in LANGUAGES
            if other != language
            for stem, ending in (("index", "html"), ("report", "md"))
        ),
    )
    write(paths.json, data)
    for other in LANGUAGES:
        if other != language:
            write(folder / f"report.{other}.md", as_bytes("".join(render_markdown(report, other))))
            write(folder / f"index.{other}.html", as_bytes("".join(render_html(report, other))))
    write(paths.markdown, as_bytes("".join(render_markdown(report, language))))
    write(paths.html, as_bytes("".join(render_html(report, language))))
    return paths
