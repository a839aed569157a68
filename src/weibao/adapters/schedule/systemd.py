"""The night as systemd timers, of the user or of the machine."""

from __future__ import annotations

import dataclasses
import os
import pwd
from datetime import datetime
from pathlib import Path

from weibao.adapters.schedule.caller import Caller, CommandResult, call
from weibao.adapters.schedule.files import Rollback
from weibao.adapters.schedule.units import unit_texts
from weibao.boundary.schedule import Installed, ScheduleJob, SchedulerState
from weibao.domain.reasons import Reason
from weibao.domain.schedule import SchedulerKind
from weibao.errors import FailedError, RefusedError

__all__ = ["SystemdScheduler", "system_scheduler", "user_scheduler"]


class SystemdScheduler:
    """Writes units to ``folder`` and tells the manager."""

    def __init__(self, kind: SchedulerKind, folder: Path, caller: Caller, uid: int) -> None:
        self._kind = kind
        self._folder = folder
        self._call = caller
        self._uid = uid

    @property
    def kind(self) -> SchedulerKind:
        """Whose manager."""
        return self._kind

    def missing(self) -> Reason | None:
        """Why there is no manager to talk to, as in a container or an old WSL."""
        answer = self._systemctl("show", "--property=Version")
        if answer.code == 0 and "Version=" in answer.output:
            return None
        return Reason.of(f"no_{self._kind.value}_systemd", why=answer.why)

    def install(self, job: ScheduleJob, now: datetime) -> Installed:
        """Write the units, reload, enable and start the timers.

        Raises:
            RefusedError: root is needed, or there is no manager here.
            InputError: a path that a unit cannot carry.
            FailedError: writing or systemctl failed; the earlier units are back in place.
        """
        self._allowed()
        texts = unit_texts(job, self._kind, now, self._owner(job))
        timers = [name for name in texts if name.endswith(".timer")]
        paths = tuple(str(self._folder / name) for name in texts)
        warnings = self._warnings()
        if self._in_place(texts) and self._active(timers):
            return Installed(changed=False, files=paths, warnings=warnings)
        rollback = Rollback(self._folder)
        try:
            for name, text in texts.items():
                rollback.write(name, text)
            self._demand("daemon-reload")
            self._demand("enable", *timers)
            # restart, since a timer that runs already keeps its old times on start
            self._demand("restart", *timers)
        except (OSError, FailedError) as error:
            self._undo(rollback, timers)
            raise FailedError("schedule.install_failed", why=error) from error
        return Installed(changed=True, files=paths, warnings=warnings)

    def state(self, job: ScheduleJob) -> SchedulerState:
        """Which unit files are there, and whether all timers wait for their time."""
        names = self._names(job)
        files = tuple(str(self._folder / n) for n in names if (self._folder / n).is_file())
        timers = [name for name in names if name.endswith(".timer")]
        installed = len(files) == len(names)
        return SchedulerState(
            installed=installed,
            active=installed and self._active(timers),
            files=files,
            warnings=self._warnings() if installed else (),
        )

    def remove(self, job: ScheduleJob) -> tuple[str, ...]:
        """Stop and disable the timers and remove the units.

        Raises:
            RefusedError: root is needed.
            FailedError: a file could not be removed.
        """
        # A port check that was scheduled once goes too.
        every = dataclasses.replace(job, ports_schedule=job.ports_schedule or job.schedule)
        names = [name for name in self._names(every) if (self._folder / name).is_file()]
        if not names:
            return ()
        if self._needs_root():
            raise RefusedError("schedule.needs_root")
        for name in (name for name in names if name.endswith(".timer")):
            self._systemctl("disable", "--now", name)
        try:
            for name in names:
                (self._folder / name).unlink()
        except OSError as error:
            raise FailedError("schedule.remove_failed", why=error) from error
        self._systemctl("daemon-reload")
        return tuple(str(self._folder / name) for name in names)

    def _names(self, job: ScheduleJob) -> list[str]:
        moment = datetime.fromisoformat("2000-01-01T00:00:00+00:00")
        return list(unit_texts(job, self._kind, moment))

    def _needs_root(self) -> bool:
        return self._kind is SchedulerKind.system and self._uid != 0

    def _allowed(self) -> None:
        if self._needs_root():
            raise RefusedError("schedule.needs_root")
        missing = self.missing()
        if missing is not None:
            raise RefusedError(missing.key, **missing.params)

    def _owner(self, job: ScheduleJob) -> str:
        if self._kind is not SchedulerKind.system:
            return ""
        uid = Path(job.estate).stat().st_uid
        try:
            return pwd.getpwuid(uid).pw_name
        except KeyError:
            return str(uid)

    def _in_place(self, texts: dict[str, str]) -> bool:
        try:
            return all(
                _timeless((self._folder / name).read_text(encoding="utf-8")) == _timeless(text)
                for name, text in texts.items()
            )
        except (OSError, UnicodeDecodeError):
            return False

    def _active(self, timers: list[str]) -> bool:
        return all(
            self._systemctl("is-enabled", "--quiet", timer).code == 0
            and self._systemctl("is-active", "--quiet", timer).code == 0
            for timer in timers
        )

    def _warnings(self) -> tuple[Reason, ...]:
        if self._kind is not SchedulerKind.user:
            return ()
        try:
            name = pwd.getpwuid(self._uid).pw_name
        except KeyError:
            name = str(self._uid)
        answer = self._call(("loginctl", "show-user", name, "--property=Linger", "--value"))
        if answer.code == 0 and answer.output.strip() == "yes":
            return ()
        return (Reason.of("no_linger", user=name),)

    def _systemctl(self, *arguments: str) -> CommandResult:
        user = ("--user",) if self._kind is SchedulerKind.user else ()
        return self._call(("systemctl", *user, "--no-ask-password", *arguments))

    def _demand(self, *arguments: str) -> None:
        answer = self._systemctl(*arguments)
        if answer.code != 0:
            raise FailedError("schedule.systemctl", verb=arguments[0], why=answer.why)

    def _undo(self, rollback: Rollback, timers: list[str]) -> None:
        for timer in (timer for timer in timers if rollback.was_new(timer)):
            self._systemctl("disable", "--now", timer)
        rollback.undo()
        self._systemctl("daemon-reload")
        for timer in (timer for timer in timers if not rollback.was_new(timer)):
            self._systemctl("restart", timer)


def _timeless(text: str) -> list[str]:
    """Without the nights written out, whose list moves on with every year."""
    return [line for line in text.splitlines() if not line.startswith("OnCalendar=2")]


def user_scheduler(home: Path, config_home: str = "", caller: Caller = call) -> SystemdScheduler:
    """The user's own manager; ``config_home`` is ``$XDG_CONFIG_HOME`` where it is set."""
    base = Path(config_home) if config_home else home / ".config"
    return SystemdScheduler(SchedulerKind.user, base / "systemd/user", caller, os.getuid())


def system_scheduler(
    root: Path = Path("/"), caller: Caller = call, uid: int | None = None
) -> SystemdScheduler:
    """The machine's manager; installing needs root."""
    folder = root / "etc/systemd/system"
    return SystemdScheduler(
        SchedulerKind.system, folder, caller, os.geteuid() if uid is None else uid
    )
