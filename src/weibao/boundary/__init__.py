"""Protocols that services need of the outside; adapters implement them."""

from weibao.boundary.archive import ConfigArchive, FullTextStore, StoredText
from weibao.boundary.changes import ChangeRecords, DigestSource, Signatures, Signer
from weibao.boundary.clock import Clock
from weibao.boundary.evidence import Bundle, EvidenceStore, KeyRing
from weibao.boundary.inventory import InventoryInspector, InventorySource
from weibao.boundary.journal import Journal, OutcomeBatch
from weibao.boundary.notify import Notice, Notifier
from weibao.boundary.runner import HostResult, PlaybookResult, PlaybookRunner, Progress

__all__ = [
    "Bundle",
    "ChangeRecords",
    "Clock",
    "ConfigArchive",
    "DigestSource",
    "EvidenceStore",
    "FullTextStore",
    "HostResult",
    "InventoryInspector",
    "InventorySource",
    "Journal",
    "KeyRing",
    "Notice",
    "Notifier",
    "OutcomeBatch",
    "PlaybookResult",
    "PlaybookRunner",
    "Progress",
    "Signatures",
    "Signer",
    "StoredText",
]
