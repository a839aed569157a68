"""The items of the daily record and what this run says of each (RPT-24).

State of every port (PRT-01, CHK-NET-02), forwarding and routing (PRT-02, CHK-NET-07),
performance (PRT-02), outside lines (PRT-08, CHK-LIN-05), and the line checks that a reading of
ports can answer (CHK-LIN-01, 03, 04, 07, 08). What nobody looked at says so; an item that was
checked on a part of the devices is never simply good.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from weibao.domain.port import Port
from weibao.domain.port_expectation import PortExpectation, PortUse
from weibao.domain.port_finding import PortFindingCode
from weibao.domain.port_record import PortState
from weibao.domain.port_report import PortReport, PortStanding, standing_of
from weibao.reports.ports.forwarding import OF_FORWARDING, forwarding_items
from weibao.reports.ports.front import has_socket
from weibao.reports.ports.items import CheckItem, CheckState
from weibao.reports.ports.verdict import unread
from weibao.reports.ports.words import PortWords

__all__ = ["check_items"]

_CODE = PortFindingCode
_ABSENT = frozenset({_CODE.port_missing, _CODE.port_gone})
_LINKS = _ABSENT | {
    _CODE.port_down,
    _CODE.port_shut,
    _CODE.port_dormant,
    _CODE.port_went_down,
}
_CONTACT = frozenset({_CODE.port_errors, _CODE.port_flapping})
_QUALITY = frozenset({_CODE.port_errors, _CODE.port_duplex_mismatch, _CODE.port_speed})
_BUSY = frozenset({_CODE.port_busy})
_NO_PORT = frozenset(
    {
        _CODE.ports_stale,
        _CODE.ports_without_baseline,
        _CODE.expectation_unmatched,
        _CODE.command_refused,
        _CODE.login_unguarded,
    }
)
_OF_PORTS = frozenset(PortFindingCode) - _NO_PORT - _BUSY - OF_FORWARDING


def check_items(report: PortReport, words: PortWords) -> tuple[CheckItem, ...]:
    """Every item, in the order of the form."""
    return tuple(_Items(report, words).all())


@dataclass(slots=True)
class _Facts:
    """Ports of the devices that were read, counted by what is known of them."""

    ports: int = 0
    known: int = 0
    """Their state was understood."""
    used: int = 0
    used_up: int = 0
    limited: int = 0
    """Up, and there is a limit to what they may carry."""
    measured: int = 0
    """Of those, whose traffic is known."""
    up: int = 0
    """Sockets that are up: each may have errors."""
    compared: int = 0
    """Of those, whose errors were compared with the last reading."""
    optical: int = 0
    bounded: int = 0
    weakest: float | None = None

    def add(self, state: PortState, said: PortExpectation | None) -> None:
        port, standing = state.port, standing_of(state.port)
        up = standing is PortStanding.up
        self.ports += 1
        self.known += standing is not PortStanding.unknown
        used = said is not None and said.use is PortUse.used
        self.used += used
        self.used_up += used and up
        if up and not (said is not None and said.use is PortUse.ignored):
            limited = said is not None and (bool(said.uplink) or said.utilisation is not None)
            self.limited += limited
            self.measured += limited and _is_measured(port)
            self.up += state.compared or has_socket(state)
            self.compared += state.compared
        power = port.optical.rx_power
        if power is not None:
            self.optical += 1
            self.bounded += port.optical.limited
            self.weakest = power if self.weakest is None else min(self.weakest, power)


def _is_measured(port: Port) -> bool:
    """Whether what it carries can be told in per cent."""
    rated = bool(port.speed) and (port.in_rate, port.out_rate) != (None, None)
    return rated or (port.in_utilisation, port.out_utilisation) != (None, None)


class _Items:
    def __init__(self, report: PortReport, words: PortWords) -> None:
        self.report = report
        self.words = words
        self.facts = _Facts()
        self.open = [f for f in report.findings if not f.waived]
        self.blind = any(f.code is _CODE.expectations_wrong for f in self.open)
        for row in report.rows:
            if row.reading.good:
                for state in row.reading.ports:
                    self.facts.add(state, row.expectations.get(state.port.name))
                # A port that is expected and not there is one that is not up.
                missing = {f.port for f in row.findings if f.code is _CODE.port_missing}
                away = {s.port.name for s in (*row.reading.lost, *row.reading.unseen)}
                self.facts.ports += len(missing | away)
                self.facts.used += len(missing)

    def all(self) -> Iterable[CheckItem]:
        facts = self.facts
        yield self._item("ports", _OF_PORTS, facts.known, facts.ports)
        yield from forwarding_items(self.report, self.words)
        yield self._item("performance", _BUSY, facts.measured, facts.limited)
        yield self._item("links", _LINKS, facts.used, facts.used, up=facts.used_up)
        yield self._item("contact", _CONTACT, facts.compared, facts.up)
        yield self._item("quality", _QUALITY, facts.compared, facts.up)
        yield self._fibre()
        for name in ("outlets", "lines", "alarms", "handling"):
            yield self._told(name, "manual")

    def _item(
        self, name: str, codes: frozenset[PortFindingCode], judged: int, of: int, **more: int
    ) -> CheckItem:
        """Judged by findings of ``codes``: ``judged`` ports ``of`` those that should have been."""
        found = sum(finding.code in codes for finding in self.open)
        if not judged and not found:
            return self._told(name, "not_checked")
        state: CheckState = "found" if found else "good"
        if not found and (judged < of or self.blind or self._not_whole()):
            state = "partly"
        said = self.words.say(f"item.{name}.text", n=judged, total=of, **more)
        if found:
            said += self.words.count("item.found", found)
        return CheckItem(self.words.say(f"item.{name}"), state, said + self._unread())

    def _not_whole(self) -> bool:
        return bool(unread(self.report) or self.report.totals.partly)

    def _fibre(self) -> CheckItem:
        """Judged by limits that the device prints; without them a person has to look."""
        facts = self.facts
        if facts.weakest is None:
            return self._told("fibre", "not_checked")
        if facts.bounded:
            return self._limited(facts.weakest)
        text = self.words.say("item.fibre.text", n=facts.optical, weakest=f"{facts.weakest:g}")
        return CheckItem(self.words.say("item.fibre"), "manual", text + self._unread())

    def _limited(self, weakest: float) -> CheckItem:
        facts = self.facts
        found = sum(finding.code is _CODE.port_light for finding in self.open)
        state: CheckState = "found" if found else "good"
        if not found and (facts.bounded < facts.optical or self._not_whole()):
            state = "partly"
        text = self.words.say(
            "item.fibre.limits", n=facts.optical, limited=facts.bounded, weakest=f"{weakest:g}"
        )
        if found:
            text += self.words.count("item.found", found)
        return CheckItem(self.words.say("item.fibre"), state, text + self._unread())

    def _told(self, name: str, state: CheckState) -> CheckItem:
        text = self.words.say(f"item.{name}.{state}")
        return CheckItem(self.words.say(f"item.{name}"), state, text)

    def _unread(self) -> str:
        count = unread(self.report)
        return self.words.count("item.unread", count) if count else ""
