"""The evidence store: sealed files named by the sha256 of their plain bytes, written once."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from weibao.adapters.files import sha256_file, write_once
from weibao.adapters.sealing import open_sealed, seal
from weibao.boundary.evidence import KeyRing, StoredPiece
from weibao.errors import FailedError, IntegrityError, RefusedError, UncheckedError, WeibaoError

__all__ = ["FileEvidenceStore", "evidence_folder", "is_kept"]

_SHA256 = re.compile(r"[0-9a-f]{64}")


def evidence_folder(contract_folder: Path) -> Path:
    """Where a contract's evidence lies."""
    return contract_folder / "evidence"


def is_kept(folder: Path, sha256: str) -> bool:
    """Whether the evidence folder holds a piece of that name, sound or not."""
    return (folder / sha256[:2] / sha256).exists()


class FileEvidenceStore:
    """Files ``<contract's folder>/evidence/<aa>/<sha256>`` (architecture: evidence)."""

    def __init__(self, folder_of: Callable[[str], Path], keys: KeyRing) -> None:
        self._folder_of = folder_of
        self._keys = keys

    def put(self, contract: str, data: bytes) -> tuple[str, str]:
        """Keep ``data``; its sha256 and the sha256 of the stored file. Idempotent.

        Raises:
            UncheckedError: the key is missing.
            FailedError: it cannot be written.
        """
        sha256, sealed = seal(self._keys.password(contract), data)
        return sha256, self._keep(contract, sha256, sealed)

    def adopt(self, contract: str, sha256: str, sealed: Callable[[], bytes]) -> tuple[bytes, str]:
        """Keep an already sealed blob under its name; its raw bytes and the stored file's sha256.

        An earlier file of that name stays, and then ``sealed`` is not asked for. It is opened
        in any case: a disk may lie.

        Raises:
            IntegrityError: the piece does not open to bytes of that name.
            UncheckedError: the key is missing.
        """
        file = self._file(contract, sha256)
        kept = _read(file)
        if kept is None:
            fresh = sealed()
            data = open_sealed(self._keys.password(contract), sha256, fresh)
            if write_once(file, fresh):
                return data, hashlib.sha256(fresh).hexdigest()
            kept = file.read_bytes()
        data = open_sealed(self._keys.password(contract), sha256, kept)
        return data, hashlib.sha256(kept).hexdigest()

    def get(self, contract: str, sha256: str) -> bytes:
        """The raw bytes.

        Raises:
            IntegrityError: missing, or not what was stored.
            UncheckedError: the key is missing.
        """
        file = self._file(contract, sha256)
        sealed = _read(file)
        if sealed is None:
            raise IntegrityError("evidence.missing", sha256=sha256, path=file)
        return open_sealed(self._keys.password(contract), sha256, sealed)

    def stored_sha256(self, contract: str, sha256: str) -> str | None:
        """The sha256 of the stored file as it is now, None where it is missing."""
        try:
            return sha256_file(self._file(contract, sha256))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unreadable(self._file(contract, sha256), error) from error

    def examine(self, contract: str, sha256: str) -> StoredPiece:
        """The stored file as it is now, read once, hashed and opened where the key is there."""
        file = str(self._file(contract, sha256))
        return _examined(file, sha256, self._password(contract))

    def examine_all(
        self, contract: str, names: Iterable[str]
    ) -> Iterator[StoredPiece | WeibaoError]:
        """``examine`` of each in order; what it would raise comes in the piece's place."""
        folder = str(evidence_folder(self._folder_of(contract)))
        password = self._password(contract)
        for sha256 in names:
            try:
                if not _SHA256.fullmatch(sha256):
                    raise IntegrityError("evidence.bad_name", sha256=sha256)
                yield _examined(f"{folder}/{sha256[:2]}/{sha256}", sha256, password)
            except WeibaoError as error:
                yield error

    def _password(self, contract: str) -> bytes | None:
        """The key; None where there is none, or one that must not be used."""
        try:
            return self._keys.password(contract)
        except (UncheckedError, RefusedError):
            return None

    def names(self, contract: str) -> Iterator[str]:
        """The names of all stored pieces in ascending order."""
        folder = evidence_folder(self._folder_of(contract))
        if not folder.is_dir():
            return
        for part in sorted(entry for entry in folder.iterdir() if entry.is_dir()):
            yield from sorted(f.name for f in part.iterdir() if _SHA256.fullmatch(f.name))

    def _keep(self, contract: str, sha256: str, sealed: bytes) -> str:
        file = self._file(contract, sha256)
        if write_once(file, sealed):
            return hashlib.sha256(sealed).hexdigest()
        return sha256_file(file)

    def _file(self, contract: str, sha256: str) -> Path:
        if not _SHA256.fullmatch(sha256):
            raise IntegrityError("evidence.bad_name", sha256=sha256)
        return evidence_folder(self._folder_of(contract)) / sha256[:2] / sha256


def _examined(file: str, sha256: str, password: bytes | None) -> StoredPiece:
    sealed = _read(file)
    if sealed is None:
        return StoredPiece(path=file, stored_sha256=None, size=0, opens=None)
    opens: bool | None = None
    if password is not None:
        try:
            open_sealed(password, sha256, sealed)
            opens = True
        except IntegrityError:
            opens = False
    return StoredPiece(file, hashlib.sha256(sealed).hexdigest(), len(sealed), opens)


def _read(file: Path | str) -> bytes | None:
    try:
        with open(file, "rb", buffering=0) as stream:  # noqa: PTH123 a path as text, for speed
            return stream.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(file, error) from error


def _unreadable(file: Path | str, error: OSError) -> FailedError:
    return FailedError("evidence.unreadable", path=file, why=error.strerror)
