"""The text of systemd units and the names of their files; pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import PurePosixPath

from weibao.adapters.schedule.calendar import TICK_MINUTES, systemd_calendar
from weibao.boundary.schedule import ScheduleJob
from weibao.domain.schedule import SchedulerKind
from weibao.errors import InputError

__all__ = ["argument", "estate_id", "unit_texts"]

_COMMON = ("NoNewPrivileges=yes", "UMask=0077", "Nice=10")
# Options that need mount namespaces or rights that a user's manager may not have.
_SYSTEM_ONLY = (
    "ProtectKernelTunables=yes",
    "ProtectKernelModules=yes",
    "ProtectControlGroups=yes",
    "RestrictSUIDSGID=yes",
    "LockPersonality=yes",
)
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def estate_id(name: str, path: str) -> str:
    """A name for units: readable, and one for each estate of a machine."""
    slug = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:40] or "estate"
    return f"{slug}-{hashlib.sha256(path.encode()).hexdigest()[:8]}"


def _no_control(text: str) -> str:
    if any(ord(char) < 32 or ord(char) == 127 for char in text):
        raise InputError("schedule.odd_path", path=text.encode("unicode_escape").decode())
    return text


def argument(text: str) -> str:
    """``text`` as one argument of ``ExecStart=`` (systemd.service(5), "Command lines")."""
    quoted = _no_control(text).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + quoted.replace("%", "%%").replace("$", "$$") + '"'


def _command(program: Sequence[str], arguments: Sequence[str]) -> str:
    words = [*program, *arguments]
    # systemd takes no quotes and backslashes in the program's own path, and does not read
    # "$$" there as "$"; a shell hands such a path on as it is.
    if set("\"'\\$") & set(program[0]):
        words = ["/bin/sh", "-c", 'exec "$0" "$@"', *words]
    return " ".join(argument(word) for word in words)


def _environment(name: str, value: str) -> str:
    quoted = _no_control(value).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'Environment="{name}={quoted}"'


def _in_tmp(paths: Iterable[str]) -> bool:
    return any(
        PurePosixPath(path).is_relative_to(tmp)
        for path in paths
        for tmp in ("/tmp", "/var/tmp")  # noqa: S108 - only compared
    )


def _service(
    job: ScheduleJob, kind: SchedulerKind, title: str, arguments: Sequence[str], user: str
) -> str:
    system = kind is SchedulerKind.system
    lines = ["[Unit]", f"Description={title}"]
    if system:
        lines += ["Wants=network-online.target", "After=network-online.target time-sync.target"]
    lines += ["", "[Service]", "Type=oneshot", f"ExecStart={_command(job.program, arguments)}"]
    if system:
        lines.append(f"User={user}")
    folder = str(PurePosixPath(job.program[0]).parent)
    lines += [_environment("PATH", f"{folder}:{_PATH}"), _environment("LANG", "C.UTF-8"), *_COMMON]
    if system:
        lines += _SYSTEM_ONLY
        if not _in_tmp((job.estate, job.program[0])):
            lines.append("PrivateTmp=yes")
    return "\n".join([*lines, ""])


def _timer(title: str, calendar: Iterable[str], extra: Iterable[str] = ()) -> str:
    return "\n".join(
        [
            "[Unit]",
            f"Description={title}",
            "",
            "[Timer]",
            *(f"OnCalendar={moment}" for moment in calendar),
            *extra,
            "AccuracySec=1s",
            "# A night that was missed is reported, not made up in the morning.",
            "Persistent=false",
            "",
            "[Install]",
            "WantedBy=timers.target",
            "",
        ]
    )


def unit_texts(
    job: ScheduleJob, kind: SchedulerKind, now: datetime, user: str = ""
) -> dict[str, str]:
    """File name → text of the units: night, check and changes, each a service and a timer.

    ``user`` is who runs a system unit.

    Raises:
        InputError: a path with control characters, which no unit can carry.
    """
    estate = estate_id(job.name, job.estate)
    name = " ".join(job.name.replace("%", "%%").replace("\\", "/").split())
    nights, checks = systemd_calendar(job.schedule, now)
    night, check = f"weibao-backup-{estate}", f"weibao-check-{estate}"
    night_title = f"Weibao: configuration backup of {name}"
    check_title = f"Weibao: was the night of {name} missed?"
    texts = {
        f"{night}.service": _service(job, kind, night_title, job.run, user),
        f"{check}.service": _service(job, kind, check_title, job.check, user),
        f"{night}.timer": _timer(night_title, nights),
        # After the machine was off there is no other moment to say so.
        f"{check}.timer": _timer(check_title, checks, ("OnStartupSec=5min",)),
    }
    if job.ports_schedule is not None:
        ports, title = f"weibao-ports-{estate}", f"Weibao: port check of {name}"
        mornings, _ = systemd_calendar(job.ports_schedule, now)
        texts[f"{ports}.service"] = _service(job, kind, title, job.ports, user)
        texts[f"{ports}.timer"] = _timer(title, mornings)
    if job.tick:
        changes, title = f"weibao-changes-{estate}", f"Weibao: changes of {name} that are due"
        texts[f"{changes}.service"] = _service(job, kind, title, job.tick, user)
        # One that lasts is not started a second time; systemd waits for its end.
        texts[f"{changes}.timer"] = _timer(title, (f"*:0/{TICK_MINUTES}",))
    return texts
