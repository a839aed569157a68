"""A document as one HTML file: no script, nothing loaded, made for A4 paper."""

from __future__ import annotations

import functools
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from weibao.reports.change.document import Document, Fact, Facts
from weibao.reports.change.papers import Phrases
from weibao.reports.words import visible

__all__ = ["form_rows", "render_html"]


def render_html(document: Document) -> str:
    """The page; text of devices and people stays text."""
    return _template().render(
        document=document,
        w=Phrases(document.language, "UTC"),
        style=Markup(_text("style.css")),  # noqa: S704 - our own file
        form_rows=form_rows,
        diff_lines=_diff_lines,
    )


def form_rows(facts: Facts) -> list[tuple[Fact, ...]]:
    """The fields of a form in rows: two narrow ones, or a wide one."""
    rows: list[tuple[Fact, ...]] = []
    waiting: Fact | None = None
    for fact in facts.items:
        if fact.wide:
            if waiting:
                rows.append((waiting,))
            rows.append((fact,))
            waiting = None
        elif waiting:
            rows.append((waiting, fact))
            waiting = None
        else:
            waiting = fact
    if waiting:
        rows.append((waiting,))
    return rows


def _diff_lines(text: str) -> list[tuple[str, str]]:
    """Each line with what it is: added, removed, a place, or context."""
    tags = {"+": "ins", "-": "del", "@": "i"}
    return [
        ("i" if line.startswith(("+++", "---")) else tags.get(line[:1], "span"), line)
        for line in text.split("\n")
    ]


def _show(value: object) -> object:
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@functools.cache
def _text(name: str) -> str:
    folder = resources.files("weibao.reports.change").joinpath("templates")
    return folder.joinpath(name).read_text(encoding="utf-8")


@functools.cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("weibao.reports.change"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_show,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.tests["kind"] = lambda block, name: type(block).__name__ == name
    return environment.get_template("document.html.j2")
