"""What became of one device in a step of a change; no device text but redacted differences."""

from __future__ import annotations

from enum import StrEnum

from weibao.domain.base import Moment, Name, Value
from weibao.domain.change_rules import SafetyKind
from weibao.domain.collection import DeviceCollection
from weibao.domain.difference import Difference
from weibao.domain.reasons import Reason

__all__ = ["GOOD", "ChangeMode", "ChangeOutcome", "ChangeResult"]


class ChangeMode(StrEnum):
    """What is to be done."""

    check = "check"
    """Say what would change; nothing is changed (JOB-11)."""
    apply = "apply"
    verify = "verify"
    """Read again, and compare with what was meant."""
    save = "save"
    back_out = "back_out"
    """To the configuration that ``apply`` found, in the same run."""


class ChangeResult(StrEnum):
    """How it ended; every one of them is a known state, but the last."""

    would_change = "would_change"
    unchanged = "unchanged"
    """It is already as wanted; nothing was sent."""
    changed = "changed"
    """As meant, reachable by a new session, saved where wanted."""
    verified = "verified"
    saved = "saved"
    backed_out = "backed_out"
    """The earlier configuration is there again, proven equal."""
    refused = "refused"
    """Nothing was sent."""
    failed = "failed"
    """Nothing was changed: the device could not be reached or read."""
    not_verified = "not_verified"
    """It is not as meant; nothing was done about it."""
    unknown_state = "unknown_state"
    """Loud: somebody has to look, see ``by_hand``."""


GOOD = frozenset(
    {
        ChangeResult.would_change,
        ChangeResult.unchanged,
        ChangeResult.changed,
        ChangeResult.verified,
        ChangeResult.saved,
    }
)
"""``backed_out`` is good only where going back was asked for; see ``ChangeOutcome.ok``."""


class ChangeOutcome(Value):
    """One device."""

    device: Name
    contract: Name
    platform: str = ""
    mode: ChangeMode
    result: ChangeResult
    reason: Reason | None = None
    """Why it is not what was wanted."""
    by_hand: Reason | None = None
    """What a person has to do now."""
    safety: SafetyKind | None = None
    """The device's own way back that was used, or would be."""
    difference: Difference | None = None
    """Redacted: what would change, or what did."""
    difference_sha256: str = ""
    """Of ``difference.diff``; what an approval covers."""
    commands: tuple[str, ...] = ()
    """Redacted: the lines that a dry run says would be sent; empty for a whole text."""
    as_foretold: bool | None = None
    """Whether what changed is what the dry run's rules foretell."""
    unmet: tuple[str, ...] = ()
    """Redacted lines that the device does not show to be in force."""
    saved: bool | None = None
    """Whether the startup configuration is proven to be the running one."""
    before_sha256: str = ""
    after_sha256: str = ""
    """Of the exact texts, which are in the bundle."""
    warnings: tuple[Reason, ...] = ()
    touched: bool = False
    """Something that counts was sent to the device."""
    collection: DeviceCollection | None = None
    """What was read and sent, as an entry of the bundle."""
    started_at: Moment
    finished_at: Moment

    @property
    def ok(self) -> bool:
        """Whether it ended as the mode wants it."""
        if self.mode is ChangeMode.back_out and self.result is ChangeResult.backed_out:
            return True
        return self.result in GOOD
