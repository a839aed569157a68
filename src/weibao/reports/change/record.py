"""变更记录: what was done, when, by whom, and what is still owed (RPT-20)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from weibao.domain.change import ChangeEvent, ChangeState, ChangeStep, StepState, stopped_for
from weibao.domain.change_owed import FOLLOW_UP, owed_items
from weibao.domain.runbook import Phase
from weibao.i18n import explain
from weibao.reports.change.actual import STEP_TONES, actual_times, between, latest
from weibao.reports.change.document import (
    Block,
    Document,
    Fact,
    Facts,
    Section,
    Table,
    Text,
    Tone,
)
from weibao.reports.change.papers import Desk, DocumentKind
from weibao.reports.change.parts import consents, devices, signatures
from weibao.reports.change.patch_parts import backups

__all__ = ["change_record"]

_ENDS = (ChangeState.verified, ChangeState.rolled_back, ChangeState.aborted)
_TONES: dict[ChangeState, Tone] = {
    ChangeState.verified: "good",
    ChangeState.rolled_back: "warning",
    ChangeState.aborted: "bad",
    ChangeState.rejected: "warning",
    ChangeState.expired: "warning",
    ChangeState.missed: "bad",
    ChangeState.withdrawn: "warning",
    ChangeState.paused: "warning",
}


def change_record(desk: Desk) -> Document:
    """变更记录 with timeline, consents, planned against actual, and what is owed."""
    w, change = desk.w, desk.change
    sections = [
        Section(w.say("section.basics"), (Facts(_basics(desk)),)),
        Section(w.say("section.actual"), actual_times(desk)),
        Section(w.say("section.timeline"), _timeline(desk)),
        Section(w.say("section.consent"), consents(desk)),
        Section(w.say("section.done"), _steps(desk, desk.papers.steps)),
        *_backups(desk),
        Section(w.say("section.verification"), _verification(desk)),
        Section(w.say("section.owed"), _owed(desk)),
        Section(w.say("section.evidence"), _evidence(desk)),
        signatures(desk, ("operator", desk.person(change.operator)),
                   ("recorder", desk.person(change.recorder)),
                   ("representative", desk.person(change.representative))),
    ]  # fmt: skip
    return desk.document(DocumentKind.change_record, change.title, sections, _banner(desk))


def _end(desk: Desk) -> ChangeState:
    """How the work ended, also after what was done on paper since."""
    ends = [event.state for event in desk.papers.events if event.state in _ENDS]
    state = desk.change.state
    return ends[-1] if ends and state not in _TONES else state


def _banner(desk: Desk) -> Text:
    w, change = desk.w, desk.change
    end = _end(desk)
    said = w.say(f"result.{end.value}") if end in _TONES else w.label("state", end.value)
    tone = _TONES.get(end, "note")
    bad = {s.device for s in latest(desk.papers.steps) if s.state is StepState.failed}
    if bad:
        said = w.say("result.failed", result=said, n=len(bad))
    left = _unverified(desk)
    if end is ChangeState.verified and left:
        said, tone = w.say("result.unverified", result=said, n=len(left)), "warning"
    if change.state is not end:
        said = w.say("result.now", result=said, state=w.label("state", change.state.value))
    return Text(said, tone)


def _unverified(desk: Desk) -> list[str]:
    """Planned targets without a verification that was done; a step of the wave covers them all."""
    runbook, plan = desk.papers.runbook, desk.papers.plan
    if plan is None or not runbook.of_phase(Phase.verify):
        return []
    done = [
        s for s in desk.papers.steps
        if s.phase == Phase.verify.value and s.state is StepState.done
    ]  # fmt: skip
    devices = {s.device for s in done}
    waves = {s.wave for s in done if s.device == "-"}
    return [t.device for t in plan.targets if t.device not in devices and t.wave not in waves]


def _basics(desk: Desk) -> tuple[Fact, ...]:
    w, change = desk.w, desk.change
    facts = [
        Fact(w.say("change.kind"), w.label("kind_of_change", change.kind.value)),
        Fact(w.say("change.state"), w.label("state", change.state.value)),
        Fact(w.say("field_content"), change.fields.get("content", "") or change.title, True),
        Fact(w.say("scope.devices"), devices(desk), True),
        Fact(w.say("people.operator"), desk.person(change.operator)),
        Fact(w.say("people.recorder"), desk.person(change.recorder)),
        Fact(w.say("people.representative"), _attendance(desk)),
        Fact(w.say("change.run"), change.run or "—"),
        desk.field("notified"),
        desk.field("hardware"),
        desk.field("software"),
        *desk.more_fields(),
    ]
    if change.fault:
        facts.append(Fact(w.say("change.fault"), change.fault))
    if change.verbal_approver:
        approver = desk.person(change.verbal_approver)
        facts.append(Fact(w.say("change.verbal_approver"), approver))
    return tuple(facts)


def _attendance(desk: Desk) -> str:
    """Who was present, from and to (CHG-24); who was to be, where nobody is noted."""
    noted = [event for event in desk.papers.events if event.action == "attend"]
    if not noted:
        name = desk.person(desk.change.representative)
        wanted = desk.change.representative and desk.change.started_at
        return desk.w.say("people.absent", name=name) if wanted else name
    said = []
    for event in noted:
        given = {key: str(value) for key, value in event.detail.items()}
        name = given.get("name") or desk.person(given.get("person", event.actor))
        times = [_clock(desk, given.get(key, "")) for key in ("from", "to")]
        span = " – ".join(time for time in times if time) or desk.w.moment(event.at)
        said.append(desk.w.say("people.attended", name=name, times=span))
    return desk.w.join(said)


def _clock(desk: Desk, text: str) -> str:
    """A time in the contract's zone; what is no whole one stays as it was written."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return desk.w.moment(moment) if moment.tzinfo else text


def _timeline(desk: Desk) -> tuple[Block, ...]:
    """Every event: who, when, why (CHG-39)."""
    w = desk.w
    if not desk.papers.events:
        return (Text(w.say("timeline.none"), "note"),)
    rows = tuple(
        (
            w.second(e.at),
            desk.person(e.actor),
            w.label("action", e.action),
            w.label("state", e.state.value) if e.state is not e.state_before else "",
            e.why or _own_why(desk, e),
        )
        for e in desk.papers.events
    )
    head = tuple(w.say(f"timeline.{n}") for n in ("at", "who", "what", "state", "why"))
    return (Table(head, rows, (21, 14, 17, 15, 33)),)


def _own_why(desk: Desk, event: ChangeEvent) -> str:
    """Why the program itself stopped, which stands in the detail and not in a language."""
    reason = stopped_for(event)
    return desk.w.reason(reason) if reason is not None else ""


def _steps(desk: Desk, steps: Sequence[ChangeStep]) -> tuple[Block, ...]:
    """Each step with its time, actor, result (CHG-25)."""
    w = desk.w
    if not steps:
        return (Text(w.say("done.none"), "note"),)
    titles = {step.name: w.own(step.title) for step in desk.papers.runbook.steps}
    rows = tuple(
        (
            w.say("wave.canary") if s.wave == 0 else str(s.wave),
            titles.get(s.step, s.step) + (f" ({s.attempt})" if s.attempt > 1 else ""),
            w.say("done.whole_wave") if s.device == "-" else s.device,
            w.label("step_state", s.state.value),
            w.second(s.started_at),
            _took(desk, s),
            _hands(desk, s),
            s.detail,
        )
        for s in steps
    )
    names = ("wave", "step", "device", "state", "start", "took", "who", "detail")
    head = tuple(w.say(f"done.{n}") for n in names)
    tones = tuple(STEP_TONES[s.state] for s in steps)
    return (Table(head, rows, (8, 18, 14, 9, 15, 9, 12, 15), tones, marked=3),)


def _backups(desk: Desk) -> tuple[Section, ...]:
    """Where hosts were backed up in the change: what the way back goes to."""
    if not desk.papers.kept:
        return ()
    return (Section(desk.w.say("patch.section.backup"), backups(desk)),)


def _took(desk: Desk, step: ChangeStep) -> str:
    seconds = between(step.started_at, step.finished_at)
    return desk.w.duration(seconds) if seconds is not None else "—"


def _hands(desk: Desk, step: ChangeStep) -> str:
    who = desk.person(step.actor)
    if not step.confirmed_by:
        return who
    return desk.w.say("done.confirmed", who=who, by=desk.person(step.confirmed_by))


def _verification(desk: Desk) -> tuple[Block, ...]:
    """The result of the checks afterwards (CHG-26); not checked is never a pass."""
    w = desk.w
    steps = [s for s in latest(desk.papers.steps) if s.phase == Phase.verify.value]
    blocks: list[Block] = []
    if not steps:
        blocks.append(Text(w.say("verification.none"), "warning"))
    else:
        done = sum(step.state is StepState.done for step in steps)
        tone: Tone = "good" if done == len(steps) else "bad"
        blocks.append(Text(w.say("verification.count", done=done, n=len(steps)), tone))
        bad = [step for step in steps if step.state is not StepState.done]
        blocks += _steps(desk, bad) if bad else ()
        left = _unverified(desk)
        if left:
            said = w.say("verification.left", n=len(left), names=w.join(left))
            blocks.append(Text(said, "warning"))
    written = desk.change.fields.get("verification", "").strip()
    if written:
        blocks.append(Text(written))
    return tuple(blocks)


def _owed(desk: Desk) -> tuple[Block, ...]:
    w, change, papers = desk.w, desk.change, desk.papers
    blocks: list[Block] = []
    later: list[Block] = []  # it has days of its own, and is not due with the rest
    for item in owed_items(papers.contract, papers.runbook, change, papers.events, papers.steps):
        params = dict(item.params)
        if "field" in params:
            params["field"] = w.label("field", str(params["field"]))
        said = Text(explain(item.code, params, w.language), "warning")
        (later if item.code == FOLLOW_UP else blocks).append(said)
    if blocks and change.owed_until:
        over = papers.now > change.owed_until
        key = "owed.overdue" if over else "owed.until"
        blocks.append(Text(w.say(key, at=w.moment(change.owed_until)), "bad" if over else "note"))
    blocks += later
    follow_up = change.fields.get("follow_up", "").strip()
    if follow_up:
        blocks.append(Text(follow_up))
    return tuple(blocks) or (Text(w.say("owed.none"), "good"),)


def _of_step(desk: Desk, step: ChangeStep) -> str:
    titles = {one.name: desk.w.own(one.title) for one in desk.papers.runbook.steps}
    device = desk.w.say("done.whole_wave") if step.device == "-" else step.device
    return desk.w.say("evidence.step", device=device, step=titles.get(step.step, step.step))


def _evidence(desk: Desk) -> tuple[Block, ...]:
    """Every piece of evidence by its name (RPT-01)."""
    w = desk.w
    found: dict[str, str] = {}
    for step in desk.papers.steps:
        for sha256 in step.evidence:
            found.setdefault(sha256, _of_step(desk, step))
    for approval in desk.papers.approvals:
        if approval.evidence:
            by = desk.person(approval.person)
            found.setdefault(approval.evidence, w.say("evidence.consent", person=by))
    if not found:
        return (Text(w.say("evidence.none"), "note"),)
    rows = tuple((str(n), what, sha256) for n, (sha256, what) in enumerate(found.items(), 1))
    head = tuple(w.say(f"evidence.{n}") for n in ("number", "what", "sha256"))
    return (Table(head, rows, (7, 33, 60)),)
