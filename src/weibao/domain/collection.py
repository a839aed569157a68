"""What a job collected from devices: the entries of a bundle's manifest.

Collection says what was read, never whether it is good; that is judged afterwards,
offline, from the bytes (collection and judgement are apart).
"""

from __future__ import annotations

from enum import StrEnum

from weibao.domain.base import Moment, Name, Sha256, Value
from weibao.domain.reasons import Reason

__all__ = ["BundleHeader", "CollectedItem", "CollectionStatus", "DeviceCollection", "ItemKind"]

BUNDLE_SCHEMA = "weibao.bundle/1"


class ItemKind(StrEnum):
    """What an item's bytes are."""

    running = "running"
    startup = "startup"
    version = "version"
    partial = "partial"
    """What had arrived when the reading broke off."""
    before = "before"
    """The running configuration before a change."""
    meant = "meant"
    """The configuration that a change is meant to bring, where it is known whole."""
    output = "output"
    """What a command printed."""
    facts = "facts"
    """What a module read of a host, as JSON."""
    transcript = "transcript"
    """What a change sent, and the device's answers."""


class CollectionStatus(StrEnum):
    """How the reading of one device ended."""

    collected = "collected"
    failed = "failed"
    not_checked = "not_checked"


class CollectedItem(Value):
    """One answer of a device: bytes in the bundle under their sha256."""

    kind: ItemKind
    command: str
    sha256: Sha256
    size: int
    collected_at: Moment
    restorable: bool = True
    variant: str = ""
    """Of the platform, whose rules the text was read by and is judged by."""


class DeviceCollection(Value):
    """All that was collected from one device, or why nothing was."""

    device: Name
    contract: Name
    platform: str
    address: str
    status: CollectionStatus
    reason: Reason | None = None
    warnings: tuple[Reason, ...] = ()
    """Such as Telnet or old SSH algorithms in use."""
    items: tuple[CollectedItem, ...] = ()
    attempts: int = 0
    started_at: Moment
    finished_at: Moment

    def item(self, kind: ItemKind) -> CollectedItem | None:
        """The item of ``kind``, if there is one."""
        return next((item for item in self.items if item.kind is kind), None)


class BundleHeader(Value):
    """The first line of a manifest."""

    schema_id: str = BUNDLE_SCHEMA
    run_id: Name
    job: Name
    actor: str
    program: str
    created_at: Moment
    devices: int
