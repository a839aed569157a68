"""The judgement between two tasks of patching: what of a host is well, and what to do next.

Playbooks read and act; here is decided, by pure rules, from what was read, from the plan that was
approved, and from what was kept before the host was touched. Each function is one *stage* of a
playbook and answers for one host.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from weibao.boundary.patch import PatchRecords
from weibao.domain.patch import HostPlan, PatchWishes
from weibao.domain.patch_facts import Facts
from weibao.domain.patch_files import differences
from weibao.domain.patch_gate import (
    approved_differences,
    broken_database,
    clock_problems,
    gate_problems,
    left_to_do,
    resumed_problems,
    unprotected,
    unread_health,
)
from weibao.domain.patch_health import Before, fixed_ports, health_of, package_differences, worse
from weibao.domain.patch_missing import (
    RESTARTS_WITH_HOST,
    choose,
    missing,
    reboot_reasons,
    stale_units,
    unreadable,
)
from weibao.domain.patch_plan import make_host_plan, plan_lines, resolved_of
from weibao.domain.patch_supplied import fitting, not_fitting, of_plan
from weibao.domain.reasons import Reason
from weibao.domain.supplied import SCHEME

__all__ = ["FOLDER", "STAGES", "Case", "Judged", "judge"]

FOLDER = "/var/lib/weibao/patch"
"""On the hosts: below it a folder for each change."""


@dataclass(frozen=True)
class Case:
    """One host at one stage."""

    device: str
    change: str
    now: datetime
    wishes: PatchWishes
    facts: Facts
    said: Mapping[str, Mapping[str, Any]]
    """What other tasks of the host returned, by their short name."""
    plan: HostPlan | None
    """As it was approved."""
    records: PatchRecords
    supplied: str = ""
    """The folder of the customer's package files, on the controller."""


@dataclass(frozen=True)
class Judged:
    """What became of a host, and what to do with it next."""

    why: tuple[Reason, ...] = ()
    """What stands against it; empty where it is well."""
    changed: bool = False
    difference: str = ""
    plan: HostPlan | None = None
    order: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[Reason, ...] = ()
    """Worth knowing, and no harm."""

    @property
    def ok(self) -> bool:
        """Whether nothing stands against it."""
        return not self.why


def judge(stage: str, case: Case) -> Judged:
    """Judge ``case`` at ``stage``.

    Raises:
        KeyError: there is no such stage.
        IntegrityError: what was kept of the host was changed since.
        FailedError: something cannot be kept.
    """
    return STAGES[stage](case)


def status(case: Case) -> Judged:
    """Only read; judged from the evidence afterwards."""
    problem = unreadable(case.facts)
    return Judged((problem,) if problem else ())


def select(case: Case) -> Judged:
    """Which of the missing packages are wanted."""
    problem = unreadable(case.facts)
    if problem is not None:
        return Judged((problem,))
    chosen, _ = choose(*missing(case.facts), case.wishes)
    files = [
        {"source": f"{case.supplied}/{file.place}", "file": file.sha256 + "." + file.kind,
         "earlier": file.earlier}
        for file in fitting(case.wishes.supplied, case.facts.manager)
    ]  # fmt: skip
    return Judged(order={"wanted": [package.pin for package in chosen], "supplied": files})


def plan(case: Case) -> Judged:
    """The host's exact plan, and everything that stands against it."""
    problem = unreadable(case.facts)
    if problem is not None:
        return Judged((problem,))
    chosen, left_out = choose(*missing(case.facts), case.wishes)
    manager = case.facts.manager
    files = fitting(case.wishes.supplied, manager)
    resolved = resolved_of(manager, case.said.get("resolved") or {}, files)
    left_out = (*left_out, *not_fitting(case.wishes.supplied, manager))
    if not chosen and not files:
        why_not = clock_problems(case.facts, case.wishes)
        return Judged(why_not, plan=HostPlan(manager=manager, left_out=left_out))
    made, against = make_host_plan(case.facts, chosen, left_out, resolved, case.wishes)
    why = [*against, *gate_problems(case.facts, made, case.wishes)]
    if case.wishes.backup and not case.wishes.backup_place:
        why.append(Reason.of("patch_no_backup_place"))
    return Judged(tuple(why), bool(made.packages), plan_lines(made), made)


def gate(case: Case) -> Judged:
    """Whether the host is still as it was planned, and well enough to be touched."""
    if case.plan is None:
        return Judged((Reason.of("patch_no_plan"),))
    if not case.plan.packages:
        return Judged(notes=(Reason.of("patch_nothing_to_do"),))
    problem = unreadable(case.facts)
    if problem is not None:
        return Judged((problem,))
    why = approved_differences(case.facts, case.plan)
    if case.records.before(case.device) is None:
        return Judged((*why, *gate_problems(case.facts, case.plan, case.wishes)))
    return Judged((*why, *resumed_problems(case.facts, case.plan, case.wishes)))


def prepare(case: Case) -> Judged:
    """What is to be laid ready on the host: the files forward, and those of the way back."""
    if case.plan is None:
        return Judged((Reason.of("patch_no_plan"),))
    if case.plan.packages and (why := unprotected(case.wishes)):
        return Judged(why)
    files = [p.file for p in case.plan.packages if p.file is not None] + [*case.plan.earlier]
    fields = [f.model_dump(exclude={"schema_version"}) for f in files]
    folder = f"{FOLDER}/{case.change}/packages"
    supplied = [
        {"source": f"{case.supplied}/{f.uri.removeprefix(SCHEME)}", "file": f.file}
        for f in of_plan(files)
    ]
    return Judged(
        order={
            "needed": bool(files),
            "manager": case.plan.manager,
            "files": fields,
            "supplied": supplied,
            "folder": folder,
        }
    )


def record(case: Case) -> Judged:
    """Keep what the host is before it is touched; without a proven backup it is not (PAT-05)."""
    if case.plan is None:
        return Judged((Reason.of("patch_no_plan"),))
    if not case.plan.packages:
        return Judged()
    problem = unreadable(case.facts)
    if problem is None and case.facts.files is None:
        problem = Reason.of("patch_not_read", part="files")
    problem = problem or unread_health(case.facts)
    backup = dict(case.said.get("backed_up") or {})
    why = [*unprotected(case.wishes), *(() if problem is None else (problem,))]
    if case.wishes.backup and not backup.get("snapshot"):
        why.append(Reason.of("patch_no_backup", detail=backup.get("msg") or "-"))
    dumps = list((case.said.get("dumped") or {}).get("dumps") or ())
    missing_dumps = sorted({*case.wishes.dumps} - {str(dump.get("name")) for dump in dumps})
    if missing_dumps:
        why.append(Reason.of("patch_no_dump", dumps=", ".join(missing_dumps)))
    snapshots = (case.said.get("snapshots") or {}).get("snapshots") or ()
    if len(snapshots) < len(case.wishes.snapshots):
        why.append(Reason.of("patch_no_snapshot", paths=", ".join(case.wishes.snapshots)))
    if "staged" not in case.said:
        why.append(Reason.of("patch_not_staged"))
    if not why and case.records.before(case.device) is None:
        case.records.keep_before(_before(case, {**backup, "dumps": dumps} if dumps else backup))
    return Judged(tuple(why), changed=True, notes=_dumped(dumps))


def _dumped(dumps: list[Mapping[str, Any]]) -> tuple[Reason, ...]:
    """What was dumped, for the record of the step."""
    told = [f"{d['path']} ({d['bytes']} bytes, sha256 {d['sha256']})" for d in dumps]
    return (Reason.of("patch_dumped", dumps="; ".join(told)),) if told else ()


def _before(case: Case, backup: Mapping[str, Any]) -> Before:
    kept = {
        n: backup[n]
        for n in ("snapshot", "files", "bytes", "seconds", "paths", "dumps")
        if n in backup
    }
    snapshots = (case.said.get("snapshots") or {}).get("snapshots")
    return Before(
        device=case.device,
        change=case.change,
        at=case.now,
        packages=case.facts.packages or (),
        files=case.facts.files or {},
        health=health_of(case.facts, case.wishes.severe),
        leftovers=case.facts.leftovers,
        backup={**kept, **({"snapshots": snapshots} if snapshots else {})},
    )


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
        *resumed_problems(case.facts, case.plan, case.wishes),
    )
    known = case.records.progress(case.device)
    if not why and "begun" not in known:  # from here on files may change by the patch
        started = differences(before.files, case.facts.files)
        case.records.keep_progress(case.device, {**known, "begun": True, "started": started})
    left = left_to_do(case.facts, case.plan.packages)
    folder = f"{FOLDER}/{case.change}/packages"
    files = [f"{folder}/{p.file.file}" for p in left if p.file is not None]
    return Judged(
        why,
        order={
            "needed": True,
            "manager": case.plan.manager,
            "folder": folder,
            "repair": bool(case.facts.broken),
            "install": [package.pin for package in left],
            "files": files,
        },
    )


def applied(case: Case) -> Judged:
    """Whether exactly the approved versions are there, and what has to be restarted."""
    before = case.records.before(case.device)
    if case.plan is None or before is None or not case.plan.packages:
        return Judged()
    why = package_differences(before.versions, case.facts.versions, case.plan)
    why = (*why, *broken_database(case.facts))
    started = case.facts.system.boot_id != before.health.boot_id
    reboot = not started and _wants_reboot(case, case.plan)
    since = None if started else before.health.uptime
    units = stale_units(case.facts, case.plan.names, since)
    known = case.records.progress(case.device)
    case.records.keep_progress(case.device, {**known, "reboot": reboot or started})
    pending = not reboot and bool(reboot_reasons(case.facts))
    return Judged(
        why,
        changed=True,
        notes=(Reason.of("patch_reboot_pending"),) if pending else (),
        order={
            "reboot": reboot and not why,
            "reexec": "init.scope" in units and not reboot,
            "restart": [] if reboot or why else _restartable(units, case.wishes),
        },
    )


def _restartable(units: tuple[str, ...], wishes: PatchWishes) -> list[str]:
    kept = RESTARTS_WITH_HOST | {*wishes.keep_running}
    return [unit for unit in units if unit.endswith(".service") and unit not in kept]


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
        return Judged(order={"units": [], "ports": []})
    ports = fixed_ports(before.health.listening)
    return Judged(order={"units": [*before.health.active], "ports": ports})


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
    why += worse(before.health, health_of(case.facts, case.wishes.severe))
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
    found = []
    kept = sorted(set(case.facts.leftovers) - set(before.leftovers))
    if kept:
        found.append(Reason.of("patch_conffiles_kept", files=", ".join(kept)))
    pending = reboot_reasons(case.facts)
    if pending:
        found.append(Reason.of("patch_reboot_pending"))
    return found


Stage = Callable[[Case], Judged]
STAGES: dict[str, Stage] = {
    "status": status,
    "select": select,
    "plan": plan,
    "gate": gate,
    "prepare": prepare,
    "record": record,
    "order": order,
    "applied": applied,
    "expect": expect,
    "verify": verify,
}
"""The stages of the way forward; those of the way back are in ``way_back``."""
