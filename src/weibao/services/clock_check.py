"""A clock that went back: the records stay in their order, their times do not."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from weibao.boundary import Journal, OutcomeBatch
from weibao.domain.records import Finding, FindingCode, Run, Severity
from weibao.services.parts import Parts

__all__ = ["record_clock"]

_SLACK = timedelta(minutes=2)
"""What several machines of a site, or a step of NTP, may differ."""
_RUNS = 50


def record_clock(parts: Parts, run: Run, contracts: set[str]) -> None:
    """A finding where the machine's clock is behind the records, for each contract."""
    now = parts.clock.now()
    latest = max(filter(None, (run.started_at, _before(parts.journal, run))))
    if now >= latest - _SLACK:
        return
    params = {"now": now.isoformat(timespec="seconds"), "last": latest.isoformat("T", "seconds")}
    findings = tuple(
        Finding(
            run_id=run.id,
            contract=contract,
            code=FindingCode.clock_set_back,
            severity=Severity.serious,
            params=params,
            at=now,
        )
        for contract in sorted(contracts)
    )
    known = {finding.code for finding in parts.journal.findings(run.id)}
    if FindingCode.clock_set_back not in known:
        parts.journal.record(run.id, OutcomeBatch(findings=findings), run.actor)


def _before(journal: Journal, run: Run) -> datetime | None:
    """The time of the last record before the run began."""
    for row in journal.ledger_of("run.opened", _RUNS):
        if json.loads(row.payload).get("id") == run.id and row.sequence > 1:
            before = next(journal.ledger(row.site, after=row.sequence - 2))
            return datetime.fromisoformat(before.at)
    return None
