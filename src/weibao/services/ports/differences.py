"""What is different between two runs, or two readings of a device, port by port (JOB-12)."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from weibao.domain.base import Value
from weibao.domain.port import Port
from weibao.domain.port_record import WHOLE, DeviceReading, PortOutcome

__all__ = ["Compared", "PortDifference", "compared", "differences", "uncompared"]

_FIELDS = (
    "admin_status",
    "oper_status",
    "reason",
    "speed",
    "duplex",
    "vlan",
    "mode",
    "lag",
    "description",
    "mtu",
)


class PortDifference(Value):
    """One field of one port."""

    device: str
    port: str
    field: str
    """A field of the port; ``port`` where it is new or gone; ``neighbour``."""
    before: str
    after: str


@dataclass
class Compared:
    """Two runs beside each other."""

    found: list[PortDifference] = dataclasses.field(default_factory=list)
    devices: int = 0
    """That were read in both."""
    missing: list[str] = dataclasses.field(default_factory=list)
    """Devices that were not read in one of them, though they should have been."""
    once: list[str] = dataclasses.field(default_factory=list)
    """Devices that only one of them was to read: a limit, or another inventory."""
    unseen: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    """By device, ports that are not compared."""

    @property
    def exit_code(self) -> int:
        """1: something differs; 4: not all was compared, or nothing was."""
        whole = self.devices and not (self.missing or self.unseen)
        return 1 if self.found else 0 if whole else 4


def compared(
    before: Mapping[str, DeviceReading],
    after: Mapping[str, DeviceReading],
    chosen: Collection[str] | None = None,
) -> Compared:
    """Two runs' readings by device; who is ``chosen`` was to be in both, whatever their limits."""
    known = before.keys() | after.keys()
    result = Compared()
    for device in sorted(known - {WHOLE} if chosen is None else known & set(chosen)):
        one, other = before.get(device), after.get(device)
        if one is not None and other is not None and one.good and other.good:
            result.devices += 1
            result.found += differences(one, other)
            if names := uncompared(one, other):
                result.unseen[device] = names
        elif chosen is None and (one is None or other is None):
            result.once.append(device)
        else:
            result.missing.append(device)
    return result


def differences(before: DeviceReading, after: DeviceReading) -> Iterator[PortDifference]:
    """Differences that mean something; counters and rates grow by themselves.

    What one of both readings does not say is no difference, nor is a port that a part of a
    reading does not show.
    """
    then, now = _ports(before), _ports(after)
    unseen = set(uncompared(before, after))
    for name in dict.fromkeys((*then, *now)):
        one, other = then.get(name), now.get(name)
        if name in unseen:
            continue
        if one is None or other is None:
            shown = "absent", "present"
            yield _of(after, name, "port", *(shown if one is None else reversed(shown)))
            continue
        yield from _fields(after, name, one, other)


def uncompared(before: DeviceReading, after: DeviceReading) -> list[str]:
    """Ports that one reading shows and the other, which is not whole, does not: they may be
    there.
    """
    then, now = _ports(before), _ports(after)
    missing = [name for name in now if name not in then] if _part(before) else []
    return missing + ([name for name in then if name not in now] if _part(after) else [])


def _part(reading: DeviceReading) -> bool:
    return reading.outcome is PortOutcome.partly


def _ports(reading: DeviceReading) -> dict[str, Port]:
    return {state.port.name: state.port for state in reading.ports}


def _fields(reading: DeviceReading, name: str, one: Port, other: Port) -> Iterator[PortDifference]:
    for field in _FIELDS:
        before, after = getattr(one, field), getattr(other, field)
        said = before not in (None, "") and after not in (None, "")
        status = field.endswith("_status") or field == "description"
        if before != after and (said or status):
            yield _of(reading, name, field, str(before), str(after))
    before, after = _neighbours(one), _neighbours(other)
    if before and after and before != after:
        yield _of(reading, name, "neighbour", ", ".join(before), ", ".join(after))


def _neighbours(port: Port) -> list[str]:
    return sorted(f"{n.system or n.chassis} {n.port}".strip() for n in port.neighbours)


def _of(reading: DeviceReading, port: str, field: str, before: str, after: str) -> PortDifference:
    return PortDifference(device=reading.device, port=port, field=field, before=before, after=after)
