"""Running playbooks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from weibao.domain.collection import DeviceCollection

__all__ = ["HostResult", "PlaybookResult", "PlaybookRunner", "Progress"]

Progress = Callable[["DeviceCollection"], None]


@dataclass(frozen=True)
class HostResult:
    """What a playbook did to one host.

    A task that serves many hosts at once (``BYPASS_HOST_LOOP``) tells it by the key
    ``devices`` of its result: by host, ``status`` (``ok``, ``failed``, ``unreachable``,
    ``unknown``), ``changed``, ``reason``, ``difference``, ``evidence`` and ``plan``.
    """

    status: str
    """``ok``, ``failed``, ``unreachable``, or ``unknown`` where a device's state is not known."""
    changed: bool = False
    reason: str = ""
    """Why, scrubbed; empty where it is ok."""
    difference: str = ""
    """What was or would be changed, redacted."""
    evidence: tuple[str, ...] = ()
    plan: Mapping[str, Any] = field(default_factory=dict)
    """What a dry run found to be done, exactly, where the task says it."""


@dataclass(frozen=True)
class PlaybookResult:
    """How ansible-playbook ended."""

    return_code: int
    error: str
    """What Ansible said when it could not run; scrubbed; empty where it ran."""
    timed_out: bool = False
    """It was ended at its time limit."""
    hosts: Mapping[str, HostResult] = field(default_factory=dict)
    """The hosts that were reached or tried."""


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
        check: bool = False,
    ) -> PlaybookResult:
        """Run ``playbook`` (FQCN); no variable here may be a secret.

        ``limit`` are host names (empty: all). ``folder`` is the run's own, new one;
        ``time_limit`` in seconds ends it. ``progress`` is called for each device as the
        bundle in it grows. ``check`` is Ansible's check mode.
        """
        ...

    def ahead(self, folder: Path, *, reading: bool = False) -> None:
        """Load, beside what goes on, what a ``run`` to come needs; ``folder`` takes what it
        writes until then. What is loaded is ended by ``let_go``. ``reading``: it is a job that
        asks for no leave.
        """
        ...

    def let_go(self) -> None:
        """End what was loaded and not used."""
        ...
