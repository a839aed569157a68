"""What the documents of a patch window have in common: hosts, versions, what is left out."""

from __future__ import annotations

from collections.abc import Sequence, Set

from weibao.domain.change import PlannedTarget
from weibao.domain.patch import HostPlan, PackageChange
from weibao.domain.patch_gate import already_there
from weibao.domain.patch_health import Before
from weibao.i18n import explain
from weibao.reports.change.document import Block, Fact, Heading, Table, Text
from weibao.reports.change.papers import Desk

__all__ = [
    "STAYS",
    "UNTOUCHED",
    "backups",
    "basics",
    "found_there",
    "left_out",
    "notes",
    "plan_of",
    "targets",
    "versions",
    "why",
]

STAYS = frozenset({"patched", "unverified"})
"""Results with which what was approved is installed."""
UNTOUCHED = frozenset({"refused", "not_done"})
"""Results with which the host is as it was."""


def targets(desk: Desk) -> list[PlannedTarget]:
    """The plan's hosts, by wave."""
    plan = desk.papers.plan
    return sorted(plan.targets, key=lambda t: t.wave) if plan else []


def plan_of(target: PlannedTarget) -> HostPlan:
    """What was approved for a host."""
    return HostPlan.model_validate(target.plan) if target.plan else HostPlan()


def basics(desk: Desk) -> tuple[Fact, ...]:
    """Kind, fault, purpose, window, people, impact."""
    w, change = desk.w, desk.change
    kind = change.fields.get("patch_kind", "reactive" if change.fault else "preventive")
    return (
        Fact(w.say("patch.kind"), w.label("patch.kind", kind)),
        Fact(w.say("patch.fault"), change.fault or "—"),
        desk.field("purpose", otherwise=desk.purpose),
        Fact(w.say("time.window"), desk.window, True),
        Fact(w.say("people.operator"), desk.person(change.operator)),
        Fact(w.say("people.recorder"), desk.person(change.recorder)),
        desk.field("impact", otherwise=desk.impact),
    )


def notes(desk: Desk, codes: Set[str]) -> tuple[Text, ...]:
    """What the plan of a host notes, a paragraph each."""
    return tuple(
        Text(f"{target.device}: {explain(note.code, note.params, desk.w.language)}", "warning")
        for target in targets(desk)
        for note in plan_of(target).notes
        if note.code in codes
    )


def versions(desk: Desk, results: dict[str, str] | None = None) -> tuple[Block, ...]:
    """Of each asset every package from version to version (PAT-19)."""
    w = desk.w
    blocks: list[Block] = []
    reached = ("reached",) if results is not None else ()
    names = (
        "package",
        "from",
        *(("planned", *reached) if reached else ("to",)),
        "source",
        "advisory",
    )
    widths = (22, 18, 18, 18, 14, 10) if reached else (26, 20, 20, 22, 14)
    head = tuple(w.say(f"patch.{name}") for name in names)
    for target in targets(desk):
        packages = plan_of(target).packages
        title = target.device
        result = results[target.device] if results is not None else ""
        if result:
            title += f" — {w.label('patch.result', result)}"
        blocks.append(Heading(title))
        if not packages:
            blocks.append(Text(w.say("patch.none"), "note"))
            continue
        there = found_there(desk, target)
        rows = tuple(
            (
                p.name + (f" ({p.arch})" if p.arch else ""),
                _before(desk, p, there),
                p.version,
                *((_reached(desk, target, p, result),) if result else ()),
                w.say("patch.supplied") if p.supplied else p.source or "—",
                " ".join(filter(None, (w.say("patch.security") if p.security else "", p.advisory)))
                or "—",
            )
            for p in packages
        )
        blocks.append(Table(head, rows, widths))
    return tuple(blocks) or (Text(w.say("plan.none"), "warning"),)


def found_there(desk: Desk, target: PlannedTarget) -> tuple[PackageChange, ...]:
    """Packages that others had brought to the approved version when the work began."""
    before = desk.papers.kept.get(target.device)
    return already_there(before.versions, plan_of(target)) if before else ()


def _before(desk: Desk, package: PackageChange, there: Sequence[PackageChange]) -> str:
    if package in there:
        return desk.w.say("patch.found_there", version=package.version)
    return package.before or _none_before(desk, package)


def _reached(desk: Desk, target: PlannedTarget, package: PackageChange, result: str) -> str:
    """The version that is proven to be there now; that of the plan is not it everywhere."""
    w, before = desk.w, desk.papers.kept.get(target.device)
    if result in STAYS or result == "nothing":
        return package.version
    if result in UNTOUCHED:
        return w.say("patch.untouched")
    if result != "brought_back":
        return w.say("patch.to_be_seen")
    was = package.installed(before.versions) if before else package.before
    return was or (w.say("patch.not_installed") if before or not package.beside else "—")


def _none_before(desk: Desk, package: PackageChange) -> str:
    """That it replaces nothing, and what stays beside it."""
    if not package.beside:
        return desk.w.say("patch.new")
    return desk.w.say("patch.beside", versions=", ".join(package.beside))


def left_out(desk: Desk) -> tuple[Block, ...]:
    """Of each host the packages that stay as they are, and why."""
    w = desk.w
    rows = tuple(
        (target.device, left.name, left.version or "—", why(desk, left.reason.code))
        for target in targets(desk)
        for left in plan_of(target).left_out
    )
    if not rows:
        return (Text(w.say("patch.nothing"), "note"),)
    head = tuple(w.say(f"patch.{name}") for name in ("host", "package", "available", "why"))
    return (Table(head, rows, (18, 26, 22, 34)),)


def why(desk: Desk, code: str, **params: object) -> str:
    """A reason as a sentence."""
    return desk.w.sentence(explain(code, params, desk.w.language))


def backups(desk: Desk) -> tuple[Block, ...]:
    """Of each host what the way back goes to, by name, and that its restore was tried (PAT-05)."""
    w, kept = desk.w, desk.papers.kept
    rows = tuple(
        (target.device, w.moment(kept[target.device].at), *_backup_of(desk, kept[target.device]))
        for target in targets(desk)
        if target.device in kept
    )
    if not rows:
        return (Text(w.say("patch.no_backup_kept"), "note"),)
    names = ("host", "time", "snapshot", "restored", "paths")
    head = tuple(w.say(f"patch.{name}") for name in names)
    return (Table(head, rows, (15, 17, 24, 24, 20)),)


def _backup_of(desk: Desk, before: Before) -> tuple[str, str, str]:
    w, told = desk.w, before.backup
    names = [str(told["snapshot"])] if told.get("snapshot") else []
    names += [str(dump.get("path", "-")) for dump in told.get("dumps") or ()]
    shots = told.get("snapshots") or ()
    names += [str(s.get("path", s)) if isinstance(s, dict) else str(s) for s in shots]
    proof = "—"
    if told.get("snapshot"):
        size = w.size(int(told.get("bytes") or 0))
        proof = w.say("patch.proven", files=told.get("files", 0), size=size)
    return "\n".join(names) or "—", proof, "\n".join(map(str, told.get("paths") or ())) or "—"
