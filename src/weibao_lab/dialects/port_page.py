"""What the printers of ports have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from weibao_lab.ports.model import Port

if TYPE_CHECKING:
    from weibao_lab.device import Device

__all__ = ["PortPage", "PortPrinter", "clock_span", "dashed", "dotted", "percent", "with_length"]


@dataclass(frozen=True)
class PortPage:
    """The ports that a command was asked for, and the moment."""

    device: Device
    ports: Sequence[Port]
    now: datetime

    def since(self, port: Port) -> timedelta:
        """How long ago the link of a port came or went."""
        return max(self.now - (port.changed_at or self.now), timedelta())

    def lags(self) -> list[Port]:
        """The aggregates among them."""
        return [port for port in self.ports if port.is_lag]

    def members(self, lag: Port) -> list[Port]:
        """The ports of an aggregate, in the order of the configuration."""
        return [port for port in self.ports if port.lag == lag.name]

    def short(self, name: str) -> str:
        """An interface name as this device's tables print it."""
        return self.device.dialect.short(name)


PortPrinter = Callable[[PortPage], str]


def dotted(mac: str) -> str:
    """A MAC address as Cisco prints it: ``0200.5e10.0001``."""
    plain = mac.replace(":", "")
    return f"{plain[:4]}.{plain[4:8]}.{plain[8:]}"


def dashed(mac: str) -> str:
    """A MAC address as Huawei prints it: ``0200-5e10-0001``."""
    return dotted(mac).replace(".", "-")


def percent(rate: int, speed: int) -> float:
    """How much of a link of ``speed`` Mbit/s is used by ``rate`` bit/s."""
    return min(rate / (speed * 10_000), 100.0) if speed else 0.0


def clock_span(span: timedelta) -> str:
    """``04:05:06``, ``3d04h`` or ``2w3d``, as Cisco shortens a time."""
    seconds = int(span.total_seconds())
    days, rest = divmod(seconds, 86_400)
    if days >= 7:
        return f"{days // 7}w{days % 7}d"
    if days:
        return f"{days}d{rest // 3600:02d}h"
    return f"{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}"


def with_length(port: Port) -> str:
    """An address with the length of its network."""
    if "/" in port.address or not port.address:
        return port.address
    return f"{port.address}/{32 if port.name.lower().startswith('lo') else 24}"
