"""Findings in reading order: new, lasting, gone, waived; each stands once."""

from __future__ import annotations

from dataclasses import dataclass

from weibao.domain.port_finding import PortFinding, PortFindingCode
from weibao.domain.port_report import PortReport

__all__ = ["OF_DEVICES", "Differences", "differences"]

OF_DEVICES = frozenset({PortFindingCode.ports_stale, PortFindingCode.ports_without_baseline})
"""Findings about a whole device that have a place of their own in the log."""


@dataclass(frozen=True, slots=True)
class Differences:
    """What differs from what it should be, the most severe first in each part."""

    new: tuple[PortFinding, ...]
    lasting: tuple[PortFinding, ...]
    gone: tuple[PortFinding, ...]
    waived: tuple[PortFinding, ...]

    def counts(self) -> dict[str, int]:
        """How many, by part, in reading order."""
        parts = ("new", "lasting", "gone", "waived")
        return {name: len(getattr(self, name)) for name in parts}

    @property
    def open(self) -> int:
        """Those that stand and are not accepted."""
        return len(self.new) + len(self.lasting)


def differences(report: PortReport) -> Differences:
    """Take a report's findings apart."""
    new_places = set(report.new)
    new, lasting, waived = [], [], []
    for place, finding in enumerate(report.findings):
        if finding.code in OF_DEVICES:
            continue
        if finding.waived:
            waived.append(finding)
        elif place in new_places:
            new.append(finding)
        else:
            lasting.append(finding)
    gone = tuple(f for f in report.gone if f.code not in OF_DEVICES)
    return Differences(tuple(new), tuple(lasting), gone, tuple(waived))
