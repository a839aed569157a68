"""Duplex and rates in words: what profiles say of ports, before any reading of them."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Duplex", "RateUnit"]


class Duplex(StrEnum):
    """Of the link now; ``auto`` where the device prints only what it would do."""

    full = "full"
    half = "half"
    auto = "auto"
    unknown = "unknown"


class RateUnit(StrEnum):
    """Of a number printed without its unit."""

    bit = "bit/s"
    kilobit = "kbit/s"
    megabit = "Mbit/s"
    gigabit = "Gbit/s"
    byte = "byte/s"
    kilobyte = "kbyte/s"
