"""Reading ports out of what devices print."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from weibao.domain.port import PortReading
    from weibao.domain.port_expectation import PortBaseline
    from weibao.domain.port_record import DeviceReading
    from weibao.domain.port_report import PortTally
    from weibao.domain.port_rows import Rows
    from weibao.domain.reachability import ReachTest
    from weibao.domain.routing import RoutingReading

__all__ = ["PortBaselines", "PortReader", "PortRecords", "PortRun", "RoutingReader"]


class PortReader(Protocol):
    """Understands the outputs of one platform."""

    def cut(self, name: str, text: str) -> Rows:
        """One command's output, cut up.

        Raises:
            InputError: a command that this platform's data does not know.
            FailedError: a device's own error instead of an output.
        """
        ...

    def assemble(self, outputs: Iterable[Rows]) -> PortReading:
        """Ports out of the outputs of one device that were cut up."""
        ...

    def asks(self, command: str) -> bool:
        """Whether devices are asked this, under this very name."""
        ...


class RoutingReader(Protocol):
    """Understands what one platform prints of its routing."""

    def knows(self, command: str) -> bool:
        """Whether it understands the output of ``command``."""
        ...

    def read(self, outputs: Iterable[tuple[str, str]]) -> RoutingReading:
        """Routing out of ``(command, text)`` of one device."""
        ...

    def reached(
        self, outputs: Iterable[tuple[str, str]], test: ReachTest
    ) -> tuple[int, int, float | None] | None:
        """Sent, received and milliseconds of a test; None where the outputs do not have it."""
        ...


class PortRun(NamedTuple):
    """What one run found of a contract's ports."""

    run_id: str
    at: datetime
    devices: int
    read: int
    """Devices whose reading shows ports."""
    ports: PortTally
    findings: int
    """Without the waived ones."""


class PortRecords(Protocol):
    """Readings in the journal; each is a ledger row with the hash of the whole."""

    def record_ports(self, run_id: str, readings: Sequence[DeviceReading], actor: str) -> None:
        """Readings of one run, in one transaction; what is recorded already changes nothing.

        Raises:
            IntegrityError: it contradicts what is recorded, or belongs to another run.
        """
        ...

    def port_readings(self, run_id: str) -> Iterator[DeviceReading]:
        """Of one run, by device, streamed."""
        ...

    def latest_ports(
        self, *, before: str = "", unread: bool = False
    ) -> dict[tuple[str, str], DeviceReading]:
        """Each device's newest good reading; those of the run ``before`` and of snapshots of
        changes are left out. With ``unread`` the newest one of each device that it does not show.
        """
        ...

    def device_ports(
        self, contract: str, device: str, run_id: str = ""
    ) -> tuple[DeviceReading | None, DeviceReading | None]:
        """A device's newest good reading and its newest of all, of one run or of any."""
        ...

    def port_history(
        self, contract: str, device: str, since: datetime | None = None
    ) -> Iterator[DeviceReading]:
        """All readings of a device, oldest first, streamed."""
        ...

    def port_runs(self, contract: str, limit: int = 30) -> list[PortRun]:
        """The last runs with what they found together, newest first."""
        ...


class PortBaselines(Protocol):
    """Accepted expectations, as files of the estate beside the inventory."""

    def read(self, contract: str, device: str) -> PortBaseline | None:
        """A device's file; None where there is none.

        Raises:
            InputError: it is wrong; names file and line.
        """
        ...

    def write(self, contract: str, baseline: PortBaseline) -> str:
        """Write a device's file whole; its path.

        Raises:
            FailedError: it cannot be written.
        """
        ...
