"""What installing leaves on a host beside versions: apt's marks, configuration files laid aside."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from weibao.domain.patch import ANYWHERE, HostPlan, PackageChange
from weibao.domain.patch_health import Before
from weibao.domain.reasons import Reason

__all__ = [
    "automatic",
    "holds_differ",
    "laid_aside",
    "manual",
    "marks_differ",
    "runs_now",
    "saved",
]


Marks = Collection[tuple[str, str]]
"""Names and architectures of packages that apt has marked."""


def automatic(plan: HostPlan, before: Before, now: Marks = ()) -> tuple[str, ...]:
    """Packages that are to get apt's mark of having come by themselves, and have it not ``now``.

    Naming a package to apt takes its mark away: what had it has it again, and what is new came
    because others need it, unless it is the customer's own.
    """
    was = before.versions

    def came_by_itself(package: PackageChange) -> bool:
        return _is_marked(package, before.auto) if package.installed(was) else not package.supplied

    return _of_apt(plan, lambda p: came_by_itself(p) and not _is_marked(p, now))


def manual(plan: HostPlan, before: Before, now: Marks) -> tuple[str, ...]:
    """Packages that have the mark ``now`` and were asked for by somebody before."""
    was = before.versions
    return _of_apt(
        plan,
        lambda p: bool(p.installed(was)) and _is_marked(p, now) and not _is_marked(p, before.auto),
    )


def _of_apt(plan: HostPlan, holds: Callable[[PackageChange], bool]) -> tuple[str, ...]:
    """dnf keeps its marks by itself."""
    if plan.manager != "apt":
        return ()
    return tuple(sorted(package.name for package in plan.packages if holds(package)))


def marks_differ(plan: HostPlan, before: Before, now: Marks) -> tuple[Reason, ...]:
    """Packages of the plan that are not marked as they were: what is wrongly marked may go."""
    new = {package.name for package in plan.packages if not package.installed(before.versions)}
    found = sorted(({*automatic(plan, before, now)} - new) | {*manual(plan, before, now)})
    return (Reason.of("patch_marks_differ", packages=", ".join(found)),) if found else ()


def holds_differ(plan: HostPlan, before: Before, held: Collection[str]) -> tuple[Reason, ...]:
    """Packages of the plan that somebody has held since, or holds no more."""
    if before.held is None:
        return ()
    found = sorted(({*held} ^ {*before.held}) & plan.names)
    return (Reason.of("patch_holds_differ", packages=", ".join(found)),) if found else ()


def _is_marked(package: PackageChange, marks: Marks) -> bool:
    """By its architecture; of what fits every host apt writes the host's own."""
    name, arch = package.plain
    if arch not in ANYWHERE:
        return (name, arch) in marks
    return any(name == marked for marked, _ in marks)


def laid_aside(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Reason, ...]:
    """Configuration files that are not what the package brings, and those that are so now.

    What lies beside as ``.rpmsave`` or ``.rpmorig`` is an edited file that is not in force;
    everything else lies beside an edited file that is.
    """
    replaced = saved(before, after)
    kept = sorted({*after} - {*before} - {*replaced})
    found = []
    if kept:
        found.append(Reason.of("patch_conffiles_kept", files=", ".join(kept)))
    if replaced:
        found.append(Reason.of("patch_conffiles_replaced", files=", ".join(replaced)))
    return tuple(found)


def saved(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    """Edited files that rpm has laid aside, its own in their place.

    It writes over an older one that lies there; what was in that, records of earlier versions of
    this program do not know.
    """
    aside = sorted(path for path in after if path.endswith((".rpmsave", ".rpmorig")))
    return tuple(
        path
        for path in aside
        if path not in before or (before[path] and before[path] != after[path])
    )


def runs_now(package: PackageChange, kernel: str) -> bool:
    """Whether the running kernel is made of this package: to remove it would be its end."""
    name, _ = package.plain
    if not kernel:
        return False
    by_name = f"-{kernel}" in name and not name.split(f"-{kernel}", 1)[1][:1].isalnum()
    release = f"{package.version}.{package.arch}"
    return by_name or (name.startswith("kernel") and release == kernel.partition("+")[0])
