"""Where the package's data lie: in an installed wheel, or in a clone."""

from __future__ import annotations

from pathlib import Path

import weibao

__all__ = ["data_folder"]

_PACKAGE = Path(weibao.__file__).resolve().parent


def data_folder(name: str) -> Path:
    """The folder of packaged data ``name`` (``contracts``, ``runbooks``, ``estate`` …).

    In a wheel everything lies in ``weibao/data``; in a clone what a reader looks for first
    (contracts, runbooks, playbooks) lies at the top.

    Raises:
        FileNotFoundError: the installation is incomplete.
    """
    packaged = _PACKAGE / "data" / name
    clone = _PACKAGE.parents[1]
    candidates = [packaged]
    if (clone / "pyproject.toml").is_file():
        candidates.append(clone / name)
    for folder in candidates:
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"the installation lacks its data: {packaged}")
