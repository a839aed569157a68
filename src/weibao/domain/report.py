"""The night's report as data: all that its renderers need, rebuilt from the records alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Self

from pydantic import Field, computed_field, model_validator

from weibao.domain.base import Moment, Value
from weibao.domain.records import Finding, Outcome, RunTarget
from weibao.domain.run_report import DeviceOfReport, RunReport

__all__ = ["BackupReport", "ChangedDevice", "DeviceRow", "Totals"]

REPORT_SCHEMA = "weibao.report.backup/1"


class Totals(Value):
    """Counts that add up: the five outcomes together are ``inventory`` (JOB-10)."""

    inventory: int = Field(ge=0)
    """Devices of this contract in the whole inventory."""
    targeted: int = Field(ge=0)
    """Devices that the run was to reach; the others are counted as not checked."""
    archived: int = Field(ge=0)
    unchanged: int = Field(ge=0)
    refused: int = Field(ge=0)
    failed: int = Field(ge=0)
    not_checked: int = Field(ge=0)

    @classmethod
    def of(cls, outcomes: Iterable[Outcome], *, inventory: int, targeted: int) -> Self:
        """Count ``outcomes``; a device of the inventory without one is not checked."""
        counts = Counter(outcomes)
        counts[Outcome.not_checked] += inventory - counts.total()
        numbers = {outcome.value: counts[outcome] for outcome in Outcome}
        return cls(inventory=inventory, targeted=targeted, **numbers)

    @property
    def good(self) -> int:
        """Devices with a proven current backup."""
        return self.archived + self.unchanged

    def count(self, outcome: Outcome) -> int:
        """The number of devices with ``outcome``."""
        return int(getattr(self, outcome.value))

    @model_validator(mode="after")
    def _add_up(self) -> Self:
        together = sum(self.count(outcome) for outcome in Outcome)
        if together != self.inventory:
            raise ValueError(
                f"the outcomes add up to {together}, the inventory has {self.inventory}"
            )
        if not together - self.not_checked <= self.targeted <= self.inventory:
            raise ValueError(
                f"{self.targeted} targeted does not fit {together - self.not_checked} tried "
                f"of {self.inventory}"
            )
        return self


class DeviceRow(DeviceOfReport):
    """One device in the report."""

    platform: str
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

    @model_validator(mode="before")
    @classmethod
    def _read_back(cls, given: Any) -> Any:
        """Accept its own JSON, in which the computed ``outcome`` stands too."""
        if isinstance(given, dict) and "outcome" in given:
            return {name: value for name, value in given.items() if name != "outcome"}
        return given


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


class BackupReport(RunReport):
    """One contract's report of one run."""

    schema_id: str = REPORT_SCHEMA
    totals: Totals
    rows: tuple[DeviceRow, ...]
    """Of the whole inventory; devices left out here are counted as not checked."""
    changes: tuple[ChangedDevice, ...]
    findings: tuple[Finding, ...]
    """Of the whole run; those of devices also stand in their rows."""
    platform_titles: dict[str, str] = {}
    """How platforms are called for people, by platform id (``Huawei VRP``)."""
    max_age_hours: float

    @model_validator(mode="after")
    def _rows_fit_the_totals(self) -> Self:
        counts = Counter(row.outcome for row in self.rows)
        unlisted = self.totals.inventory - len(self.rows)
        for outcome in Outcome:
            listed = counts[outcome] + (unlisted if outcome is Outcome.not_checked else 0)
            if listed != self.totals.count(outcome):
                raise ValueError(
                    f"the totals say {self.totals.count(outcome)} {outcome.value}, "
                    f"the rows {counts[outcome]}"
                )
        return self
