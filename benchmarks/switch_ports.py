"""What the simulated switches print of their ports: IOS, 48 sockets for users and two uplinks."""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import cast

from weibao_lab.device import Device
from weibao_lab.dialects.ios_ports import IOS_PORTS
from weibao_lab.dialects.port_page import PortPage
from weibao_lab.ports.model import Counters, Neighbour, Port

__all__ = ["COMMANDS", "answers", "printed"]

PORTS = 48
COMMANDS = (
    "show interfaces status",
    "show interfaces",
    "show ip interface brief",
    "show interfaces description",
    "show etherchannel summary",
    "show interfaces transceiver",
    "show lldp neighbors detail",
    "show cdp neighbors detail",
)
"""All of what ``weibao ports check`` asks an IOS switch about its ports."""
_NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
_HOST = "HOST-HOST"
"""Stands in the texts for what differs from switch to switch; as long as its mark."""
_COUNT = 777_777_777
"""Stands for a counter."""


def answers() -> dict[str, str]:
    """By command; what differs is put in by ``printed``."""
    device = SimpleNamespace(dialect=SimpleNamespace(short=_short))
    page = PortPage(device=cast(Device, device), ports=_ports(), now=_NOW)
    return {command: IOS_PORTS[command](page).replace("\n", "\r\n") for command in COMMANDS}


def printed(text: str, host: str) -> str:
    """The text as one switch prints it now: its counters are never twice the same."""
    mark = hashlib.sha256(host.encode()).hexdigest()[: len(_HOST)]
    count = int(time.time() * 10) % 10**9
    return text.replace(_HOST, mark).replace(str(_COUNT), f"{count:09}")


def _short(name: str) -> str:
    return name.replace("TenGigabitEthernet", "Te").replace("GigabitEthernet", "Gi")


def _ports() -> list[Port]:
    made = [_port(number) for number in range(1, PORTS + 1)]
    return made + [_uplink(number) for number in (1, 2)]


def _port(number: int) -> Port:
    up = number % 3 != 0
    return Port(
        name=f"GigabitEthernet1/0/{number}",
        description=f"{_HOST} room {200 + number}",
        admin_up=number % 12 != 0,
        connected=up,
        mode="access",
        vlan=str(10 + number % 7),
        address="",
        index=number,
        mac=f"02:00:5e:10:00:{number:02x}",
        capacity=1000,
        speed=1000 if up else 0,
        duplex="full" if up else "",
        counters=Counters(number * 10**9, number * 10**8, _COUNT, number * 10**5),
        changed_at=_NOW - timedelta(days=number),
    )


def _uplink(number: int) -> Port:
    core = Neighbour(
        system=f"core-{number}", port="TenGigabitEthernet1/1/7", description=f"to {_HOST}",
        chassis="02:00:5e:20:00:01", address="10.0.0.1", text="Cisco IOS Software", cisco=True,
    )  # fmt: skip
    return replace(
        _port(number),
        name=f"TenGigabitEthernet1/1/{number}",
        description=f"uplink {_HOST}",
        mode="trunk", vlan="1", trunk_vlans="10-16", capacity=10_000, speed=10_000, duplex="full",
        connected=True, neighbour=core, index=PORTS + number,
    )  # fmt: skip
