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
_NO_LINK = _NO_CAUSE | {"not_connected"}
_HELD = frozenset({"err_disabled", "loop_detected", "link_flap", "dampening"})
"""The device took the port down itself, and holds it there until someone looks or time passes."""


def merge_status(
    fields: dict[str, Any],
    found: list[StatusWord],
    said: list[str],
    *,
    doubtful: bool = False,
    unset: bool = False,
) -> None:
    """What a port is by all of its outputs: of what two say, the worse.

    A port that one output calls administratively down is down, and one that the device took down
    itself is not up, whatever another says, before or after. Else the earlier output counts.

    ``doubtful``: a word of this output or of one before is unknown; then no other word makes it
    *up*. ``unset``: so is one of those that say how it is configured.
    """
    admins = {word.admin for word in found}
    admin = next((each for each in _ADMIN_ORDER if each in admins), None)
    before = fields.get("admin_status")
    shut = admin is AdminStatus.down
    opers = {word.oper for word in found}
    if doubtful or (before is AdminStatus.down and not shut):
        opers.discard(OperStatus.up)
    oper = next((each for each in _OPER_ORDER if each in opers), None)
    reason = _reason(found, oper)
    held = reason in _HELD and oper not in (None, OperStatus.up)
    if shut and before is not None and before is not AdminStatus.down:
        # What was said of a port that was up then is no more true.
        _forget(fields)
    elif fields.get("oper_status") is OperStatus.up and (doubtful or held):
        _forget(fields)
        if unset and not shut:
            fields.pop("admin_status", None)
    if admin is not None and (before is None or shut):
        fields["admin_status"] = admin
    if oper is not None:
        fields.setdefault("oper_status", oper)
    if reason and oper in (None, fields.get("oper_status")):
        if reason not in _NO_CAUSE and _weaker(fields, held=held):
            # A table says that it is down, the details say why: it took the port down itself.
            fields.pop("reason")
        fields.setdefault("reason", reason)
    fields.setdefault("native_status", " / ".join(dict.fromkeys(said)))


def _forget(fields: dict[str, Any]) -> None:
    for field in ("oper_status", "reason", "native_status"):
        fields.pop(field, None)


def _weaker(fields: dict[str, Any], *, held: bool) -> bool:
    """Whether the reason that is known says less than another one."""
    known = fields.get("reason")
    return known == "link_down" or (held and known in _NO_LINK)


def _reason(found: list[StatusWord], oper: OperStatus | None) -> str:
    """Of the words that fit what the port is; a cause before the mere word that it is down."""
    fitting = [word.reason for word in found if word.reason and word.oper in (None, oper)]
    causes = [reason for reason in fitting if reason not in _NO_CAUSE]
    return next(iter([*causes, *fitting]), "")
