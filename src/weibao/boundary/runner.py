"""Running playbooks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from weibao.domain.collection import DeviceCollection

__all__ = ["PlaybookResult", "PlaybookRunner", "Progress"]

Progress = Callable[[DeviceCollection], None]


@dataclass(frozen=True)
class PlaybookResult:
    """How ansible-playbook ended."""

    return_code: int
    error: str
    """What Ansible said when it could not run; scrubbed; empty where it ran."""
    timed_out: bool = False
    """It was ended at its time limit."""


class PlaybookRunner(Protocol):
    """Runs a playbook of the collection against compiled targets."""

    def run(
        self,
        playbook: str,
        *,
        inventory: str,
        limit: tuple[str, ...],
        variables: Mapping[str, object],
        folder: Path,
        time_limit: float | None = None,
        progress: Progress | None = None,
    ) -> PlaybookResult:
        """Run ``playbook`` (FQCN); no variable here may be a secret.

        ``limit`` are host names (empty: all). ``folder`` is the run's own, new one;
        ``time_limit`` in seconds ends it. ``progress`` is called for each device as the
        bundle in it grows.
        """
        ...
