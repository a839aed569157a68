"""What starts the night, and the part of the journal that knows of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from weibao.domain.reasons import Reason
from weibao.domain.records import LedgerRow, Run
from weibao.domain.schedule import Schedule, SchedulerKind

__all__ = ["Installed", "ScheduleJob", "ScheduleJournal", "Scheduler", "SchedulerState"]


@dataclass(frozen=True)
class ScheduleJob:
    """What is to be started, and when."""

    schedule: Schedule
    name: str
    """The estate's name, for people."""
    estate: str
    """The estate's absolute path."""
    program: tuple[str, ...]
    """Absolute path of the weibao program, with leading arguments if it needs any."""
    run: tuple[str, ...]
    """Arguments that run the night."""
    check: tuple[str, ...]
    """Arguments that look for missed nights."""
    ports: tuple[str, ...] = ()
    """Arguments of the daily port check."""
    ports_schedule: Schedule | None = None
    """When that is; None: not by a timer."""
    tick: tuple[str, ...] = ()
    """Arguments that start changes which are due and mark missed ones, every few minutes;
    empty: nothing does."""


@dataclass(frozen=True)
class Installed:
    """What installing did."""

    changed: bool
    """False where everything was in place already."""
    files: tuple[str, ...] = ()
    """Unit files, by path."""
    lines: tuple[str, ...] = ()
    """Lines that the user puts into a crontab by himself."""
    warnings: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class SchedulerState:
    """What is there now."""

    installed: bool
    active: bool
    """Whether it will fire by itself."""
    files: tuple[str, ...] = ()
    warnings: tuple[Reason, ...] = ()


class Scheduler(Protocol):
    """Something that starts programs at a time of day."""

    @property
    def kind(self) -> SchedulerKind:
        """Which."""
        ...

    def missing(self) -> Reason | None:
        """Why it cannot be used here; None where it can."""
        ...

    def install(self, job: ScheduleJob, now: datetime) -> Installed:
        """Put the job in place; doing it again changes nothing.

        Raises:
            RefusedError: it needs rights or a manager that are not there.
            InputError: a path that it cannot carry.
            FailedError: it did not work; nothing is left half done.
        """
        ...

    def state(self, job: ScheduleJob) -> SchedulerState:
        """What of the job is in place."""
        ...

    def remove(self, job: ScheduleJob) -> tuple[str, ...]:
        """Take the job away; the files removed, empty where there was nothing.

        Raises:
            RefusedError: it needs rights or a manager that are not there.
            FailedError: it did not work.
        """
        ...


class ScheduleJournal(Protocol):
    """The part of ``Journal`` that schedules need."""

    def append(
        self, at: datetime, actor: str, action: str, subject: str, payload: str
    ) -> LedgerRow:
        """See ``Journal.append``."""
        ...

    def ledger_of(self, action: str, limit: int = 1) -> list[LedgerRow]:
        """See ``Journal.ledger_of``."""
        ...

    def runs(self, *, job: str = "", limit: int = 50) -> list[Run]:
        """See ``Journal.runs``."""
        ...
