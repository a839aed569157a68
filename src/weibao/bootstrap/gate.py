"""The gate inside Ansible: nothing is touched without leave (CHG-22, JOB-02).

``check`` is the whole judgement, once for a play; ``let_through`` asks again, before every
mutating task of every host, whether the ticket that ``check`` wrote still holds. ``require``
is for plugins that change devices by themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from weibao.adapters.ansible_command import Command, ansible_command
from weibao.adapters.digest_source import collection_folders
from weibao.adapters.estate_files import SETTINGS_FILE, Estate
from weibao.adapters.gate_ticket import Ticket, TicketBox
from weibao.adapters.ssh_signatures import SshSignatures
from weibao.adapters.yaml_lines import read_model
from weibao.bootstrap.digests import digest_source
from weibao.bootstrap.workshop import Workshop, open_workshop
from weibao.boundary.changes import ChangeRecords
from weibao.domain.change import Change, ChangePlan, ChangeStep, StepState
from weibao.domain.inventory import Device
from weibao.domain.ledger import canonical
from weibao.domain.reasons import Reason
from weibao.domain.runbook import Phase, Runbook, Step, StepKind
from weibao.domain.settings import Settings
from weibao.errors import InputError, RefusedError
from weibao.services.leave import Leave, Purpose, RefusedLeave, leave
from weibao.services.leave_parts import LeaveParts

__all__ = [
    "TRANSPORT",
    "admit",
    "check",
    "leave_parts",
    "let_through",
    "only_checking",
    "require",
]

TRANSPORT = frozenset(
    {"weibao_estate", "weibao_run_folder", "weibao_watch_pid", "weibao_change", "weibao_step"}
    | {"weibao_phase", "weibao_wave", "weibao_targets", "weibao_outcome_targets"}
)
"""Extra variables by which the runner tells a playbook where it is; the others must be exactly
the change's own."""
_WHOLE_WAVE = "-"


def leave_parts(workshop: Workshop) -> LeaveParts:
    """What leave is judged with, of an estate."""
    return LeaveParts(
        estate=workshop.estate.settings.name,
        records=workshop.journal,
        signatures=SshSignatures(workshop.estate.folder / "contracts"),
        digests=digest_source(workshop),
        contracts=workshop.estate.contracts,
        runbook=workshop.estate.runbook,
    )


def check(
    estate: Path,
    change_id: str,
    hosts: Sequence[str],
    now: datetime,
    *,
    command: Command,
    plugin: Path | None = None,
) -> Ticket:
    """Whether the running ``command`` may change ``hosts`` for ``change_id``; the ticket for it.

    ``plugin`` is the file of the plugin that asks: it must be this program's own.

    Raises:
        RefusedError: it may not; says why.
        UncheckedError: something could not be checked.
        InputError: there is no such estate, change, contract or runbook.
    """
    if estate.resolve() != command.estate:
        raise RefusedError("gate.other_estate", estate=estate, other=command.estate)
    workshop = open_workshop(estate, command.inventory, command.vault_options)
    parts = leave_parts(workshop)
    change = parts.records.change(change_id)
    if change is None and not change_id:
        raise InputError("gate.no_change")
    if change is None:
        raise InputError("change.unknown", change=change_id)
    runbook = parts.runbook(change.runbook)
    plan = parts.records.change_plan(change.id, change.plan) if change.plan else None
    why = _command_problems(workshop, change, command, plugin)
    step, unsteady = _begun_step(parts.records, change, runbook, plan, hosts, command, workshop)
    why += unsteady
    purpose = Purpose.back_out if step and step.phase is Phase.back_out else Purpose.work
    found = leave(
        parts,
        change_id,
        now=now,
        devices=[Device(name=name, contract=change.contract) for name in hosts],
        sources=command.inventory,
        purpose=purpose,
        whole=False,
    )
    if why or not found.given:
        raise RefusedLeave(change_id, (*why, *found.why))
    return _ticket(found, step.name if step else "", hosts, now, command)


def require(
    estate: Path | str, change_id: str, hosts: Sequence[str], *, plugin: Path | None = None
) -> None:
    """Leave for a plugin that is about to change ``hosts`` by itself; only inside Ansible.

    Raises:
        RefusedError: it may not, or the command line says ``--check``.
        UncheckedError: something could not be checked.
        InputError: there is no such estate or change.
    """
    command = _command()
    if command.check:
        raise RefusedError("gate.only_checking", change=change_id)
    check(Path(estate), change_id, hosts, datetime.now(UTC), command=command, plugin=plugin)


def admit(estate: Path | str, change_id: str, hosts: Sequence[str], *, plugin: Path) -> bool:
    """What the gate's task does: judge and write the ticket; False in check mode, without one.

    Raises:
        WeibaoError: as ``check``.
    """
    command = _command()
    if command.check:
        return False
    ticket = check(
        Path(estate), change_id, hosts, datetime.now(UTC), command=command, plugin=plugin
    )
    _box(Path(estate).resolve()).put(ticket)
    return True


def let_through(host: str, change_id: str) -> bool:
    """True where ``host`` may be changed now; it never says False, so that nothing is skipped.

    Raises:
        RefusedError: it may not.
        UncheckedError: something could not be checked.
    """
    command = _command()
    if command.check:
        return True
    box = _box(command.estate)
    ticket = box.find(change_id)
    code = ticket.problem(host, command.fingerprint, datetime.now(UTC)) if ticket else "no_ticket"
    if ticket is None or code:
        raise RefusedLeave(change_id, [Reason.of(f"gate_{code}", device=host)])
    if box.fresh(change_id):  # every task of every host asks; each opens the journal anew
        return True
    change = open_workshop(command.estate).journal.change(change_id)
    allowed = _WORK if ticket.purpose == Purpose.work else _BACK_OUT
    standing = change is not None and change.state.value in allowed
    if (
        change is None
        or not standing
        or (change.digest, change.round)
        != (
            ticket.digest,
            ticket.round,
        )
    ):
        state = change.state.value if change else "-"
        raise RefusedLeave(change_id, [Reason.of("gate_moved", state=state)])
    box.renew(change_id)
    return True


def only_checking() -> bool:
    """Whether the command line says ``--check``; no variable and no play can."""
    return _command().check


_WORK = ("running", "paused")
"""A step that had begun before the pause is ended: half of it would leave a host worse off. What
is paused gets no new ticket, and who aborts shuts the gate at once."""
_BACK_OUT = ("running", "paused", "aborted", "verified")


def _command() -> Command:
    try:
        return ansible_command()
    except TypeError as error:
        raise RefusedError("gate.variable_kind", detail=error) from error


def _box(folder: Path) -> TicketBox:
    """The estate's tickets; its contracts are not read for them."""
    if not (folder / SETTINGS_FILE).is_file():
        raise InputError("estate.none_here", folder=folder)
    settings = read_model(Settings, folder / SETTINGS_FILE, SETTINGS_FILE)
    estate = Estate(folder, settings, {})
    return TicketBox(estate.state, estate.keys)


def _ticket(
    found: Leave, step: str, hosts: Sequence[str], now: datetime, command: Command
) -> Ticket:
    back = found.purpose is Purpose.back_out
    until = datetime.max.replace(tzinfo=UTC) if back else found.until
    return Ticket(
        change=found.change.id,
        purpose=found.purpose.value,
        step=step,
        hosts=tuple(hosts),
        digest=found.change.digest,
        round=found.change.round,
        at=now.isoformat(),
        until=until.isoformat(),
        command=command.fingerprint,
    )


def _command_problems(
    workshop: Workshop, change: Change, command: Command, plugin: Path | None
) -> list[Reason]:
    """What of the command line is not as the runner would have it."""
    found = [Reason.of("gate_option", option=option) for option in command.partial]
    found += [Reason.of("gate_environment", name=name) for name in command.environment]
    config = workshop.estate.ansible_config
    if command.config and Path(command.config).resolve() != (config and config.resolve()):
        found.append(Reason.of("gate_config", file=command.config))
    found += _collection_problems(command, plugin)
    for name, value in command.extra.items():
        if name not in TRANSPORT and name not in change.variables:
            found.append(Reason.of("gate_variable", name=name))
        elif name in change.variables and not _same(value, change.variables[name]):
            found.append(Reason.of("gate_variable_differs", name=name))
    for name in sorted(change.variables.keys() - command.extra.keys()):
        found.append(Reason.of("gate_variable_missing", name=name))
    if command.extra.get("weibao_change", change.id) != change.id:
        found.append(Reason.of("gate_variable_differs", name="weibao_change"))
    return found


def _collection_problems(command: Command, plugin: Path | None) -> list[Reason]:
    """Whether it is this program's own: also each folder, since a link may lead to some only."""
    own = collection_folders()
    plugins = own["plugins"].resolve()
    if plugin is not None and not plugin.resolve().is_relative_to(plugins):
        return [Reason.of("gate_other_collection", file=plugin, own=plugins)]
    used = command.collection
    for name, folder in own.items():
        if used is None or (used / name).resolve() != folder.resolve():
            file = used / name if used else "-"
            return [Reason.of("gate_other_collection", file=file, own=folder)]
    return []


def _begun_step(
    records: ChangeRecords,
    change: Change,
    runbook: Runbook,
    plan: ChangePlan | None,
    hosts: Sequence[str],
    command: Command,
    workshop: Workshop,
) -> tuple[Step | None, list[Reason]]:
    """The step that the journal says is begun, for all ``hosts`` and with this playbook.

    What nobody journaled as begun is not done: so a playbook started by hand beside the runner
    passes neither waves nor the second person.
    """
    waves = {target.device: target.wave for target in plan.targets} if plan else {}
    begun = _latest_begun(records.change_steps(change.id))
    candidates = [
        step
        for step in runbook.steps
        if step.kind in (StepKind.playbook, StepKind.probe)
        and _same_playbook(workshop, step.run, command)
    ]
    if not candidates:
        name = ", ".join(command.playbooks) or "-"
        return None, [Reason.of("gate_playbook", playbook=name, runbook=runbook.id)]
    for step in candidates:
        at = {(row.wave, row.device) for row in begun if row.step == step.name}
        if all({(waves.get(h, -1), h), (waves.get(h, -1), _WHOLE_WAVE)} & at for h in hosts):
            told = {"weibao_step": step.name, "weibao_phase": step.phase.value}
            if all(command.extra.get(name, value) == value for name, value in told.items()):
                return step, []
    return candidates[0], [Reason.of("gate_not_begun", hosts=", ".join(hosts))]


def _latest_begun(rows: Sequence[ChangeStep]) -> list[ChangeStep]:
    latest = {(row.wave, row.step, row.device): row for row in rows}
    return [row for row in latest.values() if row.state is StepState.begun]


def _same_playbook(workshop: Workshop, wanted: str, command: Command) -> bool:
    if len(command.playbooks) != 1:
        return False
    given = _playbook_file(command.folder, command.playbooks[0])
    return given == _playbook_file(workshop.estate.folder, wanted)


def _playbook_file(folder: Path, name: str) -> Path:
    """The file of a playbook of this collection, or of ``folder``.

    A link to a file stays one: Ansible reads variables and roles beside it.
    """
    prefix = "weibao.core."
    if name.startswith(prefix) and "/" not in name:
        file = collection_folders()["playbooks"] / f"{name.removeprefix(prefix)}.yml"
    else:
        file = folder / name
    return file.parent.resolve() / file.name


def _same(one: object, other: object) -> bool:
    return canonical(one) == canonical(other)
