"""A new change: what is asked for, checked at once against runbook and profile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from weibao.domain.change import (
    Change,
    ChangeEvent,
    ChangeKind,
    ChangeState,
    Window,
    legal_commands,
)
from weibao.domain.contract import Contract
from weibao.domain.inventory import Device
from weibao.domain.runbook import Runbook, Variable
from weibao.domain.supplied import SuppliedFile
from weibao.errors import InputError, IntegrityError, RefusedError
from weibao.services.changes.clear_text import check_text, check_values
from weibao.services.changes.desk import Desk
from weibao.services.changes.mandate import check_mandate

__all__ = ["Application", "Edit", "chosen_devices", "contract_for", "edit_change", "new_change"]

_TRIES = 20
_LATEST = 300
"""Changes, newest first, among which the day's are looked for."""
_TRUE = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True)
class Application:
    """What the applicant says (维护申请)."""

    runbook: str
    limit: str
    window: Window
    requester: str
    kind: ChangeKind = ChangeKind.normal
    title: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    """As written on the command line."""
    operator: str = ""
    recorder: str = ""
    representative: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    verbal_approver: str = ""
    fault: str = ""
    supplied: tuple[SuppliedFile, ...] = ()
    """Package files from the customer, for the runbook's variable of that kind."""


def new_change(desk: Desk, asked: Application, sources: tuple[str, ...]) -> Change:
    """A draft.

    Raises:
        InputError: the runbook only reads, the pattern chooses nothing or devices of several
            contracts, a variable or a person is wrong, or the window has passed.
        RefusedError: a kind that runbook or profile do not permit.
    """
    runbook = _mutating(desk, asked.runbook)
    devices = chosen_devices(desk, runbook, asked.limit, sources)
    contract = _contract_of(desk, devices)
    now = desk.now
    if asked.window.end <= now:
        raise InputError("change.window_passed", end=asked.window.end.isoformat())
    _check_people(desk, contract, asked)
    check_mandate(desk, contract, asked.requester, "new")
    _check_kind(runbook, contract, asked)
    variables = _variables(desk, runbook, asked.variables) | _supplied(runbook, asked.supplied)
    platforms = desk.platforms(device.platform for device in devices)
    check_values(platforms, variables)
    said = {"title": asked.title, "fault": asked.fault, **asked.fields}
    check_text(platforms, said)
    change = Change(
        id="-",
        contract=contract.id,
        kind=asked.kind,
        runbook=runbook.id,
        runbook_version=runbook.version,
        title=asked.title or runbook.title[desk.parts.settings.language],
        limit=asked.limit,
        variables=variables,
        window=asked.window,
        requester=asked.requester,
        operator=asked.operator,
        recorder=asked.recorder,
        representative=asked.representative,
        fields=dict(asked.fields),
        verbal_approver=asked.verbal_approver,
        fault=asked.fault,
        created_at=now,
        updated_at=now,
    )
    return _numbered(desk, change)


def contract_for(desk: Desk, runbook: str, limit: str, sources: tuple[str, ...]) -> Contract:
    """The contract of what runbook and pattern choose: its time zone is the application's.

    Raises:
        InputError: the runbook only reads, or the pattern chooses nothing or devices of several.
    """
    return _contract_of(desk, chosen_devices(desk, _mutating(desk, runbook), limit, sources))


def _mutating(desk: Desk, name: str) -> Runbook:
    runbook = desk.parts.runbook(name).runbook
    if not runbook.mutating:
        raise InputError("change.read_only", runbook=runbook.id)
    return runbook


@dataclass(frozen=True)
class Edit:
    """What is to be another way in a draft; what is None or empty stays."""

    limit: str = ""
    window: Window | None = None
    title: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    operator: str = ""
    recorder: str = ""
    representative: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


def edit_change(
    desk: Desk, change: Change, actor: str, edit: Edit, sources: tuple[str, ...]
) -> Change:
    """A draft as it is now wanted; its plan does not count any more.

    Raises:
        RefusedError: it is no draft (withdraw it first).
        InputError: as for a new one.
    """
    if change.state is not ChangeState.draft:
        raise RefusedError(
            "change.illegal",
            change=change.id,
            state=change.state.value,
            action="edit",
            legal=legal_commands(change.state, change.kind),
        )
    check_mandate(desk, desk.contract(change), actor, "edit", change)
    runbook = desk.runbook(change)
    given = {name: str(value) for name, value in change.variables.items()}
    variables = _variables(desk, runbook, {**given, **edit.variables}, known=change.variables)
    edited = change.model_copy(
        update={
            "runbook_version": runbook.version,
            "limit": edit.limit or change.limit,
            "window": edit.window or change.window,
            "title": edit.title or change.title,
            "variables": variables,
            "operator": edit.operator or change.operator,
            "recorder": edit.recorder or change.recorder,
            "representative": edit.representative or change.representative,
            "fields": {**change.fields, **edit.fields},
            "digest": "",
        }
    )
    contract = desk.contract(change)
    for name in (edited.operator, edited.recorder, edited.representative):
        if name:
            desk.person(contract, name)
    if edited.operator and edited.operator == edited.recorder:
        raise InputError("change.same_person", person=edited.operator)
    devices = chosen_devices(desk, runbook, edited.limit, sources)
    platforms = desk.platforms(device.platform for device in devices)
    check_values(platforms, variables)
    check_text(platforms, {"title": edit.title, **edit.fields})
    if _contract_of(desk, devices).id != change.contract:
        raise InputError("change.several_contracts", contracts=change.contract)
    if edited.window.end <= desk.now:
        raise InputError("change.window_passed", end=edited.window.end.isoformat())
    names = sorted(name for name in type(change).model_fields if _differs(change, edited, name))
    return desk.note(edited, "edit", actor, detail={"edited": names})


def _differs(one: Change, other: Change, name: str) -> bool:
    return bool(getattr(one, name) != getattr(other, name))


def chosen_devices(
    desk: Desk, runbook: Runbook, limit: str, sources: tuple[str, ...]
) -> tuple[Device, ...]:
    """The configuration items that runbook and pattern choose.

    Raises:
        InputError: none.
    """
    targets = "" if runbook.targets in {"", "all"} else runbook.targets
    pattern = ":&".join(part for part in (targets, limit) if part)
    devices = desk.parts.inventory.resolve(sources, pattern or "all").devices
    if not devices:
        raise InputError("change.no_targets", pattern=pattern or "all")
    return tuple(devices)


def _contract_of(desk: Desk, devices: Sequence[Device]) -> Contract:
    names = sorted({device.contract for device in devices})
    if len(names) > 1:
        raise InputError("change.several_contracts", contracts=", ".join(names))
    found = desk.parts.contracts.get(names[0])
    if found is None:
        known = ", ".join(sorted(desk.parts.contracts))
        raise InputError("estate.contract_unknown", name=names[0], known=known)
    return found


def _check_people(desk: Desk, contract: Contract, asked: Application) -> None:
    for name in (asked.requester, asked.operator, asked.recorder, asked.representative):
        if name:
            desk.person(contract, name)
    if asked.operator and asked.operator == asked.recorder:
        raise InputError("change.same_person", person=asked.operator)


def _check_kind(runbook: Runbook, contract: Contract, asked: Application) -> None:
    if asked.kind is ChangeKind.standard:
        leaves = [s for s in contract.change.standard if s.runbook == runbook.id]
        if not runbook.standard_allowed or not leaves:
            raise RefusedError("change.not_standard", runbook=runbook.id, contract=contract.id)
    if asked.kind is ChangeKind.emergency:
        missing = [
            name
            for name, given in (
                ("operator", asked.operator),
                ("verbal_approver", asked.verbal_approver),
                ("fault", asked.fault),
            )
            if not given
        ]
        if missing:
            raise InputError("change.emergency_minimum", missing=", ".join(missing))


def _variables(
    desk: Desk,
    runbook: Runbook,
    given: Mapping[str, str],
    known: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The values; those of ``known`` that are given as they were stay as they are."""
    before = known or {}
    offered = {variable.name: variable for variable in runbook.variables}
    strange = sorted(given.keys() - offered.keys())
    if strange:
        names = ", ".join(sorted(offered)) or "-"
        raise InputError("change.no_variable", variable=strange[0], runbook=runbook.id, known=names)
    values: dict[str, Any] = {}
    for name, variable in offered.items():
        if name in before and given.get(name) == str(before[name]):
            values[name] = before[name]
        elif name in given:
            values[name] = _value(desk, variable, given[name])
        elif variable.required:
            raise InputError("change.variable_missing", variable=name, runbook=runbook.id)
        elif variable.default is not None:
            values[name] = variable.default
    return values


def _supplied(runbook: Runbook, files: Sequence[SuppliedFile]) -> dict[str, Any]:
    """The files as the value of the variable that takes them."""
    names = [variable.name for variable in runbook.variables if variable.kind == "supplied"]
    if not files:
        return {}
    if not names:
        raise InputError("patch.takes_no_files", runbook=runbook.id)
    return {names[0]: [file.model_dump(mode="json") for file in files]}


def _value(desk: Desk, variable: Variable, text: str) -> Any:
    wrong = InputError(
        "change.variable_wrong", variable=variable.name, value=text, kind=variable.kind
    )
    if variable.kind == "file" or (variable.kind == "lines" and text.startswith("@")):
        return desk.read_text(Path(text.removeprefix("@")))
    if variable.kind == "boolean":
        if text.lower() not in _TRUE:
            raise wrong
        return _TRUE[text.lower()]
    if variable.kind == "number":
        try:
            return int(text) if text.lstrip("-").isdigit() else float(text)
        except ValueError:
            raise wrong from None
    if variable.kind == "supplied":  # no file gets in without its record
        raise wrong
    if variable.kind == "choice" and text not in variable.choices:
        raise InputError(
            "change.variable_choice",
            variable=variable.name,
            value=text,
            choices=", ".join(variable.choices),
        )
    return text


def _numbered(desk: Desk, change: Change) -> Change:
    """Add it under the day's next number; several may be added at the same time."""
    day = f"CHG-{desk.now.astimezone(desk.zone(desk.contract(change))):%Y%m%d}-"
    taken = [c.id for c in desk.records.changes(limit=_LATEST) if c.id.startswith(day)]
    first = max((int(name.removeprefix(day)) for name in taken), default=0) + 1
    for number in range(first, first + _TRIES):
        numbered = change.model_copy(update={"id": f"{day}{number:03d}"})
        event = ChangeEvent(
            change=numbered.id,
            number=1,
            at=desk.now,
            actor=change.requester,
            action="new",
            state_before=ChangeState.draft,
            state=ChangeState.draft,
        )
        try:
            desk.records.add_change(numbered, event)
        except IntegrityError:
            continue
        return numbered
    raise RefusedError("change.numbers_taken", day=day)
