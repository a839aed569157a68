"""What a host lacks, told from the package manager's own words (PAT-09, CHK-OS-07)."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from weibao.domain import apt_text
from weibao.domain.base import Moment
from weibao.domain.patch import HostPlan, LeftOut, PackageChange, PatchStatus, PatchWishes
from weibao.domain.patch_facts import Facts
from weibao.domain.reasons import Reason

__all__ = [
    "choose",
    "dnf_changes",
    "is_excluded",
    "left_stale",
    "missing",
    "newest",
    "reboot_reasons",
    "stale_units",
    "status_of",
    "unknown_everywhere",
    "unknown_names",
    "unreadable",
]

RESTARTS_WITH_HOST = frozenset({"dbus.service", "dbus-broker.service", "init.scope"})
"""What cannot be restarted without the host: others hang on it."""

_UNKNOWN = "patch_unknown_name"


def unreadable(facts: Facts) -> Reason | None:
    """Why nothing can be said of a host; None where its facts are whole."""
    if not facts.manager:
        return Reason.of("patch_no_manager", system=facts.system.name or "?")
    if facts.refresh.rc:
        return Reason.of("patch_lists_unreadable", detail=_short(facts.refresh.error))
    if facts.packages is None or not facts.packages:
        return Reason.of("patch_no_packages")
    if facts.updates is None:
        return None
    if facts.manager == "dnf":
        error = str((facts.updates.dnf or {}).get("error", "no answer"))
        return Reason.of("patch_updates_unreadable", detail=_short(error)) if error else None
    for said in (facts.updates.upgrade, facts.updates.full):
        if said is None or said.rc:
            detail = _short(said.err if said else "")
            return Reason.of("patch_updates_unreadable", detail=detail or "-")
    sources = facts.updates.sources
    if sources is not None and sources.rc:
        return Reason.of("patch_updates_unreadable", detail=_short(sources.err) or "-")
    return None


def missing(facts: Facts) -> tuple[tuple[PackageChange, ...], tuple[LeftOut, ...]]:
    """What there is to be had that can be installed, and what stays and why."""
    if facts.updates is None:
        return (), ()
    if facts.manager == "dnf":
        said = facts.updates.dnf or {}
        return dnf_changes(said.get("upgrades") or ()), _dnf_kept(said.get("kept") or (), facts)
    upgrade = facts.updates.upgrade.out if facts.updates.upgrade else ""
    full = facts.updates.full.out if facts.updates.full else ""
    sources = facts.updates.sources.out if facts.updates.sources else ""
    found = apt_text.with_security(apt_text.simulated(upgrade), sources)
    names = {package.name for package in found}
    offered = {package.name: package for package in apt_text.simulated(full)}
    later = frozenset(apt_text.phased(upgrade))
    out: dict[str, LeftOut] = {}
    others = apt_text.kept_back(upgrade) + tuple(sorted((offered.keys() | later) - names))
    for name in others:
        code = "patch_phased" if name in later else "patch_kept_back"
        code = "patch_held" if name.partition(":")[0] in facts.held else code
        version = offered[name].version if name in offered else ""
        if name in out or (name in offered and not offered[name].before):
            continue
        out[name] = LeftOut(name=name, version=version, reason=Reason.of(code))
    return found, tuple(out.values())


def _dnf_kept(rows: Iterable[Mapping[str, Any]], facts: Facts) -> tuple[LeftOut, ...]:
    """What there is to be had, and a lock hides or no solution takes; of several architectures."""
    found = [
        LeftOut(
            name=f"{row['name']}.{row['arch']}",
            version=str(row["version"]),
            reason=Reason.of(
                "patch_held" if row.get("held") or row["name"] in facts.held else "patch_kept_back"
            ),
        )
        for row in rows
    ]
    return tuple(sorted(found, key=lambda out: out.name))


def dnf_changes(rows: Iterable[Mapping[str, Any]]) -> tuple[PackageChange, ...]:
    """Packages as dnf's own Python tells of them."""
    found = []
    for row in rows:
        notices = row.get("advisories") or ()
        security = [n for n in notices if n.get("type") == "security"]
        named = (security or list(notices))[:1]
        found.append(
            PackageChange(
                name=str(row["name"]),
                arch=str(row.get("arch", "")),
                before=str(row.get("before") or ""),
                beside=tuple(row.get("beside") or ()),
                version=str(row["version"]),
                source=str(row.get("repo", "")),
                security=bool(security),
                advisory=str(named[0]["id"]) if named else "",
                size=int(row.get("size") or 0),
                growth=int(row.get("installed_size") or 0),
            )
        )
    return tuple(sorted(found, key=lambda package: (package.name, package.arch)))


def choose(
    found: Iterable[PackageChange], left_out: Iterable[LeftOut], wishes: PatchWishes
) -> tuple[tuple[PackageChange, ...], tuple[LeftOut, ...]]:
    """What of the missing packages is wanted, and what is left out.

    New packages come only with those that need them: resolving brings them in.
    """
    chosen, out = [], list(left_out)
    for package in found:
        if not package.before and not package.beside:
            continue
        code = _not_wanted(package, wishes)
        if code:
            reason = Reason.of(code)
            out.append(LeftOut(name=package.name, version=package.version, reason=reason))
        else:
            chosen.append(package)
    return tuple(chosen), tuple(out)


def _not_wanted(package: PackageChange, wishes: PatchWishes) -> str:
    if is_excluded(package.name, wishes):
        return "patch_excluded"
    if wishes.select == "security" and not package.security:
        return "patch_no_security"
    names = _called(package.name, package.plain[1])
    if wishes.select == "named" and not any(_fits(names, one) for one in wishes.packages):
        return "patch_not_named"
    return ""


def _called(name: str, arch: str) -> tuple[str, ...]:
    """How people and package managers name a package of an architecture."""
    plain = name.partition(":")[0]
    return (name, f"{plain}:{arch}", f"{plain}.{arch}") if arch else (name,)


def _fits(names: Iterable[str], pattern: str) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for name in names)


def unknown_names(
    facts: Facts, wishes: PatchWishes, more: Iterable[str] = ()
) -> tuple[LeftOut, ...]:
    """What was asked for by name and no package is called so: a slip of the pen, most often.

    Known is what is installed, what there is to be had for it, and ``more``.
    """
    if wishes.select != "named":
        return ()
    found, kept = missing(facts)
    known = {*more, *(out.name for out in kept)}
    for package in found:
        known |= {*_called(package.name, package.plain[1])}
    for name, arch, _ in (*(facts.packages or ()), *facts.unfinished):
        known |= {*_called(name, arch)}
    why = Reason.of(_UNKNOWN)
    patterns = dict.fromkeys(wishes.packages)
    return tuple(LeftOut(name=one, reason=why) for one in patterns if not _fits(known, one))


def unknown_everywhere(plans: Sequence[HostPlan]) -> tuple[str, ...]:
    """Names that none of these hosts knows."""
    each = [[out.name for out in plan.left_out if out.reason.code == _UNKNOWN] for plan in plans]
    return tuple(name for name in each[0] if all(name in names for names in each)) if each else ()


def is_excluded(name: str, wishes: PatchWishes) -> bool:
    """Whether a package is to stay as it is; a name without architecture means all of them."""
    names = (name, name.partition(":")[0])
    return any(fnmatch.fnmatchcase(one, pattern) for one in names for pattern in wishes.exclude)


def newest(kernels: Iterable[str]) -> str:
    """The newest of some kernel releases, by their numbers."""
    return max(kernels, key=_numbers, default="")


def _numbers(text: str) -> list[tuple[int, str]]:
    return [
        (int(word), "") if word.isdigit() else (0, word) for word in re.findall(r"\d+|\D+", text)
    ]


def reboot_reasons(facts: Facts) -> tuple[Reason, ...]:
    """Why a restart of the host is pending; empty where none is."""
    found = []
    if facts.reboot.required:
        names = ", ".join(dict.fromkeys(facts.reboot.packages)) or "-"
        found.append(Reason.of("patch_reboot_asked", packages=names))
    kernel = newest(facts.system.kernels)
    if kernel and not facts.system.container and kernel != facts.system.kernel:
        found.append(Reason.of("patch_kernel_older", running=facts.system.kernel, installed=kernel))
    bus = [u for u in stale_units(facts, ()) if u in RESTARTS_WITH_HOST and u != "init.scope"]
    if bus:
        found.append(Reason.of("patch_bus_stale", units=", ".join(bus)))
    return tuple(found)


def stale_units(
    facts: Facts, changed: Iterable[str], since: float | None = None
) -> tuple[str, ...]:
    """Units that run replaced code.

    Their mapped files are gone, or they run files of packages ``changed`` and were started
    before ``since`` (seconds of uptime).
    """
    names = frozenset(changed)
    found = []
    for unit, running in (facts.services or {}).items():
        old = since is not None and running.started is not None and running.started < since
        if running.deleted or (old and names.intersection(running.packages)):
            found.append(unit)
    return tuple(sorted(found))


def with_own_configuration(facts: Facts, plan: HostPlan, since: float | None) -> frozenset[str]:
    """Running units that have to start with the configuration that is there only now.

    Those that the plan restarts, and those of its packages that were started ``since`` (seconds
    after the boot): their scripts did that.
    """
    running = facts.services or {}
    fresh = {
        unit
        for unit, one in running.items()
        if since is not None
        and one.started is not None
        and one.started >= since
        and {one.owner, *one.packages} & plan.names
        and "@" not in unit
    }
    return frozenset(({*plan.restarts} & {*running}) | fresh)


def left_stale(facts: Facts) -> tuple[str, ...]:
    """Services that still run replaced code, and that the host's restart is not needed for."""
    units = stale_units(facts, ())
    return tuple(u for u in units if u.endswith(".service") and u not in RESTARTS_WITH_HOST)


def status_of(
    facts: Facts, *, device: str, contract: str, run_id: str, at: Moment, evidence: tuple[str, ...]
) -> PatchStatus:
    """A host's patch state; not checked where its facts are not whole."""
    problem = unreadable(facts)
    found, out = missing(facts)
    kernel = "" if facts.system.container else newest(facts.system.kernels)
    stamp = datetime.fromtimestamp(facts.last_patched, UTC) if facts.last_patched else None
    stale = stale_units(facts, ())
    return PatchStatus(
        device=device,
        contract=contract,
        run_id=run_id,
        at=at,
        checked=problem is None,
        problem=problem,
        system=facts.system.name,
        level=facts.system.level,
        kernel=facts.system.kernel,
        installed_kernel=kernel,
        packages=len(facts.packages or ()),
        missing=found if problem is None else (),
        left_out=out if problem is None else (),
        held=facts.held,
        reboot=reboot_reasons(facts),
        restarts=tuple(unit for unit in stale if unit not in RESTARTS_WITH_HOST),
        last_patched=stamp,
        evidence=evidence,
    )


def _short(text: str) -> str:
    return " ".join(text.split())[:300]
