"""The night as a timer."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from weibao.adapters.clock import SystemClock
from weibao.adapters.notifiers import build_notifiers, check_notifiers
from weibao.adapters.program import actor
from weibao.adapters.schedule import (
    CronScheduler,
    find_program,
    system_scheduler,
    user_scheduler,
)
from weibao.bootstrap.workshop import Workshop
from weibao.boundary.schedule import Installed, ScheduleJob, Scheduler
from weibao.domain.reasons import Reason
from weibao.domain.schedule import Schedule, StartDecision
from weibao.errors import WeibaoError
from weibao.services import schedule as service
from weibao.services.tell import tell_error

__all__ = [
    "check_night",
    "decide_night",
    "install_night",
    "remove_night",
    "show_night",
    "tell_stopped",
]


_PATIENCE = "3600"
"""Seconds for which the port check waits for a night that is still going on."""


def _schedule(workshop: Workshop, at: str = "") -> Schedule:
    settings = workshop.estate.settings
    return Schedule(
        at=at or settings.schedule.backup_at,
        zone=settings.time_zone,
        grace_minutes=settings.schedule.grace_minutes,
    )


def _job(workshop: Workshop, at: str = "") -> ScheduleJob:
    path = str(workshop.estate.folder)
    ports_at = workshop.estate.settings.schedule.ports_at
    return ScheduleJob(
        schedule=_schedule(workshop, at),
        name=workshop.estate.settings.name,
        estate=path,
        program=find_program(sys.argv[0], sys.executable),
        run=("backup", "run", "--scheduled", "-C", path),
        check=("schedule", "check", "-C", path),
        ports=("ports", "check", "--scheduled", "--wait", _PATIENCE, "-C", path),
        ports_schedule=_schedule(workshop, ports_at) if ports_at else None,
        tick=("change", "tick", "-C", path),
    )


def _schedulers() -> dict[str, Scheduler]:
    home = Path(os.environ.get("HOME") or "~").expanduser()
    return {
        "system": system_scheduler(),
        "user": user_scheduler(home, os.environ.get("XDG_CONFIG_HOME", "")),
        "cron": CronScheduler(),
    }


def install_night(workshop: Workshop, kind: str, at: str) -> tuple[str, Installed, str]:
    """Install; which kind was used, what was done, and why no better kind was.

    ``kind`` empty: the machine's systemd for root, the user's for others, else cron lines.

    Raises:
        RefusedError, InputError, FailedError: as ``services.schedule.install``.
    """
    estate = workshop.estate
    check_notifiers(estate.settings.notify, estate.folder, SystemClock())
    schedulers = _schedulers()
    why = ""
    if not kind:
        kind = "system" if os.geteuid() == 0 else "user"
        missing = schedulers[kind].missing()
        if missing is not None:
            from weibao.services.versions import say

            why, kind = say(missing, workshop.language), "cron"
    now = SystemClock().now()
    done = service.install(_job(workshop, at), schedulers[kind], workshop.journal, now, actor())
    return kind, done, why


def remove_night(workshop: Workshop) -> tuple[str, ...]:
    """Take the timer away; the files removed."""
    usable = [s for s in _schedulers().values() if s.missing() is None]
    return service.remove(_job(workshop), usable, workshop.journal, SystemClock().now(), actor())


def show_night(workshop: Workshop) -> service.ScheduleView:
    """What is installed, comes next and was missed."""
    schedulers = list(_schedulers().values())
    return service.show(workshop.journal, _job(workshop), schedulers, SystemClock().now())


def check_night(workshop: Workshop) -> service.CheckReport:
    """Find nights that were missed and tell about them once."""
    estate = workshop.estate
    clock = SystemClock()
    teller = service.Teller(
        estate=estate.settings.name,
        language=estate.settings.language,
        settings=estate.settings.notify,
        notifiers=build_notifiers(estate.settings.notify, estate.folder, clock),
    )
    return service.check(workshop.journal, teller, clock.now(), actor())


def tell_stopped(workshop: Workshop, error: WeibaoError) -> list[Reason]:
    """Tell that a night was stopped by ``error``; what did not work. Needs no journal."""
    estate = workshop.estate
    notifiers = build_notifiers(estate.settings.notify, estate.folder, SystemClock())
    return tell_error(estate.settings, notifiers, error)


def decide_night(workshop: Workshop) -> StartDecision:
    """Whether the timer's start may run the backup now."""
    return service.decide(workshop.journal, _schedule(workshop), SystemClock().now())
