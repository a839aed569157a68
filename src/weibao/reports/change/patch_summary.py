"""The document of a patch window after the work: 《补丁、微码升级总结报告》."""

from __future__ import annotations

from collections.abc import Sequence

from weibao.domain.change import (
    FINAL,
    ChangeEvent,
    ChangeState,
    ChangeStep,
    PlannedTarget,
    StepState,
)
from weibao.domain.change_owed import OWING, follow_up_days
from weibao.domain.runbook import Phase
from weibao.i18n import LANGUAGES, explain
from weibao.reports.change.actual import actual_times
from weibao.reports.change.document import Block, Document, Facts, Section, Table, Text, Tone
from weibao.reports.change.papers import Desk, DocumentKind
from weibao.reports.change.parts import signatures
from weibao.reports.change.patch_parts import (
    STAYS,
    backups,
    basics,
    found_there,
    left_out,
    plan_of,
    targets,
    versions,
    why,
)  # fmt: skip
from weibao.reports.change.supplied import supplied_files

__all__ = ["host_result", "patch_summary"]

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


def patch_summary(desk: Desk) -> Document:
    """After the work: the result of each asset, and its confirmation one to two weeks later."""
    w, change = desk.w, desk.change
    results = {t.device: _result(desk, t) for t in targets(desk)}
    patched = sum(result == "patched" for result in results.values())
    bad = {"failed", "unknown"}.intersection(results.values())
    good = patched == sum(result != "nothing" for result in results.values())
    pending = [t for t in targets(desk) if _is_pending(desk, t, results[t.device])]
    tone: Tone = "bad" if bad else "good" if good and not pending else "warning"
    banner = Text(w.say("patch.summary", patched=patched, n=len(results)), tone)
    sections = [
        Section(w.say("section.basics"), (Facts(basics(desk)),)),
        Section(w.say("patch.section.results"), _results(desk, results)),
        Section(w.say("section.actual"), actual_times(desk)),
        Section(w.say("patch.section.versions"), versions(desk, results)),
        *supplied_files(desk),
        Section(w.say("patch.section.backup"), backups(desk)),
        Section(w.say("patch.section.left_out"), left_out(desk)),
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
    there = found_there(desk, target)
    return "nothing" if result == "patched" and there == plan_of(target).packages else result


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
    if not plan_of(target).packages:
        return "nothing"
    return "patched" if verified else "unverified"


def _results(desk: Desk, results: dict[str, str]) -> tuple[Block, ...]:
    w = desk.w
    rows, tones = [], []
    for target in targets(desk):
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
    there = len(found_there(desk, target))
    return str(len(plan_of(target).packages) - there if result in STAYS else 0)


def _restarted(desk: Desk, target: PlannedTarget, result: str) -> str:
    """The host, or the services that were approved to be restarted where they run old code."""
    if result not in STAYS:
        return "—"
    restarted = desk.papers.restarted.get(target.device)
    if restarted:
        return desk.w.say("patch.host_restarted")
    return "\n".join(plan_of(target).restarts) or "—"


def _remark(desk: Desk, target: PlannedTarget, steps: Sequence[ChangeStep]) -> str:
    """What the steps said, and what was there before the change."""
    there = found_there(desk, target)
    found = [] if _last_word(steps) == "—" else [_last_word(steps)]
    if there:
        names = desk.w.join([f"{p.name} {p.version}" for p in there])
        found.append(why(desk, "patch_already_there", packages=names))
    return "\n".join(found) or "—"


def _is_pending(desk: Desk, target: PlannedTarget, result: str) -> bool:
    """The host still has to be restarted: what was installed is not in force yet.

    A step keeps its notes as text, in the language that the estate had then.
    """
    if result not in STAYS:
        return False
    said = {explain("patch_reboot_pending", {}, language) for language in LANGUAGES}
    last = {row.step: row for row in desk.papers.steps
            if row.device == target.device and row.phase == Phase.verify.value}  # fmt: skip
    if not last:
        last = {row.step: row for row in desk.papers.steps if row.device == target.device}
    return any(words in row.detail for row in last.values() for words in said)


def _last_word(steps: Sequence[ChangeStep]) -> str:
    """Why something failed, or what was noted last: by the way back, else by the verification."""
    failed = [row.detail for row in steps if row.state is StepState.failed and row.detail]
    phases = {row.phase for row in steps}
    last = Phase.back_out if Phase.back_out.value in phases else Phase.verify
    noted = [row.detail for row in steps if row.phase == last.value and row.detail]
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
    for target in targets(desk):
        result = results[target.device]
        times = [r.finished_at or r.started_at for r in desk.papers.steps
                 if r.device == target.device]  # fmt: skip
        when = w.moment(max(times)) if times else "—"
        phase = w.label("phase", Phase.verify.value)
        if result == "unverified":
            rows.append((target.device, phase, when, w.say("patch.unverified")))
        if _is_pending(desk, target, result):
            rows.append((target.device, phase, when, why(desk, "patch_reboot_pending")))
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
