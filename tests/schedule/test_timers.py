"""Units and crontab lines: the systemd adapter against a recorded manager, and real tools."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from weibao.adapters.schedule import (
    CommandResult,
    CronScheduler,
    SystemdScheduler,
    find_program,
    system_scheduler,
    user_scheduler,
)
from weibao.adapters.schedule.calendar import cron_times, systemd_calendar
from weibao.adapters.schedule.units import argument, estate_id, unit_texts
from weibao.boundary.schedule import ScheduleJob
from weibao.domain.schedule import Schedule, SchedulerKind, planned_between
from weibao.errors import FailedError, InputError, RefusedError

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
ODD = ["plain", "with space", "100% sure", "a$HOME$$b", "quo\"te's", "back\\slash", "工程 一"]


class Manager:
    """A systemctl that remembers; ``fails`` is a verb that does not work."""

    def __init__(self, *, there: bool = True, linger: str = "yes", fails: str = "") -> None:
        self.there = there
        self.linger = linger
        self.fails = fails
        self.calls: list[tuple[str, ...]] = []
        self.enabled: set[str] = set()
        self.active: set[str] = set()

    def __call__(self, argv: Sequence[str]) -> CommandResult:
        self.calls.append(tuple(argv))
        if argv[0] == "loginctl":
            return CommandResult(0, self.linger + "\n")
        if not self.there:
            return CommandResult(1, "", "Failed to connect to bus: No medium found")
        verb, *names = [part for part in argv[1:] if not part.startswith("-")]
        if verb == self.fails:
            return CommandResult(1, "", f"{verb}: Access denied")
        return self._do(verb, set(names))

    def _do(self, verb: str, names: set[str]) -> CommandResult:
        if verb == "show":
            return CommandResult(0, "Version=252\n")
        if verb == "enable":
            self.enabled |= names
        if verb == "restart":
            self.active |= names
        if verb == "disable":
            self.enabled -= names
            self.active -= names
        asked = {"is-enabled": self.enabled, "is-active": self.active}
        good = verb not in asked or names <= asked[verb]
        return CommandResult(0 if good else 1, "")

    def verbs(self) -> list[str]:
        return [next(p for p in c[1:] if not p.startswith("-")) for c in self.calls]


def job(estate: str | Path, at: str = "02:00", zone: str = "Asia/Shanghai", **more) -> ScheduleJob:
    path = str(estate)
    return ScheduleJob(
        schedule=Schedule(at=at, zone=zone, grace_minutes=60),
        name=more.get("name", "my-estate"),
        estate=path,
        program=more.get("program", ("/usr/bin/true",)),
        run=("backup", "run", "--scheduled", "-C", path),
        check=("schedule", "check", "-C", path),
        tick=("change", "tick", "-C", path),
    )


def user(home: Path, manager: Manager) -> SystemdScheduler:
    return user_scheduler(home, caller=manager)


def units(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(folder.iterdir())}


def test_install_writes_units_and_starts_timers(tmp_path):
    manager = Manager()
    done = user(tmp_path, manager).install(job(tmp_path), NOW)
    found = units(tmp_path / ".config/systemd/user")
    night = estate_id("my-estate", str(tmp_path))
    assert set(found) == {
        f"weibao-{what}-{night}.{suffix}"
        for what in ("backup", "check", "changes")
        for suffix in ("service", "timer")
    }
    assert done.changed
    assert sorted(done.files) == [str(tmp_path / ".config/systemd/user" / n) for n in found]
    timer = found[f"weibao-backup-{night}.timer"]
    assert "OnCalendar=*-*-* 02:00:00 Asia/Shanghai\n" in timer
    assert "Persistent=false\n" in timer
    check = found[f"weibao-check-{night}.timer"]
    assert "OnCalendar=*-*-* 03:05:00 Asia/Shanghai\n" in check
    assert "OnStartupSec=5min\n" in check
    changes = found[f"weibao-changes-{night}.timer"]
    assert "OnCalendar=*:0/5\n" in changes
    assert "Persistent=false\n" in changes
    assert '"change" "tick" "-C"' in found[f"weibao-changes-{night}.service"]
    assert manager.active == manager.enabled == {n for n in found if n.endswith(".timer")}


def test_installing_twice_changes_nothing(tmp_path):
    manager = Manager()
    scheduler = user(tmp_path, manager)
    scheduler.install(job(tmp_path), NOW)
    folder = tmp_path / ".config/systemd/user"
    before = {path: (path.stat().st_ino, path.read_bytes()) for path in folder.iterdir()}
    manager.calls.clear()
    again = scheduler.install(job(tmp_path), NOW.replace(year=2027))
    assert not again.changed
    assert before == {p: (p.stat().st_ino, p.read_bytes()) for p in folder.iterdir()}
    assert "restart" not in manager.verbs()


def test_a_stopped_timer_is_started_again(tmp_path):
    manager = Manager()
    scheduler = user(tmp_path, manager)
    scheduler.install(job(tmp_path), NOW)
    manager.active.clear()
    assert not scheduler.state(job(tmp_path)).active
    assert scheduler.install(job(tmp_path), NOW).changed
    assert scheduler.state(job(tmp_path)).active


def test_another_time_replaces_the_units(tmp_path):
    manager = Manager()
    scheduler = user(tmp_path, manager)
    scheduler.install(job(tmp_path), NOW)
    assert scheduler.install(job(tmp_path, at="03:30"), NOW).changed
    found = units(tmp_path / ".config/systemd/user")
    assert len(found) == 6
    assert any("*-*-* 03:30:00" in text for text in found.values())
    assert not any("*-*-* 02:00:00" in text for text in found.values())


def test_estates_live_side_by_side(tmp_path):
    one, two = tmp_path / "a/net", tmp_path / "b/net"
    scheduler = user(tmp_path, Manager())
    scheduler.install(job(one, name="net"), NOW)
    scheduler.install(job(two, name="net"), NOW)
    assert len(units(tmp_path / ".config/systemd/user")) == 12
    scheduler.remove(job(one, name="net"))
    assert scheduler.state(job(two, name="net")).active
    assert not scheduler.state(job(one, name="net")).installed


@pytest.mark.parametrize("verb", ["daemon-reload", "enable", "restart"])
def test_a_failed_install_leaves_nothing(tmp_path, verb):
    with pytest.raises(FailedError, match="Access denied"):
        user(tmp_path, Manager(fails=verb)).install(job(tmp_path), NOW)
    assert units(tmp_path / ".config/systemd/user") == {}


def test_a_failed_change_keeps_the_earlier_schedule(tmp_path):
    manager = Manager()
    scheduler = user(tmp_path, manager)
    scheduler.install(job(tmp_path), NOW)
    before = units(tmp_path / ".config/systemd/user")
    manager.fails = "enable"
    with pytest.raises(FailedError):
        scheduler.install(job(tmp_path, at="04:00"), NOW)
    assert units(tmp_path / ".config/systemd/user") == before


def test_without_a_manager_it_is_refused_with_words(tmp_path):
    scheduler = user(tmp_path, Manager(there=False))
    assert scheduler.missing().code == "no_user_systemd"
    with pytest.raises(RefusedError, match="No medium found") as caught:
        scheduler.install(job(tmp_path), NOW)
    assert "systemd" in caught.value.say("zh")
    assert not (tmp_path / ".config").exists()


def test_without_linger_it_warns(tmp_path):
    done = user(tmp_path, Manager(linger="no")).install(job(tmp_path), NOW)
    assert [warning.code for warning in done.warnings] == ["no_linger"]


def test_the_system_manager_needs_root(tmp_path):
    (tmp_path / "etc/systemd/system").mkdir(parents=True)
    scheduler = system_scheduler(tmp_path, Manager(), uid=1000)
    with pytest.raises(RefusedError, match="root"):
        scheduler.install(job(tmp_path), NOW)
    assert units(tmp_path / "etc/systemd/system") == {}


def test_a_system_unit_runs_as_the_owner_of_the_estate(tmp_path):
    import pwd

    scheduler = system_scheduler(tmp_path, Manager(), uid=0)
    scheduler.install(job(tmp_path), NOW)
    found = units(tmp_path / "etc/systemd/system")
    owner = pwd.getpwuid(tmp_path.stat().st_uid).pw_name
    services = [text for name, text in found.items() if name.endswith(".service")]
    assert len(services) == 3
    for text in services:
        assert f"User={owner}\n" in text
        assert "NoNewPrivileges=yes\n" in text
        assert "UMask=0077\n" in text


def test_a_private_tmp_never_hides_the_estate():
    for estate, private in (("/tmp/e", False), ("/var/tmp/e", False), ("/srv/e", True)):
        texts = unit_texts(job(estate), SchedulerKind.system, NOW, "root")
        services = [text for name, text in texts.items() if name.endswith(".service")]
        assert all(("PrivateTmp=yes" in text) is private for text in services)


def test_remove_takes_everything_away_and_is_quiet_the_second_time(tmp_path):
    manager = Manager()
    scheduler = user(tmp_path, manager)
    scheduler.install(job(tmp_path), NOW)
    assert len(scheduler.remove(job(tmp_path))) == 6
    assert units(tmp_path / ".config/systemd/user") == {}
    assert manager.enabled == manager.active == set()
    assert scheduler.remove(job(tmp_path)) == ()


def test_a_path_with_a_line_end_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"\\n"):
        user(tmp_path, Manager()).install(job("/srv/a\nExecStart=/bin/evil"), NOW)
    with pytest.raises(InputError):
        CronScheduler().install(job("/srv/a\n* * * * * evil"), NOW)


def test_a_name_cannot_add_lines_to_a_unit():
    texts = unit_texts(job("/srv/e", name="a\nExecStart=/bin/evil"), SchedulerKind.user, NOW)
    for text in texts.values():
        assert not any(line.startswith("ExecStart=/bin/evil") for line in text.splitlines())


def test_arguments_are_escaped():
    assert argument('a "b" \\ %h $HOME') == '"a \\"b\\" \\\\ %%h $$HOME"'


analyze = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None and not os.environ.get("CI"),
    reason="systemd-analyze is not installed",
)


@analyze
@pytest.mark.parametrize("kind", [SchedulerKind.user, SchedulerKind.system])
@pytest.mark.parametrize("odd", ODD)
def test_systemd_accepts_the_units(tmp_path, odd, kind):
    program = tmp_path / odd / "weibao"
    program.parent.mkdir()
    program.symlink_to("/usr/bin/true")
    one = job(tmp_path / odd, zone="Europe/Berlin", name=odd, program=(str(program),))
    folder = tmp_path / "units"
    folder.mkdir()
    for name, text in unit_texts(one, kind, NOW, "root").items():
        (folder / name).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *sorted(map(str, folder.iterdir()))],
        capture_output=True,
        text=True,
        check=False,
    )
    ours = [line for line in done.stderr.splitlines() if "weibao" in line]
    assert ours == [], done.stderr


@analyze
@pytest.mark.parametrize(
    ("time", "zone"),
    [
        ("02:00", "Asia/Shanghai"),
        ("02:00", "Europe/Berlin"),
        ("02:30", "America/New_York"),
        ("01:30", "Europe/Berlin"),
    ],
)
def test_systemd_fires_at_every_planned_moment_of_two_years(time, zone):
    schedule = Schedule(at=time, zone=zone, grace_minutes=60)
    nights, checks = systemd_calendar(schedule, NOW)
    end = NOW.replace(year=2028)
    wanted = set(planned_between(schedule, NOW, end))
    assert fired(nights, NOW, end) == wanted
    told = fired(checks, NOW, end)
    for night in wanted:
        over = (night + schedule.grace).timestamp()
        later = [m.timestamp() - over for m in told if m.timestamp() >= over]
        assert min(later, default=0) <= 3 * 3600 + 300


def fired(calendar: list[str], start: datetime, end: datetime) -> set[datetime]:
    """When systemd itself says that the expressions elapse."""
    found = set()
    base = start.strftime("%Y-%m-%d %H:%M:%S UTC")
    for one in calendar:
        if one[0].isdigit():
            found.add(datetime.fromisoformat(one.replace(" UTC", "+00:00")))
            continue
        done = subprocess.run(
            ["systemd-analyze", "calendar", f"--base-time={base}", "--iterations=800", one],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "TZ": "UTC", "LC_ALL": "C"},
        )
        for line in done.stdout.splitlines():
            name, _, said = line.strip().partition(": ")
            if name.startswith(("Next elapse", "Iter.", "Iteration")) and said != "never":
                day, time = said.split()[1:3]
                found.add(datetime.fromisoformat(f"{day}T{time}+00:00"))
    return {moment for moment in found if start <= moment < end}


# cron


def cron(zone: str, crontab: str = "") -> CronScheduler:
    def caller(argv: Sequence[str]) -> CommandResult:
        return CommandResult(0, crontab) if crontab else CommandResult(127, "")

    import zoneinfo

    for folder in zoneinfo.TZPATH:
        if (Path(folder) / zone).is_file():
            return CronScheduler(caller, Path(folder) / zone)
    pytest.skip("no zone files on this machine")


def entries(lines: Sequence[str]) -> list[str]:
    return [line for line in lines if not line.startswith("#")]


@pytest.mark.parametrize(
    ("machine", "zone", "times"),
    [
        ("Asia/Shanghai", "Asia/Shanghai", ["0 2 * * *"]),
        ("Etc/UTC", "Asia/Shanghai", ["0 18 * * *"]),
        ("Europe/Berlin", "Europe/Berlin", ["0 2 * * *"]),
        ("Etc/UTC", "Europe/Berlin", ["0 0,1 * * *"]),
        ("Asia/Kolkata", "Asia/Shanghai", ["30 23 * * *"]),
        ("America/New_York", "Europe/Berlin", ["0 20,21 * * *"]),
    ],
)
def test_cron_times_are_converted_to_the_machine(machine, zone, times):
    lines = entries(cron(machine).install(job("/srv/e", zone=zone), NOW).lines)
    runs = [line for line in lines if "--scheduled" in line]
    assert [" ".join(line.split()[:5]) for line in runs] == times
    assert lines[-2].startswith("@reboot ")
    assert lines[-1].startswith("*/5 * * * * ")
    assert "change tick -C /srv/e" in lines[-1]
    assert "CRON_TZ=" not in "\n".join(lines)


def test_cron_reaches_every_night():
    from zoneinfo import ZoneInfo

    schedule = Schedule(at="02:30", zone="Europe/Berlin", grace_minutes=60)
    times = cron_times(schedule, UTC, NOW)
    walls = {
        f"{int(hour):02}:{int(time.split()[0]):02}"
        for time in times
        for hour in time.split()[1].split(",")
    }
    for night in planned_between(schedule, NOW, NOW.replace(year=2027)):
        assert night.strftime("%H:%M") in walls
    assert cron_times(schedule, ZoneInfo("Europe/Berlin"), NOW) == ["30 2 * * *"]


@pytest.mark.parametrize("odd", ODD)
def test_a_shell_reads_the_cron_command_as_meant(odd):
    one = job(f"/srv/{odd}")
    line = entries(cron("Etc/UTC").install(one, NOW).lines)[0]
    command = line.split(None, 5)[5]
    assert "%" not in command.replace("\\%", "")
    words = shlex.split(command.replace("\\%", "%"))  # as cron hands it to the shell
    assert words[-5:] == list(one.run)


def test_the_crontab_is_recognised():
    one = job("/srv/my estate")
    lines = cron("Etc/UTC").install(one, NOW).lines
    assert cron("Etc/UTC", "\n".join(lines)).state(one).active
    commented = "\n".join(f"# {line}" for line in lines)
    assert not cron("Etc/UTC", commented).state(one).active
    state = cron("Etc/UTC").state(one)
    assert [warning.code for warning in state.warnings] == ["no_crontab"]


def test_the_program_is_found(tmp_path):
    program = tmp_path / "bin/weibao"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    python = str(tmp_path / "bin/python")
    assert find_program(str(program), python) == (str(program),)
    assert find_program("-c", python) == (str(program),)
    assert find_program("/usr/bin/pytest", "/nowhere/python") == (
        "/nowhere/python",
        "-m",
        "weibao",
    )


def test_the_port_check_has_a_timer_where_it_has_a_time() -> None:
    job = ScheduleJob(
        schedule=Schedule(at="02:00", zone="Asia/Shanghai", grace_minutes=60),
        name="e",
        estate="/srv/e",
        program=("/usr/bin/weibao",),
        run=("backup", "run"),
        check=("schedule", "check"),
        ports=("ports", "check", "--scheduled", "-C", "/srv/e"),
        ports_schedule=Schedule(at="06:30", zone="Asia/Shanghai", grace_minutes=60),
    )
    units = unit_texts(job, SchedulerKind.user, NOW)
    name = next(n for n in units if n.startswith("weibao-ports-") and n.endswith(".timer"))
    assert "OnCalendar=*-*-* 06:30:00 Asia/Shanghai" in units[name]
    service = units[name.replace(".timer", ".service")]
    assert '"ports" "check" "--scheduled"' in service
    lines = CronScheduler().install(job, NOW).lines
    assert any(line.split(" ", 5)[5].endswith("ports check --scheduled -C /srv/e") for line in lines
               if not line.startswith(("#", "@")))  # fmt: skip
