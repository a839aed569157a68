"""What is kept of a host while it is being patched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from weibao.domain.patch import PatchStatus
    from weibao.domain.patch_health import Before

__all__ = ["PatchHistory", "PatchRecords"]


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
