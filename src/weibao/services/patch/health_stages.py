"""The stages of the role ``health_gate``, which stands alone: read before, compare after."""

from __future__ import annotations

from weibao.domain.patch_gate import unread_health
from weibao.domain.patch_health import HealthReading, expected, health_of, worse
from weibao.domain.reasons import Reason
from weibao.services.patch.case import Case, Judged, Stage

__all__ = ["HEALTH_STAGES"]


def health_before(case: Case) -> Judged:
    """Keep how the host does now."""
    unread = unread_health(case.facts)
    if unread is not None:
        return Judged((unread,))
    reading = health_of(case.facts, case.wishes.severe)
    known = case.records.progress(case.device)  # a change of the same name keeps its own here
    case.records.keep_progress(case.device, {**known, "health": reading.model_dump(mode="json")})
    return Judged()


def health_expect(case: Case) -> Judged:
    """What was well, so that it is waited for."""
    before = _before(case)
    if before is None:
        return Judged((Reason.of("patch_no_reading"),))
    return Judged(order=expected(before))


def health_after(case: Case) -> Judged:
    """Whether it does as well as before."""
    before = _before(case)
    if before is None:
        return Judged((Reason.of("patch_no_reading"),))
    unread = unread_health(case.facts)
    if unread is not None:
        return Judged((unread,))
    return Judged(worse(before, health_of(case.facts, case.wishes.severe)))


def _before(case: Case) -> HealthReading | None:
    kept = case.records.progress(case.device).get("health")
    return HealthReading.model_validate(kept) if kept else None


HEALTH_STAGES: dict[str, Stage] = {
    "health_before": health_before,
    "health_expect": health_expect,
    "health_after": health_after,
}
"""By name."""
