"""The contract profile (合同档案): what one customer's contract says."""

from __future__ import annotations

from datetime import date
from typing import Literal

from weibao.domain.base import Name, Value

__all__ = ["BackupTerms", "Contract", "StandingAuthorisation"]


class StandingAuthorisation(Value):
    """The customer's leave for read-only jobs on a schedule (长期授权; JOB-03, CON-16)."""

    reference: str
    approver: str
    valid_from: date
    valid_until: date
    jobs: tuple[str, ...] = ("backup-configs",)

    def covers(self, job: str, day: date) -> bool:
        """Whether ``job`` may run on ``day`` under it."""
        return job in self.jobs and self.valid_from <= day <= self.valid_until


class BackupTerms(Value):
    """What the contract demands of configuration backups (CFG-01, CFG-07)."""

    max_age_hours: float = 26.0
    """Older than this, a device's last good version is overdue."""
    change_without_reference: Literal["info", "warning", "serious"] = "warning"
    """Severity of a difference that no approved change explains (CFG-05)."""


class Contract(Value):
    """One customer's contract; archive, key, evidence and reports are separate for each."""

    schema_version: int = 1
    id: Name = "default"
    customer: str = ""
    provider: str = ""
    title: str = ""
    time_zone: str = "Asia/Shanghai"
    project_manager: str = ""
    report_titles: dict[str, str] = {}
    """Exact Chinese titles where this contract wants its own (e.g. ``backup``)."""
    standing_authorisation: StandingAuthorisation | None = None
    require_standing_authorisation: bool = False
    """True: a scheduled run without a valid standing authorisation is refused."""
    backup: BackupTerms = BackupTerms()
