"""A host's health before and after, and whether it is worse (JOB-12, PAT-10)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from weibao.domain.base import Moment, Value
from weibao.domain.patch import ANYWHERE, HostPlan, Leftovers, Probe, Versions, versions_of
from weibao.domain.patch_facts import Facts, Line
from weibao.domain.reasons import Reason

__all__ = [
    "NOTHING_EXPECTED",
    "STEADY",
    "Before",
    "HealthReading",
    "expected",
    "health_of",
    "package_differences",
    "without_past",
    "worse",
]

_LEVELS = {"emerg": 0, "alert": 1, "crit": 2, "err": 3}
_VARYING = re.compile(r"0x[0-9a-f]+|[0-9a-f]{12,}|\d+", re.I)
_EPHEMERAL = 32768
_RESERVED = range(512, 1024)
"""Ports of UDP from which RPC programs choose by chance."""
STEADY = 10.0
"""Seconds that a service runs which does not end at once."""
_TRANSIENT = re.compile(
    r"^(systemd-(timedated|hostnamed|localed|tmpfiles-clean|update-utmp|journal-flush|machined)"
    r"|user@|user-runtime-dir@|session-|run-|apt-|man-db|dpkg-|logrotate|e2scrub|fstrim|getty@"
    r"|serial-getty@|console-getty|packagekit|polkit|dnf-|fwupd)"
)


class HealthReading(Value):
    """How a host does at one time."""

    at: float
    """Seconds since 1970, the controller's."""
    boot_id: str = ""
    uptime: float = 0
    kernel: str = ""
    failed: tuple[str, ...] = ()
    active: tuple[str, ...] = ()
    units_known: bool = False
    listening: tuple[str, ...] = ()
    probes: tuple[Probe, ...] = ()
    log: tuple[str, ...] = ()
    """Severe lines without what varies in them."""
    log_cut: bool = False
    """There were more than were read."""
    host_at: float = 0
    """The host's own time."""
    synchronised: str = ""
    starts: dict[str, tuple[int, float]] = {}
    """How often systemd started services again by itself, and seconds since it last did."""


class Before(Value):
    """What is kept of a host before it is touched: the measure for everything afterwards."""

    schema_version: int = 1
    device: str
    change: str
    at: Moment
    packages: tuple[tuple[str, str, str], ...]
    auto: tuple[tuple[str, str], ...] = ()
    """What came by itself."""
    residual: tuple[tuple[str, str], ...] = ()
    """What was removed before, and had left its configuration and data (dpkg)."""
    held: tuple[str, ...] | None = None
    """What was not to be changed; None in records that do not know."""
    files: dict[str, str] = {}
    """By path, what every file and folder of the configuration was."""
    paths: tuple[str, ...] = ()
    """The folders of configuration that were read."""
    health: HealthReading
    leftovers: Leftovers = {}
    backup: dict[str, Any] = {}
    """What the backup said of itself: snapshot, files, the restore that was tried."""

    @property
    def versions(self) -> Versions:
        """What was installed, by name and by name and architecture."""
        return versions_of(self.packages)


def without_past(reading: HealthReading, steady: float) -> HealthReading:
    """Of services only what they do now: a way back does not undo how often they ended before."""
    starts = {unit: one for unit, one in reading.starts.items() if one[1] < steady}
    return reading.model_copy(update={"starts": starts})


def health_of(facts: Facts, severe: str = "crit") -> HealthReading:
    """The reading."""
    units = facts.units
    return HealthReading(
        at=facts.clock.asked or facts.clock.host,
        boot_id=facts.system.boot_id,
        uptime=facts.system.uptime,
        kernel=facts.system.kernel,
        failed=units.failed if units else (),
        active=tuple(u for u in units.active if not _TRANSIENT.match(u)) if units else (),
        units_known=bool(units and units.known),
        listening=facts.listening,
        probes=facts.probes,
        log_cut=facts.log_cut,
        host_at=facts.clock.host,
        synchronised=facts.clock.synchronised,
        starts={unit: one for unit, one in units.starts.items() if one[0]} if units else {},
        log=tuple(dict.fromkeys(_shape(line) for line in facts.log or () if _bad(line, severe))),
    )


def _bad(line: Line, severe: str) -> bool:
    return line.priority <= _LEVELS[severe]


def _shape(line: Line) -> str:
    return f"{line.unit}: {_VARYING.sub('#', line.message)}"


def worse(
    before: HealthReading, after: HealthReading, steady: float = STEADY
) -> tuple[Reason, ...]:
    """What was well and is not; empty where the host does as well as before.

    New units and new ports are no harm. ``steady`` is how many seconds a service has to run that
    systemd starts again when it ends.
    """
    found = []
    failed = sorted(set(after.failed) - set(before.failed))
    if failed:
        found.append(Reason.of("patch_units_now_failed", units=", ".join(failed)))
    if before.units_known and not after.units_known:
        found.append(Reason.of("patch_not_read", part="units"))
    gone = sorted(set(before.active) - set(after.active) - set(failed))
    if gone and after.units_known:
        found.append(Reason.of("patch_units_gone", units=", ".join(gone)))
    restless = _restless(before, after, steady)
    if restless:
        found.append(Reason.of("patch_units_restless", units=", ".join(restless)))
    silent = _silent(before.listening, after.listening)
    if silent:
        found.append(Reason.of("patch_ports_gone", ports=", ".join(silent)))
    found += _silenced(before.probes, after.probes)
    lines = [line for line in after.log if line not in set(before.log)]
    if lines:
        found.append(Reason.of("patch_log_lines", count=len(lines), first=lines[0][:200]))
    if after.log_cut:
        found.append(Reason.of("patch_log_cut", count=len(after.log)))
    return tuple(found)


def _restless(before: HealthReading, after: HealthReading, steady: float) -> list[str]:
    """Services that systemd starts again and again, and did not before."""
    same = before.boot_id == after.boot_id
    found = []
    for unit, (times, age) in sorted(after.starts.items()):
        were, was_age = before.starts.get(unit, (0, steady))
        # It counts anew when somebody restarts the service, or the host.
        more = times if same and times < were else times - were
        if (age < steady or more > 1) and not (were and was_age < steady):
            found.append(f"{unit} ({times})")
    return found


def _silent(before: Iterable[str], after: Iterable[str]) -> list[str]:
    """Ports at which nothing listens any more.

    Of those that programs choose by chance only so many have to be there again.
    """
    gone = sorted({*before} - {*after})
    chance = [port for port in gone if _by_chance(port)]
    fewer = sum(map(_by_chance, before)) - sum(map(_by_chance, after))
    return [port for port in gone if _fixed(port)] + (chance if fewer > 0 else [])


def _silenced(before: Iterable[Probe], after: Iterable[Probe]) -> list[Reason]:
    """Probes that were well and are not; several may have one name, and are told by their order."""
    answers = _by_name(after)
    found = []
    for name, probes in sorted(_by_name(before).items()):
        now = answers.get(name, [])
        for number, probe in enumerate(probes):
            answer = now[number] if number < len(now) else None
            if probe.ok and (answer is None or not answer.ok):
                said = (answer.said if answer else "") or "-"
                found.append(Reason.of("patch_probe_now_failed", probe=name, said=said))
    return found


def _by_name(probes: Iterable[Probe]) -> dict[str, list[Probe]]:
    found: dict[str, list[Probe]] = {}
    for probe in probes:
        found.setdefault(probe.name, []).append(probe)
    return found


def expected(before: HealthReading) -> dict[str, Any]:
    """What has to be well again, so that it is waited for, and since when the log counts."""
    ports = [port for port in before.listening if _fixed(port)]
    return {"units": [*before.active], "ports": ports, "since": before.host_at}


NOTHING_EXPECTED: dict[str, Any] = {"units": [], "ports": [], "since": 0, "paths": []}
"""Of a host of which nothing is kept."""


def _fixed(port: str) -> bool:
    kind, _, where = port.partition("/")
    number = where.rpartition(":")[2]
    if not number.isdigit() or int(number) >= _EPHEMERAL:
        return False
    return kind != "udp" or int(number) not in _RESERVED


def _by_chance(port: str) -> bool:
    """High ones of TCP; those that only the host itself reaches are often a login's."""
    kind, _, where = port.partition("/")
    address, _, number = where.rpartition(":")
    is_high = number.isdigit() and int(number) >= _EPHEMERAL
    return kind == "tcp" and is_high and not address.startswith(("127.", "[::1]"))


def package_differences(before: Versions, after: Versions, plan: HostPlan) -> tuple[Reason, ...]:
    """Where the packages are not exactly those of before with the approved changes."""
    wanted = _each(before)
    for package in plan.packages:
        name, arch = package.plain
        if package.beside:
            wanted[name, arch] = wanted.get((name, arch), frozenset()) | {package.version}
            continue
        same = [one for one in wanted if one[0] == name]
        for one in same:  # a package may come to fit every host, or cease to
            if one[1] in ANYWHERE or not arch or arch in ANYWHERE:
                del wanted[one]
        there = [one for one in _each(after) if one[0] == name] if not arch else [(name, arch)]
        wanted |= dict.fromkeys(there or [(name, "")], frozenset({package.version}))
    return _compared(wanted, _each(after))


def _each(versions: Versions) -> dict[tuple[str, str], frozenset[str]]:
    """By name and architecture, without the entries by name alone."""
    parts = ((*key.partition(":"), there) for key, there in versions.items())
    return {(name, arch): there for name, colon, arch, there in parts if colon}


def _compared(
    wanted: dict[tuple[str, str], frozenset[str]], after: dict[tuple[str, str], frozenset[str]]
) -> tuple[Reason, ...]:
    both = wanted.keys() | after.keys()
    times = Counter(name for name, _ in both)
    return tuple(
        Reason.of(
            "patch_package_differs",
            package=one[0] if times[one[0]] == 1 else ":".join(one),
            wanted=", ".join(sorted(wanted.get(one, ()))) or "-",
            found=", ".join(sorted(after.get(one, ()))) or "-",
        )
        for one in sorted(both)
        if wanted.get(one) != after.get(one)
    )
