"""``weibao ports check``: collect, understand, judge, record, report (PRT-01..PRT-10)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from weibao.boundary import Progress
from weibao.domain.inventory import Device, InventorySnapshot
from weibao.domain.port_absent import absent_states
from weibao.domain.port_case import DeviceCase, short
from weibao.domain.port_expectation import PortExpectation
from weibao.domain.port_finding import PortFinding
from weibao.domain.port_judge import judge_device
from weibao.domain.port_links import judge_links
from weibao.domain.port_record import WHOLE, DeviceReading, PortOutcome
from weibao.domain.reachability import CONTROLLER
from weibao.domain.reasons import Reason
from weibao.domain.records import Run, RunState, Trigger
from weibao.domain.routing_judge import judge_reached, judge_routing
from weibao.services.begin_run import JobRequest, begin_run, collect
from weibao.services.parts import Finisher, Parts, PublishedReport
from weibao.services.ports.cases import case_or_wrong, expected_by
from weibao.services.ports.port_parts import PortParts
from weibao.services.ports.read_bundle import read_bundle, unread
from weibao.services.ports.report import issue_port_reports
from weibao.services.steps import Steps

__all__ = ["JOB", "PortResult", "called_names", "finish_ports", "finisher", "run_ports"]

JOB = "check-ports"

_BATCH = 50


@dataclass(frozen=True)
class PortResult:
    """What came of it."""

    run: Run
    readings: tuple[DeviceReading, ...]
    reports: tuple[PublishedReport, ...]
    expectations: Mapping[str, Mapping[str, PortExpectation]]
    """By device and port."""

    @property
    def findings(self) -> tuple[PortFinding, ...]:
        """Of all devices, the waived ones too."""
        return tuple(f for reading in self.readings for f in reading.findings)

    @property
    def exit_code(self) -> int:
        """0: all read as a whole, nothing found; 1: findings, or not all read; 4: none was read.

        Tests of the controller read no device.
        """
        devices = [reading for reading in self.readings if reading.device != WHOLE]
        if not any(reading.good for reading in devices):
            return 4
        all_read = all(reading.outcome is PortOutcome.read for reading in devices)
        found = [f for f in self.findings if not f.waived and f.severity != "info"]
        return 0 if all_read and not found else 1


def run_ports(
    ports: PortParts,
    request: JobRequest,
    *,
    details: bool = True,
    started: Callable[[Run, int], None] = lambda _run, _count: None,
    key_made: Callable[[str, str], None] = lambda _contract, _path: None,
    progress: Progress = lambda _entry: None,
) -> PortResult:
    """Run the port job once; the caller holds the estate's lock.

    Raises:
        InputError: the inventory, the limit or a runbook is wrong; started by hand, also what is
            expected of a device's ports.
        RefusedError: a scheduled run without the standing authorisation that a contract
            demands (JOB-03).
        FailedError: journal or evidence cannot be written.
    """
    parts = ports.parts

    def understood(chosen: InventorySnapshot) -> None:
        # Somebody is there who can mend it; a morning's check tells it of the device.
        if request.trigger is Trigger.manual and not request.change_ref:
            expected_by(ports, chosen.devices)

    begun = begin_run(parts, JOB, request, key_made=key_made, checked=understood)
    started(begun.run, len(begun.chosen.devices))
    steps = Steps(parts.journal, parts.clock, begun.run)
    variables = {"weibao_port_details": details}
    why = collect(parts, begun, "weibao.core.check_ports", steps, progress, variables)
    return finish_ports(ports, begun.run, begun.everything.devices, steps, why=why)


def finish_ports(
    ports: PortParts,
    run: Run,
    devices: Sequence[Device],
    steps: Steps,
    *,
    why: Reason,
    state: RunState = RunState.finished,
) -> PortResult:
    """Everything after collecting: also what a run that was cut off is owed.

    What is recorded already (an earlier, interrupted ingestion) stays as it is.
    """
    parts = ports.parts
    known = {device.name: device for device in devices}
    with steps.step("judge"):
        last = ports.records.latest_ports(before=run.id)
        recorded = {r.device: r for r in ports.records.port_readings(run.id)}
        cut_off = state is not RunState.finished
        read = read_bundle(ports, run, last, why=why, devices=devices, cut_off=cut_off)
        fresh = [r for r in read if r.device not in recorded]
        if not (run.change_ref or cut_off):
            fresh += [r for r in _from_here(ports, run, read) if r.device not in recorded]
        called = called_names(parts)
        cases = [
            replace(
                case_or_wrong(ports, r, known.get(r.device), last),
                called=called.get(r.contract, {}),
            )
            for r in fresh
        ]
        others = [] if run.change_ref else _partners(ports, run, cases, recorded, devices, last)
        judged = _judged(ports, cases, others)
        for first in range(0, len(judged), _BATCH):
            ports.records.record_ports(run.id, judged[first : first + _BATCH], run.actor)
    parts.journal.close_run(run.id, state, parts.clock.now(), run.actor)
    parts.bundle(parts.runs / run.id / "bundle").discard_blobs()
    closed = parts.journal.run(run.id) or run
    everything = (*recorded.values(), *judged)
    cases += [case_or_wrong(ports, r, known.get(r.device), last) for r in recorded.values()]
    wanted = {case.reading.device: case.expectations for case in cases}
    reports: tuple[PublishedReport, ...] = ()
    if not run.change_ref:  # what came of a snapshot stands in the change's record
        reports = issue_port_reports(ports, closed, devices, everything, last, wanted)
    return PortResult(closed, tuple(everything), reports, wanted)


def called_names(parts: Parts) -> dict[str, dict[str, tuple[str, ...]]]:
    """What a contract's devices call themselves in their last configuration, where that is not
    their name.
    """
    called: dict[str, dict[str, tuple[str, ...]]] = {}
    for version in parts.journal.latest_versions().values():
        own = short(version.hostname)
        if own and own != short(version.device):
            known = called.setdefault(version.contract, {})
            known[own] = (*known.get(own, ()), version.device)
    return called


def _from_here(ports: PortParts, run: Run, read: Sequence[DeviceReading]) -> list[DeviceReading]:
    """The controller's tests, one reading for each contract that has some."""
    found = []
    for name in sorted({reading.contract for reading in read}):
        contract = ports.parts.contracts.get(name)
        tests = contract.ports.reachability if contract else ()
        mine = [test for test in tests if test.source == CONTROLLER]
        if mine:
            reading = DeviceReading(
                run_id=run.id,
                contract=name,
                device=WHOLE,
                platform="",
                at=ports.parts.clock.now(),
                outcome=PortOutcome.read,
                reached=tuple(ports.reach(mine)),
            )
            found.append(reading)
    return found


def _partners(
    ports: PortParts,
    run: Run,
    cases: Sequence[DeviceCase],
    recorded: Mapping[str, DeviceReading],
    devices: Sequence[Device],
    last: Mapping[tuple[str, str], DeviceReading],
) -> list[DeviceCase]:
    """Devices that the run recorded before or was not to read: their legs count, too."""
    contracts = {
        case.reading.contract
        for case in cases
        if any(said.redundancy for said in case.expectations.values())
    }
    there = {(case.reading.contract, case.reading.device) for case in cases}
    why = Reason.of("not_in_this_run")

    def reading(device: Device) -> DeviceReading:
        return recorded.get(device.name) or unread(
            run, device.name, device.contract, device.platform, why, ports
        )

    return [
        case_or_wrong(ports, reading(device), device, last)
        for device in devices
        if device.contract in contracts and (device.contract, device.name) not in there
    ]


def _judged(
    ports: PortParts, cases: Sequence[DeviceCase], others: Sequence[DeviceCase] = ()
) -> list[DeviceReading]:
    """Readings with their findings: each device's own, and those that two show together."""
    between: dict[tuple[str, str], list[PortFinding]] = {}
    for finding in judge_links([*cases, *others]):
        between.setdefault((finding.contract, finding.device), []).append(finding)
    judged = []
    for case in cases:
        reading = case.reading
        contract = ports.parts.contracts.get(reading.contract)
        tests = contract.ports.reachability if contract else ()
        own = [] if reading.device == WHOLE else judge_device(case)
        found = [
            *own,
            *between.get((reading.contract, reading.device), ()),
            *judge_routing(reading, case.last, case.routing, case.terms, case.held.values()),
            *judge_reached(reading, reading.reached, tests),
        ]
        lost, unseen = absent_states(case) if reading.good else ((), ())
        update = {"findings": tuple(_once(found)), "lost": lost, "unseen": unseen}
        judged.append(case.reading.model_copy(update=update))
    return judged


def _once(findings: Iterable[PortFinding]) -> Iterable[PortFinding]:
    """A leg of an aggregate may be found by two rules; one of them is enough."""
    return {(f.code, f.port, *sorted(f.params.items())): f for f in findings}.values()


def finisher(make: Callable[[Parts], PortParts]) -> Finisher:
    """What ``recover`` calls for a cut-off run of this job."""

    def finish(
        parts: Parts, run: Run, devices: Sequence[Device], steps: Steps, state: RunState
    ) -> tuple[PublishedReport, ...]:
        why = Reason.of("interrupted")
        return finish_ports(make(parts), run, devices, steps, why=why, state=state).reports

    return finish
