"""What would be run, as hashes by name (CHG-38); implements ``boundary.DigestSource``."""

from __future__ import annotations

import functools
import hashlib
import hmac
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import weibao
from weibao.adapters.ansible_paths import collection_roots, search_paths
from weibao.boundary.evidence import KeyRing
from weibao.domain.contract import Contract
from weibao.domain.inventory import Device
from weibao.domain.ledger import canonical
from weibao.errors import UncheckedError

__all__ = ["FileDigestSource", "collection_folders", "is_secret"]

_PACKAGE = Path(weibao.__file__).resolve().parent
_COLLECTION = ("playbooks", "roles", "plugins", "meta")
_OVERRIDES = (
    *("roles", "playbooks", "plugins", "library", "module_utils", "collections", "platforms"),
    *("files", "templates", "checks", "tasks", "vars", "group_vars", "host_vars"),
    *(f"{kind}_plugins" for kind in ("action", "become", "cache", "callback", "connection")),
    *(f"{kind}_plugins" for kind in ("filter", "inventory", "lookup", "strategy", "test", "vars")),
)
"""Folders of an estate that can take the place of something of the program's, or that Ansible
reads beside a playbook."""
_OWN = "weibao.core"
_PASSED_OVER = frozenset({"__pycache__", ".git", ".mypy_cache", ".ruff_cache"})
_LIBRARIES = ("ansible-core", "netmiko", "paramiko")
_PLACES = frozenset({"inventory_dir", "inventory_file"})
"""Where a compiled inventory lies says nothing of what it says."""
_SECRET = re.compile(
    r"ansible_.*(pass(word|phrase|wd)?(_|$)|secret|token|private_key|key_file|session_key"
    r"|client_key|pkcs11)",
)
_VAULT = "__ansible_vault"
_KEY = b"weibao digest v1"

Hosts = Callable[[Sequence[str]], Mapping[str, Any]]
"""The compiled document of inventory sources."""
Opened = Callable[[Sequence[str]], Sequence[str | None]]
"""What encrypted values say; None for one that no configured password opens."""


def is_secret(name: str) -> bool:
    """Whether a variable is a secret of the connection, which no digest covers.

    >>> is_secret("ansible_become_pass"), is_secret("ansible_host_key_checking")
    (True, False)
    >>> is_secret("ansible_ssh_private_key_file"), is_secret("snmp_secret")
    (True, False)
    """
    return _SECRET.match(name) is not None


def collection_folders() -> Mapping[str, Path]:
    """The folders of the collection that belongs to this program, by their name in it."""
    installed = _PACKAGE.parent / "ansible_collections" / "weibao" / "core"
    root = installed if installed.is_dir() else _PACKAGE.parents[1]
    return {name: root / name for name in _COLLECTION}


class FileDigestSource:
    """Hashes files, and the variables of hosts under the contract's key."""

    def __init__(
        self,
        estate: Path,
        keys: KeyRing,
        hosts: Hosts,
        *,
        opened: Opened = lambda texts: [None] * len(texts),
        runbooks: Sequence[Path] = (),
    ) -> None:
        """``runbooks`` are the folders with runbooks, the one that wins first."""
        self._estate = estate
        self._keys = keys
        self._hosts = hosts
        self._opened = opened
        self._runbooks = tuple(runbooks)
        self._files: dict[Path, tuple[tuple[int, int, int], str]] = {}

    def program_parts(self) -> Mapping[str, str]:
        """Hashes of program, collection and Ansible, and of what the estate overrides.

        Raises:
            UncheckedError: a file cannot be read.
        """
        parts = {"program/weibao": self._tree(_PACKAGE)}
        for name, folder in collection_folders().items():
            for entry in _entries(folder):
                parts[f"collection/{name}/{entry.name}"] = self._tree(entry)
        for library in _LIBRARIES:
            parts[f"library/{library}"] = _sha256(_version(library).encode())
        for name in ("ansible.cfg", *_OVERRIDES):
            if (entry := self._estate / name).exists():
                parts[f"estate/{name}"] = self._tree(entry)
        # An empty one, which every user's Ansible may make, brings nothing in.
        filled = (path for path in search_paths(self._estate) if any(_walk(path)))
        parts |= {f"ansible{path}": self._tree(path) for path in filled}
        return parts

    def playbook_parts(self, runs: Iterable[str]) -> Mapping[str, str]:
        """Hashes of what a runbook's playbooks are read from, where ``program_parts`` has it not.

        A file in another folder of the estate stands for all of that folder, one of another
        collection for the whole collection.

        Raises:
            UncheckedError: a file cannot be read.
        """
        parts: dict[str, str] = {}
        for run in runs:
            top = Path(run).parts[0] if run.endswith((".yml", ".yaml")) or "/" in run else ""
            if top and top not in _OVERRIDES and (self._estate / top).exists():
                parts[f"estate/{top}"] = self._tree(self._estate / top)
            elif not top and not run.startswith(f"{_OWN}."):
                parts |= self._collection(*run.split(".")[:2])
        return parts

    def _collection(self, namespace: str, name: str = "") -> dict[str, str]:
        places = (root / "ansible_collections" for root in collection_roots(self._estate))
        found = [place / namespace / name for place in places]
        return {f"ansible{folder}": self._tree(folder) for folder in found if folder.is_dir()}

    def runbook_part(self, runbook: str) -> str:
        """Hash of the runbook's file.

        Raises:
            UncheckedError: there is none, or it cannot be read.
        """
        for folder in self._runbooks:
            if (file := folder / f"{runbook}.yml").is_file():
                return self._file(file)
        raise UncheckedError("leave.no_runbook_file", runbook=runbook)

    def host_parts(
        self, contract: Contract, devices: Sequence[Device], sources: Sequence[str]
    ) -> Mapping[str, str]:
        """A keyed hash of every variable of the devices; see ``boundary.DigestSource``.

        ``host/<device>`` covers its groups. A device that the inventory does not have has no
        part at all, and so differs from what was approved.

        Raises:
            UncheckedError: the contract's key is missing.
            InputError: the inventory cannot be read.
        """
        key = hmac.digest(self._keys.password(contract.id), _KEY, "sha256")
        body = self._hosts(sources)["all"]
        names = [device.name for device in devices if device.name in body["hosts"]]
        groups = _groups(body, frozenset(names))
        plain = {
            (name, variable): value
            for name in names
            for variable, value in (body["hosts"][name] or {}).items()
            if variable not in _PLACES and not is_secret(variable)
        }
        opened = self._open(plain.values())
        parts = {f"host/{n}": _keyed(key, n, "", sorted(groups.get(n, ()))) for n in names}
        for (name, variable), value in plain.items():
            part = _keyed(key, name, variable, _plain(value, opened))
            parts[f"host/{name}/{variable}"] = part
        return parts

    def _open(self, values: Any) -> Mapping[str, str | None]:
        texts = sorted({text for value in values for text in _sealed(value)})
        return dict(zip(texts, self._opened(texts), strict=True)) if texts else {}

    def _tree(self, path: Path) -> str:
        """The hash of a file, or of all files below a folder with their places in it."""
        if path.is_file():
            return self._file(path)
        digest = hashlib.sha256()
        for file in _walk(path):
            digest.update(os.fsencode(file.relative_to(path)) + b"\0" + self._file(file).encode())
        return digest.hexdigest()

    def _file(self, path: Path) -> str:
        try:
            known = path.stat()
            stamp = (known.st_mtime_ns, known.st_size, known.st_ino)
            if (found := self._files.get(path)) is None or found[0] != stamp:
                with path.open("rb") as stream:
                    found = stamp, hashlib.file_digest(stream, "sha256").hexdigest()
                self._files[path] = found
        except OSError as error:
            raise UncheckedError("leave.unreadable", file=path, why=error.strerror) from error
        return found[1]


def _entries(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from sorted(e for e in folder.iterdir() if e.name not in _PASSED_OVER)


def _walk(start: Path) -> Iterator[Path]:
    """Files in the order of their names; what a link leads to counts as lying there."""
    for folder, folders, files in os.walk(start, followlinks=True):
        folders[:] = sorted(name for name in folders if name not in _PASSED_OVER)
        for name in sorted(files):
            if not name.endswith(".pyc"):
                yield Path(folder, name)


@functools.cache
def _version(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return ""


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _keyed(key: bytes, device: str, variable: str, value: object) -> str:
    text = canonical([device, variable, value])
    return hmac.new(key, text.encode(), "sha256").hexdigest()


def _groups(body: Mapping[str, Any], wanted: frozenset[str]) -> dict[str, set[str]]:
    """By host, the groups in which it is, those above them too."""
    found: dict[str, set[str]] = {}
    below: dict[str, set[str]] = {}

    def members(name: str, group: Mapping[str, Any]) -> set[str]:
        hosts = below.setdefault(name, set())
        hosts |= wanted.intersection(group.get("hosts") or ())
        for child, inner in (group.get("children") or {}).items():
            hosts |= members(child, inner or {})
        return hosts

    for child, inner in (body.get("children") or {}).items():
        members(child, inner or {})
    for name, hosts in below.items():
        for host in hosts if name != "ungrouped" else ():
            found.setdefault(host, set()).add(name)
    return found


def _sealed(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(text := value.get(_VAULT), str):
            yield text
        else:
            for inner in value.values():
                yield from _sealed(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _sealed(inner)


def _plain(value: Any, opened: Mapping[str, str | None]) -> Any:
    """The value with what is encrypted opened, where it can be."""
    if isinstance(value, dict):
        if isinstance(text := value.get(_VAULT), str):
            known = opened.get(text)
            return {_VAULT: text} if known is None else known
        return {name: _plain(inner, opened) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner, opened) for inner in value]
    return value
