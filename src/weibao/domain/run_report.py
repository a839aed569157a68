"""What every contract's report of a run has in common, whatever the run was for (RPT-01)."""

from __future__ import annotations

from weibao.domain.base import Moment, Value
from weibao.domain.contract import Contract
from weibao.domain.records import EvidenceRecord, LedgerHead, Run, RunStep

__all__ = ["DeviceOfReport", "RunReport"]


class RunReport(Value):
    """One contract's report of one run, without its findings."""

    number: str
    version: int = 1
    title: dict[str, str]
    """``zh`` and ``en``; the contract may set its own."""
    estate: str
    contract: Contract
    run: Run
    steps: tuple[RunStep, ...]
    step_titles: dict[str, dict[str, str]] = {}
    """Titles of the runbook's steps by name, ``zh`` and ``en``, where it gives them."""
    generated_at: Moment
    evidence: tuple[EvidenceRecord, ...] = ()
    """Records of the pieces that rows and findings name, where they are at hand."""
    ledger: LedgerHead


class DeviceOfReport(Value):
    """What the inventory says of a device in a report's row."""

    device: str
    address: str = ""
    site: str = ""
    unit: str = ""
    role: str = ""
