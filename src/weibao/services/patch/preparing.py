"""The stages before a host is touched: its plan, the gate, and what is kept for the way back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from weibao.domain.patch import HostPlan
from weibao.domain.patch_gate import (
    already_there,
    approved_differences,
    clock_problems,
    gate_problems,
    held_packages,
    resumed_problems,
    unprotected,
    unread_health,
)
from weibao.domain.patch_health import Before, health_of
from weibao.domain.patch_missing import choose, missing, unknown_names, unreadable
from weibao.domain.patch_plan import make_host_plan, plan_lines, resolved_of
from weibao.domain.patch_supplied import fitting, not_fitting, of_plan
from weibao.domain.reasons import Reason
from weibao.domain.supplied import SCHEME
from weibao.services.patch.case import FOLDER, Case, Judged, Stage

__all__ = ["PREPARING_STAGES"]


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
    wanted = [package.named_for(case.facts.manager) for package in chosen]
    return Judged(order={"wanted": wanted, "supplied": files})


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
    unknown = unknown_names(case.facts, case.wishes, resolved.asked)
    left_out = (*unknown, *left_out)
    if not chosen and not files:
        why_not = clock_problems(case.facts, case.wishes)
        nothing = HostPlan(manager=manager, left_out=left_out)
        return Judged(why_not, difference=plan_lines(nothing), plan=nothing)
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
    begins = case.records.before(case.device) is None
    judge = gate_problems if begins else resumed_problems
    found = judge(case.facts, case.plan, case.wishes)
    # Its time is right to some seconds, or the gate says no; that it may drift is worth a word.
    drifts = case.facts.clock.synchronised == "no"
    notes = (Reason.of("patch_clock_not_in_step"),) if drifts else ()
    if begins and (there := already_there(case.facts.versions, case.plan)):
        names = ", ".join(f"{p.name} {p.version}" for p in there)
        notes = (*notes, Reason.of("patch_already_there", packages=names))
    why = (*approved_differences(case.facts, case.plan), *held_packages(case.facts, case.plan))
    return Judged((*why, *found), notes=notes)


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
    return Judged(
        tuple(why), changed=True, notes=() if why else (*_backed_up(case), *_dumped(dumps))
    )


def _backed_up(case: Case) -> tuple[Reason, ...]:
    """Which snapshot the way back goes to, and that its restore was tried (PAT-05).

    It is that of the first time: a step that is done again makes another one besides.
    """
    kept = case.records.before(case.device)
    told = dict(kept.backup) if kept is not None else {}
    if not told.get("snapshot"):
        return ()
    params = {"snapshot": told["snapshot"], "files": told.get("files", 0)}
    return (Reason.of("patch_backed_up", **params),)


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
        auto=case.facts.auto,
        residual=case.facts.residual,
        held=case.facts.held,
        files=case.facts.files or {},
        paths=case.wishes.config_paths,
        health=health_of(case.facts, case.wishes.severe),
        leftovers=case.facts.leftovers,
        backup={**kept, **({"snapshots": snapshots} if snapshots else {})},
    )


PREPARING_STAGES: dict[str, Stage] = {
    "status": status,
    "select": select,
    "plan": plan,
    "gate": gate,
    "prepare": prepare,
    "record": record,
}
"""By name."""
