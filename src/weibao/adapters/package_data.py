"""Where the package's data lie: in an installed wheel, or in a clone."""

from __future__ import annotations

from pathlib import Path

import weibao

__all__ = ["data_folder", "estate_templates"]

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


_PLACES = {
    "weibao.yml": "weibao.yml",
    "ansible.cfg": "ansible.cfg",
    "gitignore": ".gitignore",
    "inventory-hosts.yml": "inventory/hosts.yml",
    "contracts-default.yml": "contracts/default.yml",
    "runbooks-README.md": "runbooks/README.md",
}


def estate_templates(language: str) -> dict[str, str]:
    """The files of a new estate by their place in it, commented in ``language``."""
    folder = data_folder("estate") / language
    texts = {place: (folder / name).read_text(encoding="utf-8") for name, place in _PLACES.items()}
    return texts | {"known_hosts": ""}
