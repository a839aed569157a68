"""A switch port in OpenConfig's words (PRT-01, PRT-04; openconfig-interfaces).

*Unknown* is a value: what a device did not print is never guessed.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from weibao.domain.base import Value
from weibao.domain.port_units import Duplex

__all__ = [
    "AdminStatus",
    "Duplex",
    "Neighbour",
    "OperStatus",
    "Optical",
    "Port",
    "PortCounters",
    "PortReading",
    "UnknownWord",
]


class AdminStatus(StrEnum):
    """What the configuration wants of the port (RFC 2863, ifAdminStatus)."""

    up = "up"
    down = "down"
    testing = "testing"
    unknown = "unknown"


class OperStatus(StrEnum):
    """What the port does (RFC 2863, ifOperStatus)."""

    up = "up"
    down = "down"
    testing = "testing"
    dormant = "dormant"
    not_present = "not_present"
    lower_layer_down = "lower_layer_down"
    unknown = "unknown"


class PortCounters(Value):
    """Since the device last cleared them; None where it prints none."""

    in_octets: int | None = None
    out_octets: int | None = None
    in_errors: int | None = None
    out_errors: int | None = None
    in_discards: int | None = None
    out_discards: int | None = None
    in_crc_errors: int | None = None
    """Frames with a wrong check sequence; counted within ``in_errors`` too."""
    collisions: int | None = None
    late_collisions: int | None = None
    carrier_transitions: int | None = None
    """Flaps: how often the link went up or down."""


class Optical(Value):
    """Of the transceiver, dBm; of several lanes the weakest."""

    rx_power: float | None = None
    tx_power: float | None = None
    rx_low: float | None = None
    """What the device itself holds for too little; those of a warning before those of an alarm."""
    rx_high: float | None = None
    tx_low: float | None = None
    tx_high: float | None = None

    def outside(self) -> Iterator[tuple[str, float, float]]:
        """Direction, power and the limit that it passes; none where no limit was printed."""
        for direction, power, low, high in (
            ("in", self.rx_power, self.rx_low, self.rx_high),
            ("out", self.tx_power, self.tx_low, self.tx_high),
        ):
            if power is None or (low is not None and high is not None and low >= high):
                # Limits that none can keep to are placeholders.
                continue
            if low is not None and power < low:
                yield direction, power, low
            elif high is not None and power > high:
                yield direction, power, high

    @property
    def limited(self) -> bool:
        """Whether there is a limit to judge the received power by."""
        return self.rx_power is not None and (self.rx_low, self.rx_high) != (None, None)


class Neighbour(Value):
    """Who says to be at the other end (IEEE 802.1AB, CDP)."""

    system: str = ""
    port: str = ""
    port_description: str = ""
    chassis: str = ""
    address: str = ""
    platform: str = ""


class Port(Value):
    """One port as one reading shows it."""

    name: str
    """Canonical: the long form, the same for every command of the platform."""
    native_name: str
    """As the device printed it."""
    admin_status: AdminStatus = AdminStatus.unknown
    oper_status: OperStatus = OperStatus.unknown
    reason: str = ""
    """Why it is not up, where the device says so: a word of the platform's data
    (``administratively_down``, ``err_disabled``, ``transceiver_absent`` …)."""
    native_status: str = ""
    """The status words as the device printed them."""
    speed: int | None = None
    """Bits a second, of the link now."""
    duplex: Duplex = Duplex.unknown
    media: str = ""
    mode: str = ""
    """``access``, ``trunk``, ``hybrid`` or ``routed``, where the device says so."""
    vlan: str = ""
    """The VLAN of an access port, the native one of a trunk; as printed."""
    description: str = ""
    mac_address: str = ""
    """As ``00:11:22:aa:bb:cc``."""
    mtu: int | None = None
    last_change: str = ""
    """As printed: a time, or how long ago."""
    lag: str = ""
    """The aggregate that it is a member of, canonical."""
    in_rate: int | None = None
    """Bits a second, as the device averages it."""
    out_rate: int | None = None
    in_utilisation: float | None = None
    """Per cent."""
    out_utilisation: float | None = None
    counters: PortCounters = PortCounters()
    optical: Optical = Optical()
    neighbours: tuple[Neighbour, ...] = ()


class UnknownWord(Value):
    """A status word that the platform's data does not know: an error, never a *down*."""

    port: str
    word: str
    line: int
    """Of the text, from 1."""
    text: str


class PortReading(Value):
    """What was understood of one or more outputs of a device, and what was not."""

    ports: tuple[Port, ...] = ()
    unparsed: tuple[str, ...] = ()
    """Lines that no rule understands, as printed, in their order."""
    unknown_words: tuple[UnknownWord, ...] = ()
