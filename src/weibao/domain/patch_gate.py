"""What must hold before a host is patched, and whether it is still as it was planned.

The gate of PAT-22: disk space, package database, locks, time, failed units, probes.
"""

from __future__ import annotations

from collections.abc import Iterable

from weibao.domain.patch import HostPlan, PackageChange, PatchWishes, Versions
from weibao.domain.patch_facts import Facts
from weibao.domain.reasons import Reason

__all__ = [
    "already_there",
    "approved_differences",
    "broken_database",
    "clock_problems",
    "gate_problems",
    "held_packages",
    "left_to_do",
    "resumed_problems",
    "space_problems",
    "unprotected",
    "unread_health",
]

_MB = 1 << 20
_ARCHIVES = ("/var/lib", "/var/lib/weibao", "/var/cache/apt")
"""Where packages come to lie: laid ready under ``/var/lib/weibao``."""
_PLACES = ("/", "/usr", "/var", *_ARCHIVES, "/boot")
_SPARE_FILES = 1000
_BYTES_A_FILE = 64 << 10
"""Of packages, roughly; a file system may be full of files long before it is full."""
_KERNELS = ("linux-image", "initramfs", "kernel", "linux-modules")


def gate_problems(facts: Facts, plan: HostPlan, wishes: PatchWishes) -> tuple[Reason, ...]:
    """Everything that stands against touching the host now; empty where nothing does."""
    found = [*unprotected(wishes), *clock_problems(facts, wishes)]
    if facts.lock:
        found.append(Reason.of("patch_locked", process=facts.lock))
    found += broken_database(facts)
    if facts.manager == "apt" and "python3-apt" not in facts.versions:
        found.append(Reason.of("patch_no_python_apt"))
    unread = unread_health(facts)
    if unread is not None:
        found.append(unread)
    if facts.units is not None:
        failed = sorted(set(facts.units.failed) - {*wishes.known_failed})
        if failed:
            found.append(Reason.of("patch_units_failed", units=", ".join(failed)))
    found += wished_problems(facts, wishes)
    for probe in facts.probes:
        if not probe.ok:
            found.append(Reason.of("patch_probe_failed", probe=probe.name, said=probe.said or "-"))
    return (*found, *space_problems(facts, plan, wishes))


def resumed_problems(facts: Facts, plan: HostPlan, wishes: PatchWishes) -> tuple[Reason, ...]:
    """What stands against going on with a host that was found well before, maybe hours ago.

    One that was not touched yet has to be well still. Of one that is half patched nothing is
    asked that being half patched would spoil. A lock is waited for when packages are installed.
    """
    left = left_to_do(facts, plan.packages)
    if not left:
        return ()
    if len(left) == len(plan.packages) and not facts.broken:
        found = gate_problems(facts, plan, wishes)
        return tuple(reason for reason in found if reason.code != "patch_locked")
    rest = plan.model_copy(update={"packages": left, "earlier": ()})
    clock, space = clock_problems(facts, wishes), space_problems(facts, rest, wishes)
    return (*unprotected(wishes), *clock, *space)


def unprotected(wishes: PatchWishes) -> tuple[Reason, ...]:
    """No backup, no patch: unless a snapshot holds all that would have been backed up (PAT-05)."""
    if wishes.backup:
        return ()
    tops = [f"{path.rstrip('/')}/" for path in wishes.snapshots]
    bare = [
        path
        for path in dict.fromkeys((*wishes.config_paths, *wishes.backup_paths))
        if not any(f"{path.rstrip('/')}/".startswith(top) for top in tops)
    ]
    return (Reason.of("patch_unprotected", paths=", ".join(bare)),) if bare else ()


def broken_database(facts: Facts) -> tuple[Reason, ...]:
    """What the package database complains of, such as a package that is not configured."""
    if not facts.broken:
        return ()
    return (Reason.of("patch_database_broken", detail=" ".join(facts.broken.split())[:300]),)


def unread_health(facts: Facts) -> Reason | None:
    """Why nothing can be said of a host's services and log; None where they were read."""
    if facts.units is None:
        return Reason.of("patch_not_read", part="health")
    if facts.system.systemd and not facts.units.known:
        return Reason.of("patch_not_read", part="units")
    if facts.log is None:
        return Reason.of("patch_not_read", part="log")
    return None


def wished_problems(facts: Facts, wishes: PatchWishes) -> tuple[Reason, ...]:
    """What the kind of work asks of a host and it has not: a dump, probes of a kind (PAT-16)."""
    kinds = {probe.kind for probe in facts.probes}
    found = [
        Reason.of("patch_no_probe", kind=kind) for kind in wishes.need_probes if kind not in kinds
    ]
    if wishes.need_dump and not wishes.dumps:
        found.append(Reason.of("patch_no_dump_set"))
    return tuple(found)


def clock_problems(facts: Facts, wishes: PatchWishes) -> tuple[Reason, ...]:
    """A clock that is wrong: signatures and dates of package lists mean nothing to such a host."""
    skew = facts.clock.host - facts.clock.asked if facts.clock.asked else 0.0
    if abs(skew) <= wishes.clock_seconds:
        return ()
    limit = f"{wishes.clock_seconds:g}"
    return (Reason.of("patch_clock_off", seconds=f"{skew:+.0f}", limit=limit),)


def space_problems(facts: Facts, plan: HostPlan, wishes: PatchWishes) -> tuple[Reason, ...]:
    """File systems without room for what comes to lie there, and for what is kept free too.

    What is unpacked, what is fetched and new kernels may all lie on one.
    """
    growth = sum(package.growth for package in plan.packages)
    kernel = sum(p.growth for p in plan.packages if p.name.startswith(_KERNELS))
    needs: dict[int, int] = {}
    files: dict[int, int] = {}
    for paths, size, count in (
        (("/", "/usr"), growth, _SPARE_FILES + growth // _BYTES_A_FILE),
        (("/var", *_ARCHIVES), plan.download, _SPARE_FILES),
        (("/boot",), min(kernel, 150 * _MB), 0),
    ):
        for device in {facts.disks[path].device for path in paths if path in facts.disks}:
            needs[device] = needs.get(device, 0) + size
            files[device] = files.get(device, 0) + count
    shown: dict[int, str] = {}
    keep: dict[int, int] = {}
    for path in _PLACES:
        if path in facts.disks:
            device = facts.disks[path].device
            shown.setdefault(device, path)
            wished = (wishes.boot_free_mb if path == "/boot" else wishes.free_mb) * _MB
            keep[device] = max(keep.get(device, 0), wished)
    found = []
    for device, path in shown.items():
        disk, need = facts.disks[path], needs[device] + keep[device]
        if disk.free < need:
            free, want = f"{disk.free / _MB:.0f}", f"{need / _MB:.0f}"
            found.append(Reason.of("patch_no_space", path=path, free=free, needed=want))
        if disk.all_inodes and disk.inodes < files[device]:
            found.append(
                Reason.of("patch_no_inodes", path=path, free=disk.inodes, needed=files[device])
            )
    return tuple(found)


def approved_differences(facts: Facts, plan: HostPlan) -> tuple[Reason, ...]:
    """Packages that are neither as the plan found them nor as it wants them.

    Somebody else changed the host after the plan was made: nothing is done to it.
    """
    versions = facts.versions
    found = []
    for package in plan.packages:
        now = package.installed(versions)
        if now not in {package.before, package.version}:
            found.append(
                Reason.of(
                    "patch_changed_meanwhile",
                    package=package.name,
                    now=now or "-",
                    planned=package.before or "-",
                    approved=package.version,
                )
            )
    return tuple(found)


def already_there(versions: Versions, plan: HostPlan) -> tuple[PackageChange, ...]:
    """Packages of the plan that somebody else brought to the approved version since it was made.

    ``versions`` are those of before the host is touched.
    """
    return tuple(p for p in plan.packages if p.installed(versions) == p.version)


def held_packages(facts: Facts, plan: HostPlan) -> tuple[Reason, ...]:
    """Packages of the plan that somebody has put on hold: that is not passed over."""
    held = [p.name for p in left_to_do(facts, plan.packages) if p.plain[0] in facts.held]
    names = ", ".join(dict.fromkeys(held))
    return (Reason.of("patch_needs_held", packages=names),) if names else ()


def left_to_do(facts: Facts, packages: Iterable[PackageChange]) -> tuple[PackageChange, ...]:
    """The approved packages that are not there yet, or not alone."""
    versions = facts.versions
    return tuple(p for p in packages if p.installed(versions) != p.version or p.replaces(versions))
