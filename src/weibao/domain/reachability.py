"""Tests between defined points, outside lines among them (PRT-08, CHK-LIN-05)."""

from __future__ import annotations

import ipaddress
import re
from typing import Self

from pydantic import Field, model_validator

from weibao.domain.base import Value

__all__ = ["CONTROLLER", "ReachTest"]

CONTROLLER = "controller"
"""The machine that Weibao runs on, as ``from`` of a test."""

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")


class ReachTest(Value):
    """One test of each day."""

    name: str = Field(min_length=1)
    """Of the connection, as people call it (``电信专线``)."""
    source: str = CONTROLLER
    """``controller``, or a device of the inventory that is told to ping."""
    target: str
    """Address or host name."""
    tcp: int | None = Field(default=None, ge=1, le=65535)
    """From the controller: connect to this TCP port instead of pinging."""
    count: int = Field(default=5, ge=1, le=20)
    """Packets."""
    max_loss: float = Field(default=0.0, ge=0, le=100)
    """Per cent that may be lost."""
    max_rtt: float | None = Field(default=None, gt=0)
    """Milliseconds on average."""
    line: bool = False
    """An outside line (外网线路): its loss is serious."""
    serves: str = ""
    """Whom it cuts off."""

    @model_validator(mode="after")
    def _can_be_sent(self) -> Self:
        try:
            ipaddress.ip_address(self.target)
        except ValueError:
            if not _NAME.fullmatch(self.target):
                raise ValueError(f"{self.target!r} is neither an address nor a host name") from None
        if self.tcp is not None and self.source != CONTROLLER:
            raise ValueError("a device can ping only; tcp is the controller's")
        return self
