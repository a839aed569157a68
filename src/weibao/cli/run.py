"""``weibao run``."""

from __future__ import annotations

from typing import Any

import click

from weibao.cli.options import Call, command_options
from weibao.cli.output import Output
from weibao.domain.records import Run, Trigger
from weibao.errors import InputError

__all__ = ["recovered_words", "run"]


def recovered_words(out: Output, found: Run) -> str:
    """What was done about a run that an earlier process left."""
    taken_in = found.trigger is Trigger.ansible
    return out.say("cli.taken_in" if taken_in else "cli.recovered", run=found.id)


@click.group()
def run() -> None:
    """Runs: what was done, when, by whom, with which outcome."""


@run.command("list")
@click.option("--limit", "count", default=20, show_default=True, help="How many.")
@command_options()
def list_(call: Call, count: int) -> None:
    """List runs, newest first."""
    journal = call.workshop.journal
    rows = []
    for each in journal.runs(limit=count):
        tally: dict[str, int] = {}
        for target in journal.targets(each.id):
            tally[target.outcome.value] = tally.get(target.outcome.value, 0) + 1
        rows.append((each, tally))
    call.out.data({"runs": [{**each.model_dump(mode="json"), "outcomes": t} for each, t in rows]})
    head = [call.out.say(f"cli.head.{k}") for k in ("run", "started", "actor", "state", "outcomes")]
    call.out.table(
        head,
        [
            (
                each.id,
                call.out.moment(each.started_at),
                each.actor,
                call.out.say(f"cli.state.{each.state.value}"),
                ", ".join(f"{call.out.say(f'cli.outcome.{k}')} {n}" for k, n in tally.items()),
            )
            for each, tally in rows
        ],
    )


@run.command()
@command_options()
def recover(call: Call) -> None:
    """Finish what an earlier run was cut off in, and take in what plain Ansible collected."""
    from weibao.bootstrap.changes import open_desk
    from weibao.services.changes.cut_off import sweep_cut_off_plans
    from weibao.services.recover import recover as finish_all
    from weibao.services.tell import tell

    workshop = call.workshop
    parts = workshop.parts()
    with workshop.lock("run recover"):
        devices = workshop.inventory.resolve(workshop.sources).devices
        done = finish_all(parts, devices)
        for result in done:
            tell(parts, result)
    plans = sweep_cut_off_plans(open_desk(workshop))
    call.out.data({"runs": [*(result.run.id for result in done), *(run.id for run in plans)]})
    for result in done:
        call.out.line(recovered_words(call.out, result.run))
    for found in plans:
        call.out.line(call.out.say("cli.plan_cut_off", run=found.id, change=found.change_ref))


@run.command()
@click.argument("run_id", metavar="RUN")
@command_options()
def show(call: Call, run_id: str) -> None:
    """Show one run: steps, devices, findings, evidence. RUN may be "last"."""
    journal = call.workshop.journal
    call.workshop.estate  # noqa: B018 - opens the estate, so that its language counts
    if run_id == "last":
        newest = journal.runs(limit=1)
        run_id = newest[0].id if newest else run_id
    found = journal.run(run_id)
    if found is None:
        raise InputError("cli.no_run", run=run_id)
    targets, steps = list(journal.targets(run_id)), journal.steps(run_id)
    findings = journal.findings(run_id)
    call.out.data({"run": found, "steps": steps, "targets": targets, "findings": findings})
    _show(call, found, steps, targets, findings)


def _show(call: Call, found: Any, steps: Any, targets: Any, findings: Any) -> None:
    out = call.out
    read_only = found.authorisation == "read-only"
    authorisation = out.say("cli.read_only") if read_only else found.authorisation
    out.line(f"{found.id}  {found.job}  {found.runbook}  {found.actor}")
    out.line(
        f"{out.moment(found.started_at)} - {out.moment(found.finished_at)}  "
        f"{out.say(f'cli.state.{found.state.value}')}  {authorisation}"
    )
    out.line()
    out.table(
        [out.say(f"cli.head.{k}") for k in ("step", "started", "seconds", "result")],
        [
            (
                out.say(f"cli.step.{s.name}"),
                out.moment(s.started_at),
                f"{(s.finished_at - s.started_at).total_seconds():.1f}",
                f"{out.say(f'cli.result.{s.outcome.value}')} {out.reason(s.detail)}",
            )
            for s in steps
        ],
    )
    out.line()
    out.table(
        [out.say(f"cli.head.{k}") for k in ("device", "outcome", "seconds", "evidence", "reason")],
        [
            (
                t.device,
                out.say(f"cli.outcome.{t.outcome.value}"),
                f"{t.seconds:.1f}",
                " ".join(e[:12] for e in t.evidence),
                out.reason(t.reason),
            )
            for t in targets
        ],
    )
    if findings:
        out.line()
        out.table(
            [out.say(f"cli.head.{k}") for k in ("device", "severity", "finding")],
            [
                (f.device or "-", out.say(f"cli.severity.{f.severity.value}"), out.reason(f.reason))
                for f in findings
            ],
        )
