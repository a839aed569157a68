"""What an application says beside its own columns (``Change.fields``)."""

from __future__ import annotations

__all__ = ["CHANGE_FIELDS", "REQUIRED_FIELDS"]

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
    "scope",  # PAT-21: what was agreed on work outside of the contract
    "cooperation",  # PAT-20: the other vendor, the agreed time, each party's steps
    "verification",  # CHG-26, CHG-36
    "follow_up",  # what is left to do
)
"""Names of the fields that the documents know, in their order; others are shown as they are."""

REQUIRED_FIELDS = ("hardware", "software", "notified")
"""What only the applicant can say (CHG-04, CHG-05, CHG-13)."""
