"""The judgement between two tasks of patching: what of a host is well, and what to do next.

Playbooks read and act; here is decided, by pure rules, from what was read, from the plan that was
approved, and from what was kept before the host was touched. Each function is one *stage* of a
playbook and answers for one host.
"""

from __future__ import annotations

from weibao.domain.patch import HostPlan, PatchWishes
from weibao.domain.patch_files import differences
from weibao.domain.patch_gate import (
    approved_differences,
    broken_database,
    held_packages,
    left_to_do,
    resumed_problems,
    unread_health,
)
from weibao.domain.patch_health import (
    NOTHING_EXPECTED,
    Before,
    expected,
    health_of,
    package_differences,
    worse,
)
from weibao.domain.patch_missing import (
    RESTARTS_WITH_HOST,
    left_stale,
    reboot_reasons,
    stale_units,
    unreadable,
    with_own_configuration,
)
from weibao.domain.patch_traces import automatic, laid_aside, saved
from weibao.domain.reasons import Reason
from weibao.services.patch.case import FOLDER, Case, Judged, Stage, kept_place
from weibao.services.patch.preparing import PREPARING_STAGES

__all__ = ["STAGES", "judge"]


def judge(stage: str, case: Case) -> Judged:
    """Judge ``case`` at ``stage``.

    Raises:
        KeyError: there is no such stage.
        IntegrityError: what was kept of the host was changed since.
        FailedError: something cannot be kept.
    """
    return STAGES[stage](case)


def order(case: Case) -> Judged:
    """What is to be installed now: the approved versions that are not there yet."""
    if case.plan is None:
        return Judged((Reason.of("patch_no_plan"),))
    if not case.plan.packages:
        return Judged(order={"needed": False})
    before = case.records.before(case.device)
    if before is None:
        return Judged((Reason.of("patch_no_backup", detail="-"),))
    if case.facts.files is None:
        return Judged((Reason.of("patch_not_read", part="files"),))
    why = (
        *approved_differences(case.facts, case.plan),
        *held_packages(case.facts, case.plan),
        *resumed_problems(case.facts, case.plan, case.wishes),
        *_other_paths(before, case.wishes),
    )
    known = {**case.records.progress(case.device), "refused": [r.model_dump() for r in why]}
    if not why and not ("begun" in known and _is_under_way(case, before)):
        # From here on files may change by the patch.
        started = differences(before.files, case.facts.files)
        over = {"proven", "untouched", "theirs", "back_refused", "settled"}
        known = {name: value for name, value in known.items() if name not in over}
        known |= {"begun": True, "begun_at": case.now.isoformat(), "started": started}
    case.records.keep_progress(case.device, known)
    left = left_to_do(case.facts, case.plan.packages)
    folder = f"{FOLDER}/{case.change}/packages"
    files = [f"{folder}/{p.file.file}" for p in left if p.file is not None]
    twice = [p.label(p.version) for p in left if p.replaces(case.facts.versions)]
    return Judged(
        why,
        order={
            "needed": True,
            "manager": case.plan.manager,
            "folder": folder,
            "repair": bool(twice) or (case.plan.manager == "apt" and bool(case.facts.broken)),
            "twice": twice,
            "install": [package.pin for package in left],
            "files": files,
            # What has changed since the backup is in no backup.
            "keep": [p for p, known_as in known.get("started", {}).items() if known_as],
            "kept": kept_place(case.change, "started", str(known.get("begun_at") or "")),
        },
    )


def _is_under_way(case: Case, before: Before) -> bool:
    """Whether anything was installed: a process may have been killed before that."""
    packages = case.plan.packages if case.plan else ()
    now, was = case.facts.versions, before.versions
    changed = any(p.installed(now) != p.installed(was) for p in packages)
    return changed or bool(case.facts.broken or case.facts.unfinished)


def _other_paths(before: Before, wishes: PatchWishes) -> tuple[Reason, ...]:
    """Files that are not read any more would count as gone."""
    if not before.paths or {*before.paths} == {*wishes.config_paths}:
        return ()
    params = {"before": ", ".join(before.paths), "now": ", ".join(wishes.config_paths)}
    return (Reason.of("patch_other_paths", **params),)


def applied(case: Case) -> Judged:
    """Whether exactly the approved versions are there, and what has to be restarted."""
    before = case.records.before(case.device)
    if case.plan is None or before is None or not case.plan.packages:
        return Judged()
    refused = case.records.progress(case.device).get("refused", ())
    if refused:  # that nothing was installed then says less than why
        return Judged(tuple(Reason.model_validate(reason) for reason in refused))
    why = package_differences(before.versions, case.facts.versions, case.plan)
    why = (*why, *broken_database(case.facts))
    started = case.facts.system.boot_id != before.health.boot_id
    reboot = not started and _wants_reboot(case, case.plan)
    since = None if started else before.health.uptime
    units = stale_units(case.facts, case.plan.names, since)
    known = case.records.progress(case.device)
    # What was kept is what can go back: it may have changed once more since it was read.
    kept = (case.said.get("kept") or {}).get("kept") or {}
    at_start = known.get("started", {})
    at_start = {path: kept.get(path, print_) for path, print_ in at_start.items()}
    case.records.keep_progress(
        case.device, {**known, "reboot": reboot or started, "started": at_start}
    )
    pending = not reboot and bool(reboot_reasons(case.facts))
    again: frozenset[str] = frozenset()
    laid_by = saved(before.leftovers, case.facts.leftovers)
    if laid_by:  # their packages' scripts started services before the edited files are back
        again = with_own_configuration(case.facts, case.plan, since) - {*units}
        units = (*units, *sorted(again))
    left = {
        "automatic": [*automatic(case.plan, before, case.facts.auto)],
        "saved": [*laid_by],
        "reload": bool(laid_by) and not reboot,
        "reexec": not reboot and _runs_old_init(case, units),
        "restart": [] if reboot else _approved(units, case.plan, case.wishes, again),
    }
    return Judged(
        why,
        changed=True,
        notes=(Reason.of("patch_reboot_pending"),) if pending else (),
        order={
            **left,
            "left": any(left.values()),
            "reboot": reboot,
            "folder": f"{FOLDER}/{case.change}/packages",
        },
    )


def _runs_old_init(case: Case, units: tuple[str, ...]) -> bool:
    """The init runs code that this patch replaced."""
    running = (case.facts.services or {}).get("init.scope")
    names = case.plan.names if case.plan else frozenset()
    return "init.scope" in units and running is not None and bool(names & {*running.packages})


def _approved(
    units: tuple[str, ...], made: HostPlan, wishes: PatchWishes, again: frozenset[str]
) -> list[str]:
    """Only services that the approver was shown; others may run old code since long before.

    What a package's script has just started anyway may be started ``again``.
    """
    kept = RESTARTS_WITH_HOST | {*wishes.keep_running}
    shown = {*made.restarts, *again} - kept
    return [unit for unit in units if unit.endswith(".service") and unit in shown]


def _wants_reboot(case: Case, made: HostPlan) -> bool:
    """Only where the approver was shown that it restarts; otherwise that stays pending."""
    if case.wishes.reboot == "never" or not made.reboot:
        return False
    needed = bool(reboot_reasons(case.facts)) or (
        bool(made.target_kernel) and made.target_kernel != case.facts.system.kernel
    )
    return needed or case.wishes.reboot == "always"


def expect(case: Case) -> Judged:
    """What has to be well again, so that it is waited for."""
    before = case.records.before(case.device)
    if before is None:
        return Judged(order=NOTHING_EXPECTED)
    return Judged(order={**expected(before.health), "paths": [*before.paths]})


def verify(case: Case) -> Judged:
    """Whether the host is as approved, and does as well as before (PAT-10, JOB-12)."""
    if case.plan is None:
        return Judged((Reason.of("patch_no_plan"),))
    if not case.plan.packages:
        return Judged(notes=(Reason.of("patch_nothing_to_do"),))
    before = case.records.before(case.device)
    if before is None:
        return Judged((Reason.of("patch_no_backup", detail="-"),))
    problem = unreadable(case.facts) or unread_health(case.facts)
    if problem is not None:
        return Judged((problem,))
    why = list(package_differences(before.versions, case.facts.versions, case.plan))
    why += broken_database(case.facts)
    why += worse(before.health, health_of(case.facts, case.wishes.severe), case.wishes.steady)
    why += _boot_problems(case, case.plan, before)
    known = case.records.progress(case.device)
    if not why and case.facts.files is not None and "settled" not in known:
        settled = differences(before.files, case.facts.files)
        case.records.keep_progress(case.device, {**known, "settled": settled})
    return Judged(tuple(why), notes=tuple(_notes(case, before)))


def _boot_problems(case: Case, made: HostPlan, before: Before) -> list[Reason]:
    if not case.records.progress(case.device).get("reboot"):
        return []
    if case.facts.system.boot_id == before.health.boot_id:
        return [Reason.of("patch_not_rebooted")]
    kernel = case.facts.system.kernel
    if made.target_kernel and kernel != made.target_kernel:
        return [Reason.of("patch_other_kernel", running=kernel, approved=made.target_kernel)]
    return []


def _notes(case: Case, before: Before) -> list[Reason]:
    found = [*laid_aside(before.leftovers, case.facts.leftovers)]
    pending = reboot_reasons(case.facts)
    if pending:
        found.append(Reason.of("patch_reboot_pending"))
    stale = left_stale(case.facts)
    if stale:
        found.append(Reason.of("patch_stale_left", units=", ".join(stale)))
    if before.health.synchronised == "yes" and case.facts.clock.synchronised == "no":
        found.append(Reason.of("patch_clock_not_in_step"))
    return found


STAGES: dict[str, Stage] = {
    **PREPARING_STAGES,
    "order": order,
    "applied": applied,
    "expect": expect,
    "verify": verify,
}
"""The stages of the way forward; those of the way back are in ``way_back``."""
