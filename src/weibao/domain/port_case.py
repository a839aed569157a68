"""A device's readings, what its ports should be, and how a finding about one is made."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo

from weibao.domain.port import OperStatus
from weibao.domain.port_expectation import PortExpectation, PortTerms, PortWaiver, port_pattern
from weibao.domain.port_finding import PortFinding, PortFindingCode
from weibao.domain.port_record import DeviceReading, PortState
from weibao.domain.port_rules import SOURCES
from weibao.domain.records import Severity

__all__ = [
    "NOT_UP",
    "UP",
    "DeviceCase",
    "cut_off_by",
    "differs",
    "finding_of",
    "of_port",
    "same_port",
    "short",
    "source_of",
    "waive",
]

NOT_UP = frozenset({OperStatus.down, OperStatus.not_present, OperStatus.lower_layer_down})
UP = frozenset({OperStatus.up})
"""A dormant interface passes no packets (RFC 2863, 3.1.12): it is neither up nor down."""
_CODE = PortFindingCode
_CUTS = frozenset(
    {
        _CODE.port_down,
        _CODE.port_shut,
        _CODE.port_dormant,
        _CODE.port_went_down,
        _CODE.port_flapping,
    }
)


@dataclass(frozen=True)
class DeviceCase:
    """One device's readings and what its ports should be."""

    reading: DeviceReading
    last: DeviceReading | None
    """The last good reading before this one."""
    expectations: Mapping[str, PortExpectation]
    """By canonical name, of ports that are there and of those that should be."""
    terms: PortTerms
    unmatched: tuple[str, ...] = ()
    """Patterns of expectations that mean no port of the device."""
    wrong: str = ""
    """Why nothing is known of what is expected; empty where it is known."""
    waivers: tuple[PortWaiver, ...] = ()
    routing: tuple[str, ...] = ()
    """Routing neighbours that have to be up."""
    called: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What devices call themselves, without domain → how the inventory calls them; as nobody
    named them, several may have one name (``HUAWEI``)."""
    accepted: bool = False
    """Whether the last reading, or a later one, was accepted as what is expected."""
    zone: tzinfo = UTC
    """The contract's; a waiver ends with its day there."""

    @functools.cached_property
    def held(self) -> Mapping[tuple[str, PortFindingCode], PortFinding]:
        """What the last reading found, by port and code; nothing that was accepted since."""
        if self.last is None or self.accepted:
            return {}
        return {(finding.port, finding.code): finding for finding in self.last.findings}

    @functools.cached_property
    def alike(self) -> bool:
        """Whether the last reading names and counts like this one: an agent and a command line
        need not.
        """
        return (
            self.last is not None
            and self.last.platform == self.reading.platform
            and source_of(self.last) == source_of(self.reading)
        )

    def is_named(self, wanted: str, system: str) -> bool:
        """Whether a neighbour that calls itself ``system`` is the one that is wanted."""
        own = short(system)
        return bool(own) and short(wanted) in {own, *map(short, self.called.get(own, ()))}


def source_of(reading: DeviceReading) -> str:
    """Where it was read from, if not from the command line."""
    words = {command.split(" ", 1)[0] for command in reading.asked}
    return next((source for source in SOURCES if source in words), "")


def short(system: str) -> str:
    """A system's name without domain and serial number, in lower case."""
    return system.split("(", 1)[0].strip().split(".", 1)[0].lower()


def same_port(one: str, other: str) -> bool:
    """Long and short forms of a name: the same numbers, and one begins like the other."""
    head, tail = _split(one)
    head2, tail2 = _split(other)
    return tail == tail2 and (head[:2] == head2[:2] or not head or not head2)


def _split(name: str) -> tuple[str, str]:
    stripped = name.strip().lower()
    at = next((i for i, letter in enumerate(stripped) if letter.isdigit()), len(stripped))
    return stripped[:at], stripped[at:]


def of_port(
    case: DeviceCase,
    state: PortState,
    said: PortExpectation,
    code: PortFindingCode,
    severity: Severity,
    **params: str,
) -> PortFinding:
    """About a port and its expectation; one that is down says whom that cuts off."""
    cut = code in _CUTS
    cuts_off = cut_off_by(said) if cut else ""
    return finding_of(case, state, code, severity, cuts_off=cuts_off, **params)


def differs(
    case: DeviceCase,
    state: PortState,
    said: PortExpectation,
    code: PortFindingCode,
    expected: str,
    actual: str,
) -> PortFinding:
    """Something is not as expected, though the link works."""
    return of_port(
        case, state, said, code, Severity.warning, expected=str(expected), actual=str(actual)
    )


def finding_of(
    case: DeviceCase,
    state: PortState | None,
    code: PortFindingCode,
    severity: Severity,
    *,
    port: str = "",
    cuts_off: str = "",
    **params: str,
) -> PortFinding:
    """About a port, or about the device where there is neither ``state`` nor ``port``."""
    name = port or (state.port.name if state else "")
    reading = case.reading
    return PortFinding(
        run_id=reading.run_id,
        contract=reading.contract,
        device=reading.device,
        port=name,
        code=code,
        severity=severity,
        params={"port": name, **params} if name else params,
        since=state.since if state else None,
        at_least=state.at_least if state else False,
        cuts_off=cuts_off,
        at=reading.at,
    )


def cut_off_by(said: PortExpectation) -> str:
    """Whom and which room a fault of the port cuts off (PRT-09)."""
    return " ".join(word for word in (said.serves, said.room, said.outlet) if word)


def waive(case: DeviceCase, finding: PortFinding) -> PortFinding:
    """The finding, with the reason of a waiver that covers it on that day."""
    day = case.reading.at.astimezone(case.zone).date()
    for waiver in case.waivers:
        if waiver.until < day or (waiver.codes and finding.code.value not in waiver.codes):
            continue
        if finding.port and port_pattern(waiver.match)(finding.port):
            until = waiver.until.isoformat()
            return finding.model_copy(update={"waived": waiver.reason, "waived_until": until})
    return finding
