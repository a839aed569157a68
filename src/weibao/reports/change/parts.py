"""Parts that several documents share: steps, the way back, targets, consents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from weibao.domain.change import Approval, PlannedTarget
from weibao.domain.ledger import canonical
from weibao.domain.runbook import Phase, Step, StepKind
from weibao.domain.supplied import supplied_in
from weibao.reports.change.document import (
    Block,
    Heading,
    Listing,
    Section,
    Signature,
    Signatures,
    Table,
    Text,
    Tone,
)
from weibao.reports.change.papers import Desk

__all__ = [
    "back_out",
    "consents",
    "contingency",
    "devices",
    "digest",
    "signatures",
    "step_tables",
    "targets",
    "variables",
    "waves",
]

_FORWARD = (Phase.precheck, Phase.backup, Phase.implement, Phase.verify)


def step_tables(desk: Desk, phases: Sequence[Phase] = _FORWARD) -> tuple[Block, ...]:
    """The steps by phase, numbered through (CHG-03, JOB-06)."""
    found: list[Block] = []
    number = 0
    for phase in phases:
        steps = desk.papers.runbook.of_phase(phase)
        if not steps:
            continue
        if len(phases) > 1:
            found.append(Heading(desk.w.label("phase", phase.value)))
        rows = []
        for step in steps:
            number += 1
            rows.append(_step_row(desk, number, step))
        head = tuple(
            desk.w.say(f"step.{n}") for n in ("number", "title", "how", "takes", "limit", "two")
        )
        found.append(Table(head, tuple(rows), (6, 30, 36, 11, 9, 8)))
    return tuple(found) or (Text(desk.w.say("step.none"), "warning"),)


def _step_row(desk: Desk, number: int, step: Step) -> tuple[str, ...]:
    w = desk.w
    estimate = w.duration(step.estimate_minutes * 60)
    limit = w.duration(step.time_limit_minutes * 60) if step.time_limit_minutes else "—"
    return (
        str(number),
        w.own(step.title),
        _how(desk, step),
        w.duration(step.seconds) if step.kind is StepKind.wait else estimate,
        limit,
        w.say("yes") if step.two_person else "—",
    )


def _how(desk: Desk, step: Step) -> str:
    w = desk.w
    lines = [w.label("kind", step.kind.value) + (f" {step.run}" if step.run else "")]
    if step.instruction:
        lines.append(w.own(step.instruction))
    if step.kind is StepKind.manual:
        lines.append(w.say("step.hand_in", what=w.label("takes", step.takes)))
    if step.expect:
        lines.append(w.say("step.expect", what=step.expect))
    if step.per_wave:
        lines.append(w.say("step.per_wave"))
    return "\n".join(lines)


def back_out(desk: Desk) -> Section:
    """回退方案: when, steps, duration (CHG-10)."""
    w, runbook, plan = desk.w, desk.papers.runbook, desk.papers.plan
    blocks: list[Block] = []
    if runbook.mutating:
        rule = w.say(f"back_out.on_{runbook.waves.on_breach}")
        blocks.append(Text(w.say("back_out.trigger", rule=rule)))
    if runbook.of_phase(Phase.back_out):
        blocks += step_tables(desk, (Phase.back_out,))
    elif runbook.mutating:
        blocks.append(Text(w.say("back_out.none"), "bad"))
    else:
        blocks.append(Text(w.say("back_out.read_only"), "note"))
    if plan:
        blocks.append(Text(w.say("back_out.takes", duration=w.duration(plan.back_out_estimate))))
    return Section(w.say("section.back_out"), tuple(blocks))


def contingency(desk: Desk) -> Section:
    """应急方案: what to do where the way back fails too (CHG-11)."""
    w, runbook = desk.w, desk.papers.runbook
    text = w.own(runbook.contingency)
    if text:
        return Section(w.say("section.contingency"), (Text(text.strip()),))
    missing = Text(w.say("contingency.none"), "bad" if runbook.mutating else "note")
    return Section(w.say("section.contingency"), (missing,))


def waves(desk: Desk) -> Text:
    """How the targets are taken, in sentences."""
    w, given = desk.w, desk.papers.runbook.waves
    first = w.say("waves.canary", n=given.canary) if given.canary else w.say("waves.no_canary")
    sizes = w.join(list(given.batches))
    failed = given.max_failed_in_wave, given.max_failed
    lines = [
        first,
        w.say("waves.batches", sizes=sizes),
        w.say("waves.limit", wave=failed[0], all=failed[1]) if all(failed) else w.say("waves.any"),
        w.say("waves.reserve", times=f"{given.reserve:g}"),
    ]
    if given.pause_between_seconds:
        lines.append(w.say("waves.pause", duration=w.duration(given.pause_between_seconds)))
    return Text(w.say("sentences").join(lines))


def variables(desk: Desk) -> tuple[Block, ...]:
    """What the runbook asks for, and what the change says (CHG-08)."""
    w, change = desk.w, desk.papers.change
    rows, listings = [], []
    for variable in desk.papers.runbook.variables:
        value = change.variables.get(variable.name) if change else variable.default
        title, text = w.own(variable.title) or variable.name, _value(desk, value)
        if value is None and variable.required:
            text = w.say("variable.required")
        elif isinstance(value, str) and "\n" in text:
            listings.append(Listing(title, text))
            text = w.say("variable.below")
        rows.append((title, text))
    head = w.say("variable.title"), w.say("variable.value")
    return (Table(head, tuple(rows), (62, 38)), *listings) if rows else ()


def _value(desk: Desk, value: object) -> str:
    """A variable's value for people."""
    if isinstance(value, Sequence) and value and all(isinstance(one, Mapping) for one in value):
        files = supplied_in([value])
        return "\n".join(file.original for file in files)
    if isinstance(value, bool):
        return desk.w.say("yes" if value else "no")
    if isinstance(value, str) or value is None:
        return (value or "").rstrip("\n") or desk.w.say("variable.none")
    return str(value) if isinstance(value, int | float) else canonical(value)


def targets(desk: Desk) -> tuple[Block, ...]:
    """The configuration items by wave (CHG-17), or that none were chosen yet."""
    w, plan = desk.w, desk.papers.plan
    if plan is None:
        return (Text(w.say("plan.none"), "warning"),)
    ordered = sorted(plan.targets, key=lambda target: target.wave)
    rows = tuple(
        (
            w.say("wave.canary") if t.wave == 0 else str(t.wave),
            t.device,
            t.platform or "—",
            t.group or "—",
            w.duration(t.estimate),
            w.duration(t.back_out_estimate),
            _checked(desk, t),
        )
        for t in ordered
    )
    tones = tuple(_target_tone(t) for t in ordered)
    names = ("wave", "device", "platform", "group", "estimate", "back", "checked")
    head = tuple(w.say(f"target.{n}") for n in names)
    return (Table(head, rows, (9, 20, 15, 11, 12, 12, 21), tones, marked=6),)


def _checked(desk: Desk, target: PlannedTarget) -> str:
    if target.problem:
        return target.problem
    if not target.checked:
        return desk.w.say("target.not_checked")
    lines = target.difference.splitlines()
    if lines and all(line.startswith("# ?") for line in lines):
        return desk.w.say("target.untried")
    return desk.w.say("target.differs" if lines else "target.same")


def _target_tone(target: PlannedTarget) -> Tone:
    if target.problem:
        return "bad"
    return "" if target.checked else "warning"


def devices(desk: Desk) -> str:
    """The targets' names in a line, or the pattern that will choose them."""
    plan = desk.papers.plan
    if plan is None:
        return desk.w.say("target.pattern", pattern=desk.change.limit or "all")
    names = [target.device for target in plan.targets]
    return desk.w.say("target.count", n=len(names), names=desk.w.join(names))


def consents(desk: Desk) -> tuple[Block, ...]:
    """Every stage with who consented, or that nobody has yet (CHG-21)."""
    w, change = desk.w, desk.change
    if not desk.papers.contract.change.stages:
        return ()
    rows: list[tuple[str, ...]] = []
    tones: list[Tone] = []
    for stage in desk.papers.contract.change.stages:
        given = [a for a in desk.papers.approvals if a.stage == stage.id]
        for approval in given:
            rows.append((w.own(stage.title), *_consent(desk, approval)))
            tones.append(_consent_tone(desk, approval))
        valid = {a.person for a in given if a.decision == "approve" and not _void(desk, a)}
        if len(valid) < stage.minimum and change.kind.value != "standard":
            lacking = w.say("consent.missing", n=stage.minimum - len(valid))
            rows.append((w.own(stage.title), "—", lacking, "—", "—", ""))
            tones.append("warning")
    if not rows:
        return (Text(w.say("consent.standard"), "note"),)
    head = tuple(
        w.say(f"consent.{n}") for n in ("stage", "person", "decision", "channel", "at", "why")
    )
    return (Table(head, tuple(rows), (17, 14, 19, 15, 17, 18), tuple(tones), marked=2),)


def _void(desk: Desk, approval: Approval) -> bool:
    """It was given to another round, or to a plan that no longer counts."""
    change = desk.change
    return approval.round != change.round or bool(
        change.digest and approval.digest != change.digest
    )


def _consent(desk: Desk, approval: Approval) -> tuple[str, ...]:
    w = desk.w
    decision = w.label("decision", approval.decision)
    if _void(desk, approval):
        decision = w.say("consent.void", decision=decision, round=approval.round)
    channel = w.label("channel", approval.channel.value)
    if approval.recorded_by:
        channel = w.say(
            "consent.recorded", channel=channel, person=desk.person(approval.recorded_by)
        )
    return (desk.person(approval.person), decision, channel, w.moment(approval.at), approval.why)


def _consent_tone(desk: Desk, approval: Approval) -> Tone:
    if _void(desk, approval):
        return "note"
    return "bad" if approval.decision == "reject" else "good"


def digest(desk: Desk) -> tuple[Block, ...]:
    """What approvals sign."""
    w, plan = desk.w, desk.papers.plan
    if plan is None:
        return ()
    if desk.change.digest != plan.digest:
        return (Text(w.say("digest_void"), "warning"),)
    return (Text(w.say("digest", digest=plan.digest, n=len(plan.parts)), "note"),)


def signatures(desk: Desk, *roles: tuple[str, str]) -> Section:
    """The signature block: label keys and persons; stages that are consented say so (RPT-01)."""
    w = desk.w
    slots = [Signature(w.say(f"sign.{role}"), name) for role, name in roles]
    if desk.papers.change is not None:
        for stage in desk.papers.contract.change.stages:
            given = [
                a
                for a in desk.papers.approvals
                if a.stage == stage.id and a.decision == "approve" and not _void(desk, a)
            ]
            done = w.join(
                [f"{w.label('channel', a.channel.value)} {w.moment(a.at)}" for a in given]
            )
            names = w.join([desk.person(a.person) for a in given])
            slots.append(Signature(w.own(stage.title), names, done))
    return Section(w.say("section.signatures"), (Signatures(tuple(slots)),))
