"""The night's report as data: all that its renderers need, rebuilt from the records alone."""

from __future__ import annotations

from pydantic import computed_field

from weibao.domain.base import Moment, Value
from weibao.domain.contract import Contract
from weibao.domain.records import Finding, LedgerHead, Outcome, Run, RunStep, RunTarget

__all__ = ["BackupReport", "ChangedDevice", "DeviceRow", "Totals"]

REPORT_SCHEMA = "weibao.report.backup/1"


class Totals(Value):
    """Counts that add up: the five outcomes together are ``inventory``."""

    inventory: int
    """Devices of this contract in the whole inventory."""
    targeted: int
    """Devices that the run was to reach; the others are counted as not checked."""
    archived: int
    unchanged: int
    refused: int
    failed: int
    not_checked: int


class DeviceRow(Value):
    """One device in the report."""

    device: str
    platform: str
    address: str = ""
    site: str = ""
    unit: str = ""
    role: str = ""
    target: RunTarget | None
    """None where the run was not to reach it."""
    last_good_at: Moment | None = None
    last_good_version: int | None = None
    age_hours: float | None = None
    overdue: bool
    restorable: bool | None = None
    findings: tuple[Finding, ...] = ()

    @computed_field  # type: ignore[prop-decorator]
    @property
    def outcome(self) -> Outcome:
        """Not tried is not checked (JOB-10)."""
        return self.target.outcome if self.target else Outcome.not_checked


class ChangedDevice(Value):
    """What changed on a device since its last version, redacted."""

    device: str
    previous: int | None
    """Number of the earlier version; None for the first."""
    current: int
    diff: str
    """Unified difference of the redacted texts; empty for the first version."""
    truncated: bool = False
    """True where the difference was too long to show whole."""
    added: int
    removed: int
    change_ref: str = ""


class BackupReport(Value):
    """One contract's report of one run."""

    schema_id: str = REPORT_SCHEMA
    number: str
    version: int = 1
    title: dict[str, str]
    """``zh`` and ``en``; the contract may set its own."""
    estate: str
    contract: Contract
    run: Run
    steps: tuple[RunStep, ...]
    generated_at: Moment
    totals: Totals
    rows: tuple[DeviceRow, ...]
    changes: tuple[ChangedDevice, ...]
    findings: tuple[Finding, ...]
    """Of the whole run; those of devices also stand in their rows."""
    ledger: LedgerHead
    max_age_hours: float
