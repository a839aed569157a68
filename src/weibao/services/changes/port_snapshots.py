"""Ports before and after a change, and what the change did not declare (JOB-12).

Two built-in steps: ``ports-before`` reads the ports of a wave's devices, ``ports-after`` reads
them again and compares. A device on which a port got worse, and that no pattern of the change's
variable ``change_ports_expected`` names, has failed: the wave's limits decide what follows. A port
of which nothing is expected (``ignored``) may come and go.
What was not known before, or is not any more, is named and is no pass.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from weibao.domain.change import StepState
from weibao.domain.port_expectation import PortExpectation, PortUse, port_pattern
from weibao.domain.port_record import DeviceReading
from weibao.domain.port_regressions import Meant, regressions, routing_up
from weibao.domain.runbook import Phase
from weibao.services.begin_run import JobRequest
from weibao.services.changes.progress import WHOLE_WAVE
from weibao.services.changes.work import Found, Work
from weibao.services.ports.check import run_ports

__all__ = ["AFTER", "BEFORE", "EXPECTED", "SETTLE", "ports_after", "ports_before", "settle_seconds"]

AFTER = "ports-after"
BEFORE = "ports-before"
EXPECTED = "change_ports_expected"
"""The variable with patterns of ports that the change is meant to change."""
SETTLE = "change_ports_settle_seconds"
"""The variable with the seconds after the change from which on neighbours are judged."""

_SETTLE_SECONDS = 60.0
"""OSPF finds a neighbour dead after 40 s, a spanning tree forwards again after 50, and LLDP speaks
every 30.
"""


def settle_seconds(variables: Mapping[str, Any]) -> float:
    """How long after the change its neighbours are judged, at the earliest."""
    given = variables.get(SETTLE)
    if isinstance(given, int | float) and math.isfinite(given):
        return max(float(given), 0.0)
    return _SETTLE_SECONDS


def ports_before(work: Work, devices: Sequence[str]) -> Found:
    """Read the ports; a device that shows none is skipped, in words."""
    readings = _read(work, devices).readings
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
    """Read the ports again and compare.

    A routing neighbour that the change cut off is up until its dead interval has run out, and one
    that it made flap needs a while to come back. So devices with such neighbours are read when
    they had the time to settle; others at once, and again then where a neighbour is gone.
    """
    earlier = dict(_before(work, devices))
    settled = _applied(work, devices) + timedelta(seconds=settle_seconds(work.change.variables))
    if any(routing_up(reading, _meant(work, reading)) for reading in earlier.values()):
        _wait(work, settled)
    early = work.desk.now < settled
    seen = _read(work, devices)
    found = {device: _compared(work, earlier, seen, device) for device in devices}
    again = [device for device, (_, settling) in found.items() if settling]
    if again and early:
        _wait(work, settled)
        seen = _read(work, again)
        found |= {device: _compared(work, earlier, seen, device) for device in again}
    return {device: fields for device, (fields, _) in found.items()}


def _wait(work: Work, until: datetime) -> None:
    left = (until - work.desk.now).total_seconds()
    if left > 0:
        work.pause(left)


def _applied(work: Work, devices: Sequence[str]) -> datetime:
    """When the last step ended that changed one of them."""
    ended = [
        row.finished_at
        for row in work.desk.records.change_steps(work.change.id)
        if row.phase == Phase.implement.value and row.device in (*devices, WHOLE_WAVE)
    ]
    return max((at for at in ended if at is not None), default=work.desk.now)


def _meant(work: Work, reading: DeviceReading) -> Meant:
    """Whether the change declared a port, by its long name or as the device prints it."""
    canonical = work.desk.ports().canonical(reading.platform)
    declared = str(work.change.variables.get(EXPECTED) or "")
    parts = [canonical(part.strip()) for part in declared.split(",") if part.strip()]
    matches = port_pattern(",".join(parts))
    return lambda name: matches(name) or matches(canonical(name))


class _Seen(NamedTuple):
    readings: Mapping[str, DeviceReading]
    expectations: Mapping[str, Mapping[str, PortExpectation]]

    def free(self, device: str) -> Meant:
        """Whether nothing is expected of a port."""
        said = self.expectations.get(device, {})
        return lambda name: name in said and said[name].use is PortUse.ignored


def _compared(
    work: Work,
    earlier: Mapping[str, DeviceReading],
    seen: _Seen,
    device: str,
) -> tuple[Mapping[str, object], bool]:
    """What became of one device, and whether that may still get better by itself."""
    reading, before = seen.readings.get(device), earlier.get(device)
    if reading is not None and before is None and _unknown(reading):
        return {"state": StepState.skipped, "detail": f"{reading.run_id}: not checked"}, False
    if reading is None or not reading.good:
        return _failed(reading), False
    if before is None:
        return {"state": StepState.failed, "detail": "no reading before the change"}, False
    compared = regressions(before, reading, _meant(work, reading), seen.free(device))
    nothing = not compared.compared and compared.uncompared
    state = StepState.skipped if nothing else StepState.done
    if compared.worse or compared.settling:
        state = StepState.failed
    shown = f"{before.run_id} -> {reading.run_id}: {compared}"
    return {"state": state, "detail": shown}, bool(compared.settling and not compared.worse)


def _read(work: Work, devices: Sequence[str]) -> _Seen:
    desk = work.desk
    request = JobRequest(
        actor=work.run.actor,
        sources=work.sources,
        limit=",".join(devices),
        change_ref=work.change.id,
    )
    with desk.hold("run.lock", f"change {work.change.id}"):
        result = run_ports(desk.ports(), request)
    return _Seen({reading.device: reading for reading in result.readings}, result.expectations)


def _before(work: Work, devices: Sequence[str]) -> Iterator[tuple[str, DeviceReading]]:
    """The readings of the step before, by the runs that the journal names, the last one last.

    An estate's own runbook may call the step as it likes, and do it once for a whole wave.
    """
    steps = {step.name for step in work.desk.runbook(work.change).steps if step.run == BEFORE}
    runs: dict[str, set[str]] = {}
    for row in work.desk.records.change_steps(work.change.id):
        if row.step in steps and row.state in {StepState.done, StepState.skipped}:
            named = devices if row.device == WHOLE_WAVE else (row.device,)
            runs.setdefault(row.detail.partition(":")[0], set()).update(named)
    for run, read in runs.items():
        for reading in work.desk.ports().records.port_readings(run):
            if reading.good and reading.device in read:
                yield reading.device, reading


def _unknown(reading: DeviceReading) -> bool:
    """No command shows its ports: that is on record, and nothing can be compared."""
    unreadable = {"ports_not_known", "ports_refused", "ports_none"}
    return reading.reason is not None and reading.reason.code in unreadable


def _failed(reading: DeviceReading | None) -> Mapping[str, object]:
    why = reading.reason.code if reading and reading.reason else "not checked"
    run = f"{reading.run_id}: " if reading else ""
    return {"state": StepState.failed, "detail": f"{run}ports not read ({why})"}
