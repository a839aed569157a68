"""What can be done to a port from outside: pull its cable, break it, make it count errors."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from weibao_lab.errors import BadRequest

__all__ = ["CHANGES", "Wire", "apply_change"]

CHANGES: Final = (
    "up",
    "down",
    "absent",
    "err-disable[=REASON]",
    "flap[=TIMES]",
    "flapping=SECONDS",
    "errors=N",
    "error-rate=N",
    "duplex=half|full|auto",
    "speed=MBIT|auto",
    "neighbour=SYSTEM[:PORT]|none|auto",
)
_SPEEDS: Final = (10, 100, 1000, 2500, 5000, 10_000, 25_000, 40_000, 100_000)


@dataclass
class Wire:
    """What is behind one socket, and what it has counted; made when somebody first looks."""

    seen_at: datetime
    up: bool
    """Whether there was a link then."""
    changed_at: datetime
    cable: bool
    flaps: int = 0
    in_octets: float = 0.0
    out_octets: float = 0.0
    errors: float = 0.0
    crc: float = 0.0
    collisions: float = 0.0
    error: str = ""
    absent: bool = False
    error_rate: float = 0.0
    flapping: float = 0.0
    """Seconds between two changes; 0: it does not flap."""
    flapping_since: datetime | None = None
    speed: int = 0
    duplex: str = ""
    neighbour: str | None = None
    """Of the form SYSTEM:PORT; empty: nobody; None: who the lab has connected."""

    def phases(self, at: datetime) -> int:
        """How often a flapping link has changed by then."""
        if not self.flapping or self.flapping_since is None:
            return 0
        return max(int((at - self.flapping_since).total_seconds() / self.flapping), 0)


def _number(word: str, text: str, least: float = 0) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not least <= number < 1e15:
        raise BadRequest(f"{word}: {text!r} is not a valid number")
    return number


def apply_change(wire: Wire, change: str, now: datetime) -> None:
    """Do one change; raises BadRequest for one that is not known or has a wrong value."""
    word, mark, value = change.partition("=")
    method = _METHODS.get(word)
    if method is None or (mark and word in _PLAIN) or (not mark and word in _VALUED):
        raise BadRequest(f"unknown change {change!r}; known: {', '.join(CHANGES)}")
    method(wire, value, now)


def _up(wire: Wire, value: str, now: datetime) -> None:
    wire.cable, wire.error, wire.absent, wire.flapping = True, "", False, 0.0


def _down(wire: Wire, value: str, now: datetime) -> None:
    wire.cable = False


def _absent(wire: Wire, value: str, now: datetime) -> None:
    wire.absent = True


def _err_disable(wire: Wire, value: str, now: datetime) -> None:
    wire.error = value or "bpduguard"


def _flap(wire: Wire, value: str, now: datetime) -> None:
    times = int(_number("flap", value or "1", 1))
    wire.flaps += 2 * times
    wire.changed_at = now


def _flapping(wire: Wire, value: str, now: datetime) -> None:
    wire.flapping, wire.flapping_since = _number("flapping", value), now


def _errors(wire: Wire, value: str, now: datetime) -> None:
    number = int(_number("errors", value))
    wire.errors += number
    wire.crc += number


def _error_rate(wire: Wire, value: str, now: datetime) -> None:
    wire.error_rate = _number("error-rate", value)


def _duplex(wire: Wire, value: str, now: datetime) -> None:
    if value not in {"half", "full", "auto"}:
        raise BadRequest(f"duplex: {value!r} is not half, full or auto")
    wire.duplex = "" if value == "auto" else value


def _speed(wire: Wire, value: str, now: datetime) -> None:
    if value == "auto":
        wire.speed = 0
        return
    number = int(_number("speed", value))
    if number not in _SPEEDS:
        raise BadRequest(f"speed: {value!r} is not one of {', '.join(map(str, _SPEEDS))}")
    wire.speed = number


def _neighbour(wire: Wire, value: str, now: datetime) -> None:
    if not value.strip():
        raise BadRequest("neighbour: give SYSTEM:PORT, none or auto")
    wire.neighbour = {"auto": None, "none": ""}.get(value, value)


_METHODS: Final = {
    "up": _up,
    "down": _down,
    "absent": _absent,
    "err-disable": _err_disable,
    "flap": _flap,
    "flapping": _flapping,
    "errors": _errors,
    "error-rate": _error_rate,
    "duplex": _duplex,
    "speed": _speed,
    "neighbour": _neighbour,
}
_PLAIN: Final = frozenset({"up", "down", "absent"})
_VALUED: Final = frozenset({"flapping", "errors", "error-rate", "duplex", "speed", "neighbour"})
