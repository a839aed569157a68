"""The documents before the work: 操作方案, 维护申请, 变更计划."""

from __future__ import annotations

from weibao.domain.calendar import lead_time_hours
from weibao.domain.change import ChangeKind
from weibao.domain.runbook import Phase
from weibao.i18n import translate
from weibao.reports.change.document import Block, Document, Fact, Facts, Listing, Section, Text
from weibao.reports.change.papers import Desk, DocumentKind
from weibao.reports.change.parts import (
    back_out,
    consents,
    contingency,
    devices,
    digest,
    signatures,
    step_tables,
    targets,
    variables,
    waves,
)

__all__ = ["application", "change_plan", "operation_plan"]


def operation_plan(desk: Desk) -> Document:
    """操作方案 with 应急方案 (RPT-21), of a runbook alone or of a change."""
    w, papers = desk.w, desk.papers
    runbook, change = papers.runbook, papers.change
    pattern = change.limit if change else runbook.targets
    purpose = (change.fields.get("purpose", "") if change else "") or desk.purpose
    scope = [
        Fact(w.say("scope.targets"), w.say("scope.all") if pattern == "all" else pattern),
        Fact(w.say("scope.risk"), desk.risk),
        Fact(
            w.say("scope.mutating"), w.say("scope.changes" if runbook.mutating else "scope.reads")
        ),
        Fact(w.say("scope.standard"), w.say("yes" if runbook.standard_allowed else "no")),
    ]
    if runbook.mutating:
        scope.append(desk.field("impact", otherwise=desk.impact))
    if change:
        scope.append(Fact(w.say("time.window"), desk.window, True))
        scope.append(Fact(w.say("people.operator"), desk.person(change.operator)))
        scope.append(Fact(w.say("people.recorder"), desk.person(change.recorder)))
    sections = [
        Section(w.say("section.purpose"), (Text(purpose),)),
        Section(w.say("section.scope"), (Facts(tuple(scope)),)),
    ]
    given = variables(desk)
    if given:
        sections.append(Section(w.say("section.variables"), given))
    if papers.plan:
        sections.append(Section(w.say("section.targets"), targets(desk)))
    sections.append(Section(w.say("section.steps"), step_tables(desk)))
    if runbook.mutating:
        sections.append(Section(w.say("section.waves"), (waves(desk),)))
    sections += [back_out(desk), contingency(desk)]
    roles = [("author", desk.person(change.requester) if change else ""), ("reviewer", "")]
    sections.append(signatures(desk, *roles))
    subtitle = change.title if change else w.own(runbook.title)
    return desk.document(DocumentKind.operation_plan, subtitle, sections)


def application(desk: Desk) -> Document:
    """维护申请 (RPT-19; CHG-01 to CHG-07)."""
    w, change, plan = desk.w, desk.change, desk.papers.plan
    runbook = desk.papers.runbook
    order = list(Phase)
    steps = [s for s in runbook.steps if order.index(s.phase) < order.index(Phase.back_out)]
    takes = w.duration(plan.estimate) if plan else w.say("plan.none_short")
    form = [
        Fact(
            w.say("time.submitted"), w.moment(change.submitted_at) if change.submitted_at else "—"
        ),
        Fact(w.say("change.kind"), w.label("kind_of_change", change.kind.value)),
        desk.field("purpose", otherwise=desk.purpose),
        Fact(w.say("field_content"), change.fields.get("content", "") or change.title, True),
        Fact(w.say("people.operator"), desk.person(change.operator)),
        Fact(w.say("people.recorder"), desk.person(change.recorder)),
        Fact(w.say("people.representative"), desk.person(change.representative)),
        Fact(w.say("change.runbook"), f"{runbook.id} {runbook.version}"),
        Fact(w.say("field_steps"), _numbered([w.own(s.title) for s in steps]), True),
        Fact(w.say("scope.devices"), devices(desk), True),
        desk.field("hardware"),
        desk.field("software"),
        Fact(w.say("time.estimate"), takes, tone="" if plan else "warning"),
        Fact(w.say("time.back_out"), w.duration(plan.back_out_estimate) if plan else "—"),
        Fact(w.say("time.asked"), desk.window, True),
        desk.field("impact", otherwise=desk.impact),
        *_emergency(desk),
    ]
    sections = [Section(w.say("section.application"), (Facts(tuple(form)),))]
    before = (*_lead_time(desk), *digest(desk))
    sections.append(Section(w.say("section.consent"), (*before, *consents(desk))))
    sections.append(signatures(desk, ("applicant", desk.person(change.requester))))
    return desk.document(DocumentKind.maintenance_application, change.title, sections)


def change_plan(desk: Desk) -> Document:
    """变更计划 (RPT-20; CHG-01 to CHG-18)."""
    w, change = desk.w, desk.change
    sections = [
        Section(w.say("section.basics"), (Facts(_basics(desk)),)),
        Section(w.say("section.content"), (*_content(desk), *variables(desk))),
        Section(w.say("section.targets"), (*targets(desk), waves(desk))),
        Section(w.say("section.steps"), step_tables(desk)),
        Section(w.say("section.dry_run"), _dry_run(desk)),
        Section(w.say("section.risk"), (Facts(_risk(desk)),)),
        Section(w.say("section.conflicts"), _conflicts(desk)),
        back_out(desk),
        contingency(desk),
        Section(w.say("section.people"), (Facts(_people(desk)),)),
        Section(w.say("section.consent"), (*digest(desk), *consents(desk))),
        signatures(desk, ("applicant", desk.person(change.requester)), ("operator", ""),
                   ("recorder", "")),
    ]  # fmt: skip
    return desk.document(DocumentKind.change_plan, change.title, sections)


def _numbered(lines: list[str]) -> str:
    return "\n".join(f"{n}. {line}" for n, line in enumerate(lines, start=1))


def _emergency(desk: Desk) -> tuple[Fact, ...]:
    w, change = desk.w, desk.change
    found = []
    if change.fault or change.kind is ChangeKind.emergency:
        found.append(Fact(w.say("change.fault"), change.fault or w.say("not_stated")))
    if change.kind is ChangeKind.emergency:
        approver = desk.person(change.verbal_approver)
        found.append(Fact(w.say("change.verbal_approver"), approver))
    return tuple(found)


def _lead_time(desk: Desk) -> tuple[Block, ...]:
    """How long ahead it was submitted, against what the contract wants (CHG-20)."""
    w, change = desk.w, desk.change
    wanted = desk.papers.contract.change.lead_time_hours
    if change.kind is not ChangeKind.normal:
        return (Text(w.say(f"lead.{change.kind.value}", wanted=f"{wanted:g}"), "note"),)
    if not wanted:
        return ()
    if change.submitted_at is None:
        return (Text(w.say("lead.not_submitted", wanted=f"{wanted:g}"), "note"),)
    hours = lead_time_hours(change.submitted_at, change.window)
    met = hours >= wanted
    said = w.say(
        "lead.met" if met else "lead.short",
        hours=f"{hours:.1f}".removesuffix(".0"),
        wanted=f"{wanted:g}",
    )
    return (Text(said, "good" if met else "bad"),)


def _basics(desk: Desk) -> tuple[Fact, ...]:
    w, change, plan = desk.w, desk.change, desk.papers.plan
    return (
        Fact(w.say("change.kind"), w.label("kind_of_change", change.kind.value)),
        Fact(w.say("change.state"), w.label("state", change.state.value)),
        desk.field("purpose", otherwise=desk.purpose),
        Fact(w.say("time.window"), desk.window, True),
        Fact(w.say("time.estimate"), w.duration(plan.estimate) if plan else "—"),
        Fact(w.say("time.back_out"), w.duration(plan.back_out_estimate) if plan else "—"),
        desk.field("origin", otherwise="—"),
        *_emergency(desk),
    )


def _content(desk: Desk) -> tuple[Block, ...]:
    w, change = desk.w, desk.change
    return (
        Facts(
            (
                Fact(
                    w.say("field_content"), change.fields.get("content", "") or change.title, True
                ),
                desk.field("hardware"),
                desk.field("software"),
                *desk.more_fields(),
            )
        ),
    )


def _risk(desk: Desk) -> tuple[Fact, ...]:
    return (
        desk.field("risk", otherwise=desk.risk),
        desk.field("impact", otherwise=desk.impact),
        desk.field("explanation", otherwise="—"),
        desk.field("backup", otherwise=desk.w.say("backup_by_step")),
        desk.field("media", otherwise="—"),
        desk.field("customer_data", otherwise="—"),
        desk.field("prerequisites", otherwise="—"),
        desk.field("cooperation", otherwise="—"),
        desk.field("scope", otherwise=desk.w.say("scope_of_contract")),
    )


def _people(desk: Desk) -> tuple[Fact, ...]:
    w, change = desk.w, desk.change
    return (
        Fact(w.say("people.operator"), desk.person(change.operator)),
        Fact(w.say("people.recorder"), desk.person(change.recorder)),
        Fact(w.say("people.representative"), desk.person(change.representative)),
        Fact(w.say("people.requester"), desk.person(change.requester)),
        desk.field("division", otherwise="—"),
        desk.field("notified"),
    )


def _dry_run(desk: Desk) -> tuple[Block, ...]:
    """What would change, as the approver is shown it (JOB-11, CHG-38)."""
    w, plan = desk.w, desk.papers.plan
    if plan is None:
        return (Text(w.say("plan.none"), "warning"),)
    made = Text(w.say("dry_run.made", at=w.moment(plan.made_at), run=plan.run or "—"), "note")
    blocks: list[Block] = [made]
    missed = [t.device for t in plan.targets if not t.checked]
    if missed:
        blocks.append(Text(w.say("dry_run.missed", names=w.join(missed)), "warning"))
    same = [t.device for t in plan.targets if t.checked and not t.difference]
    if same:
        blocks.append(Text(w.say("dry_run.same", names=w.join(same))))
    alike: dict[str, list[str]] = {}
    for target in plan.targets:
        if target.difference.strip():
            alike.setdefault(target.difference.rstrip(), []).append(target.device)
    blocks += [Listing(w.join(names), text, diff=True) for text, names in alike.items()]
    if any(line.startswith(("# ~ ", "# ? ")) for text in alike for line in text.splitlines()):
        blocks.append(Text(w.say("dry_run.tasks"), "note"))
    return tuple(blocks)


def _conflicts(desk: Desk) -> tuple[Block, ...]:
    w, plan = desk.w, desk.papers.plan
    if plan is None:
        return (Text(w.say("plan.none"), "warning"),)
    if not plan.conflicts:
        return (Text(w.say("conflicts.none"), "good"),)
    return tuple(
        Text(
            w.sentence(translate(f"conflict.{c.code}", w.language, **c.params)),
            "bad" if c.blocking else "warning",
        )
        for c in plan.conflicts
    )
