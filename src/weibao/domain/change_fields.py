"""What an application says beside its own columns (``Change.fields``), and what is still owed."""

from __future__ import annotations

from collections.abc import Iterable

from weibao.domain.base import Value
from weibao.domain.change import Approval, Change, ChangeKind, ChangeState
from weibao.domain.contract import Contract

__all__ = ["CHANGE_FIELDS", "REQUIRED_FIELDS", "Owed", "owed_items"]

CHANGE_FIELDS = (
    "purpose",  # CHG-01; the runbook's where nothing is said
    "hardware",  # CHG-04
    "software",  # CHG-05
    "content",  # CHG-08; the title where nothing is said
    "risk",  # CHG-09
    "explanation",  # CHG-12, text for the customer
    "notified",  # CHG-13: whom, when, how
    "backup",  # CHG-14
    "media",  # CHG-15, CHG-30
    "division",  # CHG-16
    "customer_data",  # CHG-17
    "origin",  # CHG-19
    "prerequisites",  # CHG-48
    "impact",  # CHG-49; the runbook's where nothing is said
    "verification",  # CHG-26, CHG-36
    "follow_up",  # what is left to do
)
"""Names of the fields that the documents know, in their order; others are shown as they are."""

REQUIRED_FIELDS = ("hardware", "software", "notified")
"""What only the applicant can say (CHG-04, CHG-05, CHG-13)."""

_DONE = frozenset(
    {
        ChangeState.verified,
        ChangeState.rolled_back,
        ChangeState.aborted,
        ChangeState.backfill,
        ChangeState.documents_updated,
    }
)


class Owed(Value):
    """Something that a change still owes (words under ``owed.<code>``)."""

    code: str
    """``documents``, ``approval`` (``stage``), ``recorder``, ``field`` (``field``)."""
    params: dict[str, str] = {}


def owed_items(
    contract: Contract, change: Change, approvals: Iterable[Approval]
) -> tuple[Owed, ...]:
    """What is to be made up for before the change can be closed (CHG-27, CHG-29, CHG-47).

    Nothing before the work is over, and nothing of a closed change. Whether signatures hold
    is not judged here.
    """
    if change.state not in _DONE:
        return ()
    found: list[Owed] = []
    if change.state is not ChangeState.documents_updated:
        found.append(Owed(code="documents"))
    if change.kind is not ChangeKind.emergency:
        return tuple(found)
    if contract.change.recorder_required and not change.recorder:
        found.append(Owed(code="recorder"))
    given = [a for a in approvals if a.decision == "approve" and a.round == change.round]
    for stage in contract.change.stages:
        if len({a.person for a in given if a.stage == stage.id}) < stage.minimum:
            found.append(Owed(code="approval", params={"stage": stage.id}))
    found += [
        Owed(code="field", params={"field": name})
        for name in REQUIRED_FIELDS
        if not change.fields.get(name, "").strip()
    ]
    return tuple(found)
