"""``weibao change start|confirm|pause|resume|abort|back-out|attend|close``: the work itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from weibao.cli.change_options import desk_of, moment_of, who, who_option
from weibao.cli.options import Call, command_options
from weibao.domain.change import Change, ChangeAction, ChangeState, StepState
from weibao.domain.reasons import Reason
from weibao.errors import InputError

__all__ = ["COMMANDS"]

_WELL = frozenset({ChangeState.verified, ChangeState.closed})
_TAKEN_BACK = frozenset({ChangeState.rolled_back})
_ANSWERS = {"done": StepState.done, "failed": StepState.failed, "again": StepState.waiting}


_answer_option = click.option(
    "--answer",
    "answers",
    multiple=True,
    metavar="DEVICE:STEP=OUTCOME",
    help="What became of a step whose outcome is unknown: done, failed, or again.",
)


def _tell(call: Call) -> Any:
    def tell(reason: Reason) -> None:
        call.out.note(call.out.reason(reason))

    return tell


def _ended(call: Call, change: Change, well: frozenset[ChangeState] = _WELL) -> int:
    """Say how it ended; 0 where that is ``well``.

    An emergency owes its documents at once, however it ended: that is not its end.
    """
    out = call.out
    desk = desk_of(call)
    events = desk.records.change_events(change.id)
    told = {*ChangeAction, "back_out_failed"} - {ChangeAction.owe}
    event = next(e for e in reversed(events) if e.action in told)
    end = event.state if change.state is ChangeState.backfill else change.state
    broken = event.detail.get("back_out_failed") or []
    out.data({"change": change, "detail": event.detail})
    for state in dict.fromkeys((end, change.state)):
        words = out.word("change.state", state)
        out.line(out.say("cli.change_moved", change=change.id, state=words))
    if broken:
        words = desk.runbook(change).contingency.get(out.language, "")
        out.note(out.say("cli.change_broken", devices=", ".join(broken), contingency=words))
    failed = end is ChangeState.verified and event.detail.get("failed")
    return 0 if end in well and not broken and not failed else 1


@click.command()
@click.argument("change_id", metavar="CHANGE")
@who_option
@command_options()
def start(call: Call, change_id: str, person: str) -> int:
    """Start it and carry it out, wave by wave, under the approval and inside the window."""
    from weibao.services.changes.control import start as do

    desk = desk_of(call)
    actor = who(call, person)
    change = do(desk, desk.find(change_id), actor, call.workshop.sources, _tell(call))
    return _ended(call, change)


@click.command()
@click.argument("change_id", metavar="CHANGE")
@_answer_option
@who_option
@command_options()
def resume(call: Call, change_id: str, answers: tuple[str, ...], person: str) -> int:
    """Go on where it stopped; no step that is done is done twice."""
    from weibao.services.changes.control import resume as do

    desk = desk_of(call)
    given = tuple(_answer(text) for text in answers)
    change = do(
        desk, desk.find(change_id), who(call, person), call.workshop.sources, _tell(call), given
    )
    return _ended(call, change)


def _answer(text: str) -> tuple[str, str, StepState]:
    place, _, outcome = text.rpartition("=")
    device, _, step = place.rpartition(":")
    if not device or not step or outcome not in _ANSWERS:
        raise InputError("change.answer_wrong", text=text)
    return device, step, _ANSWERS[outcome]


@click.command("back-out")
@click.argument("change_id", metavar="CHANGE")
@click.option("--why", required=True, help="Why.")
@_answer_option
@who_option
@command_options()
def back_out(call: Call, change_id: str, why: str, answers: tuple[str, ...], person: str) -> int:
    """Bring back every device that it touched."""
    from weibao.services.changes.control import back_out as do

    desk = desk_of(call)
    actor = who(call, person)
    given = tuple(_answer(text) for text in answers)
    change = do(desk, desk.find(change_id), actor, call.workshop.sources, _tell(call), why, given)
    return _ended(call, change, _TAKEN_BACK)


def _simple(name: str, help_: str) -> click.Command:
    @click.command(name, help=help_)
    @click.argument("change_id", metavar="CHANGE")
    @click.option("--why", required=True, help="Why.")
    @who_option
    @command_options()
    def command(call: Call, change_id: str, why: str, person: str) -> None:
        from weibao.services.changes import control

        desk = desk_of(call)
        change = getattr(control, name)(desk, desk.find(change_id), who(call, person), why)
        call.out.data({"change": change})
        state = call.out.say(f"change.state.{change.state.value}")
        call.out.line(call.out.say("cli.change_moved", change=change.id, state=state))

    return command


@click.command()
@click.argument("change_id", metavar="CHANGE")
@click.option("--step", required=True, help="Which step.")
@click.option("--wave", default=0, show_default=True, help="Of which wave.")
@click.option(
    "--outcome",
    type=click.Choice(["done", "failed"]),
    default="done",
    help="What became of it; failed also says no.",
)
@click.option("--reading", default="", help="What was read or seen.")
@click.option("--photo", "photos", multiple=True, metavar="FILE", help="A photo as evidence.")
@click.option("--key", required=True, metavar="FILE", help="Your own SSH key.")
@who_option
@command_options()
def confirm(call: Call, change_id: str, person: str, photos: tuple[str, ...], **given: Any) -> None:
    """Confirm a step that waits for you, with your own key, from your own terminal."""
    from weibao.services.changes.papers import keep_paper
    from weibao.services.changes.presence import (
        CONFIRM_NAMESPACE,
        Confirmation,
        check_confirmer,
        confirm_statement,
    )
    from weibao.services.changes.presence import confirm as do

    desk = desk_of(call)
    change = desk.find(change_id)
    actor = who(call, person)
    check_confirmer(desk, change, actor, given["step"], given["wave"])
    evidence = []
    for name in photos:
        try:
            data = Path(name).read_bytes()
        except OSError as error:
            raise InputError("change.file", file=name, why=error.strerror) from error
        what = f"{given['step']}, wave {given['wave']}"
        evidence.append(keep_paper(desk, change, "photo", what, data, actor))
    said = Confirmation(
        step=given["step"],
        wave=given["wave"],
        outcome=given["outcome"],
        reading=given["reading"],
        evidence=tuple(evidence),
    )
    statement = confirm_statement(change, actor, said)
    signature = desk.signatures.sign(Path(given["key"]), CONFIRM_NAMESPACE, statement)
    do(desk, change, actor, said, signature)
    call.out.data({"confirmed": said.step})
    call.out.line(call.out.say("cli.change_confirmed", step=said.step, wave=said.wave))


@click.command()
@click.argument("change_id", metavar="CHANGE")
@click.option("--representative", required=True, metavar="PERSON", help="Who was present.")
@click.option("--from", "since", required=True, metavar="TIME", help="Since when.")
@click.option("--to", "until", required=True, metavar="TIME", help="Until when.")
@who_option
@command_options()
def attend(
    call: Call, change_id: str, representative: str, since: str, until: str, person: str
) -> None:
    """Record that the customer's representative was present."""
    from weibao.services.changes.presence import Attendance
    from weibao.services.changes.presence import attend as do

    desk = desk_of(call)
    change = desk.find(change_id)
    zone = desk.zone(desk.contract(change))
    present = Attendance(representative, moment_of(since, zone), moment_of(until, zone))
    do(desk, change, who(call, person), present)
    call.out.data({"attended": representative})
    call.out.line(call.out.say("cli.change_attended", person=representative))


@click.command()
@click.argument("change_id", metavar="CHANGE")
@click.option("--documents", default="", help="Which documents and records were updated.")
@click.option("--result", default="", help="How and when the customer was told of the result.")
@who_option
@command_options()
def close(call: Call, change_id: str, documents: str, result: str, person: str) -> None:
    """Close it; what is still owed is named instead."""
    from weibao.services.changes.closing import close as do

    desk = desk_of(call)
    actor = who(call, person)
    change = do(desk, desk.find(change_id), actor, documents=documents, result=result)
    call.out.data({"change": change})
    state = call.out.say(f"change.state.{change.state.value}")
    call.out.line(call.out.say("cli.change_moved", change=change.id, state=state))


@click.command()
@click.argument("change_id", metavar="CHANGE")
@click.option("--field", "fields", multiple=True, metavar="NAME=TEXT", help="Of the application.")
@click.option("--recorder", default="", metavar="PERSON", help="Who recorded.")
@click.option("--consent", metavar="FILE", help="The scan of the written consent.")
@who_option
@command_options()
def backfill(
    call: Call,
    change_id: str,
    fields: tuple[str, ...],
    recorder: str,
    consent: str | None,
    person: str,
) -> None:
    """Hand in afterwards what an emergency, or any change that is done, still owes."""
    from weibao.cli.change_options import pairs
    from weibao.services.changes.closing import backfill as do

    desk = desk_of(call)
    scan = b""
    if consent:
        try:
            scan = Path(consent).read_bytes()
        except OSError as error:
            raise InputError("change.file", file=consent, why=error.strerror) from error
    given = pairs(fields, "--field")
    do(desk, desk.find(change_id), who(call, person), given, recorder, scan)
    call.out.data({"change": desk.find(change_id)})


COMMANDS = (
    start,
    resume,
    back_out,
    _simple("pause", "Stop it safely before its next step."),
    _simple("abort", "End it where it stands; what was done stays until it is backed out."),
    confirm,
    attend,
    backfill,
    close,
)
