"""The journal: runs, outcomes, versions, findings, evidence, and the ledger over them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from weibao.domain.reasons import Reason
    from weibao.domain.records import (
        Access,
        ConfigVersion,
        EvidenceRecord,
        Finding,
        LedgerHead,
        LedgerRow,
        Run,
        RunState,
        RunStep,
        RunTarget,
    )

__all__ = ["Journal", "OutcomeBatch", "RecordedPiece"]


class RecordedPiece(NamedTuple):
    """What all records of one piece of evidence say."""

    contract: str
    sha256: str
    stored: tuple[str, str]
    """The least and the greatest sha256 of the stored file that they name; the same, if sound."""


@dataclass(frozen=True)
class OutcomeBatch:
    """What belongs together for some devices and is written in one transaction."""

    targets: tuple[RunTarget, ...] = ()
    versions: tuple[ConfigVersion, ...] = ()
    findings: tuple[Finding, ...] = ()
    evidence: tuple[EvidenceRecord, ...] = field(default=())


class Journal(Protocol):
    """Every write appends ledger rows in the same transaction as the rows it changes."""

    # writing

    def open_run(self, run: Run) -> None:
        """A run begins.

        Raises:
            FailedError: the database cannot be written.
        """
        ...

    def record_step(self, run_id: str, step: RunStep, actor: str) -> None:
        """A step of a run ended."""
        ...

    def record(self, run_id: str, batch: OutcomeBatch, actor: str) -> None:
        """Outcomes with their versions, findings and evidence.

        Recording the same target, version or evidence again changes nothing; a different
        outcome for a recorded target raises.

        Raises:
            IntegrityError: it contradicts what is recorded.
        """
        ...

    def close_run(self, run_id: str, state: RunState, at: datetime, actor: str) -> None:
        """A run ended."""
        ...

    def set_commit(
        self,
        versions: Iterable[tuple[str, str, int]],
        commit: str,
        at: datetime,
        actor: str,
        *,
        rebuilt: bool = False,
    ) -> None:
        """These versions (contract, device, number) stand in the archive's ``commit``.

        ``rebuilt``: in place of another commit, of an archive that was lost."""
        ...

    def record_access(self, access: Access) -> None:
        """Somebody read confidential text."""
        ...

    def append(
        self, at: datetime, actor: str, action: str, subject: str, payload: str
    ) -> LedgerRow:
        """A ledger row of its own (schedule installed, report issued, key made …)."""
        ...

    # reading

    def run(self, run_id: str) -> Run | None:
        """One run."""
        ...

    def runs(self, *, job: str = "", limit: int = 50, outside_changes: bool = False) -> list[Run]:
        """Newest first; ``outside_changes``: those that are no part of a change."""
        ...

    def unfinished_runs(self) -> list[Run]:
        """Runs whose state is still ``running``."""
        ...

    def steps(self, run_id: str) -> list[RunStep]:
        """In the order in which they ended."""
        ...

    def targets(self, run_id: str) -> Iterator[RunTarget]:
        """By device name, streamed."""
        ...

    def findings(self, run_id: str) -> list[Finding]:
        """Of one run."""
        ...

    def versions(self, contract: str, device: str) -> list[ConfigVersion]:
        """Of one device, newest first."""
        ...

    def latest_versions(self, contract: str = "") -> dict[tuple[str, str], ConfigVersion]:
        """The newest version of every device, by (contract, device)."""
        ...

    def settled_startups(self, since: datetime) -> set[tuple[str, str]]:
        """Devices (contract, device) whose startup configuration was last read after ``since``,
        not before their newest version, and was then found to be saved."""
        ...

    def newest_versions_of(self, device: str, contract: str = "") -> list[ConfigVersion]:
        """The newest version of the device of that name in each contract (or in one)."""
        ...

    def some_versions(
        self, keys: Iterable[tuple[str, str, int]]
    ) -> dict[tuple[str, str, int], ConfigVersion]:
        """Those of these (contract, device, number) that are recorded."""
        ...

    def contracts(self) -> list[str]:
        """The contracts that have versions, sorted."""
        ...

    def uncommitted_versions(self) -> list[ConfigVersion]:
        """Versions that no archive commit holds yet, oldest first."""
        ...

    def all_versions(self) -> Iterator[ConfigVersion]:
        """All, streamed, for verification."""
        ...

    def last_good(self) -> dict[tuple[str, str], datetime]:
        """When each device was last archived or found unchanged."""
        ...

    def last_attempts(self) -> dict[tuple[str, str], RunTarget]:
        """Each device's outcome in the last run that was to reach it."""
        ...

    def evidence(self, sha256: str) -> list[EvidenceRecord]:
        """The records of a piece (``sha256`` may be an unambiguous beginning of it)."""
        ...

    def run_evidence(self, run_id: str) -> list[EvidenceRecord]:
        """The pieces that one run collected, by contract and sha256."""
        ...

    def recorded_pieces(self) -> Iterator[RecordedPiece]:
        """Every piece once, by contract and sha256, streamed, for verification."""
        ...

    def accesses(self, limit: int = 100) -> list[Access]:
        """Newest first."""
        ...

    def heads(self) -> list[LedgerHead]:
        """The end of every site's chain."""
        ...

    def head(self) -> LedgerHead:
        """The end of this site's chain."""
        ...

    def ledger(self, site: str = "", after: int = 0) -> Iterator[LedgerRow]:
        """A chain's rows in order, streamed."""
        ...

    def ledger_of(self, action: str, limit: int = 1) -> list[LedgerRow]:
        """This site's rows with exactly this action, newest first."""
        ...

    def verify(self, progress: Callable[[int], None] | None = None) -> Iterator[Reason]:
        """Everything in the database that does not fit, the first first; empty: sound.

        ``progress`` hears now and then how many ledger rows were checked.

        Recomputes every hash, checks that sequences have no gap, that the end is not
        before the high-water mark kept outside of the database, and that each row of the
        tables says what the ledger says. Codes ``ledger_*`` (the chain), ``row_*`` (tables)
        and ``unchecked_*`` (what could not be checked, which is no pass).
        """
        ...
