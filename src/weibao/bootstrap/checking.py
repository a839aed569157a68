"""Verification of a whole estate."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator

from weibao.bootstrap.workshop import Workshop
from weibao.domain.records import LedgerHead
from weibao.services.verify import KeptReport, VerifyResult, verify

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
        reports=_reports(workshop),
        progress=progress,
    )


def _reports(workshop: Workshop) -> Iterator[KeptReport]:
    for contract in sorted(workshop.estate.contracts):
        reports = workshop.estate.contract_folder(contract) / "reports"
        for folder in sorted(path for path in reports.glob("*") if path.is_dir()):
            path = folder / "report.json"
            number = _number(workshop, contract, folder.name)
            try:
                data = path.read_bytes()
            except OSError:
                yield KeptReport(number, str(path), "", None)
                continue
            yield KeptReport(number, str(path), hashlib.sha256(data).hexdigest(), _head(data))


def _number(workshop: Workshop, contract: str, run_id: str) -> str:
    from weibao.services.issue_report import number_of
    from weibao.services.ports.check import JOB
    from weibao.services.ports.report import number_of as number_of_ports

    run = workshop.journal.run(run_id)
    if run is not None and run.job == JOB:
        return number_of_ports(run, contract)
    return number_of(run, contract) if run else f"BK-{contract}-{run_id}"


def _head(data: bytes) -> LedgerHead | None:
    try:
        return LedgerHead.model_validate(json.loads(data)["ledger"])
    except (ValueError, KeyError, TypeError):
        return None
