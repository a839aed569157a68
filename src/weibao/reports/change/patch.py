"""The documents of a patch window: 《补丁、微码升级计划和步骤》 and 《补丁、微码升级总结报告》."""

from __future__ import annotations

from collections.abc import Sequence, Set

from weibao.domain.change import (
    FINAL,
    ChangeEvent,
    ChangeState,
    ChangeStep,
    PlannedTarget,
    StepState,
)
from weibao.domain.change_owed import OWING, follow_up_days
from weibao.domain.patch import HostPlan, PackageChange
from weibao.domain.patch_gate import already_there
from weibao.domain.patch_health import Before
from weibao.domain.runbook import Phase
from weibao.i18n import LANGUAGES, explain
from weibao.reports.change.actual import actual_times
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
    digest,
    signatures,
    step_tables,
    waves,
)
from weibao.reports.change.supplied import supplied_files

__all__ = ["host_result", "patch_plan", "patch_summary"]

_UNPROTECTED = frozenset({"patch_without_backup", "patch_snapshot_only"})
_TONES: dict[str, Tone] = {
    "patched": "good",
    "unverified": "warning",
    "brought_back": "warning",
    "refused": "warning",
    "nothing": "note",
    "not_done": "warning",
    "failed": "bad",
    "unknown": "bad",
}
_STAYS = frozenset({"patched", "unverified"})
"""What was approved is installed."""
_UNTOUCHED = frozenset({"refused", "not_done"})


def patch_plan(desk: Desk) -> Document:
    """Before the work: what is upgraded from which to which version, and how (RPT-30)."""
    w, change = desk.w, desk.change
    sections = [
        Section(w.say("section.basics"), (Facts(_basics(desk)),)),
        Section(w.say("patch.section.environment"), _environment(desk)),
        Section(w.say("patch.section.versions"), _versions(desk)),
        *supplied_files(desk),
        Section(w.say("patch.section.files"), _files(desk)),
        Section(w.say("patch.section.left_out"), _left_out(desk)),
        Section(w.say("patch.section.backup"), _backup(desk)),
        Section(w.say("section.steps"), (*step_tables(desk), waves(desk), *_takes(desk))),
        back_out(desk),
        contingency(desk),
        Section(w.say("section.consent"), (*consents(desk), *digest(desk))),
        signatures(desk, ("applicant", desk.person(change.requester)), ("operator", ""),
                   ("recorder", "")),
    ]  # fmt: skip
    return desk.document(DocumentKind.patch_plan, change.title, sections)


def patch_summary(desk: Desk) -> Document:
    """After the work: the result of each asset, and its confirmation one to two weeks later."""
    w, change = desk.w, desk.change
    results = {t.device: _result(desk, t) for t in _targets(desk)}
    patched = sum(result == "patched" for result in results.values())
    bad = {"failed", "unknown"}.intersection(results.values())
    good = patched == sum(result != "nothing" for result in results.values())
    pending = [t for t in _targets(desk) if _is_pending(desk, t, results[t.device])]
    tone: Tone = "bad" if bad else "good" if good and not pending else "warning"
    banner = Text(w.say("patch.summary", patched=patched, n=len(results)), tone)
    sections = [
        Section(w.say("section.basics"), (Facts(_basics(desk)),)),
        Section(w.say("patch.section.results"), _results(desk, results)),
        Section(w.say("section.actual"), actual_times(desk)),
        Section(w.say("patch.section.versions"), _versions(desk, results)),
        *supplied_files(desk),
        Section(w.say("patch.section.backup"), backups(desk)),
        Section(w.say("patch.section.left_out"), _left_out(desk)),
        Section(w.say("patch.section.problems"), _problems(desk, results)),
        Section(w.say("patch.section.confirmation"), _confirmation(desk)),
        signatures(desk, ("operator", desk.person(change.operator)),
                   ("recorder", desk.person(change.recorder)),
                   ("representative", desk.person(change.representative))),
    ]  # fmt: skip
    return desk.document(DocumentKind.patch_summary, change.title, sections, banner)


def _result(desk: Desk, target: PlannedTarget) -> str:
    """Where others had upgraded everything before the work began, the change did nothing."""
    result = host_result(target, desk.papers.steps)
    there = _found_there(desk, target)
    return "nothing" if result == "patched" and there == _plan(target).packages else result


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
    verified = StepState.done in by_phase.get(Phase.verify.value, [])
    if not verified and StepState.done not in by_phase.get(Phase.implement.value, []):
        return "not_done"
    if not _plan(target).packages:
        return "nothing"
    return "patched" if verified else "unverified"


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
    for target in _targets(desk):
        packages = _plan(target).packages
        title = target.device
        result = results[target.device] if results is not None else ""
        if result:
            title += f" — {w.label('patch.result', result)}"
        blocks.append(Heading(title))
        if not packages:
            blocks.append(Text(w.say("patch.none"), "note"))
            continue
        there = _found_there(desk, target)
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


def _found_there(desk: Desk, target: PlannedTarget) -> tuple[PackageChange, ...]:
    """Packages that others had brought to the approved version when the work began."""
    before = desk.papers.kept.get(target.device)
    return already_there(before.versions, _plan(target)) if before else ()


def _before(desk: Desk, package: PackageChange, there: Sequence[PackageChange]) -> str:
    if package in there:
        return desk.w.say("patch.found_there", version=package.version)
    return package.before or _none_before(desk, package)


def _reached(desk: Desk, target: PlannedTarget, package: PackageChange, result: str) -> str:
    """The version that is proven to be there now; that of the plan is not it everywhere."""
    w, before = desk.w, desk.papers.kept.get(target.device)
    if result in _STAYS or result == "nothing":
        return package.version
    if result in _UNTOUCHED:
        return w.say("patch.untouched")
    if result != "brought_back":
        return w.say("patch.to_be_seen")
    was = package.installed(before.versions) if before else package.before
    return was or (w.say("patch.not_installed") if before or not package.beside else "—")


def _files(desk: Desk) -> tuple[Block, ...]:
    """The files forward and back, by what proves them; those that hosts share stand once."""
    w = desk.w
    found: dict[tuple[str, str, str], str] = {}
    for target in _targets(desk):
        plan = _plan(target)
        for way, files in (
            ("forward", [p.file for p in plan.packages if p.file is not None]),
            ("back", list(plan.earlier)),
        ):
            for file in files:
                name = file.file or f"{file.name} {file.version}"
                proof = file.sha256 or w.say("patch.by_signature")
                found.setdefault((name, proof, way), w.say(f"patch.way.{way}"))
    if not found:
        return (Text(w.say("patch.nothing_left_out"), "note"),)
    rows = tuple((name, way, proof) for (name, proof, _), way in found.items())
    head = tuple(w.say(f"patch.{name}") for name in ("file", "way", "sha256"))
    return (Table(head, rows, (36, 14, 50)),)


def _takes(desk: Desk) -> tuple[Block, ...]:
    plan, w = desk.papers.plan, desk.w
    if plan is None:
        return ()
    times = w.duration(plan.estimate), w.duration(plan.back_out_estimate)
    return (Text(w.say("patch.takes", work=times[0], back=times[1])),)


def _none_before(desk: Desk, package: PackageChange) -> str:
    """That it replaces nothing, and what stays beside it."""
    if not package.beside:
        return desk.w.say("patch.new")
    return desk.w.say("patch.beside", versions=", ".join(package.beside))


def _backup(desk: Desk) -> tuple[Block, ...]:
    """What is backed up before, and of which hosts nothing is."""
    return (Text(desk.w.say("patch.backup")), *_notes(desk, _UNPROTECTED))


def backups(desk: Desk) -> tuple[Block, ...]:
    """Of each host what the way back goes to, by name, and that its restore was tried (PAT-05)."""
    w, kept = desk.w, desk.papers.kept
    rows = tuple(
        (target.device, w.moment(kept[target.device].at), *_backup_of(desk, kept[target.device]))
        for target in _targets(desk)
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


def _left_out(desk: Desk) -> tuple[Block, ...]:
    w = desk.w
    rows = tuple(
        (target.device, left.name, left.version or "—", _why(desk, left.reason.code))
        for target in _targets(desk)
        for left in _plan(target).left_out
    )
    if not rows:
        return (Text(w.say("patch.nothing_left_out"), "note"),)
    head = tuple(w.say(f"patch.{name}") for name in ("host", "package", "available", "why"))
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
                _count(desk, target, results[target.device]),
                _restarted(desk, target, results[target.device]),
                w.span(began, ended) if began and ended else "—",
                _remark(desk, target, steps),
            )
        )
        tones.append(_TONES[results[target.device]])
    if not rows:
        return (Text(w.say("plan.none"), "warning"),)
    names = ("host", "wave", "outcome", "count", "restarted", "time", "remark")
    head = tuple(w.say(f"patch.{name}") for name in names)
    return (Table(head, tuple(rows), (13, 7, 13, 8, 16, 18, 25), tuple(tones), marked=2),)


def _count(desk: Desk, target: PlannedTarget, result: str) -> str:
    """How many packages are another version by this change, as far as that is known."""
    if result in {"failed", "unknown"}:
        return "—"
    there = len(_found_there(desk, target))
    return str(len(_plan(target).packages) - there if result in _STAYS else 0)


def _restarted(desk: Desk, target: PlannedTarget, result: str) -> str:
    """The host, or the services that were approved to be restarted where they run old code."""
    if result not in _STAYS:
        return "—"
    restarted = desk.papers.restarted.get(target.device)
    if restarted:
        return desk.w.say("patch.host_restarted")
    return "\n".join(_plan(target).restarts) or "—"


def _remark(desk: Desk, target: PlannedTarget, steps: Sequence[ChangeStep]) -> str:
    """What the steps said, and what was there before the change."""
    there = _found_there(desk, target)
    found = [] if _last_word(steps) == "—" else [_last_word(steps)]
    if there:
        names = desk.w.join([f"{p.name} {p.version}" for p in there])
        found.append(_why_with(desk, "patch_already_there", packages=names))
    return "\n".join(found) or "—"


def _why_with(desk: Desk, code: str, **params: object) -> str:
    return desk.w.sentence(explain(code, params, desk.w.language))


def _is_pending(desk: Desk, target: PlannedTarget, result: str) -> bool:
    """The host still has to be restarted: what was installed is not in force yet.

    A step keeps its notes as text, in the language that the estate had then.
    """
    if result not in _STAYS:
        return False
    said = {explain("patch_reboot_pending", {}, language) for language in LANGUAGES}
    last = {row.step: row for row in desk.papers.steps
            if row.device == target.device and row.phase == Phase.verify.value}  # fmt: skip
    if not last:
        last = {row.step: row for row in desk.papers.steps if row.device == target.device}
    return any(words in row.detail for row in last.values() for words in said)


def _last_word(steps: Sequence[ChangeStep]) -> str:
    """What the verification noted, or why something failed."""
    failed = [row.detail for row in steps if row.state is StepState.failed and row.detail]
    noted = [row.detail for row in steps if row.phase == Phase.verify.value and row.detail]
    return "\n".join(dict.fromkeys(failed or noted)) or "—"


def _problems(desk: Desk, results: dict[str, str]) -> tuple[Block, ...]:
    w = desk.w
    titles = {step.name: w.own(step.title) for step in desk.papers.runbook.steps}
    cut_off = {StepState.unknown}
    if desk.change.state is not ChangeState.running:
        cut_off.add(StepState.begun)  # nobody is at it any more
    rows = [
        (row.device, titles.get(row.step, row.step), w.moment(row.finished_at or row.started_at),
         row.detail or (w.say("patch.cut_off") if row.state in cut_off else "—"))
        for row in desk.papers.steps
        if row.state is StepState.failed or row.state in cut_off
    ]  # fmt: skip
    for target in _targets(desk):
        result = results[target.device]
        times = [r.finished_at or r.started_at for r in desk.papers.steps
                 if r.device == target.device]  # fmt: skip
        when = w.moment(max(times)) if times else "—"
        phase = w.label("phase", Phase.verify.value)
        if result == "unverified":
            rows.append((target.device, phase, when, w.say("patch.unverified")))
        if _is_pending(desk, target, result):
            rows.append((target.device, phase, when, _why(desk, "patch_reboot_pending")))
    if not rows:
        none_yet = set(results.values()) <= {"not_done"}
        return (Text(w.say("patch.no_problem"), "note" if none_yet else "good"),)
    head = tuple(w.say(f"patch.{name}") for name in ("host", "step", "time", "remark"))
    tones: list[Tone] = ["bad" for _ in rows]
    return (Table(head, tuple(rows), (16, 22, 18, 44), tuple(tones), marked=3),)


def _confirmation(desk: Desk) -> tuple[Block, ...]:
    """升级一至二星期后，确认所升级的工作性能 (PAT-15)."""
    w = desk.w
    found: list[ChangeEvent] = [e for e in desk.papers.events if e.action == "follow_up"]
    lacking = _not_confirmed(desk)
    if not found:
        return (lacking,)
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
    good = any(event.detail.get("outcome") == "good" for event in found)
    table = Table(head, rows, (20, 16, 16, 48), tones, marked=2)
    return (table,) if good else (table, lacking)


def _not_confirmed(desk: Desk) -> Text:
    """By when it is to be confirmed, or why nothing is asked."""
    w, papers = desk.w, desk.papers
    days = follow_up_days(papers.contract, papers.runbook, desk.change, papers.events)
    if days is not None:
        return Text(w.say("patch.not_confirmed", first=days[0], last=days[1]), "warning")
    if papers.runbook.follow_up is None:
        return Text(w.say("patch.confirmation_not_asked"), "note")
    ended = desk.change.state in {*OWING, *FINAL, ChangeState.documents_updated}
    return Text(w.say("patch.nothing_to_confirm" if ended else "patch.confirmed_later"), "note")
