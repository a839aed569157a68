"""What is kept of a host while it is being patched, and of what is installed on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from weibao.domain.patch import PatchStatus
    from weibao.domain.patch_health import Before
    from weibao.domain.supplied import VirusCheck

__all__ = ["PatchHistory", "PatchRecords", "SuppliedFiles", "TakenFile", "VirusScanner"]


class TakenFile(NamedTuple):
    """A package file that was taken in."""

    path: Path
    """Where it is kept; its last two parts are its sha256 and its name."""
    original: str
    kind: Literal["deb", "rpm"]
    sha256: str
    size: int


class SuppliedFiles(Protocol):
    """Where package files from the customer are kept (PAT-13)."""

    def take(self, path: Path) -> TakenFile:
        """Keep a copy; the same bytes once.

        Raises:
            InputError: it cannot be read, or is no package.
            FailedError: it cannot be kept.
        """
        ...


class VirusScanner(Protocol):
    """Looks at files for what is known to be harmful (PAT-13)."""

    def check(self, file: Path) -> VirusCheck:
        """Clean, found, or not checked and why."""
        ...


class PatchRecords(Protocol):
    """By change and host; it outlives a killed process and holds for the way back."""

    def before(self, device: str) -> Before | None:
        """What was kept before the host was touched.

        Raises:
            IntegrityError: it is not what was written.
        """
        ...

    def keep_before(self, before: Before) -> None:
        """Keep it; what is there already stays.

        Raises:
            FailedError: it cannot be written.
        """
        ...

    def progress(self, device: str) -> Mapping[str, Any]:
        """What earlier steps left for later ones; empty at first."""
        ...

    def keep_progress(self, device: str, said: Mapping[str, Any]) -> None:
        """Keep it.

        Raises:
            FailedError: it cannot be written.
        """
        ...


class PatchHistory(Protocol):
    """The patch states of hosts over time, in the journal (PAT-09)."""

    def record_patch_states(self, states: Sequence[PatchStatus], actor: str) -> None:
        """Record them; again changes nothing.

        Raises:
            IntegrityError: it contradicts what is recorded.
        """
        ...

    def patch_states(self, device: str, contract: str = "", limit: int = 50) -> list[PatchStatus]:
        """A host's states, newest first."""
        ...

    def latest_patch_states(self, contract: str = "") -> list[PatchStatus]:
        """Every host's newest state."""
        ...
