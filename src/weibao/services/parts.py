"""What the services of an estate are given; only ``bootstrap`` fills it in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from weibao.boundary import (
        Bundle,
        Clock,
        ConfigArchive,
        EvidenceStore,
        FullTextStore,
        InventorySource,
        Journal,
        KeyRing,
        Notice,
        Notifier,
        PlaybookRunner,
    )
    from weibao.domain.contract import Contract
    from weibao.domain.inventory import Device
    from weibao.domain.platform import Platform
    from weibao.domain.records import Run, RunState
    from weibao.domain.report import BackupReport
    from weibao.domain.runbook import Runbook
    from weibao.domain.settings import Settings
    from weibao.services.steps import Steps

__all__ = ["BookedRunbook", "Finisher", "Parts", "PublishedReport"]


@dataclass(frozen=True)
class BookedRunbook:
    """A runbook and the digest of the file that it was read from."""

    runbook: Runbook
    sha256: str

    @property
    def reference(self) -> str:
        """``id@version``."""
        return f"{self.runbook.id}@{self.runbook.version}"


@dataclass(frozen=True)
class PublishedReport:
    """Where a report lies and what its JSON hashes to."""

    contract: str
    folder: Path
    index: Path
    sha256: str
    notice: Notice
    """Its summary, for those who are to be told."""


@dataclass(frozen=True)
class Parts:
    """An estate, wired."""

    estate: Path
    settings: Settings
    contracts: Mapping[str, Contract]
    platforms: Mapping[str, Platform]
    runs: Path
    """Folder of the runs' own folders."""
    program: str
    clock: Clock
    keys: KeyRing
    journal: Journal
    evidence: EvidenceStore
    inventory: InventorySource
    runner: PlaybookRunner
    runbook: Callable[[str], BookedRunbook]
    bundle: Callable[[Path], Bundle]
    bundle_lock: Callable[[Path], AbstractContextManager[None]]
    """Held while a bundle is ingested; waits for a writer that is about to end."""
    archive: Callable[[str], ConfigArchive]
    texts: Callable[[str], FullTextStore]
    tag: Callable[[str], Callable[[str], str]]
    """By contract: a secret's keyed mark, which shows a change without telling the secret."""
    publish: Callable[[BackupReport], PublishedReport]
    prepare: Callable[[], None]
    """Loads beforehand what ``publish`` needs; may run in a thread."""
    notifiers: Callable[[], Sequence[Notifier]]
    run_id: Callable[[], str]
    finishers: Mapping[str, Finisher] = field(default_factory=dict)
    """By job: what finishes a run of it that was cut off; the backup's is not among them."""


class Finisher(Protocol):
    """Finishes a run of one job from its bundle."""

    def __call__(
        self,
        parts: Parts,
        run: Run,
        devices: Sequence[Device],
        steps: Steps,
        state: RunState,
        /,
    ) -> tuple[PublishedReport, ...]:
        """The reports that were issued."""
        ...
