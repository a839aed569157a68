"""The evidence store: sealed files named by the sha256 of their plain bytes, written once."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from weibao.adapters.files import sha256_file, write_once
from weibao.adapters.sealing import open_sealed, seal
from weibao.boundary.evidence import KeyRing, StoredPiece
from weibao.errors import FailedError, IntegrityError, RefusedError, UncheckedError

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
        file = self._file(contract, sha256)
        sealed = _read(file)
        if sealed is None:
            return StoredPiece(path=str(file), stored_sha256=None, size=0, opens=None)
        try:
            open_sealed(self._keys.password(contract), sha256, sealed)
            opens: bool | None = True
        except IntegrityError:
            opens = False
        except (UncheckedError, RefusedError):  # no key, or one that must not be used
            opens = None
        return StoredPiece(str(file), hashlib.sha256(sealed).hexdigest(), len(sealed), opens)

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


def _read(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(file, error) from error


def _unreadable(file: Path, error: OSError) -> FailedError:
    return FailedError("evidence.unreadable", path=file, why=error.strerror)
