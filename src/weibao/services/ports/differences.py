"""What is different between two readings of a device, port by port (JOB-12)."""

from __future__ import annotations

from collections.abc import Iterator

from weibao.domain.base import Value
from weibao.domain.port import Port
from weibao.domain.port_record import DeviceReading, PortOutcome

__all__ = ["PortDifference", "differences", "uncompared"]

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
