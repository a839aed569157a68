"""The configuration archive: redacted in git, full text encrypted beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from weibao.domain.reasons import Reason
    from weibao.domain.records import LedgerHead

__all__ = ["ConfigArchive", "FullTextStore", "StoredText"]


class StoredText(NamedTuple):
    """An encrypted file: its path relative to the contract's folder, and its sha256."""

    path: str
    sha256: str


class ConfigArchive(Protocol):
    """One contract's git repository of redacted configurations, one file a device."""

    def commit(
        self,
        texts: Mapping[str, str],
        *,
        run_id: str,
        author: str,
        subject: str,
        change_ref: str,
        ledger: LedgerHead,
        at: str,
    ) -> str:
        """Commit ``texts`` (device → redacted text) at once; the commit's id.

        One commit a run; it says run, change reference and ledger head in trailers, and
        needs no git identity on the machine. Texts equal to what is there make no commit;
        then the id of the last commit is returned (empty where there is none yet).
        ``author`` is ``Name <mail>`` or an actor ``user@host``; ``at`` an ISO time with zone.

        Raises:
            FailedError: the repository cannot be written; nothing is half done.
            IntegrityError: it is damaged; names it and says what to do.
        """
        ...

    def is_empty(self) -> bool:
        """Whether nothing has been committed yet, or there is no repository."""
        ...

    def read(self, device: str, commit: str = "") -> str:
        """The redacted text of ``device`` at ``commit`` (default: newest).

        Raises:
            IntegrityError: it is not there.
        """
        ...

    def diff(self, device: str, old: str, new: str) -> str:
        """Unified difference of the device's redacted text between two commits.

        An empty ``old`` is the time before the first commit, an empty ``new`` the newest.

        Raises:
            IntegrityError: one of the commits is not there.
        """
        ...

    def diffs(self, wanted: Iterable[tuple[str, str, str]]) -> Iterator[tuple[str, str]]:
        """``diff`` of many, each a device with its old and its new commit: device and text.

        The text is empty where one of the commits is not there.
        """
        ...

    def grep(self, pattern: str, *, ignore_case: bool = False) -> Iterator[tuple[str, int, str]]:
        """Device, line number and line for each hit of the regular expression.

        Raises:
            InputError: the pattern is not one.
        """
        ...

    def push(self, remote: str, timeout: float) -> None:
        """Push to ``remote``.

        Raises:
            FailedError: with what git said, scrubbed of credentials.
        """
        ...

    def anchors(self) -> Iterator[tuple[str, LedgerHead]]:
        """Commit and the ledger head that it carries, newest first."""
        ...

    def check(self) -> list[str]:
        """What ``git fsck`` and the refs complain about; empty means sound.

        Each complaint names the repository; one without a commit is not sound, nor one
        with a commit that carries no ledger head.
        """
        ...

    def edited(self) -> list[str]:
        """Files that people see in the archive's folder and that are not what was committed."""
        ...


class FullTextStore(Protocol):
    """One contract's full configuration texts, encrypted so that ansible-vault opens them."""

    def put(self, device: str, number: int, kind: str, data: bytes) -> StoredText:
        """Encrypt and keep, in both places where a second one is set.

        Idempotent for the same device, number and kind with the same bytes.

        Raises:
            FailedError: the first place cannot be written. A second copy that fails is
                reported by ``check``, not raised.
        """
        ...

    def get(self, stored: StoredText) -> bytes:
        """The full text; from the second copy where the first is not as recorded.

        Raises:
            IntegrityError: missing, or not the file that was recorded.
            UncheckedError: the key is missing.
        """
        ...

    def check(self, stored: StoredText) -> Reason | None:
        """None where the first copy is as recorded, else what is wrong; needs no key."""
        ...

    def second_path_of(self, stored: StoredText) -> str:
        """Where the second copy lies; empty where no second place is set."""
        ...

    def check_second(self, stored: StoredText, *, repair: bool = False) -> Reason | None:
        """The same for the second copy (CFG-11).

        ``repair`` copies a missing or different one again from a sound first copy; None
        where it is sound then. None also where no second place is set.
        """
        ...

    def path_of(self, stored: StoredText) -> str:
        """Where the first copy lies, for people and for ``ansible-vault view``."""
        ...
