"""Where the weibao program lies, for a timer that starts it later."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["find_program"]


def find_program(argv0: str, executable: str) -> tuple[str, ...]:
    """The absolute command of this very program.

    ``argv0`` is ``sys.argv[0]``, ``executable`` is ``sys.executable``. A symbolic link is
    kept as it is, so that an upgrade behind it is followed.
    """
    for candidate in (Path(argv0), Path(executable).parent / "weibao"):
        path = candidate.absolute()
        if path.name.startswith("weibao") and path.is_file() and os.access(path, os.X_OK):
            return (str(path),)
    return (str(Path(executable).absolute()), "-m", "weibao")
