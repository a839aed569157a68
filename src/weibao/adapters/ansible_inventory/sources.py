"""What an inventory is made of on the disk, and whether it can be cached by its content."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from weibao.errors import InputError

__all__ = ["Digest", "absolute_sources", "digest_of", "static_files"]

_FORMAT = b"weibao.inventory/3"
_PLUGIN = re.compile(rb"""^\s*\{?\s*["']?plugin["']?\s*:""", re.MULTILINE)
_MEANING = (
    "ANSIBLE_HASH_BEHAVIOUR",
    "ANSIBLE_INVENTORY_",
    "ANSIBLE_VARS_",
    "ANSIBLE_PRECEDENCE",
    "ANSIBLE_YAML_FILENAME_EXT",
    "ANSIBLE_TRANSFORM_INVALID_GROUP_CHARS",
    "ANSIBLE_RUN_VARS_PLUGINS",
)
"""Environment variables that change what an inventory means (no secrets among them)."""


class Digest(NamedTuple):
    """What an inventory was made of."""

    sha256: str
    lasting: bool
    """Whether the same files say the same again; False where a program among them decides."""


def absolute_sources(folder: Path, sources: tuple[str, ...]) -> tuple[str, ...]:
    """``sources`` as they are meant from ``folder``; a host list (with a comma) stays.

    Raises:
        InputError: one is missing.
    """
    found = []
    for source in sources:
        if "," in source:
            found.append(source)
            continue
        path = folder / Path(source).expanduser()
        if not path.exists():
            raise InputError("estate.inventory_missing", file=path)
        found.append(str(path))
    return tuple(found)


def static_files(sources: tuple[str, ...], folder: Path | None = None) -> Iterator[Path]:
    """Every file that ``sources`` may draw from, with group_vars and host_vars beside them.

    Those in ``folder``, where Ansible is started, count too.
    """
    starts = [folder / "group_vars", folder / "host_vars"] if folder else []
    for source in sources:
        if "," in source:
            continue
        path = Path(source)
        starts.append(path)
        if not path.is_dir():
            starts += [path.parent / "group_vars", path.parent / "host_vars"]
    seen = set()
    for start in starts:
        for file in _walk(start):
            if file not in seen:
                seen.add(file)
                yield file


def digest_of(
    sources: tuple[str, ...],
    folder: Path,
    config: Path | None,
    env: Mapping[str, str],
    ansible: str,
) -> Digest:
    """sha256 over all files and settings that decide what the inventory says.

    Raises:
        InputError: a file cannot be read.
    """
    digest = hashlib.sha256(_FORMAT)
    _add(digest, ansible.encode())
    for name in sorted(env):
        if name.startswith(_MEANING):
            _add(digest, f"{name}={env[name]}".encode(errors="surrogateescape"))
    for source in sources:
        _add(digest, source.encode(errors="surrogateescape"))
    files = [*([config] if config else []), *static_files(sources, folder)]
    lasting = True
    for file in files:
        try:
            data = file.read_bytes()
            executable = os.access(file, os.X_OK)
        except OSError as error:
            raise InputError("estate.unreadable", file=file, why=error.strerror) from error
        if file != config and _is_dynamic(file, data, executable):
            lasting = False
        _add(digest, os.fsencode(file))
        _add(digest, data)
    return Digest(digest.hexdigest(), lasting)


def _is_dynamic(file: Path, data: bytes, executable: bool) -> bool:
    if executable and data.startswith(b"#!"):
        return True
    inventory = not {"group_vars", "host_vars"} & set(file.parts)
    return inventory and bool(_PLUGIN.search(data))


def _add(digest: hashlib._Hash, data: bytes) -> None:
    digest.update(len(data).to_bytes(8, "big"))
    digest.update(data)


def _walk(start: Path) -> Iterator[Path]:
    if start.is_file():
        yield start
    elif start.is_dir():
        for folder, folders, files in os.walk(start, followlinks=True):
            folders.sort()
            for name in sorted(files):
                path = Path(folder, name)
                if path.is_file():
                    yield path
