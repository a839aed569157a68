"""Reading ports out of what devices print."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from weibao.domain.port import PortReading

__all__ = ["PortReader"]


class PortReader(Protocol):
    """Understands the outputs of one platform."""

    def commands(self) -> tuple[str, ...]:
        """What to send to a device, in this order; a refused one is passed over."""
        ...

    def read(self, outputs: Iterable[tuple[str, str]]) -> PortReading:
        """Ports out of ``(command, text)`` of one device.

        Raises:
            InputError: a command that this platform's data does not know.
            FailedError: a device's own error instead of an output.
        """
        ...
