"""The cables between the devices of a lab."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import TYPE_CHECKING

from weibao_lab.configs.shapes import SHAPES

if TYPE_CHECKING:
    from weibao_lab.device import Device

__all__ = ["connect"]


def _uplinks(device: Device) -> tuple[str, str] | None:
    """The two trunk ports that the generated configuration of a device has."""
    spec = device.spec
    if spec.recording is not None:
        return None
    name = SHAPES[spec.platform].port_name
    return name(spec.ports - 3, spec.ports), name(spec.ports - 2, spec.ports)


def connect(devices: Iterable[Device]) -> None:
    """Connect the devices of each site in a chain, uplink to uplink; three or more in a ring.

    Each cable is known at both ends: what one end does, the other sees.
    """
    sites: dict[str, list[tuple[Device, tuple[str, str]]]] = {}
    for device in devices:
        ends = _uplinks(device)
        if ends is not None:
            sites.setdefault(device.spec.site, []).append((device, ends))
    for members in sites.values():
        ring = [*members, members[0]] if len(members) > 2 else members
        for (one, (_, right)), (other, (left, _)) in pairwise(ring):
            one.ports.cables[right] = (other.ports, left)
            other.ports.cables[left] = (one.ports, right)
