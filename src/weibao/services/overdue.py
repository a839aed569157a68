"""Freshness: how old each device's last good version is against what the contract allows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from weibao.boundary import OutcomeBatch
from weibao.domain.inventory import Device
from weibao.domain.records import Finding, FindingCode, Run, RunTarget, Severity
from weibao.services.parts import Parts

__all__ = ["Freshness", "freshness", "record_overdue"]

_SLACK = timedelta(hours=1)
"""What the clocks of a site's machines may differ."""


@dataclass(frozen=True)
class Freshness:
    """Of one device."""

    last_good: datetime | None
    age_hours: float | None
    allowed_hours: float
    overdue: bool


def freshness(parts: Parts, contract: str, last_good: datetime | None, now: datetime) -> Freshness:
    """How fresh a device is whose last good moment is ``last_good``; never is overdue."""
    profile = parts.contracts.get(contract) or parts.contracts["default"]
    allowed = profile.backup.max_age_hours
    if last_good is None:
        return Freshness(None, None, allowed, overdue=True)
    if last_good > now + _SLACK:  # dated by a clock that was ahead: nobody knows how old it is
        return Freshness(last_good, None, allowed, overdue=True)
    age = (now - last_good) / timedelta(hours=1)
    return Freshness(last_good, round(age, 2), allowed, overdue=age > allowed)


def _hours(state: Freshness) -> str:
    if state.last_good is None:
        return ""
    return "?" if state.age_hours is None else f"{state.age_hours:.1f}"


def record_overdue(
    parts: Parts, run: Run, devices: Iterable[Device], targets: Iterable[RunTarget]
) -> list[Finding]:
    """Findings for devices of the inventory without a fresh good version (CFG-07)."""
    now = parts.clock.now()
    good = parts.journal.last_good()
    fresh_now = {(t.contract, t.device) for t in targets if t.outcome.good}
    found = []
    for device in devices:
        key = (device.contract, device.name)
        state = freshness(parts, device.contract, good.get(key), now)
        if key in fresh_now or not state.overdue or device.contract not in parts.contracts:
            continue
        never = state.last_good is None
        found.append(
            Finding(
                run_id=run.id,
                contract=device.contract,
                device=device.name,
                code=FindingCode.never_backed_up if never else FindingCode.overdue,
                severity=Severity.serious,
                params={
                    "hours": _hours(state),
                    "allowed": f"{state.allowed_hours:g}",
                },
                at=now,
            )
        )
    if found:
        parts.journal.record(run.id, OutcomeBatch(findings=tuple(found)), run.actor)
    return found
