"""The stages of the way back: exactly what the host was, proven equal to the record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from weibao.domain.patch import ANYWHERE, HostPlan, PackageChange, Versions, versions_of
from weibao.domain.patch_files import (
    as_begun,
    changed_files,
    differences,
    new_files,
    their_files,
)
from weibao.domain.patch_gate import broken_database
from weibao.domain.patch_health import (
    Before,
    health_of,
    package_differences,
    without_past,
    worse,
)
from weibao.domain.patch_missing import (
    left_stale,
    reboot_reasons,
    stale_units,
    with_own_configuration,
)
from weibao.domain.patch_traces import automatic, holds_differ, manual, marks_differ, runs_now
from weibao.domain.reasons import Reason
from weibao.services.patch.case import FOLDER, Case, Judged, Stage, kept_place

__all__ = ["BACK_STAGES"]

_SOON = timedelta(hours=1)
"""Within this time of its begin a patch goes back with the accounts that it made."""


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
    # Where nothing is known of its begin, the approved versions tell.
    ours = "refused" not in known and any(p.installed(now) == p.version for p in changed)
    if not (half or ours or known.get("begun")):
        if "proven" in known:  # it is back, and is proven once more: nobody may have heard of it
            known = {name: value for name, value in known.items() if name != "back_refused"}
            again = {"theirs": known["proven"], "untouched": False}
            case.records.keep_progress(case.device, {**known, **again})
            return Judged(order={"needed": False})
        theirs = differences(before.files, case.facts.files)  # what differs is others' work
        case.records.keep_progress(case.device, {**known, "theirs": theirs, "untouched": True})
        return Judged(order={"needed": False}, notes=(Reason.of("patch_untouched"),))
    strange = _neither(case.plan, now, was)
    if strange:
        return _refused(case, known, Reason.of("patch_changed_since", packages=", ".join(strange)))
    known = {name: value for name, value in known.items() if name != "back_refused"}
    touched = [*(p for p, _ in back), *going, *half]
    held = [p.name for p in touched if p.plain[0] in case.facts.held]
    if held:
        names = ", ".join(dict.fromkeys(held))
        return _refused(case, known, Reason.of("patch_back_held", packages=names))
    absent = [p for p in case.plan.packages if not p.installed(was)]
    residual = {p.name for p in absent if _is_residual(p, before.residual)}
    # Cut off between the two, a way back has removed them already.
    gone = [p for p in absent if not p.installed(now) and _is_residual(p, case.facts.residual)]
    folder = f"{FOLDER}/{case.change}/packages"
    # Kept once: after a way back that was cut off, what it did already is no work of others.
    first = {
        "back_since": case.facts.system.uptime,
        "back_at": case.now.isoformat(),
        "theirs": their_files(
            before.files,
            known.get("started", {}),
            known.get("settled"),
            case.facts.files,
            is_late=_is_late(case, known),
        ),
        "untouched": False,
        "put_back": [],
        "taken_away": [],
        "given_back": [],
    }
    known = known if "back_since" in known else {**known, **first}
    if known.pop("again", False):  # what others have changed since a try that came to its end
        now_theirs = {path: case.facts.files.get(path, "") for path in _theirs(known)}
        known |= {"theirs": now_theirs, "back_at": case.now.isoformat()}
    if known.get("back_boot", case.facts.system.boot_id) != case.facts.system.boot_id:
        known |= {"back_since": 0.0}
    # Until a package has gone back, what others install and remove is theirs.
    there = [p.installed(now) for p in case.plan.packages]
    if known.get("back_from", there) == there:
        known = {**known, "back_from": there, "others": _others(case, before)}
    theirs = _theirs(known)
    case.records.keep_progress(case.device, {**known, "back_boot": case.facts.system.boot_id})
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
            "twice": sorted(p.label(version) for p, version in back if p.replaces(now)),
            "halves": sorted(p.name for p in half),
            # Not what had been removed before and had left its data.
            "purge": sorted({p.name for p in (*going, *half, *gone)} - residual),
            "automatic": sorted({*automatic(case.plan, before)} - {p.name for p in new}),
            "manual": [*manual(case.plan, before, case.facts.auto)],
            "remove": sorted(_to_remove(p, case.plan.manager) for p in going),
            "keep": [path for path, print_ in theirs.items() if _is_kept(print_)],
            "theirs": _place(case, "theirs", known.get("back_at")),
            "leaving": sorted({p.label(p.installed(now)) for p in changed if p.installed(now)}),
            "snapshot": str(before.backup.get("snapshot") or ""),
            "snapshots": before.backup.get("snapshots") or [],
        },
    )


def _is_residual(package: PackageChange, residual: Iterable[tuple[str, str]]) -> bool:
    """Whether it is removed, and has left its data."""
    name, arch = package.plain
    return any(
        name == one and (arch == its or bool({arch, its} & {"", *ANYWHERE}))
        for one, its in residual
    )


def _others(case: Case, before: Before) -> list[list[str]]:
    """Packages that neither the record nor the plan knows: others installed them since."""
    names = case.plan.names if case.plan else frozenset()
    known = {*before.packages}
    rows = case.facts.packages or ()
    return [[*row] for row in rows if row not in known and row[0] not in names]


def _lost(case: Case, known: Mapping[str, Any]) -> list[Reason]:
    """What others installed and is there no more, though the way back had no leave to touch it."""
    there = {*(case.facts.packages or ())}
    gone = [row for row in known.get("others", ()) if tuple(row) not in there]
    if not gone:
        return []
    names = ", ".join(f"{name} {version}" for name, _, version in gone)
    return [Reason.of("patch_others_lost", packages=names)]


def _without_others(
    case: Case, before: Before, known: Mapping[str, Any]
) -> tuple[Versions, Versions]:
    """What was installed and what is, but for what others installed or brought further since."""
    others = {tuple(row) for row in known.get("others", ())}
    theirs = {row[:2] for row in others}
    there = {*(case.facts.packages or ())}
    was = [row for row in before.packages if row in there or row[:2] not in theirs]
    return versions_of(was), versions_of(row for row in there if row not in others)


def _to_remove(package: PackageChange, manager: str) -> str:
    """As the package manager takes it; rpm would remove all there is of a mere name."""
    return package.label(package.version) if manager == "dnf" else package.name


def _refused(case: Case, known: Mapping[str, Any], *why: Reason) -> Judged:
    """Nothing is undone; ``back_done`` says why."""
    told = [reason.model_dump() for reason in why]
    case.records.keep_progress(case.device, {**known, "back_refused": told, "untouched": False})
    return Judged(why)


def _neither(plan: HostPlan, now: Versions, was: Versions) -> list[str]:
    """Packages that somebody brought to other versions since: those would be lost with ours."""
    return [
        f"{package.name} {there}"
        for package in plan.packages
        if not package.beside
        and (there := package.installed(now)) not in {"", package.version, package.installed(was)}
    ]


def _is_late(case: Case, known: Mapping[str, Any]) -> bool:
    """Whether people have had time to change passwords since the patch began."""
    begun = known.get("begun_at")
    return bool(begun) and case.now - datetime.fromisoformat(str(begun)) > _SOON


def _theirs(known: Mapping[str, Any]) -> dict[str, str]:
    """By path what others' files are, as the way back found them."""
    return dict(known.get("theirs") or {})


def _is_kept(print_: str) -> bool:
    """Whether there is a file or a link to keep: folders hold nothing themselves."""
    return bool(print_) and not print_.startswith("folder:")


def back_files(case: Case) -> Judged:
    """Which configuration files are not as they were, once the packages are back.

    What others have changed stays: where the packages' own scripts have touched it meanwhile, it
    is put back out of what was kept of it.
    """
    before = case.records.before(case.device)
    known = case.records.progress(case.device)
    nothing: Mapping[str, Any] = {
        "files": {}, "started": {}, "theirs": {}, "folders": {}, "removed": [], "aside": "",
    }  # fmt: skip
    if before is None or case.facts.files is None or "back_since" not in known:
        return Judged(order=nothing)
    if not before.backup.get("snapshot"):  # then subvolumes go back as a whole
        return Judged(order=nothing)
    kept = (case.said.get("kept") or {}).get("kept") or {}
    theirs = {path: kept.get(path, print_) for path, print_ in _theirs(known).items()}
    now = case.facts.files
    started: dict[str, str] = known.get("started", {})
    was = as_begun(before.files, started)
    names = [n for n in changed_files(was, now) if n not in theirs]
    beside = set(case.facts.leftovers) - set(before.leftovers)
    added = ({*new_files(was, now)} | beside) - {*theirs}
    added |= {path for path, print_ in theirs.items() if not print_ and path in now}
    given_back = {
        path: print_ for path, print_ in theirs.items() if print_ and now.get(path) != print_
    }
    done = {"put_back": names, "taken_away": added, "given_back": given_back}
    summed = {name: sorted({*known.get(name, ()), *paths}) for name, paths in done.items()}
    case.records.keep_progress(case.device, {**known, **summed, "theirs": theirs})
    return Judged(
        order={
            "files": {name: was[name] for name in names if name not in started},
            "started": {name: was[name] for name in names if name in started},
            "theirs": given_back,
            "folders": {
                "started": _place(case, "started", known.get("begun_at")),
                "theirs": _place(case, "theirs", known.get("back_at")),
            },
            "removed": sorted(added),
            "aside": _place(case, "replaced"),
        }
    )


def _place(case: Case, kind: str, at: object = None) -> str:
    """On the host: what files were before they were put back, and what is not the patch's."""
    return kept_place(case.change, kind, str(at) if at else "")


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
    touched = any(known.get(name) for name in ("put_back", "taken_away", "given_back"))
    if touched:  # the packages' scripts started them before their configuration was back
        since = known.get("back_since") if same_boot else None
        units |= with_own_configuration(case.facts, case.plan, since)
    if case.facts.units is not None:
        units |= set(before.health.active) - set(case.facts.units.active)
    kept = {"dbus.service", "dbus-broker.service", "init.scope", *case.wishes.keep_running}
    return Judged(
        order={
            "reboot": reboot,
            "reload": touched and not reboot,
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
    refused = known.get("back_refused", ())
    if refused:
        return Judged(tuple(Reason.model_validate(reason) for reason in refused))
    if case.facts.packages is None or case.facts.files is None or case.facts.units is None:
        return Judged((Reason.of("patch_not_read", part="health"),))
    why = _kernel_stays(case, before)
    why += package_differences(*_without_others(case, before, known), HostPlan())
    why += _lost(case, known)
    why += marks_differ(case.plan or HostPlan(), before, case.facts.auto)
    why += broken_database(case.facts)
    theirs, now = _theirs(known), case.facts.files
    if before.backup.get("snapshot"):
        was = as_begun(before.files, known.get("started", {}))
        files = [f for f in differences(was, now) if f not in theirs]
        files += [f for f, print_ in theirs.items() if now.get(f, "") != print_]
    else:  # subvolumes go back as a whole, with what others wrote there
        files = [f for f in differences(before.files, now) if f not in theirs]
    if files:
        why.append(Reason.of("patch_files_differ", files=", ".join(files[:10])))
    why += _worse(before, case)
    if not why:  # should the host be patched again, it begins anew
        over = {"begun", "begun_at", "settled", "theirs", "untouched", "back_since", "reboot"}
        over |= {"others", "back_from"}
        left = {name: value for name, value in known.items() if name not in over}
        case.records.keep_progress(case.device, {**left, "proven": theirs})
    elif not any(now.get(f, "") != print_ for f, print_ in theirs.items()):
        case.records.keep_progress(case.device, {**known, "again": True})
    return Judged(tuple(why), changed=True, notes=_told(case, known))


def _told(case: Case, known: Mapping[str, Any]) -> tuple[Reason, ...]:
    """By name which files went back and which did not, for the record of the step."""
    untouched = Reason.of("patch_untouched")
    found = [untouched] if known.get("untouched") else []
    codes = {
        "put_back": "patch_files_put_back",
        "taken_away": "patch_files_taken",
        "given_back": "patch_files_given_back",
    }
    for name, code in codes.items():
        if known.get(name):
            files = ", ".join(known[name])
            found.append(Reason.of(code, files=files, folder=_place(case, "replaced")))
    if known.get("others"):
        names = ", ".join(f"{name} {version}" for name, _, version in known["others"])
        found.append(Reason.of("patch_packages_theirs", packages=names))
    before = case.records.before(case.device)
    if before is not None and case.plan is not None:
        found += holds_differ(case.plan, before, case.facts.held)
    stale = left_stale(case.facts)
    if stale:
        found.append(Reason.of("patch_stale_left", units=", ".join(stale)))
    if known.get("theirs"):
        by_snapshot = before is not None and not before.backup.get("snapshot")
        went = by_snapshot and not known.get("untouched")
        code = "patch_files_went_too" if went else "patch_files_theirs"
        found.append(Reason.of(code, files=", ".join(known["theirs"])))
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
