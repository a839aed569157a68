"""What is recorded of a device's ports in one run (PRT-01, PRT-10)."""

from __future__ import annotations

from enum import StrEnum

from weibao.domain.base import Moment, Name, Value
from weibao.domain.port import AdminStatus, OperStatus, Port, UnknownWord
from weibao.domain.port_finding import PortFinding
from weibao.domain.reasons import Reason
from weibao.domain.routing import Reached, RoutingReading

__all__ = ["LINE_KEPT", "UNPARSED_KEPT", "WHOLE", "DeviceReading", "PortOutcome", "PortState"]

UNPARSED_KEPT = 50
"""Lines that a record keeps of those that were not understood; the evidence has them all."""
LINE_KEPT = 200
"""Letters that it keeps of each."""


WHOLE = "-"
"""In place of a device: what belongs to the contract as a whole (tests of the controller)."""


class PortOutcome(StrEnum):
    """What became of one device's reading (JOB-10: only ``read`` is a reading)."""

    read = "read"
    """All that was asked for was printed and understood."""
    partly = "partly"
    """There are ports, but an answer, lines or words were not understood."""
    failed = "failed"
    """The device could not be read, or nothing it printed was understood."""
    not_checked = "not_checked"
    """Not tried."""


class PortState(Value):
    """A port, and since when it is as it is."""

    port: Port
    since: Moment | None = None
    """When admin and oper status were first seen as they are."""
    at_least: bool = True
    """True where the state was the same in the very first reading: it may be older."""
    changes: tuple[Moment, ...] = ()
    """When the state was found changed: the last ten times, oldest first."""
    compared: bool = False
    """Whether the growth of its error counters since the last reading can be told."""
    stale: Port | None = None
    """What this reading does not say of it, and an earlier one did: counters, optical power,
    neighbours, last change."""
    counted_at: Moment | None = None
    """When the counters of ``stale`` were read."""
    unseen_at: Moment | None = None
    """Of a port that is not there: the first reading that did not show it."""

    @property
    def down(self) -> bool:
        """Wanted up, and not."""
        return self.port.admin_status is AdminStatus.up and self.port.oper_status in {
            OperStatus.down,
            OperStatus.not_present,
            OperStatus.lower_layer_down,
        }


class DeviceReading(Value):
    """One device in one run."""

    run_id: Name
    contract: Name
    device: Name
    platform: str
    at: Moment
    outcome: PortOutcome
    reason: Reason | None = None
    asked: tuple[str, ...] = ()
    """Commands that were answered."""
    refused: tuple[str, ...] = ()
    """Commands that the device did not accept."""
    unguarded: tuple[str, ...] = ()
    """Codes of what was given up on the way to it: encryption, or knowing that it is the device."""
    ports: tuple[PortState, ...] = ()
    unparsed: tuple[str, ...] = ()
    """The first of them."""
    unparsed_count: int = 0
    unknown_words: tuple[UnknownWord, ...] = ()
    """The first of them."""
    unknown_count: int = 0
    had: tuple[str, ...] = ()
    """Commands that were answered earlier, and not now; until a reading is accepted."""
    lost: tuple[PortState, ...] = ()
    """Ports that the device had and has no more, as last seen; until a reading is accepted."""
    unseen: tuple[PortState, ...] = ()
    """Ports that it had and that this reading does not show: it was not asked, or not understood,
    for all of them."""
    routing: RoutingReading | None = None
    """None where it was not asked for, or where the platform's routing cannot be read."""
    stale_routing: RoutingReading | None = None
    """The last one that was read, where this reading has none."""
    reached: tuple[Reached, ...] = ()
    """Tests made from it."""
    findings: tuple[PortFinding, ...] = ()

    @property
    def good(self) -> bool:
        """Whether it shows ports."""
        return self.outcome in {PortOutcome.read, PortOutcome.partly}

    @property
    def words_unknown(self) -> int:
        """How many status words were not understood."""
        return max(self.unknown_count, len(self.unknown_words))

    def port(self, name: str) -> PortState | None:
        """The port of that canonical name."""
        return next((state for state in self.ports if state.port.name == name), None)
