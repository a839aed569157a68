"""Full texts in two places (CFG-10, CFG-11)."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from weibao.adapters.full_text_store import FileFullTextStore
from weibao.boundary import FullTextStore, StoredText
from weibao.domain.reasons import Reason
from weibao.errors import FailedError, InputError, IntegrityError
from weibao.i18n import translate

from .helping import OneKey
from .test_vault_file import ansible_vault

GBK = "sysname 核心\r\n".encode("gbk")


@pytest.fixture
def first(tmp_path: Path) -> Path:
    return tmp_path / "state" / "default"


@pytest.fixture
def second(tmp_path: Path) -> Path:
    place = tmp_path / "nas"
    place.mkdir()
    return place


@pytest.fixture
def store(first: Path, second: Path, keys: OneKey) -> FileFullTextStore:
    return FileFullTextStore(first, keys, "default", second)


def said(reason: Reason | None) -> str:
    """Its words, checked in both languages."""
    assert reason is not None
    zh, en = (translate(reason.key, language, **reason.params) for language in ("zh", "en"))
    assert "{" not in zh + en
    assert reason.key not in zh + en
    return en


def files(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_it_is_a_full_text_store(store: FileFullTextStore) -> None:
    offered: FullTextStore = store
    assert offered is store


def test_what_was_put_is_got(store: FileFullTextStore, first: Path, second: Path) -> None:
    stored = store.put("sw1", 1, "running", GBK)
    assert stored.path == "full/sw1/00001.running.vault"
    assert store.get(stored) == GBK
    assert stored.sha256 == hashlib.sha256((first / stored.path).read_bytes()).hexdigest()
    assert (second / "default" / stored.path).read_bytes() == (first / stored.path).read_bytes()
    assert store.check(stored) is None
    assert store.check_second(stored) is None
    for path in (first / stored.path, second / "default" / stored.path):
        assert path.stat().st_mode & 0o777 == 0o600
        assert b"sysname" not in path.read_bytes()


def test_the_file_is_found_and_opened_by_hand(store: FileFullTextStore, keys: OneKey) -> None:
    stored = store.put("核心 1", 3, "running", b"sysname x\n")
    path = store.path_of(stored)
    assert ansible_vault("view", "--vault-password-file", str(keys.file), path) == b"sysname x\n"
    assert store.second_path_of(stored).endswith("nas/default/full/核心 1/00003.running.vault")
    assert path.startswith(store.describe()[0])


def test_the_same_again_writes_nothing(store: FileFullTextStore, first: Path, second: Path) -> None:
    stored = store.put("sw1", 1, "running", GBK)
    before = {p: p.stat().st_mtime_ns for p in (*first.rglob("*"), *second.rglob("*"))}
    assert store.put("sw1", 1, "running", GBK) == stored
    assert before == {p: p.stat().st_mtime_ns for p in (*first.rglob("*"), *second.rglob("*"))}


def test_what_a_crashed_run_left_is_moved_aside(
    store: FileFullTextStore, first: Path, second: Path
) -> None:
    for text in (b"one\n", b"two\n", b"three\n"):
        stored = store.put("sw1", 1, "running", text)
        assert store.get(stored) == text
        assert store.check_second(stored) is None
    expected = [f"full/sw1/00001.running.vault{end}" for end in ("", ".orphan-1", ".orphan-2")]
    assert files(first) == expected
    assert files(second / "default") == expected


@pytest.mark.parametrize(
    "device", ["-r", ".hidden", "a b", "q\"'", "核心", "長" * 100, "x" * 255, "t\tab"]
)
def test_odd_names(store: FileFullTextStore, device: str) -> None:
    stored = store.put(device, 1, "startup", b"text")
    assert store.get(stored) == b"text"
    assert store.check_second(stored) is None


def test_long_names_do_not_meet(store: FileFullTextStore) -> None:
    one, two = (store.put("x" * 250 + end, 1, "running", b"text") for end in "ab")
    assert one.path != two.path


@pytest.mark.parametrize("device", ["", ".", "..", "a/b", "../../etc", "a\0b"])
def test_names_that_lead_elsewhere_are_refused(store: FileFullTextStore, device: str) -> None:
    with pytest.raises(InputError):
        store.put(device, 1, "running", b"text")


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "full/../../x", ""])
def test_recorded_paths_that_lead_elsewhere_are_refused(
    store: FileFullTextStore, path: str
) -> None:
    with pytest.raises(IntegrityError):
        store.get(StoredText(path, "0" * 64))


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(data)


def test_a_flipped_byte_is_named(first: Path, keys: OneKey) -> None:
    store = FileFullTextStore(first, keys, "default", None)
    stored = store.put("sw1", 1, "running", GBK)
    assert store.check_second(stored) is None
    flip(first / stored.path)
    assert str(first / stored.path) in said(store.check(stored))
    with pytest.raises(IntegrityError) as caught:
        store.get(stored)
    assert caught.value.key == "full_text.differs"
    (first / stored.path).unlink()
    assert "missing" in said(store.check(stored))
    with pytest.raises(IntegrityError) as caught:
        store.get(stored)
    assert caught.value.key == "full_text.missing"


@pytest.mark.parametrize("spoil", [flip, Path.unlink])
def test_the_second_copy_serves_a_restore(
    store: FileFullTextStore, first: Path, spoil: object
) -> None:
    stored = store.put("sw1", 1, "running", GBK)
    spoil(first / stored.path)  # type: ignore[operator]
    assert store.get(stored) == GBK
    assert store.check(stored) is not None
    assert store.check_second(stored) is None


@pytest.mark.parametrize("spoil", [flip, Path.unlink])
def test_the_second_copy_is_repaired_only_when_asked(
    store: FileFullTextStore, second: Path, spoil: object
) -> None:
    stored = store.put("sw1", 1, "running", GBK)
    copy = second / "default" / stored.path
    spoil(copy)  # type: ignore[operator]
    assert str(copy) in said(store.check_second(stored))
    assert store.check_second(stored) is not None
    assert store.check_second(stored, repair=True) is None
    assert store.check_second(stored) is None


def test_a_bad_first_copy_is_never_spread(
    store: FileFullTextStore, first: Path, second: Path
) -> None:
    stored = store.put("sw1", 1, "running", GBK)
    flip(first / stored.path)
    (second / "default" / stored.path).unlink()
    assert "either" in said(store.check_second(stored, repair=True))
    assert files(second) == []


def test_a_second_place_that_is_not_there(first: Path, keys: OneKey, tmp_path: Path) -> None:
    place = tmp_path / "mnt" / "nas"
    store = FileFullTextStore(first, keys, "default", place)
    stored = store.put("sw1", 1, "running", GBK)
    assert store.get(stored) == GBK
    assert store.check(stored) is None
    assert str(place) in said(store.check_second(stored))
    assert str(place) in said(store.check_second(stored, repair=True))
    assert not place.parent.exists()
    place.mkdir(parents=True)
    assert store.put("sw1", 1, "running", GBK) == stored  # the copy is made up for
    assert store.check_second(stored) is None


def test_a_second_place_that_cannot_be_written(store: FileFullTextStore, second: Path) -> None:
    (second / "default").write_text("a file in the way")
    stored = store.put("sw1", 1, "running", GBK)
    assert store.get(stored) == GBK
    said(store.check_second(stored))
    assert "cannot be written" in said(store.check_second(stored, repair=True))


def test_a_full_second_place(first: Path, keys: OneKey, small_disk: Path) -> None:
    store = FileFullTextStore(first, keys, "default", small_disk)
    big = store.put("sw1", 1, "running", b"x" * 200_000)
    assert store.get(big) == b"x" * 200_000
    assert "No space left" in said(store.check_second(big, repair=True))
    assert files(small_disk) == []
    small = store.put("sw2", 1, "running", b"x")
    assert store.check_second(small) is None


def test_a_full_first_place(keys: OneKey, small_disk: Path, second: Path) -> None:
    store = FileFullTextStore(small_disk / "default", keys, "default", second)
    with pytest.raises(FailedError) as caught:
        store.put("sw1", 1, "running", b"x" * 200_000)
    assert caught.value.key == "files.full"
    assert files(small_disk) == files(second) == []


def test_a_replaced_key_is_said(store: FileFullTextStore, keys: OneKey) -> None:
    stored = store.put("sw1", 1, "running", GBK)
    keys.file.write_bytes(b"another key")
    assert store.check(stored) is None
    with pytest.raises(IntegrityError) as caught:
        store.get(stored)
    assert caught.value.key == "full_text.does_not_open"
    assert str(keys.file) in caught.value.say("zh")


def test_contracts_share_a_second_place_without_meeting(
    tmp_path: Path, second: Path, keys: OneKey
) -> None:
    for contract in ("alpha", "beta"):
        store = FileFullTextStore(tmp_path / contract, keys, contract, second)
        stored = store.put("sw1", 1, "running", contract.encode())
        assert store.get(stored) == contract.encode()
    assert files(second) == [f"{c}/full/sw1/00001.running.vault" for c in ("alpha", "beta")]
