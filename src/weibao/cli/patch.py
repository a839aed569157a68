"""``weibao patch``: what servers lack, a change that gives it to them, and its confirmation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from weibao.cli.change_options import (
    application_options,
    check_runbook,
    desk_of,
    moment_of,
    name_strange_fields,
    pairs,
    who,
    who_option,
    window_of,
)
from weibao.cli.change_view import show_plan
from weibao.cli.options import Call, command_options, limit_option
from weibao.domain.reasons import Reason
from weibao.errors import InputError

if TYPE_CHECKING:
    from weibao.domain.patch import PatchStatus
    from weibao.domain.patch_catalogue import CatalogueEntry
    from weibao.domain.runbook import Runbook
    from weibao.domain.supplied import SuppliedFile

__all__ = ["patch"]


@click.group()
def patch() -> None:
    """Patches of Linux servers: what is missing, the change, and the confirmation after it."""


@patch.command()
@limit_option
@click.option("--no-refresh", is_flag=True, help="Do not fetch the package lists anew.")
@click.option("--history", default="", metavar="HOST", help="Earlier states of one host instead.")
@click.option("--recorded", is_flag=True, help="The newest recorded states; nothing is read.")
@command_options()
def status(call: Call, limit: str, no_refresh: bool, history: str, recorded: bool) -> int:
    """Read what hosts lack and keep it as history; it only reads."""
    from weibao.bootstrap import actor
    from weibao.services.patch.status import StatusRequest, read_status

    workshop = call.workshop
    if history:
        states = workshop.journal.patch_states(history)
        if not states:
            _check_host(call, history)
    elif recorded:
        states = workshop.journal.latest_patch_states()
    else:
        request = StatusRequest(actor(), workshop.sources, limit, refresh=not no_refresh)
        _run, states = read_status(workshop.parts(), workshop.journal, request)
    call.out.data({"hosts": [_data(state) for state in states]})
    _show(call, states, packages=bool(limit) and not history)
    if not states:
        call.out.note(call.out.say("patch.no_states" if recorded else "patch.no_history"))
    if history:
        return 0
    return 4 if not states or any(not state.checked for state in states) else 0


def _check_host(call: Call, name: str) -> None:
    """A host that was never read is no error; a name that nothing has is."""
    workshop = call.workshop
    known = workshop.inventory.resolve(workshop.sources, "all").devices
    if name not in {device.name for device in known}:
        raise InputError("patch.no_host", host=name)


def _data(state: PatchStatus) -> dict[str, Any]:
    said = {"security": state.security, "conclusion": state.conclusion}
    return {**state.model_dump(mode="json"), **said}


def _show(call: Call, states: list[PatchStatus], *, packages: bool) -> None:
    out = call.out
    names = ("host", "at", "system", "kernel", "missing", "security", "pending", "held", "last",
             "conclusion")  # fmt: skip
    out.table(
        [out.say(f"cli.patch_{name}") for name in names],
        [
            [
                state.device,
                out.moment(state.at, call.zone(state.contract)),
                f"{state.system} {state.level}".strip() or "-",
                _kernel(state),
                len(state.missing) if state.checked else "?",
                state.security if state.checked else "?",
                _pending(call, state),
                ", ".join(state.held) or "-",
                out.moment(state.last_patched, call.zone(state.contract)),
                out.say(f"cli.patch_needs_{state.conclusion}"),
            ]
            for state in states
        ],
    )
    for state in states:
        if state.problem is not None:
            out.note(f"{state.device}: {out.reason(state.problem)}")
        for package in state.missing if packages else ():
            mark = out.say("cli.patch_is_security") if package.security else ""
            words = [state.device, package.name, f"{package.now or '-'} → {package.version}"]
            out.line("  ".join([*words, *filter(None, (mark, package.advisory))]))


def _kernel(state: PatchStatus) -> str:
    if state.installed_kernel and state.installed_kernel != state.kernel:
        return f"{state.kernel} ({state.installed_kernel})"
    return state.kernel or "-"


def _pending(call: Call, state: PatchStatus) -> str:
    words = [call.out.say("cli.patch_reboot")] if state.reboot else []
    return ", ".join([*words, *state.restarts]) or "-"


@patch.command()
@click.option("--since", default="", metavar="DATE", help="Only what was found since (2026-11-01).")
@click.option("--security", is_flag=True, help="Security updates only.")
@click.option("--product", default="", metavar="PATTERN", help="Only these products; wildcards.")
@command_options()
def catalogue(call: Call, since: str, security: bool, product: str) -> int:
    """What is to be had and not installed: since when, on which assets, and what to do.

    Made from the recorded states and the vendors' notices in notices/; nothing is read. What
    came since the last meeting with the customer: --since.
    """
    from weibao.services.patch.catalogue import read_catalogue

    out, zone = call.out, call.workshop.estate.zone
    first = moment_of(since, zone) if since else None
    entries, unchecked = read_catalogue(
        call.workshop.journal,
        _noticed(call),
        since=first,
        security=security,
        product=product,
    )
    out.data({"entries": entries, "not_checked": unchecked})
    names = ("product", "version", "is_security", "found", "assets", "source", "advice")
    out.table(
        [out.say(f"cli.patch_{name}") for name in names],
        [
            [
                f"{entry.vendor} {entry.product}".strip(),
                entry.version,
                " ".join(filter(None, (_yes(call, entry.security), entry.advisory))),
                entry.found_at.astimezone(zone).date(),  # as --since counts days
                ", ".join(
                    f"{a.device} ({a.installed})" if a.installed else a.device for a in entry.assets
                ),
                entry.source or "-",
                entry.advice.get(out.language)
                or out.say(f"cli.patch_advice_{entry.recommendation}"),
            ]
            for entry in entries
        ],
    )
    for device in unchecked:
        code = "patch.no_states" if device == "*" else "cli.patch_catalogue_unchecked"
        out.note(out.say(code, host=device))
    return 4 if unchecked else 0


def _noticed(call: Call) -> list[CatalogueEntry]:
    """The vendors' notices that are not dealt with, and whom of the inventory they concern."""
    from weibao.adapters.notice_files import read_notices
    from weibao.domain.patch_catalogue import noticed

    workshop = call.workshop
    found = []
    for name, notice in read_notices(workshop.estate.folder).items():
        try:
            chosen = workshop.inventory.resolve(workshop.sources, notice.affects)
        except InputError as error:
            raise InputError("patch.notice_affects", file=name, why=error) from error
        if not chosen.devices:
            raise InputError("patch.notice_for_nobody", file=name, pattern=notice.affects)
        at = moment_of(notice.found_on.isoformat(), workshop.estate.zone)
        found.append(noticed(notice, [device.name for device in chosen.devices], at))
    return found


def _yes(call: Call, security: bool) -> str:
    return call.out.say("cli.patch_is_security") if security else ""


@patch.command()
@click.option("--runbook", default="patch-linux", show_default=True, help="What is to be done.")
@click.option("-l", "--limit", required=True, metavar="PATTERN", help="Where: an Ansible pattern.")
@click.option(
    "--window",
    required=True,
    metavar="START/END",
    help="When, in the contract's time zone: 2026-11-28T22:00/2026-11-29T02:00, or START/+2h.",
)
@click.option("--security", is_flag=True, help="Security updates only.")
@click.option("--package", "packages", multiple=True, help="Only these packages; wildcards.")
@click.option("--exclude", "excluded", multiple=True, help="Packages that stay as they are.")
@click.option(
    "--reboot",
    type=click.Choice(["never", "if_needed", "always"]),
    default=None,
    help="Whether hosts are restarted (default: what the inventory says, else if_needed).",
)
@click.option(
    "--file",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A package (.deb, .rpm) that the customer supplies; then only such, if nothing else is "
    "asked for.",
)
@click.option(
    "--earlier",
    multiple=True,
    type=click.Path(path_type=Path),
    help="The installed version of such a package, where no repository has it.",
)
@click.option("--origin", default="", help="Where these files come from, and who handed them over.")
@click.option("--fault", default="", help="The fault that it answers: makes it a reactive patch.")
@application_options
@who_option
@command_options()
def plan(call: Call, person: str, window: str, **given: Any) -> int:
    """Apply for a patch window and plan it: the exact versions, host by host."""
    from weibao.bootstrap.supplied import intake_of
    from weibao.services.changes.draft import Application, contract_for, new_change
    from weibao.services.changes.planning import make_plan
    from weibao.services.patch.supplied import take_in

    workshop, out = call.workshop, call.out
    desk = desk_of(call)
    actor = who(call, person)
    check_runbook(call, given["runbook"])
    _check_patches(desk.parts.runbook(given["runbook"]).runbook)
    contract = contract_for(desk, given["runbook"], given["limit"], workshop.sources)
    when = window_of(window, desk.zone(contract), desk.now)
    files, earlier = given["files"], given["earlier"]
    supplied = take_in(
        intake_of(workshop), files, earlier=earlier, origin=given["origin"], actor=actor
    )
    for file in supplied:
        out.note(_taken(call, file))
    asked = Application(
        runbook=given["runbook"],
        limit=given["limit"],
        window=when,
        requester=actor,
        title=given["title"],
        variables={**_variables(given), **pairs(given["variables"], "--var")},
        operator=given["operator"],
        recorder=given["recorder"],
        representative=given["representative"],
        fields={
            "patch_kind": "reactive" if given["fault"] else "preventive",
            **pairs(given["fields"], "--field"),
        },
        fault=given["fault"],
        supplied=supplied,
    )
    draft = new_change(desk, asked, workshop.sources)
    name_strange_fields(call, pairs(given["fields"], "--field"))
    out.note(out.say("cli.change_new", change=draft.id))

    def tell(reason: Reason) -> None:
        out.note(out.reason(reason))

    with desk.hold(f"change-{draft.id}.lock", "change plan"):
        change, found = make_plan(desk, draft, actor, workshop.sources, tell)
    out.data({"change": change, "plan": found})
    return show_plan(call, found)


def _check_patches(runbook: Runbook) -> None:
    """That it is a runbook of patching: it takes what this command asks for."""
    if not any(variable.name.startswith("patch_") for variable in runbook.variables):
        raise InputError("patch.no_patch_runbook", runbook=runbook.id)


def _taken(call: Call, file: SuppliedFile) -> str:
    state = call.out.say(f"cli.patch_virus_{file.virus.state}")
    more = file.virus.said or file.virus.tool
    return call.out.say(
        "cli.patch_taken",
        file=file.original,
        sha256=file.sha256,
        virus=f"{state} ({more})" if more else state,
    )


def _variables(given: dict[str, Any]) -> dict[str, str]:
    found = {}
    if given["packages"]:
        found["patch_linux_select"] = "named"
        found["patch_linux_packages"] = ",".join(given["packages"])
    elif given["security"]:
        found["patch_linux_select"] = "security"
    elif given["files"]:
        found["patch_linux_select"] = "named"
    if given["excluded"]:
        found["patch_linux_exclude"] = ",".join(given["excluded"])
    if given["reboot"]:
        found["patch_linux_reboot"] = given["reboot"]
    return found


@patch.command()
@click.argument("change_id", metavar="CHANGE")
@click.option(
    "--outcome",
    type=click.Choice(["good", "bad"]),
    default="good",
    show_default=True,
    help="Whether the systems work as they should.",
)
@click.option("--text", required=True, help="What was looked at, and what was found.")
@who_option
@command_options()
def confirm(call: Call, change_id: str, outcome: str, text: str, person: str) -> None:
    """Confirm one to two weeks later how the systems work; closing waits for it."""
    from weibao.services.patch.confirm import confirm_performance

    desk = desk_of(call)
    actor = who(call, person)
    change = confirm_performance(desk, desk.find(change_id), actor, outcome=outcome, text=text)
    call.out.data({"change": change})
    call.out.line(call.out.say("cli.patch_confirmed", change=change.id))
