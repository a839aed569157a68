"""Which document is composed how."""

from __future__ import annotations

from weibao.i18n import Language
from weibao.reports.change.before import application, change_plan, operation_plan
from weibao.reports.change.document import Document
from weibao.reports.change.papers import Desk, DocumentKind, Papers
from weibao.reports.change.patch_plan import patch_plan
from weibao.reports.change.patch_summary import patch_summary
from weibao.reports.change.record import change_record

__all__ = ["compose"]

_COMPOSERS = {
    DocumentKind.operation_plan: operation_plan,
    DocumentKind.maintenance_application: application,
    DocumentKind.change_plan: change_plan,
    DocumentKind.change_record: change_record,
    DocumentKind.patch_plan: patch_plan,
    DocumentKind.patch_summary: patch_summary,
}


def compose(kind: DocumentKind, papers: Papers, language: Language) -> Document:
    """The document of ``kind`` in ``language``, ready to be laid out.

    Raises:
        ValueError: the papers hold no change, and the document is not the operation plan.
    """
    return _COMPOSERS[kind](Desk(papers, language))
