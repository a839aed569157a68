"""The high-water mark: the chain's last known head, kept outside of the database.

It is kept twice: beside the database, and as a *witness* where somebody who can write the
database cannot (beside the keys), so that setting both the database and the first mark back
to an earlier state still shows.

A mark behind the database is normal (a crash between the commit and the mark). A mark that
is not found in the database means that the end was cut off or the chain was recomputed;
then the mark stays as it is, so that later rows cannot cover it up.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from weibao.adapters.files import failed, make_folder, replace
from weibao.domain.ledger import canonical
from weibao.domain.records import LedgerHead
from weibao.errors import FailedError, IntegrityError

__all__ = ["HighWaterMark"]


class HighWaterMark:
    """One site's mark in a file of its own."""

    def __init__(self, path: Path, site: str) -> None:
        self._path = path
        self._site = site

    @property
    def path(self) -> Path:
        """Where it lies."""
        return self._path

    def read(self) -> LedgerHead | None:
        """The mark; None where there is no file.

        Raises:
            IntegrityError: it is damaged, or another site's.
            FailedError: it cannot be read.
        """
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise FailedError("journal.mark_unreadable", path=self._path, why=error.strerror) from (
                error
            )
        try:
            head = LedgerHead.model_validate_json(data)
        except ValidationError as error:
            raise IntegrityError("journal.mark_damaged", path=self._path) from error
        if head.site != self._site:
            raise IntegrityError("journal.mark_damaged", path=self._path)
        return head

    def advance(self, head: LedgerHead) -> None:
        """Set the mark to ``head`` unless it is there or further already.

        Raises:
            FailedError: it cannot be written.
        """
        make_folder(self._path.parent)
        with self._locked():
            current = self.read()
            if current is None or current.sequence < head.sequence:
                replace(self._path, canonical(head.model_dump(mode="json")).encode() + b"\n")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = self._path.with_name(self._path.name + ".lock")
        try:
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise failed(lock, error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)
