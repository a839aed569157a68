"""The log as one HTML file: no script is needed to read it, and nothing is loaded.

Device text is escaped like everything else, and the page's content security policy names
the one script that it carries.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass

from jinja2 import Template
from markupsafe import Markup

from weibao.domain.port_record import PortOutcome, PortState
from weibao.domain.port_report import PortReport, PortStanding
from weibao.i18n import Language
from weibao.reports.page import digest, environment, text
from weibao.reports.ports.chart import chart
from weibao.reports.ports.front import Front
from weibao.reports.ports.panel import panel, port_rows
from weibao.reports.ports.view import Line, PortView, Shown

__all__ = ["prepare", "render_html"]

_PACKAGE = "weibao.reports.ports"
_SECTIONS = (
    "record", "differences", "unread", "forwarding", "advice", "history", "devices", "run",
    "evidence", "verify",
)  # fmt: skip
_MOST = 100
"""Rows that stand open in a table; the rest is folded."""
_CARDS = 12
"""Devices that were not checked up to which each has a card; more are rows of a table."""
_OPEN_PANELS = 12
_OPEN_TABLES = 2
"""Devices up to which their panels and their tables stand open."""
_BIG = 60
"""Devices from which on a browser lays out long sections only as they are reached."""
_PRINTED_PORTS = 1500
"""Ports up to which their tables are printed too; the panels always are."""
_HEADS = (
    "port", "state", "link", "vlan", "neighbour", "description", "place", "since", "found",
)  # fmt: skip
_THINNEST = 0.8
_CHUNK = 50
"""Template pieces that are joined before they are handed out."""


@dataclass(frozen=True, slots=True)
class Share:
    """A part of the whole; one that occurs is never too thin to be seen."""

    name: str
    label: str
    count: int
    start: float
    width: float


def render_html(report: PortReport, language: Language) -> Iterator[str]:
    """The page in pieces, in order; joined they are one self-contained HTML document."""
    view = PortView(report, language)
    words = view.words
    ports = report.totals.ports
    port_count = sum(line.tally.total for line in view.lines)
    devices = _shares(
        [(o.value, words.say(f"outcome.{o.value}"), report.totals.count(o)) for o in PortOutcome]
    )
    states = _shares([(s.value, words.standing(s), getattr(ports, s.value)) for s in PortStanding])
    stream = _template().stream(
        view=view,
        report=report,
        language=language,
        w=words,
        say=words.say,
        contents=_contents(view),
        devices=devices,
        ports=states,
        port_count=port_count,
        big=len(view.lines) > _BIG,
        most=_MOST,
        cards=_CARDS,
        zip=zip,
        chart=chart(report.days, words),
        short_days=any(day.devices_read < day.devices_total for day in report.days),
        is_open=functools.partial(_is_open, view),
        tallied=lambda line, name: getattr(line.tally, name),
        inside=functools.partial(_inside, view, port_count),
        style=text("style.css"),
        own_style=text("ports.css", _PACKAGE),
        script=text("page.js"),
        script_digest=digest("page.js"),
    )
    stream.enable_buffering(_CHUNK)
    return iter(stream)


def prepare() -> None:
    """Load what the first page would wait for."""
    _template()
    digest("page.js")


def _contents(view: PortView) -> list[tuple[str, int | None]]:
    counts = {
        "differences": view.differences.open,
        "unread": len(view.unread),
        "advice": len(view.advice),
        "devices": view.report.totals.inventory,
        "evidence": len(view.pieces),
    }
    return [(section, counts.get(section)) for section in _SECTIONS]


def _shares(parts: list[tuple[str, str, int]]) -> list[Share]:
    whole = sum(count for _, _, count in parts)
    shown = [max(100 * count / whole, _THINNEST) if count else 0.0 for _, _, count in parts]
    scale = 100 / sum(shown) if whole else 0.0
    shares, start = [], 0.0
    for (name, label, count), width in zip(parts, shown, strict=True):
        shares.append(Share(name, label, count, start, width * scale))
        start += width * scale
    return shares


def _is_open(view: PortView, line: Line) -> bool:
    return len(view.lines) <= _OPEN_PANELS and bool(line.ports)


def _inside(view: PortView, port_count: int, line: Line, shown: Front) -> Markup:
    """A device's picture and its table."""
    if not line.ports:
        return Markup()
    marks = {} if line.stale else view.marks(line)
    expectations = line.row.expectations
    known: dict[str, Shown] = {}

    def describe(state: PortState) -> Shown:
        name = state.port.name
        if name not in known:
            known[name] = view.port(state, expectations.get(name), marks.get(name))
        return known[name]

    picture = panel(view, line, shown, describe)
    opened = " open" if len(view.lines) <= _OPEN_TABLES else ""
    keep = " keep" if port_count > _PRINTED_PORTS else ""
    heads = "".join(f"<th>{view.words.say(f'head.{head}')}</th>" for head in _HEADS)
    rows = Markup("").join(port_rows(view, line, describe))
    label = view.words.count("all_ports", len(line.ports))
    table = f'<table class="ports"><thead><tr>{heads}</tr></thead><tbody>\n{rows}</tbody></table>'
    folded = f'<details class="all{keep}"{opened}><summary>{label}</summary>'
    return Markup(f'{picture}{folded}<div class="scroll">{table}</div></details>')  # noqa: S704 - made of our own words and of parts that are escaped


@functools.cache
def _template() -> Template:
    made = environment(_PACKAGE)
    made.tests["kind"] = lambda block, name: type(block).__name__ == name
    return made.get_template("ports.html.j2")
