"""``weibao change``: what is asked for, planned and looked at."""

from __future__ import annotations

from typing import Any

import click

from weibao.cli.change_options import (
    application_options,
    check_runbook,
    desk_of,
    name_strange_fields,
    pairs,
    who,
    who_option,
    window_of,
)
from weibao.cli.change_view import show_change, show_list, show_plan
from weibao.cli.options import Call, command_options
from weibao.domain.change import ChangeKind, ChangeState
from weibao.domain.reasons import Reason

__all__ = ["change"]


class _Group(click.Group):
    """Its commands lie in four modules; the others are loaded for what is not in this one."""

    def _load(self) -> None:
        from weibao.cli import change_documents, change_leave, change_work

        for module in (change_documents, change_leave, change_work):
            for command in module.COMMANDS:
                self.add_command(command)

    def list_commands(self, ctx: click.Context) -> list[str]:
        self._load()
        return sorted(super().list_commands(ctx))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.commands:
            self._load()
        return super().get_command(ctx, cmd_name)


@click.group(cls=_Group)
def change() -> None:
    """Changes: from the application to the closed record. Nothing is touched without leave."""


@change.command()
@click.option("--runbook", required=True, metavar="RUNBOOK", help="What is to be done.")
@click.option("-l", "--limit", required=True, metavar="PATTERN", help="Where: an Ansible pattern.")
@click.option(
    "--window",
    required=True,
    metavar="START/END",
    help="When, in the contract's time zone: 2026-11-28T22:00/2026-11-29T02:00, or START/+2h.",
)
@click.option(
    "--kind", type=click.Choice([k.value for k in ChangeKind]), default="normal", help="Of change."
)
@application_options
@click.option("--fault", default="", help="Of an emergency: the fault that it clears.")
@click.option("--verbal-approver", default="", help="Of an emergency: who said yes.")
@who_option
@command_options()
def new(call: Call, person: str, window: str, kind: str, **given: Any) -> None:
    """Apply for a change: a draft."""
    from weibao.services.changes.draft import Application, contract_for, new_change

    workshop = call.workshop
    desk = desk_of(call)
    _overtaken(call)
    check_runbook(call, given["runbook"])
    contract = contract_for(desk, given["runbook"], given["limit"], workshop.sources)
    asked = Application(
        runbook=given["runbook"],
        limit=given["limit"],
        window=window_of(window, desk.zone(contract), desk.now),
        requester=who(call, person),
        kind=ChangeKind(kind),
        title=given["title"],
        variables=pairs(given["variables"], "--var"),
        operator=given["operator"],
        recorder=given["recorder"],
        representative=given["representative"],
        fields=pairs(given["fields"], "--field"),
        verbal_approver=given["verbal_approver"],
        fault=given["fault"],
    )
    found = new_change(desk, asked, workshop.sources)
    name_strange_fields(call, asked.fields)
    call.out.data({"change": found})
    call.out.line(call.out.say("cli.change_new", change=found.id))


@change.command()
@click.argument("change_id", metavar="CHANGE")
@click.option("-l", "--limit", default="", metavar="PATTERN", help="Where.")
@click.option("--window", default="", metavar="START/END", help="When.")
@application_options
@who_option
@command_options()
def edit(call: Call, change_id: str, person: str, window: str, **given: Any) -> None:
    """Change a draft; it is to be planned again."""
    from weibao.services.changes.draft import Edit, edit_change

    desk = desk_of(call)
    draft = desk.find(change_id)
    zone = desk.zone(desk.contract(draft))
    asked = Edit(
        limit=given["limit"],
        window=window_of(window, zone, desk.now) if window else None,
        title=given["title"],
        variables=pairs(given["variables"], "--var"),
        operator=given["operator"],
        recorder=given["recorder"],
        representative=given["representative"],
        fields=pairs(given["fields"], "--field"),
    )
    name_strange_fields(call, asked.fields)
    found = edit_change(desk, draft, who(call, person), asked, call.workshop.sources)
    call.out.data({"change": found})
    call.out.line(call.out.say("cli.change_new", change=found.id))


@change.command()
@command_options()
def tick(call: Call) -> int:
    """What a timer calls: start what is due where the profile allows it, name what was missed."""
    from weibao.services.changes.control import start_due

    out = call.out
    _overtaken(call)
    started = start_due(desk_of(call), call.workshop.sources, lambda r: out.note(out.reason(r)))
    out.data({"started": [change.id for change, _ in started]})
    for found, error in started:
        words = error.say(out.language) if error else out.say(f"change.state.{found.state.value}")
        out.line(out.say("cli.change_moved", change=found.id, state=words))
    return 1 if any(error for _, error in started) else 0


@change.command()
@click.argument("change_id", metavar="CHANGE")
@who_option
@command_options()
def plan(call: Call, change_id: str, person: str) -> int:
    """Resolve targets, try it in check mode, estimate, find conflicts; changes nothing."""
    from weibao.services.changes.planning import make_plan

    out = call.out
    desk = desk_of(call)

    def tell(reason: Reason) -> None:
        out.note(out.reason(reason))

    draft = desk.find(change_id)
    known = draft.id
    check_runbook(call, draft.runbook)
    with desk.hold(f"change-{known}.lock", "change plan"):
        actor = who(call, person)
        _, found = make_plan(desk, desk.find(known), actor, call.workshop.sources, tell)
    out.data({"plan": found})
    return show_plan(call, found)


@change.command()
@click.argument("change_id", metavar="CHANGE")
@command_options()
def show(call: Call, change_id: str) -> None:
    """Show a change: who, what, when, how far, what differs from what was approved."""
    show_change(call, change_id)


@change.command("list")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([s.value for s in ChangeState]),
    help="Only in this state; may be given again.",
)
@click.option("--contract", default="", help="Only of this contract.")
@click.option("--owed", is_flag=True, help="Only those that still owe something.")
@click.option("--count", default=50, show_default=True, help="How many.")
@command_options()
def list_(call: Call, states: tuple[str, ...], contract: str, owed: bool, count: int) -> None:
    """List changes, newest first, and what they owe."""
    show_list(call, tuple(ChangeState(s) for s in states), contract, owed=owed, count=count)


def _overtaken(call: Call) -> None:
    """Changes that time has overtaken are said so before a new one is made."""
    for found in desk_of(call).sweep():
        call.out.note(
            call.out.say(f"cli.change_{found.state.value}", change=found.id, title=found.title)
        )
