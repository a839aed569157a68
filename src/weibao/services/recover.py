"""What an earlier run was cut off in is finished first, so that nothing is lost or forgotten."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Sequence

from weibao.boundary import OutcomeBatch
from weibao.domain.inventory import Device
from weibao.domain.reasons import Reason
from weibao.domain.records import (
    ConfigVersion,
    Finding,
    FindingCode,
    Run,
    RunState,
    Severity,
    Trigger,
)
from weibao.domain.redaction import redact
from weibao.domain.texts import decode
from weibao.errors import FailedError, IntegrityError, UncheckedError
from weibao.services.finish import BackupResult, finish_run
from weibao.services.ingest import commit_versions
from weibao.services.issue_report import issue_reports, number_of
from weibao.services.parts import Parts
from weibao.services.steps import Steps
from weibao.services.targets import load_targets
from weibao.services.versions import full_text

__all__ = ["CHANGE_RUN", "DRY_RUN", "by_run", "commit_left_over", "recover", "redacted_texts"]

CHANGE_RUN = "change "
"""How the authorisation of a change's run begins; the change's number follows."""
DRY_RUN = "check mode"
"""The authorisation of the run in which a plan is tried; somebody may be planning right now."""

_RECENT = 100
"""Reports that are looked at for one that is missing: more than a run has contracts."""


def recover(parts: Parts, devices: Sequence[Device] = ()) -> list[BackupResult]:
    """Finish what was left: cut-off runs, plain Ansible's bundles, versions without a commit.

    The caller holds the estate's lock, so that whatever is unfinished has no owner.

    Raises:
        FailedError: journal, evidence or archive cannot be written.
    """
    commit_left_over(parts)
    _issue_left_over(parts, devices)
    done = []
    for run in parts.journal.unfinished_runs():
        if run.authorisation.startswith((CHANGE_RUN, DRY_RUN)):
            continue  # it waits for its operator, or for who plans
        done.append(_finish(parts, run, devices))
    if parts.runs.is_dir():
        for folder in sorted(parts.runs.iterdir()):
            known = parts.journal.run(folder.name) if folder.is_dir() else None
            if known is not None:  # one that could not do so any more
                parts.bundle(folder / "bundle").discard_blobs()
            elif (adopted := _adopted(parts, folder.name)) is not None:
                parts.journal.open_run(adopted)
                done.append(_finish(parts, adopted, devices))
    return done


def _issue_left_over(parts: Parts, devices: Sequence[Device]) -> None:
    """A report that its run was killed before issuing; only the newest run can lack it."""
    closed = parts.journal.ledger_of("run.closed")
    newest = parts.journal.run(json.loads(closed[0].payload)["id"]) if closed else None
    if newest is None:
        return
    issued = {row.subject for row in parts.journal.ledger_of("report.issued", _RECENT)}
    if (finish := parts.finishers.get(newest.job)) is not None:
        owed = {t.contract for t in load_targets(parts.runs / newest.id)} & parts.contracts.keys()
        # A number is the kind of report, the contract and the run.
        done = {s.partition("-")[2] for s in issued if s.endswith(newest.id)}
        if not newest.change_ref and (
            not done or any(f"{contract}-{newest.id}" not in done for contract in owed)
        ):
            finish(parts, newest, devices, Steps(parts.journal, parts.clock, newest), newest.state)
        return
    contracts = {t.contract for t in parts.journal.targets(newest.id)} & parts.contracts.keys()
    if any(f"report/{number_of(newest, c)}" not in issued for c in contracts):
        issue_reports(parts, newest, devices)


def _finish(parts: Parts, run: Run, devices: Sequence[Device]) -> BackupResult:
    cut_off = run.trigger is not Trigger.ansible
    state = RunState.interrupted if cut_off else RunState.finished
    if cut_off:
        finding = Finding(
            run_id=run.id,
            contract=next(iter(sorted(parts.contracts)), "default"),
            code=FindingCode.interrupted_run,
            severity=Severity.serious,
            params={"run": run.id},
            at=parts.clock.now(),
        )
        known = {(f.code, f.contract) for f in parts.journal.findings(run.id)}
        if (finding.code, finding.contract) not in known:
            parts.journal.record(run.id, OutcomeBatch(findings=(finding,)), run.actor)
    steps = Steps(parts.journal, parts.clock, run)
    finish = parts.finishers.get(run.job)
    if finish is not None:
        return BackupResult(run, (), (), finish(parts, run, devices, steps, state))
    return finish_run(parts, run, devices, steps, why=Reason.of("interrupted"), state=state)


def _adopted(parts: Parts, run_id: str) -> Run | None:
    """The run of a bundle that no run of the journal made."""
    try:
        header = parts.bundle(parts.runs / run_id / "bundle").header()
    except IntegrityError:
        return None
    booked = parts.runbook(header.job)
    return Run(
        id=run_id,
        job=header.job,
        runbook=booked.reference,
        runbook_sha256=booked.sha256,
        actor=header.actor,
        trigger=Trigger.ansible,
        authorisation="read-only",
        program=header.program,
        started_at=header.created_at,
        targets=header.devices,
    )


def commit_left_over(parts: Parts) -> None:
    """Versions that were recorded, but not committed: their full texts are safe.

    A run's trouble with its archive stays a finding of that run; it is tried again by the
    next one, and does not stop it.
    """
    for versions in by_run(parts.journal.uncommitted_versions()):
        run = parts.journal.run(versions[0].run_id)
        if run is not None:
            with contextlib.suppress(FailedError, UncheckedError):
                commit_versions(parts, run, versions, redacted_texts(parts, versions))


def by_run(versions: Iterable[ConfigVersion]) -> list[list[ConfigVersion]]:
    """Versions of one run and contract together, in the order of the runs' first versions."""
    groups: dict[tuple[str, str], list[ConfigVersion]] = {}
    for version in versions:
        groups.setdefault((version.run_id, version.contract), []).append(version)
    return list(groups.values())


def redacted_texts(
    parts: Parts, versions: Iterable[ConfigVersion]
) -> dict[tuple[str, str, int], str]:
    """The redacted texts again, made from the encrypted full ones."""
    texts = {}
    for version in versions:
        platform = parts.platforms[version.platform]
        text = decode(full_text(parts, version), platform.encodings)
        key = (version.contract, version.device, version.number)
        texts[key] = redact(text, platform, parts.tag(version.contract))
    return texts
