"""From what a host lacks to its exact plan, shown to approvers line by line (CHG-38, RPT-30)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from weibao.domain import apt_text
from weibao.domain.patch import HostPlan, LeftOut, PackageChange, PackageFile, PatchWishes
from weibao.domain.patch_facts import Facts, Said
from weibao.domain.patch_gate import held_packages
from weibao.domain.patch_missing import (
    RESTARTS_WITH_HOST,
    dnf_changes,
    is_excluded,
    newest,
    reboot_reasons,
)
from weibao.domain.patch_supplied import packages_of, placed
from weibao.domain.reasons import Reason
from weibao.domain.supplied import SuppliedFile

__all__ = ["Resolved", "make_host_plan", "plan_lines", "resolved_of"]

_KERNELS = ("linux-image-", "kernel-core", "kernel-default")
_BUS = ("dbus.service", "dbus-broker.service")


class Resolved(NamedTuple):
    """What installing exactly the wanted versions would do."""

    packages: tuple[PackageChange, ...]
    earlier: tuple[PackageFile, ...]
    removed: tuple[str, ...]
    problem: Reason | None = None
    asked: Mapping[str, str] = {}
    """By name the versions of the customer's files (PAT-13)."""
    unreadable: tuple[Reason, ...] = ()
    """Of the customer's files."""


def resolved_of(
    manager: str, said: Mapping[str, Any], supplied: Iterable[SuppliedFile] = ()
) -> Resolved:
    """The answer of ``weibao.core.resolve_packages``; ``supplied`` are files for this manager."""
    plain = _of_dnf(said.get("dnf") or {}) if manager == "dnf" else _of_apt(said)
    known, unreadable = packages_of(said.get("supplied") or (), supplied)
    packages, earlier = placed(plain.packages, plain.earlier, known)
    asked = {package.name: package.version for package, file in known if not file.earlier}
    return plain._replace(packages=packages, earlier=earlier, asked=asked, unreadable=unreadable)


def _of_apt(said: Mapping[str, Any]) -> Resolved:
    install = Said.model_validate(said.get("install") or {})
    if install.rc:
        detail = " ".join((install.err or install.out).split())[-300:]
        return Resolved((), (), (), Reason.of("patch_unresolved", detail=detail))
    uris = Said.model_validate(said.get("uris") or {})
    files = {(f.name, f.version, f.arch): f for f in apt_text.files(uris.out)}
    known = apt_text.details(str(said.get("details") or ""))
    packages = []
    for package in apt_text.simulated(install.out):
        name = package.name.partition(":")[0]
        file = files.get((name, package.version, package.arch))
        fields = known.get((name, package.version), {})
        kilobytes = fields.get("Installed-Size", "0")
        growth = int(kilobytes) * 1024 if kilobytes.isdigit() else 0
        size = file.size if file else 0
        update = {"file": file, "size": size, "growth": growth}
        packages.append(package.model_copy(update=update))
    earlier = []
    for text in (said.get("earlier") or {}).values():
        earlier += [f for f in apt_text.files(str(text)) if f.uri]
    return Resolved(tuple(packages), tuple(earlier), apt_text.removed(install.out))


def _of_dnf(said: Mapping[str, Any]) -> Resolved:
    if said.get("error"):
        return Resolved((), (), (), Reason.of("patch_unresolved", detail=said["error"]))
    rows = {(str(r["name"]), str(r.get("arch"))): r for r in said.get("resolved") or ()}
    packages = [
        package.model_copy(update={"file": _file(rows[package.name, package.arch])})
        for package in dnf_changes(rows.values())
    ]
    earlier = tuple(_file(row) for row in said.get("earlier") or ())
    return Resolved(tuple(packages), earlier, tuple(said.get("removed") or ()))


def _file(row: Mapping[str, Any]) -> PackageFile:
    uri = str(row.get("uri") or "")
    return PackageFile(
        name=str(row["name"]),
        arch=str(row.get("arch", "")),
        version=str(row["version"]),
        uri=uri,
        file=uri.rsplit("/", 1)[-1],
        sha256=str(row.get("sha256") or ""),
        signed=bool(row.get("signed")),
        size=int(row.get("size") or 0),
    )


def make_host_plan(
    facts: Facts,
    chosen: tuple[PackageChange, ...],
    left_out: tuple[LeftOut, ...],
    resolved: Resolved,
    wishes: PatchWishes,
) -> tuple[HostPlan, tuple[Reason, ...]]:
    """The plan, and what stands against it."""
    known = {(p.name, p.arch): p for p in chosen}
    packages = tuple(
        package.model_copy(
            update={
                "security": known[package.name, package.arch].security,
                "advisory": known[package.name, package.arch].advisory,
            }
        )
        if (package.name, package.arch) in known
        else package
        for package in resolved.packages
    )
    names = {package.name.partition(":")[0] for package in packages}
    restarts = [
        unit
        for unit, running in (facts.services or {}).items()
        if names.intersection(running.packages)
    ]
    plan = HostPlan(
        manager=facts.manager,
        system=facts.system.name,
        kernel=facts.system.kernel,
        target_kernel=_target_kernel(facts, packages),
        packages=packages,
        earlier=resolved.earlier,
        removed=resolved.removed,
        restarts=tuple(
            sorted(u for u in restarts if u not in RESTARTS_WITH_HOST | {*wishes.keep_running})
        ),
        left_out=tuple(out for out in left_out if out.name not in names),
    )
    why_reboot = _why_reboot(facts, packages) if wishes.reboot == "if_needed" else ()
    plan = plan.model_copy(
        update={
            "reboot": bool(packages) and (wishes.reboot == "always" or bool(why_reboot)),
            "notes": (*why_reboot, *_without_backup(wishes), *_unhashed(plan)) if packages else (),
        }
    )
    return plan, tuple(_against(plan, chosen, resolved, wishes, facts))


def _target_kernel(facts: Facts, packages: tuple[PackageChange, ...]) -> str:
    """Where the host boots its own kernel: the newest of those that are there and that come."""
    if facts.system.container or not facts.system.kernels:
        return ""
    coming = [
        package.name.removeprefix("linux-image-")
        if package.name.startswith("linux-image-")
        else f"{package.version}.{package.arch}"
        for package in packages
        if package.name.startswith(_KERNELS) and any(c.isdigit() for c in package.name + "1")
    ]
    coming = [kernel for kernel in coming if kernel[:1].isdigit()]
    return newest([*facts.system.kernels, *coming])


def _why_reboot(facts: Facts, packages: tuple[PackageChange, ...]) -> tuple[Reason, ...]:
    """Why a restart of the host is to be expected; whether one is needed shows afterwards."""
    services = facts.services or {}
    bus = {name for unit in _BUS if unit in services for name in services[unit].packages}
    names = [p.name for p in packages if p.name.startswith(_KERNELS) or p.plain[0] in bus]
    found = [Reason.of("patch_reboot_for", packages=", ".join(names))] if names else []
    return (*found, *reboot_reasons(facts))


def _without_backup(wishes: PatchWishes) -> tuple[Reason, ...]:
    """That snapshots alone are the way back, where somebody chose so."""
    return () if wishes.backup else (Reason.of("patch_snapshot_only"),)


def _all_files(plan: HostPlan) -> list[PackageFile]:
    """Those of the way there and back that have to be fetched."""
    return [*(p.file for p in plan.packages if p.file is not None and p.file.uri), *plan.earlier]


def _unhashed(plan: HostPlan) -> tuple[Reason, ...]:
    """Files that the repository names no sha256 of, but that have to be signed."""
    found = sorted(f.name for f in _all_files(plan) if f.signed and not f.sha256)
    names = ", ".join(dict.fromkeys(found))
    return (Reason.of("patch_by_signature", packages=names),) if names else ()


def _against(
    plan: HostPlan,
    chosen: tuple[PackageChange, ...],
    resolved: Resolved,
    wishes: PatchWishes,
    facts: Facts,
) -> list[Reason]:
    if resolved.problem is not None:
        return [resolved.problem]
    found = [*resolved.unreadable]
    if plan.removed:
        found.append(Reason.of("patch_removes", packages=", ".join(plan.removed)))
    found += _drawn_in(plan, wishes, facts)
    versions = facts.versions
    there = {(p.name, p.version) for p in plan.packages}
    exact = {(p.name, p.arch, p.version) for p in plan.packages}
    others = {name for name, v in resolved.asked.items()
              if v not in versions.get(name, ()) and (name, v) not in there}  # fmt: skip
    others |= {p.name for p in chosen if (p.name, p.arch, p.version) not in exact}
    if others:
        found.append(Reason.of("patch_unresolved", detail=", ".join(sorted(others))))
    no_file = sorted(p.name for p in plan.packages if p.file is None or not p.file.uri)
    if no_file:
        found.append(Reason.of("patch_no_file", packages=", ".join(no_file)))
    unproven = sorted(f"{f.name}={f.version}" for f in _all_files(plan) if not f.is_proven)
    if unproven:
        found.append(Reason.of("patch_no_digest", packages=", ".join(unproven)))
    lacking = [
        f"{p.name}={p.before}"
        for p in plan.packages
        if p.before and not any(file.fits(p, p.before) for file in plan.earlier)
    ]
    if lacking and wishes.need_way_back:
        found.append(Reason.of("patch_no_way_back", packages=", ".join(lacking)))
    return found


def _drawn_in(plan: HostPlan, wishes: PatchWishes, facts: Facts) -> list[Reason]:
    """Packages that are to stay as they are, and that others would change all the same."""
    found = []
    unwanted = [p.name for p in plan.packages if is_excluded(p.name, wishes)]
    if unwanted:
        found.append(Reason.of("patch_needs_excluded", packages=", ".join(unwanted)))
    return [*found, *held_packages(facts, plan)]


def _marks(package: PackageChange) -> tuple[str, ...]:
    digest = package.file.sha256 if package.file and package.supplied else ""
    return (
        "security" if package.security else "",
        package.advisory,
        f"beside {', '.join(package.beside)}" if package.beside else "",
        f"supplied by the customer, sha256 {digest}" if digest else "",
    )


def plan_lines(plan: HostPlan) -> str:
    """The plan as the approver reads it, one package a line; the same plan, the same text."""
    lines = []
    for package in plan.packages:
        marks = " ".join(filter(None, _marks(package)))
        before = package.before or "(new)"
        where = f"{package.name}" + (f" [{package.arch}]" if package.arch else "")
        lines.append(f"{where}: {before} -> {package.version}" + (f"  # {marks}" if marks else ""))
    if not lines:  # what was asked for and is not there is said all the same
        unknown = [out for out in plan.left_out if out.reason.code == "patch_unknown_name"]
        return "".join(_left_line(out) + "\n" for out in unknown)
    lines += [f"restart: {unit}" for unit in plan.restarts]
    lines.append(f"reboot: {'yes' if plan.reboot else 'no'}")
    for note in plan.notes:
        said = ", ".join(str(value) for value in note.params.values())
        lines.append(f"note: {note.code}" + (f" ({said})" if said else ""))
    lines.append(f"download: {plan.download} bytes")
    lines += [_left_line(left) for left in plan.left_out]
    return "\n".join(lines) + "\n"


def _left_line(left: LeftOut) -> str:
    return f"left out: {left.name} {left.version} ({left.reason.code})".replace("  ", " ")
