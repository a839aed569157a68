"""The daily log of ports (《系统运行日志》): to read in HTML and Word, to process in JSON."""

from __future__ import annotations

from weibao.reports.ports.html import prepare, render_html
from weibao.reports.ports.markdown import render_markdown
from weibao.reports.ports.publish import PortReportPaths, render_json, render_word, write_report
from weibao.reports.ports.summary import summarise

__all__ = [
    "PortReportPaths",
    "prepare",
    "render_html",
    "render_json",
    "render_markdown",
    "render_word",
    "summarise",
    "write_report",
]
