"""The document of a patch window before the work: 《补丁、微码升级计划和步骤》."""

from __future__ import annotations

from weibao.domain.change import PlannedTarget
from weibao.reports.change.document import Block, Document, Facts, Section, Table, Text, Tone
from weibao.reports.change.papers import Desk, DocumentKind
from weibao.reports.change.parts import (
    back_out,
    consents,
    contingency,
    digest,
    signatures,
    step_tables,
    waves,
)
from weibao.reports.change.patch_parts import basics, left_out, notes, plan_of, targets, versions
from weibao.reports.change.supplied import supplied_files

__all__ = ["patch_plan"]

_UNPROTECTED = frozenset({"patch_without_backup", "patch_snapshot_only"})


def patch_plan(desk: Desk) -> Document:
    """Before the work: what is upgraded from which to which version, and how (RPT-30)."""
    w, change = desk.w, desk.change
    sections = [
        Section(w.say("section.basics"), (Facts(basics(desk)),)),
        Section(w.say("patch.section.environment"), _environment(desk)),
        Section(w.say("patch.section.versions"), versions(desk)),
        *supplied_files(desk),
        Section(w.say("patch.section.files"), _files(desk)),
        Section(w.say("patch.section.left_out"), left_out(desk)),
        Section(w.say("patch.section.backup"), _backup(desk)),
        Section(w.say("section.steps"), (*step_tables(desk), waves(desk), *_takes(desk))),
        back_out(desk),
        contingency(desk),
        Section(w.say("section.consent"), (*consents(desk), *digest(desk))),
        signatures(desk, ("applicant", desk.person(change.requester)), ("operator", ""),
                   ("recorder", "")),
    ]  # fmt: skip
    return desk.document(DocumentKind.patch_plan, change.title, sections)


def _environment(desk: Desk) -> tuple[Block, ...]:
    """The assets with their system and kernel, and what the check found (PAT-11)."""
    w = desk.w
    rows, tones = [], []
    for target in targets(desk):
        plan = plan_of(target)
        rows.append(
            (
                target.device,
                w.say("wave.canary") if target.wave == 0 else str(target.wave),
                plan.system or "—",
                plan.kernel + (f" → {plan.target_kernel}" if plan.target_kernel else "") or "—",
                f"{plan.download / 1048576:.1f} MB",
                "\n".join(plan.restarts) or "—",
                w.say("yes" if plan.reboot else "no"),
                target.problem or w.say("patch.fit" if target.checked else "target.not_checked"),
            )
        )
        tones.append(_fitness(target))
    if not rows:
        return (Text(w.say("plan.none"), "warning"),)
    names = ("host", "wave", "system", "kernel", "download", "restarts", "reboot", "check")
    head = tuple(w.say(f"patch.{name}") for name in names)
    table = Table(head, tuple(rows), (13, 7, 17, 17, 10, 16, 8, 20), tuple(tones), marked=7)
    others = {n.code for t in targets(desk) for n in plan_of(t).notes} - _UNPROTECTED
    return (table, *notes(desk, others))


def _fitness(target: PlannedTarget) -> Tone:
    if target.problem:
        return "bad"
    return "good" if target.checked else "warning"


def _files(desk: Desk) -> tuple[Block, ...]:
    """The files forward and back, by what proves them; those that hosts share stand once."""
    w = desk.w
    found: dict[tuple[str, str, str], str] = {}
    for target in targets(desk):
        plan = plan_of(target)
        for way, files in (
            ("forward", [p.file for p in plan.packages if p.file is not None]),
            ("back", list(plan.earlier)),
        ):
            for file in files:
                name = file.file or f"{file.name} {file.version}"
                proof = file.sha256 or w.say("patch.by_signature")
                found.setdefault((name, proof, way), w.say(f"patch.way.{way}"))
    if not found:
        return (Text(w.say("patch.nothing"), "note"),)
    rows = tuple((name, way, proof) for (name, proof, _), way in found.items())
    head = tuple(w.say(f"patch.{name}") for name in ("file", "way", "sha256"))
    return (Table(head, rows, (36, 14, 50)),)


def _takes(desk: Desk) -> tuple[Block, ...]:
    plan, w = desk.papers.plan, desk.w
    if plan is None:
        return ()
    times = w.duration(plan.estimate), w.duration(plan.back_out_estimate)
    return (Text(w.say("patch.takes", work=times[0], back=times[1])),)


def _backup(desk: Desk) -> tuple[Block, ...]:
    """What is backed up before, and of which hosts nothing is."""
    return (Text(desk.w.say("patch.backup")), *notes(desk, _UNPROTECTED))
