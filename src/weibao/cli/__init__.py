"""The command ``weibao``: parse, call, show, exit code."""

from __future__ import annotations

import gc

__all__ = ["main"]

_OBJECTS = 200_000
"""What loading a command makes, twice over."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the exit code."""
    # Before anything is loaded: classes, functions and later records by the thousand are hardly
    # ever in circles.
    gc.set_threshold(_OBJECTS, 20, 50)
    try:
        from weibao.cli.app import main as run

        return run(arguments)
    finally:
        # The process ends: to look through all that once more took a third of a short command.
        gc.freeze()
