"""What the commands of change control share."""

from __future__ import annotations

import functools
import getpass
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import click

from weibao.cli.options import Call
from weibao.domain.change import Window
from weibao.errors import InputError

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from weibao.services.changes.desk import Desk

__all__ = [
    "application_options",
    "check_runbook",
    "desk_of",
    "later_of",
    "moment_of",
    "name_strange_fields",
    "pairs",
    "who",
    "who_option",
    "window_of",
]

F = TypeVar("F", bound=Callable[..., Any])

_SPAN = re.compile(r"\+(?P<n>[0-9]{1,4}(\.[0-9]{1,3})?)(?P<unit>[hm])")
_UNITS = {"h": timedelta(hours=1), "m": timedelta(minutes=1)}
_FIELDS = "Of the application: hardware, software, notified, purpose, risk, impact …"


def who_option(function: F) -> F:
    """``--as PERSON``."""
    return click.option(
        "--as",
        "person",
        default="",
        envvar="WEIBAO_PERSON",
        metavar="PERSON",
        help="Who you are, as the contract profile names you (default: by your login).",
    )(function)


def application_options(function: F) -> F:
    """What an application says, whatever is applied for: title, variables, fields, people."""
    named = functools.partial(click.option, default="", metavar="PERSON")
    given = functools.partial(click.option, multiple=True)
    for option in reversed((
        click.option("--title", default="", help="What it is, in one line."),
        given("--var", "variables", metavar="NAME=VALUE", help="Of the runbook."),
        given("--field", "fields", metavar="NAME=TEXT", help=_FIELDS),
        named("--operator", help="Who will carry it out."),
        named("--recorder", help="Who confirms and records."),
        named("--representative", help="The customer's, present."),
    )):  # fmt: skip
        function = option(function)
    return function


def desk_of(call: Call) -> Desk:
    """The estate's change control."""
    from weibao.bootstrap.changes import open_desk

    return open_desk(call.workshop)


def who(call: Call, given: str) -> str:
    """Who calls: as said, or the person of a contract that has this login.

    Raises:
        InputError: nobody, or several.
    """
    if given:
        return given
    login = getpass.getuser()
    contracts = call.workshop.estate.contracts.values()
    found = {p.id for contract in contracts for p in contract.people if login in p.logins}
    if len(found) != 1:
        raise InputError("change.who", login=login, found=", ".join(sorted(found)) or "-")
    return found.pop()


def name_strange_fields(call: Call, fields: Iterable[str]) -> None:
    """A field that no paper knows by name is kept as it is; it may be a slip of the pen."""
    from weibao.domain.change_fields import CHANGE_FIELDS

    for name in fields:
        if name not in CHANGE_FIELDS:
            known = ", ".join(CHANGE_FIELDS)
            call.out.note(call.out.say("cli.change_field_strange", field=name, known=known))


def check_runbook(call: Call, name: str) -> None:
    """That a runbook of the estate is sound: better now than in the middle of a dry run.

    Raises:
        InputError: with everything that is wrong, by file and line.
    """
    from weibao.adapters.runbook_files import lint_runbook

    folder, out = call.workshop.estate.folder, call.out
    wrong = [p for p in lint_runbook(folder, name) if p.severity == "error"]
    if wrong:
        lines = [f"{p.file}:{p.line}: {out.reason(p.reason)}" for p in wrong]
        raise InputError("change.runbook_wrong", runbook=name, problems="\n".join(lines))


def pairs(given: Sequence[str], option: str) -> dict[str, str]:
    """``NAME=TEXT`` by name; ``NAME=@FILE`` is left to who knows what it is.

    Raises:
        InputError: no equals sign.
    """
    found = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise InputError("change.pair", option=option, text=text)
        found[name.strip()] = value
    return found


def moment_of(text: str, zone: ZoneInfo) -> datetime:
    """A time as written; without an offset it is of ``zone``.

    Raises:
        InputError: it is none, or does not exist or exists twice there (daylight saving).
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError("change.time_wrong", text=text) from error
    if moment.tzinfo is not None:
        return moment
    early, late = moment.replace(tzinfo=zone), moment.replace(tzinfo=zone, fold=1)
    if early.utcoffset() != late.utcoffset():
        raise InputError("change.time_twice", text=text, zone=zone.key)
    return early


def later_of(text: str, zone: ZoneInfo, end: datetime) -> datetime:
    """A later end of a window as written: a time, or ``+1h`` after its ``end`` of now.

    Raises:
        InputError: it is none.
    """
    span = _SPAN.fullmatch(text)
    if span is None:
        return moment_of(text, zone)
    try:
        return end + _UNITS[span["unit"]] * float(span["n"])
    except OverflowError as error:
        raise InputError("change.time_wrong", text=text) from error


def window_of(text: str, zone: ZoneInfo, now: datetime) -> Window:
    """A window as written: ``START/END``, or ``START/+2h``.

    Raises:
        InputError: it is none.
    """
    first, slash, last = text.partition("/")
    if not slash:
        raise InputError("change.window_wrong", text=text)
    start = now if first == "now" else moment_of(first, zone)
    span = _SPAN.fullmatch(last)
    try:
        end = start + _UNITS[span["unit"]] * float(span["n"]) if span else moment_of(last, zone)
    except OverflowError as error:
        raise InputError("change.window_wrong", text=text) from error
    if end <= start:
        raise InputError("change.window_order", text=text)
    return Window(start=start, end=end)
