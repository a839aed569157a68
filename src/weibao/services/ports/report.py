"""《系统运行日志》 of each contract, rebuilt from the records (PRT-10, RPT-24)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from zoneinfo import ZoneInfo

from weibao.boundary.ports import PortRun
from weibao.domain.inventory import Device
from weibao.domain.port_expectation import PortExpectation
from weibao.domain.port_finding import NOT_UP_FINDINGS, OF_ROUTING, PortFinding, PortFindingCode
from weibao.domain.port_record import WHOLE, DeviceReading, PortOutcome
from weibao.domain.port_report import (
    PortDay,
    PortDeviceRow,
    PortReport,
    PortStanding,
    PortTotals,
    standing_of,
    tally_of_readings,
)
from weibao.domain.reasons import Reason
from weibao.domain.records import Run, Severity
from weibao.services.issuing import heading, inventory_of, issue_all, placed
from weibao.services.parts import PublishedReport
from weibao.services.ports.port_parts import PortParts
from weibao.services.ports.read_bundle import unread

__all__ = ["build_port_report", "issue_port_reports", "number_of"]

_TITLE = {"zh": "系统运行日志（网络端口）", "en": "System operation log: network ports"}
_ORDER = {Severity.serious: 0, Severity.warning: 1, Severity.info: 2}

Expectations = Mapping[str, Mapping[str, PortExpectation]]
Last = Mapping[tuple[str, str], DeviceReading]


def issue_port_reports(
    ports: PortParts,
    run: Run,
    devices: Sequence[Device],
    readings: Sequence[DeviceReading],
    last: Last,
    expectations: Expectations,
) -> tuple[PublishedReport, ...]:
    """Write the log of every contract that the run touched; each is a ledger row."""
    return issue_all(
        ports.parts,
        run,
        {reading.contract for reading in readings},
        lambda contract: build_port_report(
            ports, run, contract, devices, readings, last, expectations
        ),
        ports.publish,
    )


def number_of(run: Run, contract: str) -> str:
    """The log's number."""
    return f"PT-{contract}-{run.id}"


def build_port_report(
    ports: PortParts,
    run: Run,
    contract: str,
    devices: Sequence[Device],
    readings: Sequence[DeviceReading],
    last: Last,
    expectations: Expectations,
) -> PortReport:
    """One contract's log of ``run``; ``devices`` is the whole inventory as it is known."""
    parts = ports.parts
    profile = parts.contracts[contract]
    of_contract = [r for r in readings if r.contract == contract]
    whole = [r for r in of_contract if r.device == WHOLE]
    mine = {r.device: r for r in of_contract if r.device != WHOLE}
    known = inventory_of(contract, devices, {name: r.platform for name, r in mine.items()})
    rows = []
    for name in sorted(known):
        device = known[name]
        reading = mine.get(name) or unread(
            run, name, contract, device.platform, Reason.of("not_in_this_run"), ports
        )
        rows.append(_row(ports, device, reading, last, expectations.get(name, {})))
    findings = sorted(
        [*(f for row in rows for f in row.findings), *(f for r in whole for f in r.findings)],
        key=lambda f: (bool(f.waived), _ORDER[f.severity], f.device, f.port),
    )
    runs = ports.records.port_runs(contract)
    before = _findings_before(ports, run, contract, last)
    new = tuple(i for i, f in enumerate(findings) if _same(f) not in before)
    still = {_same(f) for f in findings}
    good = {r.device: r for r in of_contract if r.good}
    gone = [
        f
        for key, f in before.items()
        if key not in still and f.device in good and _seen(good[f.device], f)
    ]
    return PortReport(
        **heading(parts, run, contract, number_of(run, contract), _TITLE, "ports"),
        recorder=profile.ports.recorder or run.actor,
        totals=_totals(rows),
        rows=tuple(rows),
        findings=tuple(findings),
        new=new,
        gone=tuple(gone),
        reached=tuple(one for reading in of_contract for one in reading.reached),
        days=tuple(_days(runs, ZoneInfo(profile.time_zone))),
    )


def _row(
    ports: PortParts,
    device: Device,
    reading: DeviceReading,
    last: Last,
    expectations: Mapping[str, PortExpectation],
) -> PortDeviceRow:
    platform = ports.parts.platforms.get(reading.platform or device.platform)
    return PortDeviceRow(
        **placed(device),
        title=platform.title if platform else device.network_os,
        model=device.model,
        reading=reading,
        last=None if reading.good else last.get((device.contract, device.name)),
        expectations=dict(expectations),
        findings=reading.findings,
    )


def _totals(rows: Sequence[PortDeviceRow]) -> PortTotals:
    stale = sum(len(r.last.ports) for r in rows if r.last is not None and not r.reading.good)
    counts = {o.value: sum(r.reading.outcome is o for r in rows) for o in PortOutcome}
    tally = tally_of_readings(row.reading for row in rows)
    return PortTotals(inventory=len(rows), **counts, ports=tally, stale_ports=stale)


def _same(finding: PortFinding) -> tuple[str, str, str]:
    about = finding.port or finding.params.get("neighbour", "") or finding.params.get("name", "")
    return finding.device, about, finding.code.value


def _seen(reading: DeviceReading, finding: PortFinding) -> bool:
    """Whether the reading can say that what was found is no more, and does not say it otherwise.

    Where what is expected could not be understood, what was not as expected may still be so.
    """
    if any(f.code is PortFindingCode.expectations_wrong for f in reading.findings):
        return False
    if finding.code in OF_ROUTING:
        read = reading.routing is not None
        neighbour = finding.params.get("neighbour")
        return read and not any(
            neighbour and f.params.get("neighbour") == neighbour for f in reading.findings
        )
    if not finding.port:
        return True
    if finding.code in NOT_UP_FINDINGS and any(
        f.port == finding.port and f.code in NOT_UP_FINDINGS for f in reading.findings
    ):
        return False
    state = reading.port(finding.port)
    if state is None:
        return reading.outcome is PortOutcome.read
    return standing_of(state.port) is not PortStanding.unknown


def _findings_before(
    ports: PortParts, run: Run, contract: str, last: Last
) -> dict[tuple[str, str, str], PortFinding]:
    """What was found of each device when it was last to be read, and last was.

    A run with a limit is not the last that was heard of the other devices.
    """
    unread = ports.records.latest_ports(before=run.id, unread=True)
    return {
        _same(finding): finding
        for known in (last, unread)
        for reading in known.values()
        if reading.contract == contract
        for finding in reading.findings
    }


def _days(runs: Sequence[PortRun], zone: ZoneInfo) -> Iterable[PortDay]:
    for one in reversed(runs):
        yield PortDay(
            run_id=one.run_id,
            day=one.at.astimezone(zone).date(),
            at=one.at,
            ports=one.ports,
            findings=one.findings,
            devices_read=one.read,
            devices_total=one.devices,
        )
