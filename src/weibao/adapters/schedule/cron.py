"""The night as lines for a crontab, printed for the user to put in.

No ``CRON_TZ``: Debian's cron ignores it, and where it works it moves every other line of
the same crontab. The times are converted to the machine's zone instead.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import UTC, datetime, timezone
from pathlib import Path, PurePosixPath
from zoneinfo import ZoneInfo

from weibao.adapters.schedule.calendar import TICK_MINUTES, check_times, cron_times
from weibao.adapters.schedule.caller import NOT_FOUND, Caller, call
from weibao.boundary.schedule import Installed, ScheduleJob, SchedulerState
from weibao.domain.reasons import Reason
from weibao.domain.schedule import SchedulerKind
from weibao.errors import InputError

__all__ = ["CronScheduler"]


class CronScheduler:
    """Prints crontab lines and recognises them; it never edits a crontab."""

    def __init__(self, caller: Caller = call, localtime: Path = Path("/etc/localtime")) -> None:
        self._call = caller
        self._localtime = localtime

    @property
    def kind(self) -> SchedulerKind:
        """Cron."""
        return SchedulerKind.cron

    def missing(self) -> Reason | None:
        """Printing lines needs nothing."""
        return None

    def install(self, job: ScheduleJob, now: datetime) -> Installed:
        """The lines; nothing is written.

        Raises:
            InputError: a path with control characters.
        """
        return Installed(changed=True, lines=self._lines(job, now))

    def state(self, job: ScheduleJob) -> SchedulerState:
        """Whether the user's crontab has the command that runs the night."""
        answer = self._call(("crontab", "-l"))
        if answer.code == NOT_FOUND:
            return SchedulerState(False, False, warnings=(Reason.of("no_crontab"),))
        command = _command(job.program, job.run)
        there = any(
            command in line
            for line in answer.output.splitlines()
            if not line.lstrip().startswith("#")
        )
        return SchedulerState(there, there)

    def remove(self, job: ScheduleJob) -> tuple[str, ...]:
        """Nothing: the lines are the user's."""
        return ()

    def _lines(self, job: ScheduleJob, now: datetime) -> tuple[str, ...]:
        zone, name = self._machine()
        nights = cron_times(job.schedule, zone, now)
        checks = check_times(job.schedule, zone, now)
        set_up = _set_up(job)
        run = set_up + _command(job.program, job.run)
        check = set_up + _command(job.program, job.check)
        title = " ".join(job.name.split())
        return (
            f"# Weibao {title}: nightly at {job.schedule.at} {job.schedule.zone}",
            f"# cron knows one time zone, this machine's ({name}); the times are converted to it.",
            "# A start at the wrong hour of several does nothing; print these lines again when",
            "# the machine's zone changes.",
            *(f"{when} {run}" for when in nights),
            f"# Weibao {title}: tells when a night was missed",
            *(f"{when} {check}" for when in checks),
            f"@reboot {check}",
            *self._ports(job, title, set_up, zone, now),
            *_changes(job, title, set_up),
        )

    @staticmethod
    def _ports(
        job: ScheduleJob, title: str, set_up: str, zone: ZoneInfo | timezone, now: datetime
    ) -> tuple[str, ...]:
        if job.ports_schedule is None:
            return ()
        command = set_up + _command(job.program, job.ports)
        times = cron_times(job.ports_schedule, zone, now)
        at = f"{job.ports_schedule.at} {job.ports_schedule.zone}"
        head = f"# Weibao {title}: port check, daily at {at}"
        return (head, *(f"{when} {command}" for when in times))

    def _machine(self) -> tuple[ZoneInfo | timezone, str]:
        try:
            with self._localtime.open("rb") as file:
                zone = ZoneInfo.from_file(file)
            _, _, name = str(self._localtime.resolve()).partition("zoneinfo/")
        except (OSError, ValueError):
            return UTC, "UTC"
        return zone, name or "local time"


def _changes(job: ScheduleJob, title: str, set_up: str) -> tuple[str, ...]:
    if not job.tick:
        return ()
    return (
        f"# Weibao {title}: starts changes that are due where the contract lets a timer do so,",
        "# and marks those whose window has passed.",
        f"*/{TICK_MINUTES} * * * * {set_up}{_command(job.program, job.tick)}",
    )


def _set_up(job: ScheduleJob) -> str:
    folder = PurePosixPath(job.program[0]).parent
    path = shlex.quote(f"{folder}:/usr/local/bin:/usr/bin:/bin").replace("%", "\\%")
    return f"umask 077; PATH={path} LANG=C.UTF-8 "


def _command(program: Sequence[str], arguments: Sequence[str]) -> str:
    """One shell command for a crontab, where an unescaped % would end it (crontab(5))."""
    for part in (*program, *arguments):
        if any(ord(char) < 32 or ord(char) == 127 for char in part):
            raise InputError("schedule.odd_path", path=part.encode("unicode_escape").decode())
    return shlex.join([*program, *arguments]).replace("%", "\\%")
