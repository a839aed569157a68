"""Documents of runbooks and changes: 操作方案, 维护申请, 变更计划, 变更记录 (RPT-19 to RPT-21)."""

from weibao.reports.change.compose import compose
from weibao.reports.change.document import Document
from weibao.reports.change.html import render_html
from weibao.reports.change.papers import DocumentKind, Papers
from weibao.reports.change.word import render_docx

__all__ = ["Document", "DocumentKind", "Papers", "compose", "render_docx", "render_html"]
