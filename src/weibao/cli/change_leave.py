"""``weibao change submit|approve|reject|withdraw|extend``: asking for leave and giving it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from weibao.cli.change_options import desk_of, later_of, who, who_option
from weibao.cli.options import Call, command_options
from weibao.domain.change import ApprovalChannel, Change
from weibao.errors import InputError

__all__ = ["COMMANDS"]


def _said(call: Call, change: Change) -> None:
    call.out.data({"change": change})
    state = call.out.say(f"change.state.{change.state.value}")
    call.out.line(call.out.say("cli.change_moved", change=change.id, state=state))


@click.command()
@click.argument("change_id", metavar="CHANGE")
@click.option("--why", default="", help="Said with it.")
@who_option
@command_options()
def submit(call: Call, change_id: str, why: str, person: str) -> None:
    """Submit: a draft to internal review; what is internally approved to the customer."""
    from weibao.services.changes.approval import submit as do

    desk = desk_of(call)
    change = desk.find(change_id)
    _said(call, do(desk, change, who(call, person), call.workshop.sources, why))


def _approval_options(function: Any) -> Any:
    for option in reversed(
        (
            click.argument("change_id", metavar="CHANGE"),
            click.option("--stage", default="", help="Which stage (default: whose turn it is)."),
            click.option(
                "--key", metavar="FILE", help="Your SSH key, or its public half with an agent."
            ),
            click.option("--statement", is_flag=True, help="Only print what is to be signed."),
            click.option(
                "--signature",
                metavar="FILE",
                help="FILE.sig, made of FILE elsewhere.",
            ),
            click.option(
                "--channel",
                type=click.Choice([c.value for c in ApprovalChannel]),
                default="signature",
                help="How the consent came.",
            ),
            click.option("--evidence", metavar="FILE", help="The scan of a consent on paper."),
            click.option("--recorded-by", default="", metavar="PERSON", help="Who records it."),
            click.option("--why", default="", help="Said with it."),
            who_option,
        )
    ):
        function = option(function)
    return function


def _decide(call: Call, decision: str, change_id: str, **given: Any) -> None:
    from weibao.services.changes.approval import Consent, consent, statement_for

    desk = desk_of(call)
    change = desk.find(change_id)
    asked = Consent(
        person=who(call, given["person"]),
        stage=given["stage"],
        decision=decision,
        channel=ApprovalChannel(given["channel"]),
        recorded_by=given["recorded_by"],
        why=given["why"],
        window_end=given.get("window_end"),
    )
    if given["statement"]:
        sys.stdout.write(statement_for(desk, change, asked))
        return
    if asked.channel is ApprovalChannel.signature and not (given["key"] or given["signature"]):
        raise InputError("change.key_or_signature")
    _said(
        call,
        consent(
            desk,
            change,
            asked,
            call.workshop.sources,
            key=Path(given["key"]) if given["key"] else None,
            signature=_text(given["signature"]) if given["signature"] else "",
            signed=_text(given["signature"].removesuffix(".sig")) if given["signature"] else "",
            scan=_bytes(given["evidence"]) if given["evidence"] else b"",
        ),
    )


@click.command()
@_approval_options
@command_options()
def approve(call: Call, change_id: str, **given: Any) -> None:
    """Approve the plan that you were shown, with your own key."""
    _decide(call, "approve", change_id, **given)


@click.command()
@_approval_options
@command_options()
def reject(call: Call, change_id: str, **given: Any) -> None:
    """Reject it."""
    _decide(call, "reject", change_id, **given)


@click.command()
@click.option(
    "--until",
    required=True,
    metavar="TIME",
    help="The new end of the window: a time, or +1h after the present end.",
)
@_approval_options
@command_options()
def extend(call: Call, change_id: str, until: str, **given: Any) -> None:
    """Consent to a later end of the window."""
    from weibao.services.changes.permission import window_end

    desk = desk_of(call)
    change = desk.find(change_id)
    later = later_of(until, desk.zone(desk.contract(change)), window_end(desk, change))
    _decide(call, "extend", change_id, window_end=later, **given)


@click.command()
@click.argument("change_id", metavar="CHANGE")
@click.option("--why", required=True, help="Why.")
@who_option
@command_options()
def withdraw(call: Call, change_id: str, why: str, person: str) -> None:
    """Take it back to a draft, approvals of before are void; a draft is over then."""
    from weibao.services.changes.approval import withdraw as do

    desk = desk_of(call)
    _said(call, do(desk, desk.find(change_id), who(call, person), why))


def _text(name: str) -> str:
    return _bytes(name).decode("utf-8", "replace")


def _bytes(name: str) -> bytes:
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise InputError("change.file", file=name, why=error.strerror) from error


COMMANDS = (submit, approve, reject, extend, withdraw)
