"""The night's report of each contract, rebuilt from the records (RPT-01, JOB-13)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from weibao.domain.inventory import Device
from weibao.domain.records import ConfigVersion, Finding, Run, RunTarget
from weibao.domain.report import BackupReport, ChangedDevice, DeviceRow, Totals
from weibao.services.issuing import heading, inventory_of, issue_all, placed
from weibao.services.overdue import freshness
from weibao.services.parts import Parts, PublishedReport

__all__ = ["build_report", "issue_reports", "number_of"]

_TITLE = {"zh": "网络设备配置备份报告", "en": "Network configuration backup report"}
_DIFF_LINES = 400


def issue_reports(parts: Parts, run: Run, devices: Sequence[Device]) -> tuple[PublishedReport, ...]:
    """Write the report of every contract that the run touched; each is a ledger row."""
    targets = list(parts.journal.targets(run.id))
    return issue_all(
        parts,
        run,
        {target.contract for target in targets},
        lambda contract: build_report(parts, run, contract, devices, targets),
        parts.publish,
    )


def number_of(run: Run, contract: str) -> str:
    """The report's number."""
    return f"BK-{contract}-{run.id}"


def build_report(
    parts: Parts, run: Run, contract: str, devices: Sequence[Device], targets: Sequence[RunTarget]
) -> BackupReport:
    """One contract's report of ``run``; ``devices`` is the whole inventory as it is known."""
    profile = parts.contracts[contract]
    mine = {t.device: t for t in targets if t.contract == contract}
    known = inventory_of(contract, devices, {name: t.platform for name, t in mine.items()})
    findings = [f for f in parts.journal.findings(run.id) if f.contract == contract]
    latest = parts.journal.latest_versions(contract)
    rows = _rows(parts, contract, known, mine, findings, latest)
    changed = [v for v in latest.values() if v.run_id == run.id]
    return BackupReport(
        **heading(parts, run, contract, number_of(run, contract), _TITLE, "backup"),
        totals=Totals.of([row.outcome for row in rows], inventory=len(rows), targeted=len(mine)),
        rows=tuple(rows),
        changes=tuple(_changes(parts, contract, sorted(changed, key=lambda v: v.device))),
        findings=tuple(findings),
        platform_titles=_titles(parts, {row.platform for row in rows}),
        max_age_hours=profile.backup.max_age_hours,
    )


def _titles(parts: Parts, wanted: set[str]) -> dict[str, str]:
    """Of those platforms alone: making all of them costs more than the rest of a small report."""
    found = ((name, parts.platforms.get(name)) for name in sorted(wanted))
    return {name: platform.title for name, platform in found if platform is not None}


def _rows(
    parts: Parts,
    contract: str,
    known: dict[str, Device],
    mine: dict[str, RunTarget],
    findings: list[Finding],
    latest: dict[tuple[str, str], ConfigVersion],
) -> list[DeviceRow]:
    now = parts.clock.now()
    good = parts.journal.last_good()
    of_device: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        of_device[finding.device].append(finding)
    rows = []
    for name in sorted(known):
        device, target = known[name], mine.get(name)
        version = latest.get((contract, name))
        state = freshness(parts, contract, good.get((contract, name)), now)
        rows.append(
            DeviceRow(
                **placed(device),
                platform=(target.platform if target else "") or device.platform,
                target=target,
                last_good_at=state.last_good,
                last_good_version=version.number if version else None,
                age_hours=state.age_hours,
                overdue=state.overdue,
                restorable=version.restorable if version else None,
                findings=tuple(of_device[name]),
            )
        )
    return rows


def _changes(
    parts: Parts, contract: str, changed: Sequence[ConfigVersion]
) -> Iterator[ChangedDevice]:
    """What each of ``changed``, new versions of one contract's devices, differs in."""
    keys = [(contract, v.device, v.number - 1) for v in changed if v.number > 1]
    earlier = parts.journal.some_versions(keys)
    wanted = []
    for version in changed:
        before = earlier.get((contract, version.device, version.number - 1))
        if before is not None and before.commit and version.commit:
            wanted.append((version.device, before.commit, version.commit))
    diffs = (
        {device: _shortened(text) for device, text in parts.archive(contract).diffs(wanted)}
        if wanted
        else {}
    )
    for version in changed:
        diff, truncated = diffs.get(version.device, ("", False))
        yield ChangedDevice(
            device=version.device,
            previous=version.number - 1 if version.number > 1 else None,
            current=version.number,
            diff=diff,
            truncated=truncated,
            added=version.lines_added,
            removed=version.lines_removed,
            change_ref=version.change_ref,
        )


def _shortened(diff: str) -> tuple[str, bool]:
    """The beginning of a difference, and whether there is more."""
    lines = diff.splitlines(keepends=True)
    return "".join(lines[:_DIFF_LINES]), len(lines) > _DIFF_LINES
