"""Verification of a whole estate."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from weibao.bootstrap.workshop import Workshop
from weibao.domain.records import LedgerHead
from weibao.services.verify import VerifyResult, verify

__all__ = ["verify_estate"]


def verify_estate(workshop: Workshop, progress: Callable[[str, int], None]) -> VerifyResult:
    """See ``services.verify``; ledger heads stand in commits and in reports."""
    parts = workshop.parts()
    return verify(
        parts.journal,
        parts.evidence,
        parts.archive,
        parts.texts,
        contracts=workshop.estate.contracts,
        anchors=_report_heads(workshop),
        progress=progress,
    )


def _report_heads(workshop: Workshop) -> Iterator[tuple[str, LedgerHead]]:
    for contract in sorted(workshop.estate.contracts):
        reports = workshop.estate.contract_folder(contract) / "reports"
        for path in sorted(reports.glob("*/report.json")):
            try:
                head = json.loads(path.read_text(encoding="utf-8"))["ledger"]
                yield str(path), LedgerHead.model_validate(head)
            except (OSError, ValueError, KeyError):
                continue
