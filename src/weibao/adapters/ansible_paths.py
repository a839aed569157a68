"""From where Ansible takes code beside this program's collection, by the estate's settings."""

from __future__ import annotations

import configparser
import contextlib
import os
import sysconfig
from collections.abc import Iterator
from pathlib import Path

__all__ = ["collection_roots", "configured", "search_paths"]

_DEFAULT_COLLECTIONS = "~/.ansible/collections:/usr/share/ansible/collections"
_SETTINGS = (
    *("roles_path", "library", "module_utils", "doc_fragment_plugins"),
    *(
        f"{kind}_plugins"
        for kind in (
            *("action", "become", "cache", "cliconf", "connection", "filter", "httpapi"),
            *("inventory", "lookup", "netconf", "strategy", "terminal", "test", "vars"),
        )
    ),
)
"""Of ``[defaults]`` in ansible.cfg: folders with roles and plugins."""


def configured(estate: Path, *names: str, default: str = "") -> str:
    """What the estate's ``ansible.cfg`` says under one of ``names`` in ``[defaults]``."""
    config = configparser.ConfigParser(interpolation=None, strict=False)
    with contextlib.suppress(configparser.Error, OSError, UnicodeDecodeError):
        config.read(estate / "ansible.cfg", encoding="utf-8")
    found = (config.get("defaults", name, fallback="") for name in names)
    return next((value for value in found if value), default)


def search_paths(estate: Path) -> list[Path]:
    """Folders outside of the estate from which roles and plugins may come, where they exist.

    Those of ``~/.ansible`` (or ``ANSIBLE_HOME``) and of the system are always looked at.
    """
    home = _home(estate)
    paths = [home / "plugins", home / "roles"]
    paths += [Path("/usr/share/ansible", name) for name in ("plugins", "roles")]
    paths += [Path("/etc/ansible/roles")]
    for name in _SETTINGS:
        paths += _split(estate, configured(estate, name))
    outside = (path for path in paths if path.is_dir() and not path.is_relative_to(estate))
    return sorted(set(outside))


def collection_roots(estate: Path | None) -> Iterator[Path]:
    """Folders that hold ``ansible_collections``, in the order in which they are searched."""
    yield Path(sysconfig.get_path("purelib"))
    given = os.environ.get("ANSIBLE_COLLECTIONS_PATH", "")
    if estate is not None:
        given = given or configured(estate, "collections_path", "collections_paths")
    yield from _split(estate or Path.cwd(), given or _DEFAULT_COLLECTIONS)
    if estate is not None:
        yield estate / "collections"


def _home(estate: Path) -> Path:
    given = os.environ.get("ANSIBLE_HOME") or configured(estate, "home", default="~/.ansible")
    return next(_split(estate, given))


def _split(estate: Path, text: str) -> Iterator[Path]:
    for part in filter(None, text.split(os.pathsep)):
        yield estate / Path(os.path.expandvars(part)).expanduser()
