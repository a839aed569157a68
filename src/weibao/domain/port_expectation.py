"""What a port should be: used, reserved or closed, and all that goes with it (PRT-07, PRT-09).

Written by patterns, so that an access switch of 48 ports needs three lines:

    ports:
      GigabitEthernet1/0/1-44: {role: access, vlan: 10}
      GigabitEthernet1/0/45-48: reserved
      Ten-GigabitEthernet1/0/49-50: {role: uplink, neighbour: core-1}

A later pattern overrides an earlier one, field by field; ``role`` names a set of fields of the
contract's profile, over which the pattern's own go.
"""

from __future__ import annotations

import functools
import itertools
import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer

from weibao.domain.base import Moment, Name, Value
from weibao.domain.port_units import Duplex, RateUnit
from weibao.domain.port_values import speed as read_speed
from weibao.domain.reachability import ReachTest

__all__ = [
    "Expectations",
    "PortBaseline",
    "PortExpectation",
    "PortTerms",
    "PortUse",
    "PortWaiver",
    "dump_expectation",
    "expected",
    "long_pattern",
    "pattern_names",
    "port_pattern",
]


class PortUse(StrEnum):
    """What a port is there for."""

    used = "used"
    """It has to be up."""
    reserved = "reserved"
    """Free; may be switched on, but nothing hangs on it."""
    closed = "closed"
    """It has to be shut down."""
    ignored = "ignored"
    """Nothing is expected of it (a user's socket, by day up and by night down)."""


def _speed(given: object) -> object:
    return read_speed(given, RateUnit.megabit) if isinstance(given, str) else given


def _as_text(given: object) -> object:
    return str(given) if isinstance(given, int) and not isinstance(given, bool) else given


Speed = Annotated[int, BeforeValidator(_speed), PlainSerializer(lambda bits: bits)]
"""Bits a second; ``1G``, ``100M`` and the like are understood, a text of digits means Mbit/s."""
Words = Annotated[str, BeforeValidator(_as_text)]


class PortExpectation(Value):
    """Of one port, or of all that a pattern means; what is not said is not checked."""

    use: PortUse | None = None
    role: str = ""
    """A role of the contract's profile."""
    speed: Speed | None = None
    """Bits a second that the link has at least; ``1G`` in files."""
    duplex: Duplex | None = None
    vlan: Words = ""
    mode: str = ""
    lag: str = ""
    """The aggregate that it belongs to."""
    neighbour: str = ""
    """Device at the other end, as it calls itself or as the inventory does."""
    neighbour_port: str = ""
    description: str = ""
    outlet: Words = ""
    """信息点: patch panel and socket."""
    room: Words = ""
    serves: str = ""
    """Whom a fault of this port cuts off."""
    uplink: bool | None = None
    """Much hangs on it: its faults are serious, its utilisation is watched."""
    dormant: bool | None = None
    """It may wait for something before it passes packets (dial on demand)."""
    redundancy: str = ""
    """Ports of one name stand in for each other, over all devices of the contract."""
    errors_per_hour: float | None = Field(default=None, ge=0)
    """More new errors an hour are a finding."""
    utilisation: float | None = Field(default=None, gt=0, le=100)
    """Per cent of the speed; more is an advice to expand (PRT-03)."""

    def over(self, other: PortExpectation) -> PortExpectation:
        """``other``, overridden by what is said here."""
        return other.model_copy(update={n: getattr(self, n) for n in self.model_fields_set})


def _expectation(given: object) -> object:
    return {"use": given} if isinstance(given, str) else given


Expectations = dict[str, Annotated[PortExpectation, BeforeValidator(_expectation)]]


class PortWaiver(Value):
    """A finding that is known and accepted for a while."""

    match: str
    """Pattern of ports."""
    reason: str = Field(min_length=1)
    until: date
    """The last day; afterwards it is a finding again."""
    codes: tuple[str, ...] = ()
    """Only these findings; empty: all."""


_WHEN = 16
"""Letters of a run's name that say when it began."""


class PortBaseline(Value):
    """A device's expectations: ``ports/<contract>/<device>.yml``, or ``ports:`` of a host."""

    schema_version: int = 1
    device: Name | None = None
    run: str = ""
    """The reading that was accepted."""
    accepted_at: Moment | None = None
    accepted_by: str = ""
    ports: Expectations = {}
    routing: tuple[str, ...] = ()
    """Neighbours that have to be up, as ``ospf 10.0.0.1``."""
    waivers: tuple[PortWaiver, ...] = ()

    def accepts(self, run: str, at: datetime) -> bool:
        """Whether what ``run`` read at that time was accepted: itself, or a later reading."""
        if self.accepted_at is None or self.accepted_at < at:
            return False
        return not self.run or self.run[:_WHEN] >= run[:_WHEN]


class PortTerms(Value):
    """What a contract's profile says of ports."""

    roles: dict[str, PortExpectation] = {}
    """Sets of fields by name."""
    errors_per_hour: float = Field(default=10.0, ge=0)
    """Where a port says nothing else."""
    utilisation: float = Field(default=70.0, gt=0, le=100)
    """Of uplinks, per cent, where a port says nothing else."""
    flaps: int = Field(default=3, ge=1)
    """So many changes of a port's state in a day mean that it flaps."""
    reachability: tuple[ReachTest, ...] = ()
    """Tests between defined points, made with each check."""
    routes_fewer: float = Field(default=30.0, gt=0, le=100)
    """So many per cent fewer routes than in the last reading are a finding."""
    recorder: str = ""
    """Who keeps the daily log (记录人), where it is always the same person."""


@functools.lru_cache(maxsize=4096)
def port_pattern(pattern: str) -> Callable[[str], bool]:
    """Whether a name is meant by ``pattern``: names, ``*``, ranges such as ``1/0/1-24``, commas.

    Case does not count. A name means itself, whatever its digits look like.
    """
    tests = [_one_pattern(part.strip()) for part in pattern.split(",") if part.strip()]
    return lambda name: any(test(name) for test in tests)


@functools.lru_cache(maxsize=4096)
def pattern_names(part: str) -> tuple[str, ...]:
    """Every name that one pattern without commas means; none where ``*`` leaves it open.

    >>> pattern_names("GE[1-2]/0/1-2")
    ('GE1/0/1', 'GE1/0/2', 'GE2/0/1', 'GE2/0/2')

    Of a pattern that means thousands nobody can say that each has to be there: none, too.
    """
    pieces = _pieces(part)
    if any(piece is None for piece in pieces):
        return ()
    counts = [piece[1] - piece[0] + 1 for piece in pieces if isinstance(piece, tuple)]
    if not 0 < math.prod(counts) <= _MOST_NAMES:
        return ()
    texts = [
        [piece] if isinstance(piece, str) else [str(n) for n in range(piece[0], piece[1] + 1)]
        for piece in pieces
        if piece is not None
    ]
    return tuple("".join(words) for words in itertools.product(*texts))


_MOST_NAMES = 4096
_RANGE = re.compile(r"\[(\d+)-(\d+)\]|(?<!\d)(\d+)-(\d+)(?!\d)|\*")

_Piece = str | tuple[int, int] | None
"""Text as it stands, the bounds of a number, or anything."""


def _pieces(pattern: str) -> list[_Piece]:
    """The parts of a pattern. ``28-1`` is no range: ports are called ``sfp28-1``."""
    pieces: list[_Piece] = []
    done = at = 0
    while found := _RANGE.search(pattern, at):
        if found[3] and int(found[3]) > int(found[4]):
            at = found.start(4)
            continue
        pieces.append(pattern[done : found.start()])
        if found[0] == "*":
            pieces.append(None)
        else:
            pieces.append((int(found[1] or found[3]), int(found[2] or found[4])))
        done = at = found.end()
    return [*pieces, pattern[done:]]


def _one_pattern(pattern: str) -> Callable[[str], bool]:
    source, bounds = "", []
    for piece in _pieces(pattern):
        if piece is None:
            source += ".*"
        elif isinstance(piece, str):
            source += re.escape(piece)
        else:
            source += r"(\d+)"
            bounds.append(piece)
    compiled = re.compile(source, re.IGNORECASE)
    own = pattern.casefold()

    def test(name: str) -> bool:
        if name.casefold() == own:
            return True
        match = compiled.fullmatch(name)
        return match is not None and all(
            low <= int(part) <= high
            for part, (low, high) in zip(match.groups(), bounds, strict=True)
        )

    return test


def expected(
    names: Iterable[str],
    layers: Iterable[Mapping[str, PortExpectation]],
    roles: Mapping[str, PortExpectation],
    canonical: Callable[[str], str] = lambda name: name,
) -> dict[str, PortExpectation]:
    """What is expected of these ports; without those of which nothing is.

    ``layers`` from the weakest (the accepted baseline) to the strongest (the inventory);
    ``canonical`` makes the long form of a name, patterns included.
    """
    rules = []
    for layer in layers:
        for pattern, said in layer.items():
            role = roles.get(said.role)
            named = said if role is None else said.over(role)
            rules.append((port_pattern(long_pattern(pattern, canonical)), named))
    wanted: dict[str, PortExpectation] = {}
    for name in names:
        for meant, named in rules:
            if meant(name):
                before = wanted.get(name)
                wanted[name] = named if before is None else named.over(before)
    return wanted


def long_pattern(pattern: str, canonical: Callable[[str], str]) -> str:
    """The pattern with the long form of each of its names."""
    return ",".join(canonical(part.strip()) for part in pattern.split(","))


def dump_expectation(expectation: PortExpectation) -> Any:
    """As it stands in a file: only what is said, a use alone as its word."""
    said = expectation.model_dump(mode="json", exclude_unset=True)
    if set(said) == {"use"}:
        return said["use"]
    if said.get("speed"):
        said["speed"] = _speed_words(said["speed"])
    return said


def _speed_words(bits: int) -> str:
    for factor, unit in ((10**9, "G"), (10**6, "M"), (10**3, "K")):
        if bits % factor == 0:
            return f"{bits // factor}{unit}"
    return f"{bits / 10**6:g}M"
