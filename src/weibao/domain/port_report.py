"""The daily record of ports as data: all that its renderers need (PRT-10, RPT-24)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from weibao.domain.base import Moment, Value
from weibao.domain.port import AdminStatus, OperStatus, Port
from weibao.domain.port_expectation import PortExpectation
from weibao.domain.port_finding import PortFinding
from weibao.domain.port_record import DeviceReading, PortOutcome, PortState
from weibao.domain.reachability import CONTROLLER
from weibao.domain.routing import Reached, unmade
from weibao.domain.run_report import DeviceOfReport, RunReport

__all__ = [
    "PortDay",
    "PortDeviceRow",
    "PortReport",
    "PortStanding",
    "PortTally",
    "PortTotals",
    "standing_of",
    "tally_of",
    "tally_of_readings",
]

REPORT_SCHEMA = "weibao.report.ports/1"


class PortStanding(StrEnum):
    """What a port counts as; each port is one of them."""

    up = "up"
    down = "down"
    """Wanted up, and not up."""
    shut = "shut"
    """Switched off by configuration."""
    unknown = "unknown"
    """Not understood, or not said: never counted as good."""
    lost = "lost"
    """The device had it, and has it no more."""


def standing_of(port: Port) -> PortStanding:
    """What ``port`` counts as; admin-down comes before all that the link says."""
    if port.admin_status is AdminStatus.down:
        return PortStanding.shut
    if port.oper_status is OperStatus.up:
        return PortStanding.up
    if port.oper_status in {OperStatus.unknown, OperStatus.testing}:
        return PortStanding.unknown
    return PortStanding.down


class PortTally(Value):
    """Ports by what they are; all together are ``total``."""

    total: int = Field(ge=0)
    up: int = Field(ge=0)
    down: int = Field(ge=0)
    """Wanted up, and not up."""
    shut: int = Field(ge=0)
    """Switched off by configuration."""
    unknown: int = Field(ge=0)
    """Not understood, or not said: never counted as good."""
    lost: int = Field(default=0, ge=0)
    """The device had them, and has them no more."""

    def told(self) -> Iterator[PortStanding]:
        """What a sentence names: nothing is said of lost ports where there are none."""
        yield from (each for each in PortStanding if each is not PortStanding.lost or self.lost)

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if self.up + self.down + self.shut + self.unknown + self.lost != self.total:
            raise ValueError("the ports do not add up")
        return self


def tally_of(ports: tuple[PortState, ...]) -> PortTally:
    """Count ports; each counts once."""
    return _tally(Counter(standing_of(state.port) for state in ports))


def tally_of_readings(readings: Iterable[DeviceReading]) -> PortTally:
    """Count the ports of good readings, with those that are lost; what was not seen is unknown."""
    counts: Counter[PortStanding] = Counter()
    for reading in readings:
        if reading.good:
            counts.update(standing_of(state.port) for state in reading.ports)
            counts[PortStanding.unknown] += len(reading.unseen)
            counts[PortStanding.lost] += len(reading.lost)
    return _tally(counts)


def _tally(counts: Counter[PortStanding]) -> PortTally:
    return PortTally(total=counts.total(), **{each.value: counts[each] for each in PortStanding})


class PortTotals(Value):
    """Devices by outcome (together the inventory), and their ports."""

    inventory: int = Field(ge=0)
    read: int = Field(ge=0)
    partly: int = Field(ge=0)
    failed: int = Field(ge=0)
    not_checked: int = Field(ge=0)
    ports: PortTally
    """Of the devices that were read in this run."""
    stale_ports: int = Field(ge=0)
    """Ports whose last known state is an earlier run's, since their device was not read."""

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if self.read + self.partly + self.failed + self.not_checked != self.inventory:
            raise ValueError("the devices do not add up")
        return self

    def count(self, outcome: PortOutcome) -> int:
        """Devices with ``outcome``."""
        return int(getattr(self, outcome.value))


class PortDeviceRow(DeviceOfReport):
    """One device in the record."""

    title: str = ""
    """Its platform, for people (``Huawei VRP``)."""
    model: str = ""
    reading: DeviceReading
    """Of this run; says *not checked* where it was not to be read."""
    last: DeviceReading | None = None
    """The last good one of an earlier run, where this run's is not good: shown as stale."""
    expectations: dict[str, PortExpectation] = {}
    """By canonical name; ports without one are not in it."""
    findings: tuple[PortFinding, ...] = ()


class PortDay(Value):
    """One earlier run, for the history's chart."""

    run_id: str
    day: date
    at: Moment
    ports: PortTally
    findings: int
    """Without the waived ones."""
    devices_read: int
    devices_total: int


class PortReport(RunReport):
    """《系统运行日志》: one contract's ports of one run."""

    schema_id: str = REPORT_SCHEMA
    recorder: str
    """Person who keeps the log."""
    totals: PortTotals
    rows: tuple[PortDeviceRow, ...]
    """Of the whole inventory of the contract."""
    findings: tuple[PortFinding, ...]
    """All, the most severe first, waived ones last; new ones of this run are in ``new``."""
    new: tuple[int, ...] = ()
    """Places in ``findings`` that the run before did not have."""
    gone: tuple[PortFinding, ...] = ()
    """Findings of the run before that are no more."""
    reached: tuple[Reached, ...] = ()
    """Tests between defined points, from the controller and from devices."""
    days: tuple[PortDay, ...] = ()
    """This run and those before it, oldest first."""

    @property
    def tests(self) -> tuple[Reached, ...]:
        """``reached``, and every other test of the contract, as one that was not made."""
        made = {(one.name, one.source) for one in self.reached}
        devices = {row.device for row in self.rows}
        missing = []
        for test in self.contract.ports.reachability:
            if (test.name, test.source) not in made:
                known = test.source == CONTROLLER or test.source in devices
                why = "not_in_this_run" if known else "no_such_device"
                missing.append(unmade(test, why, self.generated_at))
        return (*self.reached, *missing)
