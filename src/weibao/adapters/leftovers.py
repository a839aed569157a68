"""What a killed process left: temporary files, plain texts on their way, environments.

Nothing here belongs to a living process: the caller has got the lock whose last holder died,
and temporary files are locked by who writes them.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterable
from pathlib import Path

from weibao.adapters.files import sweep
from weibao.adapters.playbook_runner import sweep_private

__all__ = ["clear_leftovers", "clear_steps"]


def clear_leftovers(state: Path, others: Iterable[Path] = ()) -> None:
    """Remove it below ``state``, and temporary files below ``others``; never fails."""
    for run in (state / "runs").glob("*"):
        shutil.rmtree(run / "redacted", ignore_errors=True)
        sweep_private(run)
    _sweep((state, *others))


def clear_steps(state: Path, change: str, others: Iterable[Path] = ()) -> None:
    """The same of one change's steps only, beside which a run may be going on; never fails."""
    for step in (state / "changes" / change).glob("*"):
        sweep_private(step)
    _sweep((state, *others))


def _sweep(folders: Iterable[Path]) -> None:
    for folder in folders:
        with contextlib.suppress(OSError):  # a network file system that went away
            sweep(folder)
