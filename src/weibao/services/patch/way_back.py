"""The stages of the way back: exactly what the host was, proven equal to the record."""

from __future__ import annotations

from weibao.domain.patch import HostPlan, PackageChange
from weibao.domain.patch_gate import broken_database
from weibao.domain.patch_health import (
    Before,
    changed_files,
    health_of,
    package_differences,
    worse,
)
from weibao.domain.patch_missing import reboot_reasons, stale_units
from weibao.domain.reasons import Reason
from weibao.services.patch.judging import FOLDER, Case, Judged, Stage

__all__ = ["BACK_STAGES"]


def back_order(case: Case) -> Judged:
    """What has to be undone: versions, new packages, configuration files."""
    before = case.records.before(case.device)
    if before is None:
        return Judged(order={"needed": False}, notes=(Reason.of("patch_untouched"),))
    if case.plan is None or case.facts.packages is None or case.facts.files is None:
        return Judged((Reason.of("patch_not_read", part="files"),))
    now, was = case.facts.versions, before.versions
    changed = [p for p in case.plan.packages if p.installed(now) != p.installed(was)]
    back = [(p, p.installed(was)) for p in changed if p.installed(was)]
    new = [p for p in changed if not p.installed(was) and p.installed(now)]
    halves = {(name, arch) for name, arch, _ in case.facts.unfinished}
    half = [p for p in case.plan.packages if not p.installed(was) and p.plain in halves]
    folder = f"{FOLDER}/{case.change}/packages"
    versions = {(p.plain[0], version) for p, version in back}
    known = case.records.progress(case.device)
    since = known.get("back_since", case.facts.system.uptime)
    case.records.keep_progress(
        case.device, {**known, "back_since": since, "back_boot": case.facts.system.boot_id}
    )
    return Judged(
        changed=True,
        order={
            "needed": True,
            "manager": case.plan.manager,
            "folder": folder,
            "repair": bool(case.facts.broken),
            "install": sorted(f"{p.name}={version}" for p, version in back),
            "files": sorted(
                f"{folder}/{f.file}" for f in case.plan.earlier if (f.name, f.version) in versions
            ),
            "halves": sorted(p.name for p in half),
            "remove": sorted(_to_remove(p, case.plan.manager) for p in new),
            "snapshot": str(before.backup.get("snapshot") or ""),
            "snapshots": before.backup.get("snapshots") or [],
        },
    )


def _to_remove(package: PackageChange, manager: str) -> str:
    """As the package manager takes it; dnf would remove every architecture of a mere name."""
    name, arch = package.plain
    return f"{name}.{arch}" if manager == "dnf" and arch else package.name


def back_files(case: Case) -> Judged:
    """Which configuration files are not as they were, once the packages are back."""
    before = case.records.before(case.device)
    if before is None or case.facts.files is None:
        return Judged(order={"files": {}, "removed": []})
    names = changed_files(before.files, case.facts.files)
    beside = sorted(set(case.facts.leftovers) - set(before.leftovers))
    files = {name: before.files[name] for name in names}
    return Judged(order={"files": files, "removed": beside})


def back_applied(case: Case) -> Judged:
    """What has to be restarted so that nothing of the new code runs."""
    before = case.records.before(case.device)
    if before is None or case.plan is None:
        return Judged()
    known = case.records.progress(case.device)
    same_boot = case.facts.system.boot_id == known.get("back_boot")
    other_kernel = case.facts.system.kernel != before.health.kernel
    reboot = (
        case.wishes.reboot != "never"
        and same_boot
        and (other_kernel or (bool(known.get("reboot")) and bool(reboot_reasons(case.facts))))
    )
    units = set(stale_units(case.facts, case.plan.names, known.get("back_since")))
    if case.facts.units is not None:
        units |= set(before.health.active) - set(case.facts.units.active)
    kept = {"dbus.service", "dbus-broker.service", "init.scope", *case.wishes.keep_running}
    return Judged(
        order={
            "reboot": reboot,
            "reexec": "init.scope" in units and not reboot,
            "restart": []
            if reboot
            else sorted(u for u in units if u.endswith(".service") and u not in kept),
        }
    )


def back_done(case: Case) -> Judged:
    """Whether the host is what it was: packages, files, health (proven, or said loudly)."""
    before = case.records.before(case.device)
    if before is None:
        return Judged(notes=(Reason.of("patch_untouched"),))
    if case.facts.packages is None or case.facts.files is None or case.facts.units is None:
        return Judged((Reason.of("patch_not_read", part="health"),))
    why = list(package_differences(before.versions, case.facts.versions, HostPlan()))
    why += broken_database(case.facts)
    files = changed_files(before.files, case.facts.files)
    if files:
        why.append(Reason.of("patch_files_differ", files=", ".join(files[:10])))
    why += _worse(before, case)
    return Judged(tuple(why), changed=True)


def _worse(before: Before, case: Case) -> tuple[Reason, ...]:
    """Log lines are no measure here: what went wrong is in them."""
    found = worse(before.health, health_of(case.facts, case.wishes.severe))
    return tuple(reason for reason in found if reason.code != "patch_log_lines")


BACK_STAGES: dict[str, Stage] = {
    "back_order": back_order,
    "back_files": back_files,
    "back_applied": back_applied,
    "back_done": back_done,
}
"""By name."""
