"""Taking in the customer's packages, wired."""

from __future__ import annotations

from pathlib import Path

from weibao.adapters.clock import SystemClock
from weibao.adapters.supplied_files import FolderSuppliedFiles
from weibao.adapters.virus_scanner import CommandScanner
from weibao.bootstrap.workshop import Workshop
from weibao.services.patch.supplied import Intake

__all__ = ["intake_of", "supplied_folder"]


def supplied_folder(workshop: Workshop) -> Path:
    """Where an estate keeps them."""
    return workshop.estate.state / "supplied"


def intake_of(workshop: Workshop) -> Intake:
    """An estate's intake, with the scanner of its settings."""
    settings = workshop.estate.settings.virus_check
    clock = SystemClock()
    return Intake(
        files=FolderSuppliedFiles(supplied_folder(workshop)),
        scanner=CommandScanner(settings, clock),
        clock=clock,
        checked_only=settings.required,
    )
