"""What a reading says of the device as a whole: how far it was read and understood (JOB-10)."""

from __future__ import annotations

from collections.abc import Iterator

from weibao.domain.port_case import DeviceCase, finding_of
from weibao.domain.port_finding import PortFinding, PortFindingCode
from weibao.domain.port_record import PortOutcome
from weibao.domain.records import Severity

__all__ = ["judge_reading"]

_CODE = PortFindingCode
_WORDS_TOLD = 3
_PATTERNS_TOLD = 200
"""Letters of them."""
_WRONG_TOLD = 500
"""Letters of the mistakes; the first are enough to find the file."""


def judge_reading(case: DeviceCase) -> Iterator[PortFinding]:
    """Findings about no port in particular."""
    if case.wrong:
        detail = case.wrong[:_WRONG_TOLD]
        yield finding_of(case, None, _CODE.expectations_wrong, Severity.serious, detail=detail)
    if not case.reading.good:
        yield from _stale(case)
        return
    yield from _understood(case)
    if case.unmatched:
        patterns = ", ".join(case.unmatched)[:_PATTERNS_TOLD]
        yield finding_of(case, None, _CODE.expectation_unmatched, Severity.info, patterns=patterns)
    if not case.expectations and not case.wrong:
        yield finding_of(case, None, _CODE.ports_without_baseline, Severity.info)


def _stale(case: DeviceCase) -> Iterator[PortFinding]:
    since = case.last.at.isoformat(timespec="minutes") if case.last else ""
    yield finding_of(case, None, _CODE.ports_stale, Severity.serious, since=since)


def _understood(case: DeviceCase) -> Iterator[PortFinding]:
    reading = case.reading
    if reading.unparsed_count:
        count = str(reading.unparsed_count)
        line = reading.unparsed[0].strip()[:80] if reading.unparsed else ""
        yield finding_of(
            case, None, _CODE.ports_not_understood, Severity.warning, count=count, line=line
        )
    if reading.words_unknown:
        first = [f'{each.port} "{each.word[:40]}"' for each in reading.unknown_words[:_WORDS_TOLD]]
        if reading.words_unknown > len(first):
            first.append("…")
        yield finding_of(
            case,
            None,
            _CODE.status_words_unknown,
            Severity.warning,
            count=str(reading.words_unknown),
            words=", ".join(first),
        )
    if reading.outcome is PortOutcome.partly and reading.reason is not None:
        what = "; ".join(reading.reason.params.values()) or reading.reason.code
        yield finding_of(case, None, _CODE.ports_partly, Severity.warning, what=what[:200])
    if reading.refused:
        commands = "; ".join(reading.refused)
        yield finding_of(case, None, _CODE.command_refused, Severity.info, command=commands)
    for why in reading.unguarded:
        yield finding_of(case, None, _CODE.login_unguarded, Severity.info, why=why)
