"""The night's report (网络设备配置备份报告): HTML to read, Markdown and JSON to process."""

from __future__ import annotations

from weibao.reports.backup.html import prepare, render_html
from weibao.reports.backup.markdown import render_markdown
from weibao.reports.backup.publish import ReportPaths, Write, render_json, write_report
from weibao.reports.backup.summary import summarise

__all__ = [
    "ReportPaths",
    "Write",
    "prepare",
    "render_html",
    "render_json",
    "render_markdown",
    "summarise",
    "write_report",
]
