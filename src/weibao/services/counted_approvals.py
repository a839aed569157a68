"""Which approvals of a change count, by its signatures, its profile and the files as they are now
(CHG-21, CHG-38, ROL-31)."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from weibao.boundary.changes import Signer
from weibao.domain.approval_statement import NAMESPACE, statement
from weibao.domain.authority import authors_of, may_approve, sort_approvals
from weibao.domain.change import Approval, ApprovalChannel, Change
from weibao.domain.contract import Contract
from weibao.domain.reasons import Reason
from weibao.services.leave_parts import LeaveParts

__all__ = ["approval_problem", "checked_approvals"]

_SIGNING_TOLERANCE = timedelta(minutes=10)


def checked_approvals(
    parts: LeaveParts, change: Change, contract: Contract
) -> tuple[tuple[Approval, ...], tuple[Reason, ...]]:
    """The approvals of this round that count, and why others of it do not.

    Raises:
        UncheckedError: a signature could not be checked.
    """
    zone = ZoneInfo(contract.time_zone)
    given = [a for a in parts.records.approvals(change.id) if a.round == change.round]
    sound, bad = [], []
    for approval in given:
        problem = _signature(parts, change, contract, approval)
        if problem is None:
            sound.append(approval)
        else:
            bad.append(problem)
    good, others = sort_approvals(change, contract, sound, zone, _authors(parts, change))
    return good, (*bad, *others)


def approval_problem(
    parts: LeaveParts, change: Change, approval: Approval, now: datetime
) -> Reason | None:
    """Why a new ``approval`` (with statement and signature) is not to be recorded; None: it is.

    Raises:
        UncheckedError: its signature could not be checked.
    """
    contract = parts.contract(change.contract)
    if abs(approval.at - now) > _SIGNING_TOLERANCE:
        return Reason.of("approval_not_now", at=approval.at.isoformat())
    if approval.round != change.round or approval.digest != change.digest:
        return Reason.of("approval_other_digest", person=approval.person)
    day = now.astimezone(ZoneInfo(contract.time_zone)).date()
    good, _ = checked_approvals(parts, change, contract)
    authors = _authors(parts, change)
    return may_approve(change, contract, approval, good, day, authors) or _signature(
        parts, change, contract, approval
    )


def _authors(parts: LeaveParts, change: Change) -> frozenset[str]:
    return authors_of(parts.records.change_events(change.id))


def _signature(
    parts: LeaveParts, change: Change, contract: Contract, approval: Approval
) -> Reason | None:
    """Why an approval is not what its signer signed for this change; None where it is.

    A consent on paper or by mail is signed by who recorded it.
    """
    direct = approval.channel is ApprovalChannel.signature
    name = approval.person if direct else approval.recorded_by
    signer = contract.person(name)
    if signer is None:
        return Reason.of("person_unknown", person=name or "-", contract=contract.id)
    if approval.change != change.id or approval.statement != statement(
        parts.estate, change, approval
    ):
        return Reason.of("signature_other_text", person=name)
    if approval.decision != "extend" and approval.window_end != change.window.end:
        return Reason.of("signature_other_text", person=name)
    code = parts.signatures.verify(
        contract.id,
        Signer(signer.signs_as, NAMESPACE),
        approval.statement,
        approval.signature,
        approval.at,
    )
    return Reason.of(f"signature_{code}", person=name) if code else None
