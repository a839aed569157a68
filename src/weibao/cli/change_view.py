"""Showing changes on the terminal."""

from __future__ import annotations

from collections.abc import Iterable

from weibao.cli.change_options import desk_of
from weibao.cli.options import Call
from weibao.domain.change import Change, ChangePlan, ChangeState, PlannedTarget, stopped_for
from weibao.domain.change_owed import OWING
from weibao.domain.waves import minutes_needed
from weibao.errors import WeibaoError
from weibao.i18n import Language
from weibao.services.changes.closing import owed as owed_by
from weibao.services.changes.cut_off import sweep_cut_off_plans

__all__ = ["show_change", "show_list", "show_plan"]


def show_list(
    call: Call, states: tuple[ChangeState, ...], contract: str, *, owed: bool, count: int
) -> None:
    """A line a change."""
    out = call.out
    desk = desk_of(call)
    desk.sweep()
    if owed:  # nothing is owed before the work, nor of what is closed
        states = tuple(state for state in states or OWING if state in OWING)
    none = owed and not states
    found = (
        []
        if none
        else desk.records.changes(contract=contract, states=states, limit=0 if owed else count)
    )
    rows = [(change, owed_by(desk, change)) for change in found]
    if owed:
        rows = [(change, left) for change, left in rows if left][:count]
    out.data(
        {
            "changes": [
                {**c.model_dump(mode="json"), "owed": [out.reason(r) for r in left]}
                for c, left in rows
            ]
        }
    )
    keys = ("change", "state", "window", "runbook", "change_title", "owed")
    head = [out.say(f"cli.head.{key}") for key in keys]
    out.table(
        head,
        [
            (
                change.id,
                out.say(f"change.state.{change.state.value}"),
                _span(call, change),
                f"{change.runbook}@{change.runbook_version}",
                change.title,
                len(left) or "",
            )
            for change, left in rows
        ],
    )


def _span(call: Call, change: Change) -> str:
    zone = call.zone(change.contract)
    start, end = (call.out.moment(one, zone) for one in (change.window.start, change.window.end))
    return f"{start[:16]}/{end[11:16]}{start[19:]}"


def show_change(call: Call, change_id: str) -> None:
    """One change with everything that was done to it."""
    from weibao.services.changes.approval import approvals_stand, differences

    out = call.out
    desk = desk_of(call)
    change = desk.find(change_id)
    zone = call.zone(change.contract)
    sweep_cut_off_plans(desk, change.id)
    events = desk.records.change_events(change.id)
    steps = desk.records.change_steps(change.id)
    plan = desk.records.change_plan(change.id, change.plan) if change.plan else None
    left = [out.reason(reason) for reason in owed_by(desk, change)]
    try:
        changed = [out.reason(r) for r in differences(desk, change, call.workshop.sources)]
    except WeibaoError as error:  # a host that is gone, an inventory that is broken
        changed = [error.say(out.language)]
    stages = approvals_stand(desk, change, out.language)
    out.data(
        {
            "change": change,
            "plan": plan,
            "approvals": desk.records.approvals(change.id),
            "stages": stages,
            "differs": changed,
            "events": events,
            "steps": steps,
            "owed": left,
        }
    )
    _head(call, change)
    for target in plan.targets if plan else ():
        out.line(f"  {target.wave:>2}  {target.device}  {target.problem}")
    for stage in stages:
        out.line(
            out.say(
                "cli.change_stage",
                stage=stage["title"],
                given=stage["given"],
                minimum=stage["minimum"],
                people=stage["people"] or "-",
            )
        )
        for why in stage["void"]:
            out.line(f"  ✗ {why}")
    for words in changed:
        out.line("✗ " + words)
    for event in events:
        moved = event.state is not event.state_before
        arrow = f" → {out.word('change.state', event.state)}" if moved else ""
        action = out.word("document.action", event.action)
        stopped = stopped_for(event)
        why = event.why or (out.reason(stopped) if stopped is not None else "")
        when = out.moment(event.at, zone)
        out.line(f"{when}  {event.actor}  {action}{arrow}  {why}".rstrip())
    for step in steps:
        out.line(
            f"  {out.moment(step.started_at, zone)}  {step.wave:>2}"
            f"  {out.word('change.place', step.device)}  {step.step}"
            f"  {out.word('document.step_state', step.state)}  {step.detail}".rstrip()
        )
    for line in left:
        out.line("! " + line)


def _head(call: Call, change: Change) -> None:
    out, zone = call.out, call.zone(change.contract)
    start, end = (out.moment(one, zone) for one in (change.window.start, change.window.end))
    named = f" ({zone.key})" if zone else ""
    out.line(f"{change.id}  {change.title}  {out.say(f'change.state.{change.state.value}')}")
    for key, value in (
        ("kind", out.word("document.kind_of_change", change.kind)),
        ("runbook", f"{change.runbook}@{change.runbook_version}"),
        ("window", f"{start} – {end}{named}"),
        ("requester", change.requester),
        ("operator", change.operator or "-"),
        ("recorder", change.recorder or "-"),
        ("representative", change.representative or "-"),
        ("digest", change.digest or "-"),
    ):
        out.line(f"  {out.say(f'cli.head.{key}')}: {value}")


def show_plan(call: Call, found: ChangePlan) -> int:
    """A plan on the terminal; 1 where something stands against it."""
    out = call.out
    for target in found.targets:
        mark = "✗" if target.problem else "✓" if target.checked else "?"
        out.line(f"{mark} {target.wave:>2}  {target.device}  {target.problem}")
        for line in _foretold(target, out.language):
            out.line(f"      {line}")
    for conflict in found.conflicts:
        mark = "✗" if conflict.blocking else "!"
        out.line(f"{mark} " + out.say(f"conflict.{conflict.code}", **conflict.params))
    minutes = minutes_needed(found.estimate), minutes_needed(found.back_out_estimate)
    out.line(out.say("cli.change_planned", number=found.number, work=minutes[0], back=minutes[1]))
    out.line(out.say("cli.change_digest", digest=found.digest))
    bad = any(t.problem for t in found.targets) or any(c.blocking for c in found.conflicts)
    return 1 if bad else 0


def _foretold(target: PlannedTarget, language: Language) -> Iterable[str]:
    """What the dry run says would be done."""
    if not target.plan:
        return target.difference.splitlines()
    from weibao.cli.host_plan import host_plan_lines
    from weibao.domain.patch import HostPlan

    return host_plan_lines(HostPlan.model_validate(target.plan), language)
