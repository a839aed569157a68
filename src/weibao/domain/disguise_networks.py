"""Addresses for the disguise, from the ranges that are reserved for documentation."""

from __future__ import annotations

import ipaddress
import re

__all__ = ["Networks"]

# RFC 5737, then the range for measuring devices (RFC 2544), which no network routes either.
_NETWORKS = (
    "192.0.2",
    "198.51.100",
    "203.0.113",
    *(f"198.{second}.{third}" for second in (18, 19) for third in range(256)),
)
_WHOLE = {"10.0.0.0", "172.16.0.0", "192.168.0.0", "169.254.0.0", "100.64.0.0"}
"""Names of ranges, not of anybody's network."""


class Networks:
    """A /24 becomes a /24 and keeps its hosts; a /64 becomes a /64."""

    def __init__(self) -> None:
        self._ipv4: dict[str, str] = {}
        self._ipv6: dict[int, int] = {}
        self._macs: dict[str, int] = {}

    def ipv4(self, value: str) -> str:
        """The address that stands for ``value``; masks and special addresses stay."""
        network, _, host = value.rpartition(".")
        number = int(ipaddress.IPv4Address(value)) if _plain(value) else None
        if number is None or value in _WHOLE or _is_special(number):
            return value
        if network in _NETWORKS:
            self._ipv4.setdefault(network, network)
        if network not in self._ipv4:
            free = (n for n in _NETWORKS if n not in self._ipv4.values())
            self._ipv4[network] = next(free, _NETWORKS[len(self._ipv4) % len(_NETWORKS)])
        return f"{self._ipv4[network]}.{host}"

    def ipv6(self, value: str) -> str:
        """The address in 2001:db8::/32 that stands for ``value`` (RFC 3849)."""
        try:
            number = int(ipaddress.IPv6Address(value))
        except ValueError:
            return value
        address = ipaddress.IPv6Address(number)
        if number < 2**16 or address.is_multicast or number >> 96 == 0x20010DB8:
            return value
        interface = number & (2**64 - 1)
        if interface >= 2**16:
            # Mostly made of a MAC address.
            interface = 0x0000_5EFF_FE00_0000 + self._ipv6.setdefault(-interface, len(self._ipv6))
        if address.is_link_local:
            made = (0xFE80 << 112) | interface
        else:
            prefix = self._ipv6.setdefault(number >> 64, len(self._ipv6) + 1)
            made = (0x20010DB8 << 96) | (prefix << 64) | interface
        text = str(ipaddress.IPv6Address(made))
        return text.upper() if re.search("[A-F]", value) else text

    def mac(self, value: str) -> str:
        """The address in 00-00-5E-00-53 that stands for ``value`` (RFC 9542), as written."""
        digits = re.sub("[^0-9A-Fa-f]", "", value)
        number = int(digits, 16)
        if number in {0, 2**48 - 1} or (number >> 40) & 1 or number >> 8 == 0x00005E0053:
            return value
        place = self._macs.setdefault(digits.lower(), len(self._macs))
        made = iter(f"{0x00005E005300 + (place % 256) + (place // 256 << 16):012x}")
        upper = re.search("[A-F]", value) is not None
        text = "".join(next(made) if c in "0123456789abcdefABCDEF" else c for c in value)
        return text.upper() if upper else text


def _plain(value: str) -> bool:
    """Without the leading zeros that dates have."""
    return all(str(int(part)) == part for part in value.split("."))


def _is_special(number: int) -> bool:
    """A mask, a wildcard, this host, this network, multicast."""
    first = number >> 24
    inverted = number ^ 0xFFFFFFFF
    mask = first >= 128 and (inverted & (inverted + 1)) == 0
    return first in {0, 127} or first >= 224 or mask
