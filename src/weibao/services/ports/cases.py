"""A reading beside what its ports should be: by baseline, inventory and contract (PRT-07)."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC
from functools import partial
from zoneinfo import ZoneInfo

from weibao.domain.inventory import Device
from weibao.domain.port_case import DeviceCase
from weibao.domain.port_expectation import (
    PortBaseline,
    PortExpectation,
    PortTerms,
    PortUse,
    expected,
    long_pattern,
    pattern_names,
    port_pattern,
)
from weibao.domain.port_record import DeviceReading
from weibao.errors import InputError, InputErrors
from weibao.services.ports.port_parts import PortParts

__all__ = ["case_of", "case_or_wrong", "expected_by"]

_ZEROS = re.compile(r"(?<!\d)0+(?=\d)")


def case_of(
    ports: PortParts,
    reading: DeviceReading,
    device: Device | None,
    last: Mapping[tuple[str, str], DeviceReading],
) -> DeviceCase:
    """The reading beside its last one and what the ports should be.

    Raises:
        InputError: what is expected of its ports is wrong.
    """
    own = device.ports if device else None
    layers = _layers(ports, reading.contract, reading.device, own)
    return _case(ports, reading, layers, last)


def case_or_wrong(
    ports: PortParts,
    reading: DeviceReading,
    device: Device | None,
    last: Mapping[tuple[str, str], DeviceReading],
) -> DeviceCase:
    """The same; where what is expected is wrong, nothing is, and the case says why.

    One device's mistake holds neither the others nor what comes after this run.
    """
    try:
        return case_of(ports, reading, device, last)
    except InputError as error:
        wrong = "; ".join(error.say(ports.parts.settings.language).splitlines())
        return replace(_case(ports, reading, (), last), wrong=wrong)


def expected_by(ports: PortParts, devices: Iterable[Device]) -> None:
    """See to it that what is expected of these devices' ports, and how they are read, can be
    understood.

    Raises:
        InputError: it cannot; names every mistake.
    """
    problems: list[tuple[str, str, Mapping[str, object]]] = []
    chosen = list(devices)
    looks: list[Callable[[], object]] = [
        partial(ports.routing, platform) for platform in sorted({d.platform for d in chosen} - {""})
    ]
    looks += [partial(_layers, ports, d.contract, d.name, d.ports) for d in chosen]
    for look in looks:
        try:
            look()
        except InputErrors as error:
            problems += error.problems
        except InputError as error:
            problems.append(("", error.key, error.params))
    if problems:
        raise InputErrors(problems)


def _layers(
    ports: PortParts, contract: str, device: str, own: PortBaseline | None
) -> tuple[PortBaseline, ...]:
    """The accepted baseline, and over it what the inventory says (``own``).

    Raises:
        InputError: the baseline's file is wrong, or the contract has no such role.
    """
    known = ports.parts.contracts.get(contract)
    roles = known.ports.roles if known else {}
    layers = [b for b in (ports.baselines.read(contract, device), own) if b is not None]
    for layer in layers:
        for pattern, said in layer.ports.items():
            if said.role and said.role not in roles:
                raise InputError(
                    "ports.unknown_role",
                    device=device,
                    pattern=pattern,
                    role=said.role,
                    known=", ".join(sorted(roles)) or "-",
                )
    return tuple(layers)


def _case(
    ports: PortParts,
    reading: DeviceReading,
    layers: Sequence[PortBaseline],
    last: Mapping[tuple[str, str], DeviceReading],
) -> DeviceCase:
    contract = ports.parts.contracts.get(reading.contract)
    terms = contract.ports if contract else PortTerms()
    canonical = _canonical(ports, reading.platform)
    waivers = [
        waiver.model_copy(update={"match": long_pattern(waiver.match, canonical)})
        for layer in layers
        for waiver in layer.waivers
    ]
    before = last.get((reading.contract, reading.device))
    names = [state.port.name for state in reading.ports]
    known_before = (*before.ports, *before.lost, *before.unseen) if before else ()
    were = [state.port.name for state in known_before]
    rules = [layer.ports for layer in layers]
    absent = _absent(rules, names, were, canonical)
    known = {*names, *were}
    expectations = {
        name: said
        for name, said in expected([*names, *absent], rules, terms.roles, canonical).items()
        if name in known or said.use is PortUse.used
    }
    return DeviceCase(
        reading=reading,
        last=before,
        expectations=expectations,
        unmatched=tuple(_unmatched(rules, {*known, *expectations}, canonical)),
        terms=terms,
        waivers=tuple(waivers),
        routing=tuple(dict.fromkeys(key for layer in layers for key in layer.routing)),
        accepted=before is not None and any(b.accepts(before.run_id, before.at) for b in layers),
        zone=ZoneInfo(contract.time_zone) if contract else UTC,
    )


def _canonical(ports: PortParts, platform: str) -> Callable[[str], str]:
    """Where the platform's data is wrong, no port of it was read: names stay as they are."""
    try:
        return ports.canonical(platform)
    except InputError:
        return lambda name: name


def _unmatched(
    layers: Iterable[Mapping[str, PortExpectation]],
    names: Collection[str],
    canonical: Callable[[str], str],
) -> Iterable[str]:
    """Patterns that mean no port of the device, and none that is missed."""
    for pattern in dict.fromkeys(pattern for layer in layers for pattern in layer):
        meant = port_pattern(long_pattern(pattern, canonical))
        if not any(meant(name) for name in names):
            yield pattern


def _absent(
    layers: Iterable[Mapping[str, PortExpectation]],
    names: Sequence[str],
    were: Sequence[str],
    canonical: Callable[[str], str],
) -> list[str]:
    """Ports that are not there: those of the last reading, and all that patterns name."""
    there = {_folded(name) for name in names}
    earlier = {_folded(name): name for name in were}
    absent = {key: name for key, name in earlier.items() if key not in there}
    for layer in layers:
        for pattern in layer:
            for part in pattern.split(","):
                own = canonical(part.strip())
                # ``eth1-2`` may be a port; then it is no range.
                if _folded(own) in there or _folded(own) in earlier:
                    continue
                for name in pattern_names(own):
                    if name and _folded(name) not in there:
                        absent.setdefault(_folded(name), name)
    return list(absent.values())


def _folded(name: str) -> str:
    """The same for ``Gi1/0/1`` and ``gi1/0/01``: patterns mean both."""
    return _ZEROS.sub("", name.casefold())
