"""The exact text that an approver signs (CHG-38, ROL-31).

It names everything that the approval holds for; whoever verifies builds it anew from the
change itself. So a signature of another change, round, stage, person or estate does not fit.
"""

from __future__ import annotations

from datetime import UTC, datetime

from weibao.domain.change import Approval, ApprovalChannel, Change
from weibao.domain.ledger import canonical

__all__ = ["NAMESPACE", "statement"]

NAMESPACE = "approval@weibao"
"""Of the signature (PROTOCOL.sshsig): a signature made for another purpose does not fit."""


def statement(estate: str, change: Change, approval: Approval) -> str:
    """What ``approval`` of ``change`` has to say: canonical JSON, one line with its end.

    ``estate`` is the estate's name. Of ``approval`` only what is its own counts (stage, person,
    decision, time, end of the window, and how it came); round and digest are the change's.
    """
    said: dict[str, object] = {
        "weibao": "approval/1",
        "estate": estate,
        "contract": change.contract,
        "change": change.id,
        "round": change.round,
        "stage": approval.stage,
        "person": approval.person,
        "decision": approval.decision,
        "digest": change.digest,
        "window_start": _utc(change.window.start),
        "window_end": _utc(approval.window_end),
        "at": _utc(approval.at),
    }
    if approval.channel is not ApprovalChannel.signature:
        said["channel"] = approval.channel.value
        said["recorded_by"] = approval.recorded_by
        said["evidence"] = approval.evidence
    return canonical(said) + "\n"


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
