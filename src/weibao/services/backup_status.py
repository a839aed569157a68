"""Per device: last good version and its age, the last attempt, the last proven restore."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from weibao.domain.base import Value
from weibao.domain.inventory import Device
from weibao.domain.reasons import Reason
from weibao.domain.records import FindingCode
from weibao.services.overdue import freshness
from weibao.services.parts import Parts

__all__ = ["DeviceStatus", "backup_status"]


class DeviceStatus(Value):
    """One device as ``backup status`` shows it."""

    name: str
    contract: str
    platform: str
    version: int | None
    """Number of the last good version."""
    sha256: str | None
    last_good: datetime | None
    """When that version was last proven to be the current one."""
    age_hours: float | None
    allowed_hours: float
    overdue: bool
    restorable: bool | None
    unsaved_change: bool | None
    """Running different from startup, when last compared; None: never compared."""
    last_attempt: datetime | None
    last_outcome: str | None
    reason: Reason | None
    last_run: str | None
    last_proven_restore: datetime | None = None
    """Of a restore drill; none has been recorded yet."""


def backup_status(parts: Parts, devices: Sequence[Device]) -> list[DeviceStatus]:
    """The state of ``devices``, in their order; from the records alone."""
    now = parts.clock.now()
    good = parts.journal.last_good()
    latest = parts.journal.latest_versions()
    attempts = parts.journal.last_attempts()
    unsaved = _unsaved(parts, {t.run_id for t in attempts.values()})
    found = []
    for device in devices:
        key = (device.contract, device.name)
        version, attempt = latest.get(key), attempts.get(key)
        state = freshness(parts, device.contract, good.get(key), now)
        kept = version is not None and bool(version.startup_path)
        compared = kept and attempt is not None and attempt.outcome.good
        platform = device.platform or (version.platform if version else "")
        found.append(
            DeviceStatus(
                name=device.name,
                contract=device.contract,
                platform=platform,
                version=version.number if version else None,
                sha256=version.sha256 if version else None,
                last_good=state.last_good,
                age_hours=state.age_hours,
                allowed_hours=state.allowed_hours,
                overdue=state.overdue,
                restorable=version.restorable if version else None,
                unsaved_change=key in unsaved if compared else None,
                last_attempt=attempt.at if attempt else None,
                last_outcome=attempt.outcome.value if attempt else None,
                reason=attempt.reason if attempt else device.problem,
                last_run=attempt.run_id if attempt else None,
            )
        )
    return found


def _unsaved(parts: Parts, runs: set[str]) -> set[tuple[str, str]]:
    return {
        (f.contract, f.device)
        for run_id in runs
        for f in parts.journal.findings(run_id)
        if f.code is FindingCode.unsaved_change
    }
