"""What people say while a change runs: who is present, and what they confirm (CHG-23, CHG-24)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from weibao.boundary.changes import Signer
from weibao.domain.authority import ATTENDANTS
from weibao.domain.change import LOCKING, Change, StepState
from weibao.domain.change_owed import OWING
from weibao.domain.ledger import canonical
from weibao.domain.runbook import Step, StepKind
from weibao.errors import InputError, RefusedError
from weibao.services.changes.clear_text import check_text
from weibao.services.changes.desk import Desk
from weibao.services.changes.mandate import check_mandate
from weibao.services.leave import CLOCK_TOLERANCE

__all__ = [
    "CONFIRM_NAMESPACE",
    "Attendance",
    "Confirmation",
    "attend",
    "check_confirmer",
    "confirm",
    "confirm_statement",
]

CONFIRM_NAMESPACE = "confirm@weibao"


class Attendance(NamedTuple):
    """Who of the customer's was present, and when."""

    person: str
    since: datetime
    until: datetime


def attend(desk: Desk, change: Change, actor: str, present: Attendance) -> Change:
    """Somebody of the customer's was present at the work (CHG-24, ROL-32).

    Raises:
        InputError: nobody is called so, or it is no time of the work.
        RefusedError: it is nobody of the customer's, the work has not begun, or ``actor`` may not.
    """
    contract = desk.contract(change)
    check_mandate(desk, contract, actor, "attend", change)
    if change.state not in LOCKING | OWING or change.started_at is None:
        raise RefusedError("change.not_done", change=change.id, state=change.state.value)
    found = desk.person(contract, present.person)
    if not ATTENDANTS & set(found.roles):
        raise RefusedError("change.not_customer", person=found.id)
    now, zone = desk.now, desk.zone(contract)
    begun, ended = change.started_at, change.finished_at or now
    if not present.since < present.until <= now + CLOCK_TOLERANCE or not (
        present.since <= ended and begun <= present.until
    ):
        raise InputError(
            "change.attendance_wrong", start=_local(begun, zone), end=_local(now, zone)
        )
    detail = {
        "person": found.id,
        "name": found.name,
        "from": _local(present.since, zone),
        "to": _local(present.until, zone),
    }
    return desk.note(change, "attend", actor, detail=detail)


def _local(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).isoformat(timespec="minutes")


@dataclass(frozen=True)
class Confirmation:
    """What somebody says of a step that waits."""

    step: str
    wave: int
    outcome: str = "done"
    """``done`` or ``failed``."""
    reading: str = ""
    evidence: tuple[str, ...] = ()


def confirm_statement(change: Change, person: str, said: Confirmation) -> str:
    """What is signed."""
    return (
        canonical(
            {
                "weibao": "confirm/1",
                "change": change.id,
                "round": change.round,
                "run": change.run,
                "person": person,
                "step": said.step,
                "wave": said.wave,
                "outcome": said.outcome,
                "reading": said.reading,
                "evidence": list(said.evidence),
            }
        )
        + "\n"
    )


def check_confirmer(desk: Desk, change: Change, person: str, name: str, wave: int) -> Step:
    """The step that waits, if it waits for ``person``; asked before a photo is taken in, too.

    Raises:
        InputError: no such step, or it does not wait.
        RefusedError: it waits for another person.
    """
    step = next((s for s in desk.runbook(change).steps if s.name == name), None)
    rows = [
        row
        for row in desk.records.change_steps(change.id)
        if (row.step, row.wave) == (name, wave) and row.state is StepState.waiting
    ]
    if step is None or not rows:
        raise InputError("change.not_waiting", step=name, wave=wave)
    by_recorder = step.two_person or step.kind is not StepKind.manual
    if by_recorder and person != change.recorder:
        raise RefusedError("change.not_recorder", person=person, recorder=change.recorder or "-")
    if not by_recorder and person not in {change.operator, change.recorder}:
        raise RefusedError("change.not_operator", person=person, operator=change.operator)
    return step


def confirm(desk: Desk, change: Change, person: str, said: Confirmation, signature: str) -> Change:
    """A step that waits is confirmed by whom it waits for, with an own key (CHG-23).

    Raises:
        InputError: no such step, or it does not wait.
        RefusedError: another person, or a signature that does not hold.
    """
    check_confirmer(desk, change, person, said.step, said.wave)
    contract = desk.contract(change)
    who = desk.person(contract, person)
    check_text(desk.planned_platforms(change), {"reading": said.reading})
    statement = confirm_statement(change, person, said)
    signer = Signer(who.signs_as, CONFIRM_NAMESPACE)
    why = desk.signatures.verify(contract.id, signer, statement, signature, desk.now)
    if why:
        raise RefusedError("change.bad_signature", person=person, why=why)
    detail = {
        "step": said.step,
        "wave": said.wave,
        "outcome": said.outcome,
        "reading": said.reading,
        "evidence": list(said.evidence),
        "statement": statement,
        "signature": signature,
    }
    return desk.note(change, "confirm", person, detail=detail)
