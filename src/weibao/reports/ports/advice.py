"""What to do: about each kind of finding, and to make room (PRT-03)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from weibao.domain.port import OperStatus
from weibao.domain.port_expectation import PortUse
from weibao.domain.port_finding import PortFinding, PortFindingCode
from weibao.domain.port_record import PortState
from weibao.domain.port_report import PortDeviceRow, PortReport, PortStanding, standing_of
from weibao.domain.records import Severity
from weibao.reports.ports.front import Front
from weibao.reports.ports.words import PortWords
from weibao.reports.words import visible

__all__ = ["Advice", "suggestions"]

_WEIGHT = {Severity.serious: 0, Severity.warning: 1, Severity.info: 2}
_ORDER = tuple(PortFindingCode)
_ROOM = frozenset(
    {
        PortFindingCode.port_busy,
        PortFindingCode.port_speed,
        PortFindingCode.port_duplex,
        PortFindingCode.port_duplex_mismatch,
        PortFindingCode.port_errors,
        PortFindingCode.redundancy_lost,
    }
)
"""What tells that the network should be optimised or extended; the rest is to be put right."""
_FEWEST = 8
"""Sockets that a device has at least, for its free ones to be worth a word."""
_FREE_PERCENT = 10


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do, and where."""

    title: str
    text: str
    severity: Severity
    expands: bool
    """About optimisation and expansion, not about putting something right."""
    places: tuple[str, ...]
    """Devices and ports, with what was found there."""


def suggestions(
    report: PortReport, fronts: Iterable[Front], words: PortWords
) -> tuple[Advice, ...]:
    """Optimisation and expansion first, then the rest; the most severe first.

    ``fronts`` are those of the report's rows, in their order.
    """
    groups: dict[PortFindingCode, list[PortFinding]] = {}
    for finding in report.findings:
        if not finding.waived:
            groups.setdefault(finding.code, []).append(finding)
    found = [_of_code(code, members, words) for code, members in groups.items()]
    order = {words.title(code): place for place, code in enumerate(_ORDER)}
    found.sort(key=lambda a: (_WEIGHT[a.severity], order[a.title]))
    room = [advice for advice in found if advice.expands]
    full = tuple(_nearly_full(zip(report.rows, fronts, strict=True), words))
    if full:
        title, text = words.say("few_free.title"), words.advice("few_free")
        room.append(Advice(title, text, Severity.info, expands=True, places=full))
    return (*room, *(advice for advice in found if not advice.expands))


def _of_code(code: PortFindingCode, found: list[PortFinding], words: PortWords) -> Advice:
    if code is PortFindingCode.port_busy:
        found = sorted(found, key=_percent, reverse=True)
    return Advice(
        title=words.title(code),
        text=words.advice(code.value),
        severity=min((f.severity for f in found), key=lambda s: _WEIGHT[s]),
        expands=code in _ROOM,
        places=tuple(dict.fromkeys(_where(f, words) for f in found)),
    )


def _percent(finding: PortFinding) -> float:
    try:
        return float(finding.params.get("percent", "0"))
    except ValueError:
        return 0.0


def _where(finding: PortFinding, words: PortWords) -> str:
    where = " ".join(part for part in (words.device(finding), visible(finding.port)) if part)
    if finding.code not in _ROOM:
        return where
    return f"{where}{words('colon')}{words.finding(finding)}"


def _nearly_full(rows: Iterable[tuple[PortDeviceRow, Front]], words: PortWords) -> Iterator[str]:
    """Devices of which less than a tenth of the sockets is free (PRT-03)."""
    for row, shown in rows:
        if not row.reading.good:
            continue
        sockets = [socket.state for socket in shown.sockets()]
        free = sum(_free(state, row) for state in sockets)
        if len(sockets) >= _FEWEST and free * 100 < _FREE_PERCENT * len(sockets):
            free_of = words.say("few_free.device", free=free, total=len(sockets))
            yield f"{visible(row.device)}{words('colon')}{free_of}"


def _free(state: PortState, row: PortDeviceRow) -> bool:
    """Nothing hangs on it, and nothing is meant to."""
    said = row.expectations.get(state.port.name)
    used = said is not None and said.use is PortUse.used
    if state.port.oper_status is OperStatus.dormant:
        return False
    return not used and standing_of(state.port) in {PortStanding.down, PortStanding.shut}
