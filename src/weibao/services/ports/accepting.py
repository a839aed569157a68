"""Accepting a reading where expectations are written already: what hands wrote stays (PRT-07)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from weibao.domain.port import AdminStatus, Port
from weibao.domain.port_case import UP, DeviceCase, same_port
from weibao.domain.port_expectation import (
    PortBaseline,
    PortExpectation,
    PortUse,
    dump_expectation,
    expected,
    port_pattern,
)
from weibao.errors import RefusedError
from weibao.services.ports.baseline import expectation_of, lines_of
from weibao.services.ports.port_parts import PortParts

__all__ = ["Accepted", "Changed", "accepted", "names_of", "replace_baseline"]

_NOTHING = PortExpectation()
_FREE = PortExpectation(use=PortUse.reserved)
_SHUT = PortExpectation(use=PortUse.closed)


@dataclass(frozen=True)
class Changed:
    """A field of a port's expectation that is not what it was."""

    port: str
    field: str
    before: str
    after: str


@dataclass(frozen=True)
class Accepted:
    """The expectations, and what became of those that there were."""

    baseline: PortBaseline
    changed: tuple[Changed, ...] = ()
    kept: tuple[str, ...] = ()
    """Ports (as patterns) and routing neighbours that have to be up and are not: that stays
    expected."""
    retired: tuple[str, ...] = ()
    """What of the names and patterns to be retired was used and is not up."""


def names_of(words: str) -> list[str]:
    """The names and patterns in ``words``, which commas part."""
    return [part.strip() for part in words.split(",") if part.strip()]


def accepted(
    old: PortBaseline | None,
    new: PortBaseline,
    case: DeviceCase,
    canonical: Callable[[str], str],
    retired: str = "",
) -> Accepted:
    """``new``, laid over ``old``: its lines stay, and what differs comes after them.

    ``case`` is of the reading and of ``old`` alone. A port that has to be up stays so while it is
    not, and so does a routing neighbour, unless ``retired`` (names and patterns) says that it is
    used no more.
    """
    if old is None:
        return Accepted(new)
    gone = {part: port_pattern(canonical(part)) for part in names_of(retired)}
    there = {state.port.name: state.port for state in case.reading.ports}
    changes: dict[str, PortExpectation] = {}
    kept: list[str] = []
    away: list[str] = []
    for name in (*there, *(name for name in case.expectations if name not in there)):
        said, port = case.expectations.get(name, _NOTHING), there.get(name)
        if said.use is PortUse.used and (port is None or port.oper_status not in UP):
            if not any(means(name) for means in gone.values()):
                kept.append(name)
                continue
            away.append(name)
            shut = port is not None and port.admin_status is AdminStatus.down
            changes[name] = _SHUT if shut else _FREE
        elif port is not None and (change := _change(said, port, case)):
            changes[name] = PortExpectation.model_validate(change)
    neighbours = [key for key in old.routing if key not in gone]
    baseline = new.model_copy(
        update={
            "ports": _laid_over(old.ports, changes, case, canonical),
            "routing": tuple(dict.fromkeys((*neighbours, *new.routing))),
            "waivers": old.waivers,
        }
    )
    stay = [pattern for pattern, _ in lines_of([(name, _NOTHING) for name in kept])]
    stay += [key for key in neighbours if key not in new.routing]
    silent = set(old.routing) - set(new.routing)
    named = [part for part, means in gone.items() if part in silent or any(map(means, away))]
    told = tuple(_told(case.expectations, changes))
    return Accepted(baseline, told, tuple(stay), tuple(named))


def replace_baseline(
    ports: PortParts, contract: str, old: PortBaseline | None, new: PortBaseline
) -> str:
    """Write the file that was made of ``old``; its path.

    Raises:
        RefusedError: somebody has changed it meanwhile; it stays.
        InputError: what they wrote is wrong.
        FailedError: it cannot be written.
    """
    assert new.device is not None  # noqa: S101 - it is a device's file
    if ports.baselines.read(contract, new.device) != old:
        raise RefusedError("ports.baseline_changed", device=new.device)
    return ports.baselines.write(contract, new)


def _change(said: PortExpectation, port: Port, case: DeviceCase) -> dict[str, object]:
    """Fields that the reading shows otherwise."""
    shown = expectation_of(port) or _NOTHING
    if said.use is PortUse.ignored or (said.use is PortUse.reserved and shown == _SHUT):
        return {}
    read = {field: getattr(shown, field) for field in shown.model_fields_set}
    if said.neighbour and shown.neighbour and case.is_named(said.neighbour, shown.neighbour):
        del read["neighbour"]
        if said.neighbour_port and same_port(said.neighbour_port, shown.neighbour_port):
            del read["neighbour_port"]
    return {f: value for f, value in read.items() if not _alike(getattr(said, f), value)}


def _alike(one: object, other: object) -> bool:
    return one == other or str(one).strip().casefold() == str(other).strip().casefold()


def _laid_over(
    old: Mapping[str, PortExpectation],
    changes: Mapping[str, PortExpectation],
    case: DeviceCase,
    canonical: Callable[[str], str],
) -> dict[str, PortExpectation]:
    """The lines of ``old``, and after them what is to change."""
    lines = dict(old)
    for pattern, said in lines_of(list(changes.items())):
        lines[pattern] = said.over(lines[pattern]) if pattern in lines else said
    now = expected(changes, [lines], case.terms.roles, canonical)
    as_written = expected(changes, [old], {}, canonical)
    for name, said in changes.items():
        if now[name] != said.over(now[name]):
            # A later line overrides that one.
            ((pattern, _),) = lines_of([(name, said)])
            lines.pop(pattern, None)
            lines[pattern] = said.over(as_written.get(name, _NOTHING))
    return lines


def _told(
    before: Mapping[str, PortExpectation], changes: Mapping[str, PortExpectation]
) -> Iterator[Changed]:
    """What was expected otherwise, ports with the same change together."""
    alike: dict[tuple[str, str, str], list[str]] = {}
    for name, said in changes.items():
        for field in _fields(before.get(name, _NOTHING), said):
            was, now = getattr(before[name], field), getattr(said, field)
            alike.setdefault((field, _words(field, was), _words(field, now)), []).append(name)
    for (field, was, now), names in alike.items():
        for pattern, _ in lines_of([(name, _NOTHING) for name in names]):
            yield Changed(pattern, field, was, now)


def _fields(before: PortExpectation, said: PortExpectation) -> Iterable[str]:
    """Those of ``said`` that were expected in another way; of others there is nothing to tell."""
    return [f for f in sorted(said.model_fields_set) if getattr(before, f) not in (None, "")]


def _words(field: str, value: object) -> str:
    shown = dump_expectation(PortExpectation.model_validate({field: value}))
    return str(shown[field] if isinstance(shown, dict) else shown)
