"""``weibao verify``: what does not fit is named, and what was not checked never passes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from records_made import ACTOR, START, piece, run, sha, target, version
from ticking import TickingClock

from weibao.adapters.evidence_store import FileEvidenceStore
from weibao.adapters.journal import SqlJournal
from weibao.adapters.keys import FileKeyRing
from weibao.boundary.archive import StoredText
from weibao.boundary.journal import OutcomeBatch
from weibao.domain.records import EvidenceRecord, LedgerHead
from weibao.errors import FailedError
from weibao.i18n import messages
from weibao.services.verify import KeptReport, VerifyResult, verify


class FakeTexts:
    """Full texts of which some are wrong, in the first or in the second place."""

    def __init__(self) -> None:
        self.wrong: set[str] = set()
        self.second_wrong: set[str] = set()

    def check(self, stored: StoredText) -> str | None:
        return "missing" if stored.path in self.wrong else None

    def check_second(self, stored: StoredText, *, repair: bool = False) -> str | None:
        return "differs" if stored.path in self.second_wrong else None


class FakeArchive:
    """An archive that carries ledger heads."""

    def __init__(self) -> None:
        self.heads: list[tuple[str, LedgerHead]] = []
        self.complaints: list[str] = []
        self.gone = False

    def anchors(self) -> Iterator[tuple[str, LedgerHead]]:
        if self.gone:
            raise FailedError("files.other", path="archive", why="gone")
        return iter(self.heads)

    def check(self) -> list[str]:
        return self.complaints

    def edited(self) -> list[str]:
        return []


class Estate:
    """Two devices of one contract: recorded, kept, archived, and committed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mark = folder / "mark"
        self.journal = SqlJournal(
            f"sqlite:///{folder / 'j.db'}", site="main", clock=TickingClock(), mark=self.mark
        )
        self.keys = FileKeyRing(folder / "keys")
        self.keys.create("default")
        self.store = FileEvidenceStore(lambda contract: folder / contract, self.keys)
        self.texts, self.archive = FakeTexts(), FakeArchive()
        self.pieces: list[EvidenceRecord] = []
        self.journal.open_run(run())
        for device in ("sw1", "sw2"):
            name, stored = self.store.put("default", device.encode())
            self.pieces.append(piece(device, sha256=name, stored_sha256=stored))
            batch = OutcomeBatch((target(device),), (version(device),), evidence=(self.pieces[-1],))
            self.journal.record("r1", batch, ACTOR)
        self.archive.heads = [("c" * 40, self.journal.head())]
        keys = [("default", device, 1) for device in ("sw1", "sw2")]
        self.journal.set_commit(keys, "c" * 40, START, ACTOR)

    def file(self, number: int) -> Path:
        name = self.pieces[number].sha256
        return self.folder / "default" / "evidence" / name[:2] / name

    def verify(self, **more: object) -> VerifyResult:
        result = verify(
            self.journal,
            self.store,
            lambda contract: self.archive if contract == "default" else FakeArchive(),  # type: ignore[arg-type,return-value]
            lambda contract: self.texts,  # type: ignore[arg-type,return-value]
            **more,  # type: ignore[arg-type]
        )
        for reason in (*result.problems, *result.warnings, *result.unchecked):
            for words in messages()[reason.key].values():
                assert words.format(**reason.params)
        return result


@pytest.fixture
def estate(tmp_path: Path) -> Iterator[Estate]:
    made = Estate(tmp_path)
    yield made
    made.journal.close()


def codes(result: VerifyResult) -> list[str]:
    return [reason.code for reason in result.problems]


def test_all_is_well_and_counted(estate: Estate) -> None:
    heard: list[tuple[str, int]] = []
    result = estate.verify(
        contracts=["default", "empty"],
        anchors=[("report 1", estate.journal.head())],
        progress=lambda part, count: heard.append((part, count)),
    )
    assert result.passed
    assert result.warnings == ()
    counts = result.counts
    assert (counts.ledger_rows, counts.evidence, counts.versions, counts.anchors) == (9, 2, 2, 2)
    assert counts.evidence_bytes == sum(estate.file(n).stat().st_size for n in range(2))
    assert ("evidence", 2) in heard


def test_a_flipped_byte_in_evidence_is_named(estate: Estate) -> None:
    data = bytearray(estate.file(1).read_bytes())
    data[-1] ^= 1
    estate.file(1).write_bytes(data)
    result = estate.verify()
    (found,) = result.problems
    assert found.code == "evidence_changed"
    assert found.params["device"] == "sw2"
    assert found.params["kind"] == "running"
    assert found.params["path"] == str(estate.file(1))
    assert not result.passed


def test_missing_evidence_does_not_count_as_checked(estate: Estate) -> None:
    estate.file(0).unlink()
    result = estate.verify()
    assert codes(result) == ["evidence_missing"]
    assert result.counts.evidence == 1


def test_evidence_under_another_key_does_not_open(estate: Estate) -> None:
    Path(estate.keys.path("default")).write_text("another key, made by somebody else\n")
    assert codes(estate.verify()) == ["evidence_does_not_open"] * 2


def test_without_the_key_it_is_unchecked_and_no_pass(estate: Estate) -> None:
    Path(estate.keys.path("default")).unlink()
    result = estate.verify()
    assert codes(result) == []
    (unchecked,) = result.unchecked
    assert (unchecked.code, unchecked.params["count"]) == ("unchecked_key", "2")
    assert not result.passed
    estate.file(0).write_bytes(b"x")
    assert codes(estate.verify()) == ["evidence_changed"]  # the hash still tells


def test_evidence_without_a_record_is_a_warning(estate: Estate) -> None:
    for data in (b"left by a crash", b"and another", b"3"):
        estate.store.put("default", data)
    estate.keys.create("other")
    estate.store.put("other", b"of a contract without records")
    result = estate.verify(contracts=["other"])
    assert result.passed
    assert [r.params["contract"] for r in result.warnings] == ["default"] * 3 + ["other"]
    assert hashlib.sha256(b"3").hexdigest() in {r.params["sha256"] for r in result.warnings}


def test_wrong_texts_are_named_in_both_places(estate: Estate) -> None:
    estate.texts.wrong = {version("sw1").full_path}
    estate.texts.second_wrong = {version("sw2").full_path}
    result = estate.verify()
    assert codes(result) == ["text_wrong", "second_text_wrong"]
    assert [r.params["device"] for r in result.problems] == ["sw1", "sw2"]
    assert result.counts.versions == 0


def test_the_archives_own_complaints_and_a_lost_archive(estate: Estate) -> None:
    estate.archive.complaints = ["missing blob 1234"]
    (found,) = estate.verify().problems
    assert (found.code, found.params["what"]) == ("archive_wrong", "missing blob 1234")
    estate.archive.gone = True
    assert codes(estate.verify()) == ["verify_failed"]


def test_a_commit_that_the_archive_lost(estate: Estate) -> None:
    estate.archive.heads = []
    assert codes(estate.verify()) == ["archive_commit_missing"]


@pytest.mark.parametrize("sequence", [3, 99])
def test_a_head_that_the_ledger_does_not_have(estate: Estate, sequence: int) -> None:
    """Recomputing everything, the mark too, shows at the heads kept elsewhere."""
    wrong = LedgerHead(site="main", sequence=sequence, hash=sha("another history"))
    estate.archive.heads = [("c" * 40, wrong)]
    result = estate.verify(anchors=[("report 7", wrong)])
    assert codes(result) == ["anchor_wrong", "anchor_wrong"]
    assert result.problems[1].params["where"] == "report 7"
    assert result.counts.anchors == 0


def test_a_lost_mark_is_unchecked(estate: Estate) -> None:
    estate.mark.unlink()
    result = estate.verify()
    assert codes(result) == []
    assert [reason.code for reason in result.unchecked] == ["unchecked_ledger_end"]


def test_a_row_made_nonsense_ends_its_part_alone(estate: Estate) -> None:
    with estate.journal._database.write("main") as connection:
        connection.exec_driver_sql("UPDATE config_versions SET sha256 = 'x' WHERE device = 'sw1'")
    estate.file(0).unlink()
    found = codes(estate.verify())
    assert found == ["row_edited", "evidence_missing", "verify_failed"]


def test_a_commit_that_no_version_names(estate: Estate) -> None:
    """Somebody committed into the archive, with a trailer copied from an earlier commit."""
    estate.archive.heads.append(("d" * 40, estate.journal.head()))
    assert codes(estate.verify()) == ["archive_commit_unrecorded"]


def test_a_commit_of_a_run_that_was_cut_off_is_no_failure(estate: Estate) -> None:
    batch = OutcomeBatch(versions=(version("sw1", number=2),))
    estate.journal.record("r1", batch, ACTOR)
    estate.archive.heads.append(("d" * 40, estate.journal.head()))
    result = estate.verify()
    assert result.passed
    assert [r.code for r in result.warnings] == ["archive_commit_unrecorded"]


def issue(estate: Estate, number: str, data: bytes) -> KeptReport:
    said = f'{{"number":"{number}","sha256":"{hashlib.sha256(data).hexdigest()}"}}'
    head = estate.journal.head()
    estate.journal.append(START, ACTOR, "report.issued", f"report/{number}", said)
    return KeptReport(number, f"{number}.json", hashlib.sha256(data).hexdigest(), head)


def test_reports_are_as_they_were_issued(estate: Estate) -> None:
    one = issue(estate, "BK-1", b"first")
    again = issue(estate, "BK-1", b"first, made again")
    two = issue(estate, "BK-2", b"second")
    assert estate.verify(reports=[again, two]).counts.reports == 2
    assert codes(estate.verify(reports=[one, two])) == ["report_changed"]
    assert codes(estate.verify(reports=[again])) == ["report_missing"]
    unreadable = two._replace(sha256="", head=None)
    assert codes(estate.verify(reports=[again, unreadable])) == ["report_changed"]
    stray = two._replace(number="BK-3")
    result = estate.verify(reports=[again, two, stray])
    assert result.passed
    assert [r.code for r in result.warnings] == ["report_unrecorded"]
    unknown = again._replace(head=LedgerHead(site="main", sequence=3, hash=sha("other")))
    assert codes(estate.verify(reports=[unknown, two])) == ["anchor_wrong"]


def test_nothing_recorded_is_no_pass(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'empty.db'}"
    with SqlJournal(url, site="main", clock=TickingClock(), mark=tmp_path / "m") as journal:
        store = FileEvidenceStore(lambda contract: tmp_path / contract, FileKeyRing(tmp_path / "k"))
        result = verify(
            journal,
            store,
            lambda contract: FakeArchive(),  # type: ignore[arg-type,return-value]
            lambda contract: FakeTexts(),  # type: ignore[arg-type,return-value]
        )
    assert not result.passed
    assert [r.code for r in result.unchecked] == ["unchecked_nothing"]
