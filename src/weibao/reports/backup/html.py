"""The report as one HTML file: no script is needed to read it, and nothing is loaded.

Device text is escaped like everything else, and the page's content security policy names
the one script that it carries, so that markup in a device's name or difference stays text.
"""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Iterator
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from weibao.domain.records import Outcome
from weibao.domain.report import BackupReport
from weibao.i18n import Language
from weibao.reports.backup.diff import blocks
from weibao.reports.backup.view import BackupView
from weibao.reports.words import Words

__all__ = ["prepare", "render_html"]

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
        style=Markup(_text("style.css")),  # noqa: S704 - our own file
        script=Markup(_text("script.js")),  # noqa: S704 - our own file
        script_digest=_script_digest(),
    )
    stream.enable_buffering(_CHUNK)
    return iter(stream)


def prepare() -> None:
    """Load what the first page would wait for."""
    _template()
    _script_digest()


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
            text = f"{where}  {block.text}" if block.text else where
            parts.append(Markup("<i>{}\n</i>").format(text))
        else:
            tag = _TAGS[block.kind]
            parts.append(Markup(f"<{tag}>{escape(block.text)}</{tag}>"))  # noqa: S704 - escaped
    return Markup("").join(parts)


def _css_string(text: str) -> Markup:
    """``text`` as a CSS string in which nothing but letters and digits stands bare."""
    coded = "".join(c if c.isalnum() and c.isascii() else f"\\{ord(c):x} " for c in text)
    return Markup(f'"{coded}"')  # noqa: S704 - every other character is coded


def _percent(value: float) -> str:
    if 0 < value < 0.1:
        return "<0.1%"
    if 99.9 < value < 100:
        return ">99.9%"
    return f"{value:.1f}%" if value % 1 else f"{value:.0f}%"


@functools.cache
def _text(name: str) -> str:
    folder = resources.files("weibao.reports.backup").joinpath("templates")
    return folder.joinpath(name).read_text(encoding="utf-8")


@functools.cache
def _script_digest() -> str:
    return base64.b64encode(hashlib.sha256(_text("script.js").encode()).digest()).decode()


@functools.cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("weibao.reports.backup"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(css_string=_css_string, percent=_percent)
    return environment.get_template("report.html.j2")
