"""Scans and photos that people hand in: kept sealed, and on record as evidence (ROL-31, RPT-01)."""

from __future__ import annotations

from weibao.boundary import OutcomeBatch
from weibao.domain.change import Change
from weibao.domain.records import PAPER_KINDS, EvidenceRecord
from weibao.services.changes.desk import Desk

__all__ = ["keep_paper"]

_NO_DEVICE = "-"


def keep_paper(desk: Desk, change: Change, kind: str, what: str, data: bytes, actor: str) -> str:
    """The sha256 of ``data``, which is then sealed and on record, once.

    ``kind`` is one of ``PAPER_KINDS``, ``what`` says what it is of. It belongs to the run that
    carries the change out, before that to the plan's dry run.

    Raises:
        RefusedError: the change was neither planned nor carried out.
        FailedError: it cannot be kept.
    """
    if kind not in PAPER_KINDS:
        raise ValueError(kind)
    parts = desk.parts
    run = change.run or desk.plan(change).run
    sha256, stored = parts.evidence.put(change.contract, data)
    record = EvidenceRecord(
        contract=change.contract,
        sha256=sha256,
        stored_sha256=stored,
        size=len(data),
        device=_NO_DEVICE,
        kind=kind,
        command=f"{change.id}: {what}",
        run_id=run,
        collected_at=desk.now,
        note="encrypted",
    )
    parts.journal.record(run, OutcomeBatch(evidence=(record,)), actor)
    return sha256
