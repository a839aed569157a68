"""Verifying that records, evidence and archive stand as they were written (JOB-04, CFG-11).

Everything is recomputed from what lies on the disks: the journal's chains and tables, each
piece of evidence, each version's encrypted text in both places, each archive, and the
ledger heads that archives and reports carry. What could not be checked is said and never
counts as checked.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import groupby
from typing import NamedTuple

from weibao.boundary.archive import ConfigArchive, FullTextStore
from weibao.boundary.evidence import EvidenceStore, StoredPiece
from weibao.boundary.journal import Journal, RecordedPiece
from weibao.domain.base import Value
from weibao.domain.reasons import Reason
from weibao.domain.records import ConfigVersion, LedgerHead
from weibao.errors import UncheckedError, WeibaoError
from weibao.services.versions import all_stored

__all__ = ["KeptReport", "VerifyCounts", "VerifyProgress", "VerifyResult", "verify"]

VerifyProgress = Callable[[str, int], None]
"""Hears the part (``ledger``, ``evidence``, ``versions``, ``archives``) and how many of it."""

_ALL = 1_000_000_000
_NAMED = 1000
"""So many problems are named; further ones are counted."""


class KeptReport(NamedTuple):
    """A report as it lies in its folder."""

    number: str
    where: str
    sha256: str
    """Of its JSON; empty where that cannot be read."""
    head: LedgerHead | None
    """The ledger head that it carries; None where it cannot be understood."""


class VerifyCounts(Value):
    """How much was checked; what could not be checked is not in it."""

    ledger_rows: int
    evidence: int
    """Pieces whose stored file was found and hashed."""
    evidence_bytes: int
    """Of those files."""
    versions: int
    """Versions whose encrypted texts were found as recorded, in both places."""
    anchors: int
    """Ledger heads in archives and reports that were found in the ledger."""
    reports: int = 0
    """Reports that are as they were issued."""


class VerifyResult(Value):
    """What a verification found. ``passed`` only where nothing is wrong or unchecked."""

    problems: tuple[Reason, ...]
    """What does not fit, in the order in which it was found."""
    further_problems: int = 0
    """How many more there are than are named."""
    warnings: tuple[Reason, ...]
    """What is odd and no failure, such as evidence that a crash left without a record."""
    unchecked: tuple[Reason, ...]
    """What could not be checked, and why."""
    counts: VerifyCounts

    @property
    def passed(self) -> bool:
        """Nothing wrong, and nothing left unchecked."""
        return not self.problems and not self.unchecked


def verify(
    journal: Journal,
    evidence: EvidenceStore,
    archives: Callable[[str], ConfigArchive],
    texts: Callable[[str], FullTextStore],
    *,
    contracts: Iterable[str] = (),
    anchors: Iterable[tuple[str, LedgerHead]] = (),
    reports: Iterable[KeptReport] | None = None,
    progress: VerifyProgress | None = None,
) -> VerifyResult:
    """Recompute everything.

    Args:
        journal: the records.
        evidence: the store of the pieces that the journal names.
        archives: a contract's archive.
        texts: a contract's encrypted full texts.
        contracts: contracts to look at beside those that have records.
        anchors: ledger heads kept elsewhere, with where they stand.
        reports: the reports as they lie in their folders; None: they are not looked at.
        progress: told from time to time.
    """
    run = _Verification(journal, evidence, progress)
    run.check_journal()
    run.check_evidence(contracts)
    commits = run.check_versions(texts)
    for contract in sorted({*contracts, *commits}):
        run.check_archive(contract, archives, commits.get(contract, {}))
    with run.guarded("anchors"):
        for where, head in anchors:
            run.check_anchor(where, head)
    if reports is not None:
        with run.guarded("reports"):
            run.check_reports(reports)
    return run.result()


class _Verification:
    """Counts and findings of one verification."""

    def __init__(
        self, journal: Journal, evidence: EvidenceStore, progress: VerifyProgress | None
    ) -> None:
        self._journal = journal
        self._evidence = evidence
        self._progress = progress or (lambda part, count: None)
        self._problems: list[Reason] = []
        self._further = 0
        self._warnings: list[Reason] = []
        self._unchecked: list[Reason] = []
        self._without_key: dict[str, int] = {}
        self._uncommitted: set[str] = set()
        self._rows = self._pieces = self._bytes = self._versions = self._anchors = 0
        self._reports = 0

    def result(self) -> VerifyResult:
        """What was found."""
        keys = [
            Reason.of("unchecked_key", contract=contract, count=count)
            for contract, count in self._without_key.items()
        ]
        return VerifyResult(
            problems=tuple(self._problems),
            further_problems=self._further,
            warnings=tuple(self._warnings),
            unchecked=(*self._unchecked, *keys),
            counts=VerifyCounts(
                ledger_rows=self._rows,
                evidence=self._pieces,
                evidence_bytes=self._bytes,
                versions=self._versions,
                anchors=self._anchors,
                reports=self._reports,
            ),
        )

    @contextmanager
    def guarded(self, what: str) -> Iterator[None]:
        """An error ends this part, not the verification; unchecked stays unchecked."""
        try:
            yield
        except UncheckedError as error:
            self._unchecked.append(Reason.of("unchecked_part", what=what, why=error))
        except WeibaoError as error:
            self._problem("verify_failed", why=error)

    def check_journal(self) -> None:
        """The chains and the tables."""
        with self.guarded("ledger"):
            for reason in self._journal.verify(lambda count: self._progress("ledger", count)):
                if reason.code.startswith("unchecked_"):
                    self._unchecked.append(reason)
                else:
                    self._add(reason)
            self._rows = sum(head.sequence for head in self._journal.heads())
            if not self._rows:  # nothing recorded is never a pass
                self._unchecked.append(Reason.of("unchecked_nothing"))

    def check_evidence(self, contracts: Iterable[str]) -> None:
        """Every recorded piece, and what lies in the stores without a record."""
        seen: set[str] = set()
        with self.guarded("evidence"):
            pieces = self._journal.recorded_pieces()
            for contract, of_contract in groupby(pieces, lambda piece: piece.contract):
                seen.add(contract)
                names = iter(self._evidence.names(contract))
                self._check_contract(contract, of_contract, names)
            for contract in sorted(set(contracts) - seen):
                for name in self._evidence.names(contract):
                    self._unrecorded(contract, name)

    def check_versions(self, texts: Callable[[str], FullTextStore]) -> dict[str, dict[str, Reason]]:
        """Every version's texts; by contract the archive commits that versions name.

        Each commit comes with the problem that its absence would be.
        """
        commits: dict[str, dict[str, Reason]] = {}
        with self.guarded("versions"):
            versions = self._journal.all_versions()
            for contract, of_contract in groupby(versions, lambda version: version.contract):
                named = commits.setdefault(contract, {})
                store = texts(contract)
                for version in of_contract:
                    with self.guarded(f"{version.device} {version.number}"):
                        self._check_texts(store, version)
                    if not version.commit:
                        self._uncommitted.add(contract)
                    elif version.commit not in named:
                        named[version.commit] = _commit_missing(version)
        return commits

    def check_archive(
        self,
        contract: str,
        archives: Callable[[str], ConfigArchive],
        commits: dict[str, Reason],
    ) -> None:
        """The archive itself, the commits that versions name, and the heads it carries."""
        with self.guarded(f"archive {contract}"):
            archive = archives(contract)
            missing = dict(commits)
            found = 0
            for found, (commit, head) in enumerate(archive.anchors(), 1):
                missing.pop(commit, None)
                if commit not in commits:
                    self._unnamed_commit(contract, commit)
                self.check_anchor(f"{contract}@{commit[:12]}", head)
                self._progress("archives", found)
            for reason in missing.values():
                self._add(reason)
            if found or commits:  # an archive without any version yet has nothing to check
                for what in archive.check():
                    self._problem("archive_wrong", contract=contract, what=what)
                for name in archive.edited():
                    self._warn("archive_file_edited", contract=contract, file=name)

    def check_reports(self, reports: Iterable[KeptReport]) -> None:
        """Each report is what the ledger says was issued, and each issued one is there."""
        issued: dict[str, str] = {}
        for row in reversed(self._journal.ledger_of("report.issued", _ALL)):
            said = json.loads(row.payload)
            issued[str(said.get("number", ""))] = str(said.get("sha256", ""))
        for report in reports:
            expected = issued.pop(report.number, None)
            if report.head is not None:
                self.check_anchor(report.where, report.head)
            if expected is None:
                self._warn("report_unrecorded", number=report.number, path=report.where)
            elif report.sha256 != expected:
                self._problem("report_changed", number=report.number, path=report.where)
            else:
                self._reports += 1
        for number in issued:
            self._problem("report_missing", number=number)

    def check_anchor(self, where: str, head: LedgerHead) -> None:
        """A ledger head kept outside of the database stands in the ledger."""
        if head.sequence > 0:
            row = next(self._journal.ledger(head.site, after=head.sequence - 1), None)
            if row is None or (row.sequence, row.hash) != (head.sequence, head.hash):
                self._problem("anchor_wrong", where=where, site=head.site, sequence=head.sequence)
                return
        self._anchors += 1

    def _check_contract(
        self, contract: str, pieces: Iterator[RecordedPiece], names: Iterator[str]
    ) -> None:
        # Records and names both come in ascending order, so that neither is held in memory.
        name = next(names, None)
        for piece, found in self._examined(contract, pieces):
            while name is not None and name < piece.sha256:
                self._unrecorded(contract, name)
                name = next(names, None)
            if name == piece.sha256:
                name = next(names, None)
            self._check_piece(piece, found)
        while name is not None:
            self._unrecorded(contract, name)
            name = next(names, None)

    def _examined(
        self, contract: str, pieces: Iterator[RecordedPiece]
    ) -> Iterator[tuple[RecordedPiece, StoredPiece | WeibaoError]]:
        """What is recorded of each piece and the piece as it is; the store may read ahead."""
        asked: deque[RecordedPiece] = deque()

        def ask() -> Iterator[str]:
            for piece in pieces:
                asked.append(piece)
                yield piece.sha256

        for found in self._evidence.examine_all(contract, ask()):
            yield asked.popleft(), found

    def _check_piece(self, piece: RecordedPiece, found: StoredPiece | WeibaoError) -> None:
        if isinstance(found, WeibaoError):
            self._problem("evidence_unreadable", **self._about(piece), why=found)
            return
        if found.stored_sha256 is None:
            self._problem("evidence_missing", **self._about(piece), path=found.path)
            return
        if piece.stored != (found.stored_sha256, found.stored_sha256):
            self._problem("evidence_changed", **self._about(piece), path=found.path)
        elif found.opens is False:
            self._problem("evidence_does_not_open", **self._about(piece), path=found.path)
        if found.opens is None:
            self._without_key[piece.contract] = self._without_key.get(piece.contract, 0) + 1
        self._pieces += 1
        self._bytes += found.size
        self._progress("evidence", self._pieces)

    def _about(self, piece: RecordedPiece) -> dict[str, object]:
        """Whose piece it is, for people."""
        about: dict[str, object] = {"device": "?", "kind": "?", "sha256": piece.sha256}
        with suppress(WeibaoError):  # what was recorded of it may be nonsense too
            for record in self._journal.evidence(piece.sha256):
                if record.contract == piece.contract:
                    return about | {"device": record.device, "kind": record.kind}
        return about

    def _check_texts(self, store: FullTextStore, version: ConfigVersion) -> None:
        sound = True
        for stored in all_stored(version):
            for code, what in (
                ("text_wrong", store.check(stored)),
                ("second_text_wrong", store.check_second(stored)),
            ):
                if what is not None:
                    sound = False
                    about = {"device": version.device, "number": version.number}
                    about["path"] = stored.path
                    self._problem(code, **about, what=what)
        self._versions += sound
        self._progress("versions", self._versions)

    def _unnamed_commit(self, contract: str, commit: str) -> None:
        about = {"contract": contract, "commit": commit[:12]}
        if contract in self._uncommitted:  # a run that was cut off between the two
            self._warn("archive_commit_unrecorded", **about)
        else:
            self._problem("archive_commit_unrecorded", **about)

    def _unrecorded(self, contract: str, name: str) -> None:
        self._warn("evidence_unrecorded", contract=contract, sha256=name)

    def _warn(self, code: str, **params: object) -> None:
        if len(self._warnings) < _NAMED:
            self._warnings.append(Reason.of(code, **params))

    def _problem(self, code: str, **params: object) -> None:
        self._add(Reason.of(code, **params))

    def _add(self, reason: Reason) -> None:
        if len(self._problems) < _NAMED:
            self._problems.append(reason)
        else:
            self._further += 1


def _commit_missing(version: ConfigVersion) -> Reason:
    return Reason.of(
        "archive_commit_missing",
        contract=version.contract,
        commit=version.commit,
        device=version.device,
        number=version.number,
    )
