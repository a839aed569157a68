"""Packages that the customer supplies as files, with what is known of them (PAT-13).

They stand in the change's variables, which its digest covers: the file that was approved, by
its sha256, is the file that is installed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from weibao.domain.base import Moment, Value

__all__ = ["KINDS", "SCHEME", "SuppliedFile", "VirusCheck", "supplied_in", "supplied_uri"]

SCHEME = "supplied:"
KINDS: Mapping[str, str] = {"apt": "deb", "dnf": "rpm"}
"""By package manager, the kind of file that it installs."""


class VirusCheck(Value):
    """What a scanner said of a file. What was not checked is never clean."""

    state: Literal["clean", "found", "not_checked"] = "not_checked"
    tool: str = ""
    """The scanner with the version of its signatures, as it says itself."""
    said: str = ""
    """What was found, or why nothing can be said."""
    at: Moment | None = None


class SuppliedFile(Value):
    """A package file as it was taken in."""

    file: str
    """The name under which it is kept and laid on hosts."""
    original: str
    """The name that it had."""
    kind: Literal["deb", "rpm"]
    sha256: str
    size: int
    """Bytes."""
    origin: str
    """Where it comes from and who handed it over, in words."""
    earlier: bool = False
    """It is the version of now, for the way back."""
    taken_at: Moment
    taken_by: str
    virus: VirusCheck = VirusCheck()

    @property
    def place(self) -> str:
        """Where it is kept, below the folder of such files."""
        return f"{self.sha256}/{self.file}"


def supplied_uri(file: SuppliedFile) -> str:
    """As a plan names it.

    >>> from datetime import UTC, datetime
    >>> one = SuppliedFile(file="a.deb", original="a.deb", kind="deb", sha256="0f", size=1,
    ...                    origin="USB", taken_at=datetime.now(UTC), taken_by="li")
    >>> supplied_uri(one)
    'supplied:0f/a.deb'
    """
    return SCHEME + file.place


def supplied_in(values: Iterable[Any]) -> tuple[SuppliedFile, ...]:
    """The files among a change's variables."""
    return tuple(
        SuppliedFile.model_validate(one)
        for value in values
        if isinstance(value, list)
        for one in value
    )
