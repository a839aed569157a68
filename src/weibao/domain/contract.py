"""The contract profile (合同档案): what one customer's contract says."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field, model_validator

from weibao.domain.base import Name, Value
from weibao.domain.calendar import Calendar
from weibao.domain.port_expectation import PortTerms

__all__ = [
    "ApprovalStage",
    "BackupTerms",
    "ChangeTerms",
    "Contract",
    "Person",
    "StandardChange",
    "StandingAuthorisation",
]


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


class Person(Value):
    """Somebody whom the contract names (ROL-01..ROL-07, ROL-20, ROL-34)."""

    id: Name
    """As commands and records name the person."""
    name: str
    """As documents show it."""
    roles: tuple[str, ...] = Field(min_length=1)
    """``project_manager``, ``field_engineer``, ``recorder``, ``internal_approver``,
    ``customer_approver``, ``customer_representative`` …"""
    principal: str = ""
    """In the allowed-signers file; the id where empty."""
    logins: tuple[str, ...] = ()
    """Accounts on the controller that are this person."""
    phone: str = ""
    valid_from: date | None = None
    valid_until: date | None = None
    """The last day; a deputy (AB角) has both."""

    @property
    def signs_as(self) -> str:
        """The principal of this person's keys."""
        return self.principal or self.id

    def serves_on(self, day: date) -> bool:
        """Whether the person serves on ``day``."""
        begun = self.valid_from is None or self.valid_from <= day
        return begun and (self.valid_until is None or day <= self.valid_until)


class ApprovalStage(Value):
    """One stage of the approval chain; stages are passed in order (CHG-21)."""

    id: Name
    title: dict[str, str]
    """``zh`` and ``en``."""
    role: str
    """Who holds it may approve here."""
    side: Literal["internal", "customer"]
    minimum: int = Field(default=1, ge=1)
    """So many different persons."""
    channels: tuple[Literal["signature", "paper", "mail"], ...] = ("signature",)


class StandardChange(Value):
    """The customer's standing leave for one runbook (CHG-37); it always has an end."""

    runbook: Name
    version: str
    reference: str
    approver: str
    valid_from: date
    valid_until: date
    runbook_sha256: str = ""
    """Of the runbook's file as the customer saw it; empty: its version alone counts."""


_STAGES = (
    ApprovalStage(
        id="internal",
        title={"zh": "内部审批", "en": "Internal approval"},
        role="internal_approver",
        side="internal",
    ),
    ApprovalStage(
        id="customer",
        title={"zh": "客户书面同意", "en": "Customer's written consent"},
        role="customer_approver",
        side="customer",
    ),
)


class ChangeTerms(Value):
    """What the contract demands of changes (section 4 of the requirements)."""

    lead_time_hours: float = Field(default=24.0, ge=0)
    """From the submission to the customer until the window (CHG-20)."""
    stages: tuple[ApprovalStage, ...] = Field(default=_STAGES, min_length=1)
    recorder_required: bool = True
    """Two persons (CHG-23)."""
    representative_required: bool = False
    """The customer's representative is present (CHG-24)."""
    timer_may_start: bool = False
    """True: a scheduled change is started by the timer at its time."""
    emergency_backfill_hours: float | None = None
    """By when the documents of an emergency are due (CHG-29); None: as those of others."""
    document_days: float = 3.0
    """Days within which documents are updated (CHG-47)."""
    confirm_timeout_minutes: float = Field(default=30.0, gt=0)
    """So long a marked step waits for the recorder; then the change pauses."""
    standard: tuple[StandardChange, ...] = ()
    scope: tuple[Name, ...] = ()
    """Runbooks that the contract covers; none: all. A change by another one is submitted only
    with what was agreed on its scope, progress and cost: ``--field scope=…`` (PAT-21)."""

    @model_validator(mode="after")
    def _stages_in_order(self) -> ChangeTerms:
        sides = [stage.side for stage in self.stages]
        if sides != sorted(sides, key=["internal", "customer"].index):
            raise ValueError("stages of the customer come after the internal ones")
        if len({stage.id for stage in self.stages}) != len(self.stages):
            raise ValueError("two stages have the same id")
        return self


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
    people: tuple[Person, ...] = ()
    """Everybody who applies, approves, operates, records or is present."""
    change: ChangeTerms = ChangeTerms()
    """What changes need."""
    calendar: Calendar = Calendar()
    """Working days, freezes and maintenance windows, in the contract's time zone."""
    ports: PortTerms = PortTerms()
    """Roles of ports, and what is judged where a port says nothing else."""

    @model_validator(mode="after")
    def _people_once(self) -> Contract:
        for kind in ("id", "signs_as"):
            names = [getattr(person, kind) for person in self.people]
            if len(set(names)) != len(names):
                raise ValueError(f"people: two persons have the same {kind}")
        logins = [login for person in self.people for login in person.logins]
        if len(set(logins)) != len(logins):
            raise ValueError("people: two persons have the same login")
        return self

    def stage(self, name: str) -> ApprovalStage | None:
        """The stage of the approval chain called ``name``."""
        return next((stage for stage in self.change.stages if stage.id == name), None)

    def person(self, name: str) -> Person | None:
        """The person called ``name``."""
        return next((person for person in self.people if person.id == name), None)
