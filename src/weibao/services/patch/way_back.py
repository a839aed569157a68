"""The stages of the way back: exactly what the host was, proven equal to the record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from weibao.domain.patch import HostPlan, PackageChange
from weibao.domain.patch_files import changed_files, differences, new_files, their_files
from weibao.domain.patch_gate import broken_database
from weibao.domain.patch_health import (
    Before,
    health_of,
    package_differences,
    without_past,
    worse,
)
from weibao.domain.patch_missing import left_stale, reboot_reasons, stale_units
from weibao.domain.patch_traces import automatic, runs_now
from weibao.domain.reasons import Reason
from weibao.services.patch.case import FOLDER, Case, Judged, Stage

__all__ = ["BACK_STAGES"]


def back_order(case: Case) -> Judged:
    """What has to be undone: versions, new packages, configuration files."""
    before = case.records.before(case.device)
    if before is None:
        return Judged(order={"needed": False}, notes=(Reason.of("patch_untouched"),))
    if case.plan is None or case.facts.packages is None or case.facts.files is None:
        return Judged((Reason.of("patch_not_read", part="files"),))
    known = case.records.progress(case.device)
    now, was = case.facts.versions, before.versions
    changed = [p for p in case.plan.packages if p.installed(now) != p.installed(was)]
    back = [(p, p.installed(was)) for p in changed if p.installed(was)]
    new = [p for p in changed if not p.installed(was) and p.installed(now)]
    going = [p for p in new if not runs_now(p, case.facts.system.kernel)]
    halves = {(name, arch) for name, arch, _ in case.facts.unfinished}
    half = [p for p in case.plan.packages if not p.installed(was) and p.plain in halves]
    half = [p for p in half if not runs_now(p, case.facts.system.kernel)]
    ours = half or any(p.installed(now) == p.version for p in changed)
    if not (ours or known.get("begun")):  # what differs is others' work
        theirs = [*differences(before.files, case.facts.files)]
        case.records.keep_progress(case.device, {**known, "theirs": theirs, "untouched": True})
        return Judged(order={"needed": False}, notes=(Reason.of("patch_untouched"),))
    folder = f"{FOLDER}/{case.change}/packages"
    # Kept once: after a way back that was cut off, what it did already is no work of others.
    first = {
        "back_since": case.facts.system.uptime,
        "theirs": their_files(
            before.files, known.get("started", {}), known.get("settled"), case.facts.files
        ),
        "untouched": False,
        "put_back": [],
        "taken_away": [],
    }
    kept = {**known, "back_boot": case.facts.system.boot_id}
    case.records.keep_progress(case.device, kept if "back_since" in known else {**kept, **first})
    return Judged(
        changed=True,
        order={
            "needed": True,
            "manager": case.plan.manager,
            "folder": folder,
            "repair": bool(case.facts.broken),
            "install": sorted(f"{p.name}={version}" for p, version in back),
            "files": sorted(
                f"{folder}/{f.file}"
                for f in case.plan.earlier
                if any(f.fits(p, version) for p, version in back)
            ),
            "halves": sorted(p.name for p in half),
            "automatic": sorted({*automatic(case.plan, before)} - {p.name for p in new}),
            "remove": sorted(_to_remove(p, case.plan.manager) for p in going),
            "snapshot": str(before.backup.get("snapshot") or ""),
            "snapshots": before.backup.get("snapshots") or [],
        },
    )


def _to_remove(package: PackageChange, manager: str) -> str:
    """As the package manager takes it; dnf would remove all there is of a mere name."""
    return package.nevra if manager == "dnf" else package.name


def back_files(case: Case) -> Judged:
    """Which configuration files are not as they were, once the packages are back."""
    before = case.records.before(case.device)
    known = case.records.progress(case.device)
    nothing: Mapping[str, Any] = {"files": {}, "removed": [], "aside": ""}
    if before is None or case.facts.files is None or known.get("untouched"):
        return Judged(order=nothing)
    if not before.backup.get("snapshot"):  # then subvolumes go back as a whole
        return Judged(order=nothing)
    theirs = {*known.get("theirs", ())}
    names = [n for n in changed_files(before.files, case.facts.files) if n not in theirs]
    beside = set(case.facts.leftovers) - set(before.leftovers)
    added = ({*new_files(before.files, case.facts.files)} | beside) - theirs
    put_back = sorted({*known.get("put_back", ()), *names})
    taken_away = sorted({*known.get("taken_away", ()), *added})
    case.records.keep_progress(
        case.device, {**known, "put_back": put_back, "taken_away": taken_away}
    )
    return Judged(
        order={
            "files": {name: before.files[name] for name in names},
            "removed": sorted(added),
            "aside": _aside(case),
        }
    )


def _aside(case: Case) -> str:
    """On the host: what files were before they were put back."""
    return f"{FOLDER}/{case.change}/replaced"


def back_applied(case: Case) -> Judged:
    """What has to be restarted so that nothing of the new code runs."""
    before = case.records.before(case.device)
    if before is None or case.plan is None:
        return Judged()
    known = case.records.progress(case.device)
    same_boot = case.facts.system.boot_id == known.get("back_boot")
    # Where the kernel that runs had to stay, the host would start with it once more.
    stays = _kernel_stays(case, before)
    other_kernel = case.facts.system.kernel != before.health.kernel and not stays
    reboot = (
        case.wishes.reboot != "never"
        and same_boot
        and (other_kernel or (bool(known.get("reboot")) and bool(reboot_reasons(case.facts))))
    )
    stale = stale_units(case.facts, case.plan.names, known.get("back_since"))
    units = {*stale} & {"init.scope", *case.plan.restarts}
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
    known = case.records.progress(case.device)
    if known.get("untouched"):
        return Judged(notes=_told(case, {"untouched": True, "theirs": known.get("theirs")}))
    if case.facts.packages is None or case.facts.files is None or case.facts.units is None:
        return Judged((Reason.of("patch_not_read", part="health"),))
    why = _kernel_stays(case, before)
    why += package_differences(before.versions, case.facts.versions, HostPlan())
    why += broken_database(case.facts)
    theirs = {*known.get("theirs", ())}
    files = [f for f in differences(before.files, case.facts.files) if f not in theirs]
    if files:
        why.append(Reason.of("patch_files_differ", files=", ".join(files[:10])))
    why += _worse(before, case)
    if not why:  # should the host be patched again, it begins anew
        over = {"begun", "started", "settled", "theirs", "untouched", "back_since", "reboot"}
        left = {name: value for name, value in known.items() if name not in over}
        case.records.keep_progress(case.device, left)
    return Judged(tuple(why), changed=True, notes=_told(case, known))


def _told(case: Case, known: Mapping[str, Any]) -> tuple[Reason, ...]:
    """By name which files went back and which did not, for the record of the step."""
    untouched = Reason.of("patch_untouched")
    found = [untouched] if known.get("untouched") else []
    for name, code in (("put_back", "patch_files_put_back"), ("taken_away", "patch_files_taken")):
        if known.get(name):
            files = ", ".join(known[name])
            found.append(Reason.of(code, files=files, folder=_aside(case)))
    stale = left_stale(case.facts)
    if stale:
        found.append(Reason.of("patch_stale_left", units=", ".join(stale)))
    if known.get("theirs"):
        found.append(Reason.of("patch_files_theirs", files=", ".join(known["theirs"])))
    return tuple(found)


def _kernel_stays(case: Case, before: Before) -> list[Reason]:
    """New packages of the kernel that runs: they are not removed under it."""
    was, now, kernel = before.versions, case.facts.versions, case.facts.system.kernel
    found = [
        p.nevra
        for p in (case.plan.packages if case.plan else ())
        if not p.installed(was) and p.installed(now) and runs_now(p, kernel)
    ]
    if not found:
        return []
    params = {"kernel": kernel, "earlier": before.health.kernel, "packages": ", ".join(found)}
    return [Reason.of("patch_kernel_stays", **params)]


_OF_LOG = frozenset({"patch_log_lines", "patch_log_cut"})


def _worse(before: Before, case: Case) -> tuple[Reason, ...]:
    """Log lines are no measure here: what went wrong is in them."""
    now = without_past(health_of(case.facts, case.wishes.severe), case.wishes.steady)
    found = worse(before.health, now, case.wishes.steady)
    return tuple(reason for reason in found if reason.code not in _OF_LOG)


BACK_STAGES: dict[str, Stage] = {
    "back_order": back_order,
    "back_files": back_files,
    "back_applied": back_applied,
    "back_done": back_done,
}
"""By name."""
