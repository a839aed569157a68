"""The report as one HTML file: no script is needed to read it, and nothing is loaded.

Device text is escaped like everything else, and the page's content security policy names
the one script that it carries, so that markup in a device's name or difference stays text.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

from jinja2 import Template
from markupsafe import Markup, escape

from weibao.domain.records import Outcome
from weibao.domain.report import BackupReport
from weibao.i18n import Language
from weibao.reports.backup.diff import blocks
from weibao.reports.backup.view import BackupView
from weibao.reports.page import digest, environment, text
from weibao.reports.words import Words

__all__ = ["prepare", "render_html"]

_PACKAGE = "weibao.reports.backup"
_SECTIONS = (
    "failures", "changes", "overdue", "findings", "devices", "run", "evidence", "verify", "sign",
)  # fmt: skip
_TAGS = {"added": "ins", "removed": "del", "same": "span"}
_BIG = 500
"""Devices from which on a browser lays out long sections only as they are reached."""
_CHUNK = 50
"""Template pieces that are joined before they are handed out."""


def render_html(report: BackupReport, language: Language) -> Iterator[str]:
    """The page in pieces, in order; joined they are one self-contained HTML document."""
    view = BackupView(report, language)
    stream = _template().stream(
        view=view,
        report=report,
        language=language,
        w=view.words,
        labels={outcome: view.words(f"outcome.{outcome.value}") for outcome in Outcome},
        record_label=view.words("record"),
        contents=_contents(view),
        big=len(view.lines) > _BIG,
        finding_count=_finding_count(view),
        diff_lines=functools.partial(_diff_lines, words=view.words),
        style=text("style.css"),
        script=text("page.js"),
        script_digest=digest("page.js"),
    )
    stream.enable_buffering(_CHUNK)
    return iter(stream)


def prepare() -> None:
    """Load what the first page would wait for."""
    _template()
    digest("page.js")


def _finding_count(view: BackupView) -> int:
    return sum(len(group.noted) for group in view.findings)


def _contents(view: BackupView) -> list[tuple[str, int | None]]:
    counts = {
        "failures": len(view.troubles) + len(view.outside) + view.unlisted,
        "changes": len(view.changes),
        "overdue": len(view.overdue),
        "findings": _finding_count(view),
        "devices": view.report.totals.inventory,
        "evidence": len(view.pieces),
    }
    return [(section, counts.get(section)) for section in _SECTIONS]


def _diff_lines(diff: str, words: Words) -> Markup:
    parts: list[Markup] = []
    for block in blocks(diff):
        if block.kind == "hunk":
            where = words("change.hunk", line=block.line)
            said = f"{where}  {block.text}" if block.text else where
            parts.append(Markup("<i>{}\n</i>").format(said))
        else:
            tag = _TAGS[block.kind]
            parts.append(Markup(f"<{tag}>{escape(block.text)}</{tag}>"))  # noqa: S704 - escaped
    return Markup("").join(parts)


@functools.cache
def _template() -> Template:
    return environment(_PACKAGE).get_template("report.html.j2")
