"""Evidence: sealed under its name, kept once, opened only as what it was (SEC)."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weibao.adapters.evidence_store import FileEvidenceStore
from weibao.adapters.files import sha256_file
from weibao.adapters.keys import FileKeyRing
from weibao.adapters.sealing import open_sealed, seal
from weibao.boundary.evidence import EvidenceStore, KeyRing
from weibao.errors import InputError, IntegrityError, RefusedError, UncheckedError

PASSWORD = b"x" * 43
TEXT = "#\nsysname 核心-1\n password cipher CANARY\n".encode("gb18030")


@pytest.fixture
def keys(tmp_path: Path) -> FileKeyRing:
    ring = FileKeyRing(tmp_path / "keys")
    ring.create("default")
    return ring


@pytest.fixture
def store(tmp_path: Path, keys: FileKeyRing) -> FileEvidenceStore:
    return FileEvidenceStore(lambda contract: tmp_path / "contracts" / contract, keys)


def stored_file(tmp_path: Path, sha256: str) -> Path:
    return tmp_path / "contracts" / "default" / "evidence" / sha256[:2] / sha256


# sealing


@given(st.binary(max_size=2000))
def test_a_seal_opens_to_the_same_bytes(data: bytes) -> None:
    sha256, sealed = seal(PASSWORD, data)
    assert open_sealed(PASSWORD, sha256, sealed) == data


def test_the_format_stays() -> None:
    """The layout written down independently: HMAC by hand for HKDF, then AES-GCM."""
    import hashlib
    import hmac

    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    extracted = hmac.digest(bytes(32), PASSWORD, "sha256")
    key = hmac.digest(extracted, b"weibao evidence v1\x01", "sha256")
    name, nonce = hashlib.sha256(b"abc").hexdigest(), bytes(range(12))
    sealed = b"WBE1" + nonce + AESGCM(key).encrypt(nonce, b"abc", name.encode())
    assert open_sealed(PASSWORD, name, sealed) == b"abc"


def test_two_seals_differ_and_show_nothing() -> None:
    (name, one), (_, two) = seal(PASSWORD, TEXT), seal(PASSWORD, TEXT)
    assert one != two
    assert b"CANARY" not in one
    assert len(one) == 4 + 12 + len(TEXT) + 16
    assert name == seal(b"other", TEXT)[0]


@pytest.mark.parametrize("place", [0, 4, 20, -1])
def test_a_flipped_byte_does_not_open(place: int) -> None:
    name, sealed = seal(PASSWORD, TEXT)
    flipped = bytearray(sealed)
    flipped[place] ^= 1
    with pytest.raises(IntegrityError):
        open_sealed(PASSWORD, name, bytes(flipped))


@pytest.mark.parametrize("length", [0, 3, 4, 10, 16, 31])
def test_a_cut_off_blob_does_not_open(length: int) -> None:
    name, sealed = seal(PASSWORD, TEXT)
    with pytest.raises(IntegrityError):
        open_sealed(PASSWORD, name, sealed[:length])


def test_it_opens_under_its_own_name_and_key_only() -> None:
    name, sealed = seal(PASSWORD, TEXT)
    with pytest.raises(IntegrityError):
        open_sealed(PASSWORD, "0" * 64, sealed)
    with pytest.raises(IntegrityError):
        open_sealed(b"y" * 43, name, sealed)


def test_collecting_processes_load_little_with_it() -> None:
    code = (
        "import sys, weibao.adapters.sealing\n"
        "print([m for m in ('sqlalchemy', 'pydantic', 'alembic') if m in sys.modules])"
    )
    command = [sys.executable, "-c", code]
    environment = {"PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert done.stdout == "[]\n"


# keys


def test_a_key_is_made_once_for_its_owner_alone(tmp_path: Path, keys: FileKeyRing) -> None:
    ring: KeyRing = keys
    path = Path(ring.path("default"))
    first = ring.password("default")
    assert len(first) >= 43
    assert path.read_bytes() == first + b"\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert ring.create("default") == str(path)
    assert ring.password("default") == first
    ring.create("二号合同")
    assert ring.password("二号合同") != first


def test_a_key_that_others_can_read_is_refused(keys: FileKeyRing) -> None:
    path = Path(keys.path("default"))
    path.chmod(0o640)
    with pytest.raises(RefusedError, match="chmod 600"):
        keys.password("default")


def test_a_missing_or_empty_key_is_unchecked(keys: FileKeyRing) -> None:
    with pytest.raises(UncheckedError) as caught:
        keys.password("other")
    assert keys.path("other") in str(caught.value)
    Path(keys.path("default")).write_text(" \n")
    with pytest.raises(UncheckedError):
        keys.password("default")


@pytest.mark.parametrize("name", ["", "..", "a/b", "a\0b", "a\nb"])
def test_a_name_that_leaves_the_folder_is_refused(keys: FileKeyRing, name: str) -> None:
    with pytest.raises(InputError):
        keys.create(name)


# store


def test_evidence_is_kept_once_and_read_back(tmp_path: Path, store: FileEvidenceStore) -> None:
    kept: EvidenceStore = store
    name, stored = kept.put("default", TEXT)
    assert kept.put("default", TEXT) == (name, stored)
    assert kept.get("default", name) == TEXT
    file = stored_file(tmp_path, name)
    assert stored == kept.stored_sha256("default", name) == sha256_file(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert b"CANARY" not in file.read_bytes()
    assert list(kept.names("default")) == [name]
    assert list(kept.names("other")) == []


def test_a_blob_of_a_bundle_is_adopted_once(
    tmp_path: Path, store: FileEvidenceStore, keys: FileKeyRing
) -> None:
    name, sealed = seal(keys.password("default"), TEXT)
    first = store.adopt("default", name, lambda: sealed)
    assert first == (TEXT, hashlib.sha256(sealed).hexdigest())
    assert stored_file(tmp_path, name).read_bytes() == sealed

    def not_asked_for() -> bytes:
        raise AssertionError

    assert store.adopt("default", name, not_asked_for) == first


def test_a_blob_that_lies_is_not_adopted(tmp_path: Path, store: FileEvidenceStore) -> None:
    for name, sealed in (seal(b"another key", TEXT), ("0" * 64, b"WBE1"), ("../../x", b"")):
        with pytest.raises(IntegrityError):
            store.adopt("default", name, lambda blob=sealed: blob)
    assert not (tmp_path / "contracts").exists()


def test_changed_and_missing_evidence_is_said(tmp_path: Path, store: FileEvidenceStore) -> None:
    name, stored = store.put("default", TEXT)
    file = stored_file(tmp_path, name)
    data = bytearray(file.read_bytes())
    data[30] ^= 1
    file.write_bytes(data)
    with pytest.raises(IntegrityError):
        store.get("default", name)
    assert store.stored_sha256("default", name) != stored
    assert store.examine("default", name).opens is False
    file.unlink()
    with pytest.raises(IntegrityError, match="missing"):
        store.get("default", name)
    assert store.stored_sha256("default", name) is None
    assert store.examine("default", name).stored_sha256 is None


def test_without_the_key_only_the_file_can_be_checked(
    store: FileEvidenceStore, keys: FileKeyRing
) -> None:
    name, stored = store.put("default", TEXT)
    Path(keys.path("default")).unlink()
    with pytest.raises(UncheckedError):
        store.get("default", name)
    found = store.examine("default", name)
    assert (found.opens, found.stored_sha256) == (None, stored)
