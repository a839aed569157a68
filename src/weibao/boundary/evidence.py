"""Evidence: raw bytes named by sha256, written once, encrypted at rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple, Protocol

from weibao.errors import WeibaoError

if TYPE_CHECKING:
    from weibao.domain.collection import BundleHeader, DeviceCollection

__all__ = ["Bundle", "EvidenceStore", "KeyRing", "StoredPiece"]


class StoredPiece(NamedTuple):
    """A stored file as it is now."""

    path: str
    stored_sha256: str | None
    """None where the file is missing."""
    size: int
    """Bytes of the stored file."""
    opens: bool | None
    """Whether it opens to bytes of its name; None where the key or the file is missing."""


class KeyRing(Protocol):
    """The encryption keys, one a contract."""

    def password(self, contract: str) -> bytes:
        """The contract's secret, which is also the password that ``ansible-vault`` takes.

        Raises:
            UncheckedError: the key's file is missing or cannot be read; names the file.
        """
        ...

    def path(self, contract: str) -> str:
        """Where the key lies."""
        ...

    def create(self, contract: str) -> str:
        """Make the key unless there is one; its path."""
        ...


class EvidenceStore(Protocol):
    """The evidence of every contract."""

    def put(self, contract: str, data: bytes) -> tuple[str, str]:
        """Keep ``data``; its sha256 and the sha256 of the stored file. Idempotent."""
        ...

    def adopt(self, contract: str, sha256: str, sealed: Callable[[], bytes]) -> tuple[bytes, str]:
        """Keep a sealed blob of a bundle under its name; its raw bytes and the file's sha256.

        Where the name is known already the earlier file stays, and ``sealed`` is not asked for.

        Raises:
            IntegrityError: the piece does not open to bytes of that name.
        """
        ...

    def get(self, contract: str, sha256: str) -> bytes:
        """The raw bytes.

        Raises:
            IntegrityError: missing, or not what was stored.
            UncheckedError: the key is missing.
        """
        ...

    def stored_sha256(self, contract: str, sha256: str) -> str | None:
        """The sha256 of the stored file as it is now, None where it is missing."""
        ...

    def examine(self, contract: str, sha256: str) -> StoredPiece:
        """The stored file as it is now, hashed and opened, for verification.

        Raises:
            FailedError: it is there and cannot be read.
        """
        ...

    def examine_all(
        self, contract: str, names: Iterable[str]
    ) -> Iterator[StoredPiece | WeibaoError]:
        """``examine`` of each in order; what it would raise comes in the piece's place."""
        ...

    def names(self, contract: str) -> Iterator[str]:
        """The names of all stored pieces in ascending order."""
        ...


class Bundle(Protocol):
    """What a job collected and left in a run's folder."""

    @property
    def begun(self) -> bool:
        """Whether there is a manifest at all."""
        ...

    @property
    def complete(self) -> bool:
        """Whether the manifest was closed by its writer."""
        ...

    def header(self) -> BundleHeader:
        """Who collected it.

        Raises:
            IntegrityError: there is no manifest, or its first line is damaged.
        """
        ...

    def entries(self) -> Iterator[DeviceCollection]:
        """One entry a device; a torn last line of a killed writer is left out."""
        ...

    def discard_blobs(self) -> None:
        """Drop the blobs, which the evidence store holds by now; the manifest stays."""
        ...

    def sealed(self, sha256: str) -> bytes:
        """A blob as it lies in the bundle, encrypted.

        Raises:
            IntegrityError: it is missing.
        """
        ...
