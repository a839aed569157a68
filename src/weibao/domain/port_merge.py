"""What several status words say of one port together (PRT-04)."""

from __future__ import annotations

from typing import Any

from weibao.domain.port import AdminStatus, OperStatus
from weibao.domain.port_rules import StatusWord

__all__ = ["merge_status"]

_ADMIN_ORDER = (AdminStatus.down, AdminStatus.testing, AdminStatus.up)
_OPER_ORDER = (
    OperStatus.not_present,
    OperStatus.lower_layer_down,
    OperStatus.testing,
    OperStatus.dormant,
    OperStatus.down,
    OperStatus.up,
)
_NO_CAUSE = frozenset({"link_down", "line_protocol_down"})
"""Reasons that say that a port is down, and not why."""


def merge_status(
    fields: dict[str, Any], found: list[StatusWord], said: list[str], *, doubtful: bool
) -> None:
    """A port that one output calls administratively down is down, whatever another says.

    ``doubtful``: one of its words is unknown; then no other word makes it *up*.
    """
    admins = {word.admin for word in found}
    admin = next((each for each in _ADMIN_ORDER if each in admins), None)
    opers = {word.oper for word in found}
    if doubtful:
        opers.discard(OperStatus.up)
    oper = next((each for each in _OPER_ORDER if each in opers), None)
    before = fields.get("admin_status")
    if admin is AdminStatus.down and before is not None and before is not AdminStatus.down:
        # What was said of a port that was up then is no more true.
        for field in ("oper_status", "reason", "native_status"):
            fields.pop(field, None)
    if admin is not None and (before is None or admin is AdminStatus.down):
        fields["admin_status"] = admin
    if oper is not None:
        fields.setdefault("oper_status", oper)
    reason = _reason(found, oper)
    if reason and oper in (None, fields.get("oper_status")):
        if fields.get("reason") == "link_down" and reason not in _NO_CAUSE:
            # A table says that it is down, the details say why: it took the port down itself.
            fields.pop("reason")
        fields.setdefault("reason", reason)
    fields.setdefault("native_status", " / ".join(dict.fromkeys(said)))


def _reason(found: list[StatusWord], oper: OperStatus | None) -> str:
    """Of the words that fit what the port is; a cause before the mere word that it is down."""
    fitting = [word.reason for word in found if word.reason and word.oper in (None, oper)]
    causes = [reason for reason in fitting if reason not in _NO_CAUSE]
    return next(iter([*causes, *fitting]), "")
