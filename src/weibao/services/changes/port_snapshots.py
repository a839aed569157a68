"""Ports before and after a change, and what the change did not declare (JOB-12).

Two built-in steps: ``ports-before`` reads the ports of a wave's devices, ``ports-after`` reads
them again and compares. A device on which a port got worse, and that no pattern of the change's
variable ``change_ports_expected`` names, has failed: the wave's limits decide what follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from weibao.domain.change import StepState
from weibao.domain.port import AdminStatus, Duplex, OperStatus, Port
from weibao.domain.port_case import UP, short
from weibao.domain.port_expectation import port_pattern
from weibao.domain.port_record import DeviceReading
from weibao.services.begin_run import JobRequest
from weibao.services.changes.work import Found, Work
from weibao.services.ports.check import run_ports

__all__ = ["EXPECTED", "ports_after", "ports_before", "regressions"]

EXPECTED = "change_ports_expected"
"""The variable with patterns of ports that the change is meant to change."""

_BEFORE = "ports-before"
_WORKS = UP | {OperStatus.dormant}


def ports_before(work: Work, devices: Sequence[str]) -> Found:
    """Read the ports; a device that shows none is skipped, in words."""
    readings = _read(work, devices)
    found: dict[str, Mapping[str, object]] = {}
    for device in devices:
        reading = readings.get(device)
        if reading is not None and reading.good:
            detail = f"{reading.run_id}: {len(reading.ports)} ports"
            found[device] = {"state": StepState.done, "detail": detail}
        elif reading is not None and _unknown(reading):
            found[device] = {"state": StepState.skipped, "detail": f"{reading.run_id}: not checked"}
        else:
            found[device] = _failed(reading)
    return found


def ports_after(work: Work, devices: Sequence[str]) -> Found:
    """Read the ports again and compare."""
    readings = _read(work, devices)
    earlier = dict(_before(work, devices))
    expected = str(work.change.variables.get(EXPECTED) or "")
    found: dict[str, Mapping[str, object]] = {}
    for device in devices:
        reading, before = readings.get(device), earlier.get(device)
        if reading is not None and before is None and _unknown(reading):
            found[device] = {"state": StepState.skipped, "detail": f"{reading.run_id}: not checked"}
            continue
        if reading is None or not reading.good:
            found[device] = _failed(reading)
            continue
        if before is None:
            found[device] = {"state": StepState.failed, "detail": "no reading before the change"}
            continue
        canonical = work.desk.ports().canonical(reading.platform)
        pattern = ",".join(canonical(part.strip()) for part in expected.split(",") if part.strip())
        worse = list(regressions(before, reading, pattern))
        shown = f"{before.run_id} -> {reading.run_id}: "
        state = StepState.failed if worse else StepState.done
        found[device] = {"state": state, "detail": shown + ("; ".join(worse) or "no port is worse")}
    return found


def regressions(before: DeviceReading, after: DeviceReading, declared: str) -> Iterator[str]:
    """Ports that are worse than before, each with what is worse; declared ones are left out."""
    meant = port_pattern(declared) if declared else lambda _name: False
    now = {state.port.name: state.port for state in after.ports}
    for state in before.ports:
        name = state.port.name
        if meant(name):
            continue
        there = now.get(name)
        if there is None:
            if state.port.oper_status in _WORKS:
                yield f"{name}: gone"
            continue
        worse = list(_worse(state.port, there))
        if worse:
            yield f"{name}: {', '.join(worse)}"


def _worse(before: Port, after: Port) -> Iterable[str]:
    waits = before.oper_status is OperStatus.dormant and after.oper_status not in _WORKS
    if waits or (before.oper_status in UP and after.oper_status not in UP):
        reason = f" ({after.reason})" if after.reason else ""
        yield f"{before.oper_status.value} -> {after.oper_status.value}{reason}"
    elif before.admin_status is AdminStatus.up and after.admin_status is AdminStatus.down:
        yield "shut down"
    if after.oper_status not in UP:
        return
    if before.speed and after.speed and after.speed < before.speed:
        yield f"speed {before.speed} -> {after.speed}"
    if before.duplex is Duplex.full and after.duplex is Duplex.half:
        yield "half duplex"
    if before.lag and before.lag != after.lag:
        yield f"left {before.lag}"
    lost = {short(n.system) for n in before.neighbours} - {
        short(n.system) for n in after.neighbours
    }
    if lost and after.neighbours:
        yield f"neighbour {', '.join(sorted(lost))} gone"


def _read(work: Work, devices: Sequence[str]) -> dict[str, DeviceReading]:
    desk = work.desk
    request = JobRequest(
        actor=work.run.actor,
        sources=work.sources,
        limit=",".join(devices),
        change_ref=work.change.id,
    )
    with desk.hold("run.lock", f"change {work.change.id}"):
        result = run_ports(desk.ports(), request)
    return {reading.device: reading for reading in result.readings}


def _before(work: Work, devices: Sequence[str]) -> Iterator[tuple[str, DeviceReading]]:
    """The readings of the step before, by the runs that the journal names."""
    runs: dict[str, str] = {}
    for row in work.desk.records.change_steps(work.change.id):
        if row.step == _BEFORE and row.state is StepState.done:
            runs[row.device] = row.detail.partition(":")[0]
    for run in {runs[device] for device in devices if device in runs}:
        for reading in work.desk.ports().records.port_readings(run):
            if runs.get(reading.device) == run and reading.good:
                yield reading.device, reading


def _unknown(reading: DeviceReading) -> bool:
    """No command shows its ports: that is on record, and nothing can be compared."""
    unreadable = {"ports_not_known", "ports_refused", "ports_none"}
    return reading.reason is not None and reading.reason.code in unreadable


def _failed(reading: DeviceReading | None) -> Mapping[str, object]:
    why = reading.reason.code if reading and reading.reason else "not checked"
    run = f"{reading.run_id}: " if reading else ""
    return {"state": StepState.failed, "detail": f"{run}ports not read ({why})"}
