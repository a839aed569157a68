"""One port as it is now; every dialect prints it in its own words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

__all__ = ["Counters", "Neighbour", "Port", "is_lag", "is_management", "is_virtual"]

_VIRTUAL: Final = re.compile(r"(?i)(?:vlan|loopback|null|irb|lo\d)")
_LAG: Final = re.compile(r"(?i)(?:eth-trunk|bridge-aggregation|aggregateport|port-channel|ae\d)")
_MANAGEMENT: Final = re.compile(
    r"MEth\d\S*|M-GigabitEthernet\S+|Mgmt ?\d+|mgmt\d+|Management\d\S*|(?:me|fxp|vme)\d*"
    r"|GigabitEthernet0/0"
)


def is_virtual(name: str) -> bool:
    """Whether a name is of an interface that no cable is ever in (an aggregate is not meant)."""
    return _VIRTUAL.match(name) is not None


def is_lag(name: str) -> bool:
    """Whether a name is of an aggregate of ports."""
    return _LAG.match(name) is not None


def is_management(name: str) -> bool:
    """Whether a name is of the socket for managing the device."""
    return _MANAGEMENT.fullmatch(name) is not None


@dataclass(frozen=True)
class Counters:
    """Since the device started."""

    in_octets: int = 0
    out_octets: int = 0
    in_packets: int = 0
    out_packets: int = 0
    in_errors: int = 0
    """Bad frames, those with a wrong check sequence included."""
    crc: int = 0
    out_errors: int = 0
    collisions: int = 0
    in_rate: int = 0
    """Bits a second, now."""
    out_rate: int = 0


@dataclass(frozen=True)
class Neighbour:
    """What a device at the other end says of itself (LLDP)."""

    system: str
    port: str
    description: str = ""
    """Of its port."""
    chassis: str = ""
    """Its MAC address as ``02:00:5e:10:00:01``."""
    address: str = ""
    text: str = ""
    """Make and software."""
    cisco: bool = False
    """Whether it speaks CDP as well."""


@dataclass(frozen=True)
class Port:
    """One interface as it is now."""

    name: str
    """As the configuration writes it."""
    description: str
    admin_up: bool
    connected: bool
    """Whether there is a link: a cable, and somebody alive at its other end."""
    mode: str
    """``access``, ``trunk`` or ``routed``."""
    vlan: str
    """Of an access port; the native one of a trunk."""
    address: str
    index: int = 0
    """Its place in the configuration, from 1."""
    mac: str = ""
    error: str = ""
    """Why the device itself took it down: ``bpduguard``, ``link-flap`` …; empty: it did not."""
    absent: bool = False
    """There is no transceiver in it."""
    capacity: int = 0
    """What it can do, Mbit/s."""
    speed: int = 0
    """Of the link, Mbit/s; 0 where there is none."""
    duplex: str = ""
    """``full`` or ``half``; empty where there is no link."""
    fixed: bool = False
    """Speed or duplex are configured and not negotiated."""
    trunk_vlans: str = ""
    lag: str = ""
    """The aggregate that it is a member of."""
    members: tuple[str, ...] = ()
    """Of an aggregate."""
    active: tuple[str, ...] = ()
    """Those of them that are up."""
    counters: Counters = Counters()
    changed_at: datetime | None = None
    """When the link came or went last."""
    flaps: int = 0
    """How often it did."""
    neighbour: Neighbour | None = None

    @property
    def oper_up(self) -> bool:
        """Whether traffic passes."""
        return self.admin_up and self.connected and not self.error

    @property
    def trunk(self) -> bool:
        """Whether it carries several VLANs."""
        return self.mode == "trunk"

    @property
    def virtual(self) -> bool:
        """Whether it is no socket for a cable, and no aggregate."""
        return is_virtual(self.name)

    @property
    def is_lag(self) -> bool:
        """Whether it is an aggregate."""
        return is_lag(self.name)

    @property
    def management(self) -> bool:
        """Whether it is the socket for managing the device."""
        return is_management(self.name)

    @property
    def physical(self) -> bool:
        """Whether a cable can be in it."""
        return not (self.virtual or self.is_lag)

    @property
    def switched(self) -> bool:
        """Whether it is a port of the switch: physical or an aggregate, and not routed."""
        return not self.virtual and self.mode != "routed"

    @property
    def fibre(self) -> bool:
        """Whether it is made for a transceiver."""
        return self.capacity >= 10_000
