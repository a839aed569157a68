"""The documents of a patch window: 《补丁、微码升级计划和步骤》 and 《补丁、微码升级总结报告》."""

from __future__ import annotations

from collections.abc import Sequence, Set

from weibao.domain.change import ChangeEvent, ChangeStep, PlannedTarget, StepState
from weibao.domain.patch import HostPlan, PackageChange
from weibao.domain.runbook import Phase
from weibao.i18n import explain
from weibao.reports.change.document import (
    Block,
    Document,
    Fact,
    Facts,
    Heading,
    Section,
    Table,
    Text,
    Tone,
)
from weibao.reports.change.papers import Desk, DocumentKind
from weibao.reports.change.parts import (
    back_out,
    consents,
    contingency,
    signatures,
    step_tables,
    waves,
)
from weibao.reports.change.supplied import supplied_files

__all__ = ["host_result", "patch_plan", "patch_summary"]

_UNPROTECTED = frozenset({"patch_without_backup", "patch_snapshot_only"})
_TONES: dict[str, Tone] = {
    "patched": "good",
    "brought_back": "warning",
    "refused": "warning",
    "nothing": "note",
    "not_done": "warning",
    "failed": "bad",
    "unknown": "bad",
}


def patch_plan(desk: Desk) -> Document:
    """Before the work: what is upgraded from which to which version, and how (RPT-30)."""
    w, change = desk.w, desk.change
    sections = [
        Section(w.say("section.basics"), (Facts(_basics(desk)),)),
        Section(w.say("patch.section.environment"), _environment(desk)),
        Section(w.say("patch.section.versions"), _versions(desk)),
        *supplied_files(desk),
        Section(w.say("patch.section.left_out"), _left_out(desk)),
        Section(w.say("patch.section.backup"), _backup(desk)),
        Section(w.say("section.steps"), (*step_tables(desk), waves(desk))),
        back_out(desk),
        contingency(desk),
        Section(w.say("section.consent"), consents(desk)),
        signatures(desk, ("applicant", desk.person(change.requester)), ("operator", ""),
                   ("recorder", "")),
    ]  # fmt: skip
    return desk.document(DocumentKind.patch_plan, change.title, sections)


def patch_summary(desk: Desk) -> Document:
    """After the work: the result of each asset, and its confirmation one to two weeks later."""
    w, change = desk.w, desk.change
    results = {t.device: host_result(t, desk.papers.steps) for t in _targets(desk)}
    patched = sum(result == "patched" for result in results.values())
    bad = {"failed", "unknown"}.intersection(results.values())
    good = patched == sum(result != "nothing" for result in results.values())
    tone: Tone = "bad" if bad else "good" if good else "warning"
    banner = Text(w.say("patch.summary", patched=patched, n=len(results)), tone)
    sections = [
        Section(w.say("section.basics"), (Facts(_basics(desk)),)),
        Section(w.say("patch.section.results"), _results(desk, results)),
        Section(w.say("patch.section.versions"), _versions(desk, results)),
        *supplied_files(desk),
        Section(w.say("patch.section.problems"), _problems(desk)),
        Section(w.say("patch.section.confirmation"), _confirmation(desk)),
        signatures(desk, ("operator", desk.person(change.operator)),
                   ("recorder", desk.person(change.recorder)),
                   ("representative", desk.person(change.representative))),
    ]  # fmt: skip
    return desk.document(DocumentKind.patch_summary, change.title, sections, banner)


def host_result(target: PlannedTarget, steps: Sequence[ChangeStep]) -> str:
    """What became of a host: ``patched``, ``brought_back``, ``refused``, ``failed`` and others.

    What was not proven is no success.
    """
    last = {(row.phase, row.step): row for row in steps if row.device == target.device}
    by_phase: dict[str, list[StepState]] = {}
    for (phase, _), row in last.items():
        by_phase.setdefault(phase, []).append(row.state)
    back = by_phase.get(Phase.back_out.value, [])
    if back:
        done = all(state is StepState.done for state in back)
        return "brought_back" if done else "failed"
    states = [state for found in by_phase.values() for state in found]
    if StepState.unknown in states or StepState.begun in states:
        return "unknown"
    if StepState.failed in states:
        touched = Phase.implement.value in by_phase
        return "failed" if touched else "refused"
    verified = by_phase.get(Phase.verify.value, [])
    if not verified:
        return "not_done"
    return "patched" if _plan(target).packages else "nothing"


def _targets(desk: Desk) -> list[PlannedTarget]:
    plan = desk.papers.plan
    return sorted(plan.targets, key=lambda t: t.wave) if plan else []


def _plan(target: PlannedTarget) -> HostPlan:
    return HostPlan.model_validate(target.plan) if target.plan else HostPlan()


def _basics(desk: Desk) -> tuple[Fact, ...]:
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


def _environment(desk: Desk) -> tuple[Block, ...]:
    """The assets with their system and kernel, and what the check found (PAT-11)."""
    w = desk.w
    rows, tones = [], []
    for target in _targets(desk):
        plan = _plan(target)
        rows.append(
            (
                target.device,
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
    names = ("host", "system", "kernel", "download", "restarts", "reboot", "check")
    head = tuple(w.say(f"patch.{name}") for name in names)
    table = Table(head, tuple(rows), (14, 20, 18, 10, 16, 8, 22), tuple(tones), marked=6)
    others = {n.code for t in _targets(desk) for n in _plan(t).notes} - _UNPROTECTED
    return (table, *_notes(desk, others))


def _notes(desk: Desk, codes: Set[str]) -> tuple[Text, ...]:
    """What the plan of a host notes, a paragraph each."""
    return tuple(
        Text(f"{target.device}: {explain(note.code, note.params, desk.w.language)}", "warning")
        for target in _targets(desk)
        for note in _plan(target).notes
        if note.code in codes
    )


def _fitness(target: PlannedTarget) -> Tone:
    if target.problem:
        return "bad"
    return "good" if target.checked else "warning"


def _versions(desk: Desk, results: dict[str, str] | None = None) -> tuple[Block, ...]:
    """Of each asset every package from version to version (PAT-19)."""
    w = desk.w
    blocks: list[Block] = []
    names = ("package", "from", "to", "source", "advisory")
    head = tuple(w.say(f"patch.{name}") for name in names)
    for target in _targets(desk):
        packages = _plan(target).packages
        title = target.device
        if results is not None:
            title += f" — {w.label('patch.result', results[target.device])}"
        blocks.append(Heading(title))
        if not packages:
            blocks.append(Text(w.say("patch.none"), "note"))
            continue
        rows = tuple(
            (
                p.name + (f" ({p.arch})" if p.arch else ""),
                p.before or _none_before(desk, p),
                p.version,
                w.say("patch.supplied") if p.supplied else p.source or "—",
                " ".join(filter(None, (w.say("patch.security") if p.security else "", p.advisory)))
                or "—",
            )
            for p in packages
        )
        blocks.append(Table(head, rows, (26, 20, 20, 22, 14)))
    return tuple(blocks) or (Text(w.say("plan.none"), "warning"),)


def _none_before(desk: Desk, package: PackageChange) -> str:
    """That it replaces nothing, and what stays beside it."""
    if not package.beside:
        return desk.w.say("patch.new")
    return desk.w.say("patch.beside", versions=", ".join(package.beside))


def _backup(desk: Desk) -> tuple[Block, ...]:
    """What is backed up before, and of which hosts nothing is."""
    return (Text(desk.w.say("patch.backup")), *_notes(desk, _UNPROTECTED))


def _left_out(desk: Desk) -> tuple[Block, ...]:
    w = desk.w
    rows = tuple(
        (target.device, left.name, left.version or "—", _why(desk, left.reason.code))
        for target in _targets(desk)
        for left in _plan(target).left_out
    )
    if not rows:
        return (Text(w.say("patch.nothing_left_out"), "note"),)
    head = tuple(w.say(f"patch.{name}") for name in ("host", "package", "to", "why"))
    return (Table(head, rows, (18, 26, 22, 34)),)


def _why(desk: Desk, code: str) -> str:
    return desk.w.sentence(explain(code, {}, desk.w.language))


def _results(desk: Desk, results: dict[str, str]) -> tuple[Block, ...]:
    w = desk.w
    rows, tones = [], []
    for target in _targets(desk):
        steps = [row for row in desk.papers.steps if row.device == target.device]
        began = min((row.started_at for row in steps), default=None)
        ended = max((row.finished_at for row in steps if row.finished_at), default=None)
        rows.append(
            (
                target.device,
                w.say("wave.canary") if target.wave == 0 else str(target.wave),
                w.label("patch.result", results[target.device]),
                str(len(_plan(target).packages)),
                w.span(began, ended) if began and ended else "—",
                _last_word(steps),
            )
        )
        tones.append(_TONES[results[target.device]])
    if not rows:
        return (Text(w.say("plan.none"), "warning"),)
    names = ("host", "wave", "outcome", "count", "time", "remark")
    head = tuple(w.say(f"patch.{name}") for name in names)
    return (Table(head, tuple(rows), (15, 8, 14, 9, 22, 32), tuple(tones), marked=2),)


def _last_word(steps: Sequence[ChangeStep]) -> str:
    """What the verification noted, or why something failed."""
    failed = [row.detail for row in steps if row.state is StepState.failed and row.detail]
    noted = [row.detail for row in steps if row.phase == Phase.verify.value and row.detail]
    return "\n".join(dict.fromkeys(failed or noted)) or "—"


def _problems(desk: Desk) -> tuple[Block, ...]:
    w = desk.w
    rows = tuple(
        (row.device, row.step, w.moment(row.finished_at or row.started_at), row.detail or "—")
        for row in desk.papers.steps
        if row.state in {StepState.failed, StepState.unknown}
    )
    if not rows:
        return (Text(w.say("patch.no_problem"), "good"),)
    head = tuple(w.say(f"patch.{name}") for name in ("host", "step", "time", "remark"))
    tones: list[Tone] = ["bad" for _ in rows]
    return (Table(head, rows, (16, 16, 20, 48), tuple(tones), marked=3),)


def _confirmation(desk: Desk) -> tuple[Block, ...]:
    """升级一至二星期后，确认所升级的工作性能 (PAT-15)."""
    w = desk.w
    found: list[ChangeEvent] = [e for e in desk.papers.events if e.action == "follow_up"]
    if not found:
        return (Text(w.say("patch.not_confirmed"), "warning"),)
    rows = tuple(
        (
            w.moment(event.at),
            desk.person(event.actor),
            w.label("patch.confirmed", str(event.detail.get("outcome"))),
            event.why,
        )
        for event in found
    )
    tones: tuple[Tone, ...] = tuple(
        "good" if event.detail.get("outcome") == "good" else "bad" for event in found
    )
    head = tuple(w.say(f"patch.{name}") for name in ("time", "person", "outcome", "remark"))
    return (Table(head, rows, (20, 16, 16, 48), tones, marked=2),)
