"""Make a new estate: a commented folder that works at once, and its encryption key."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from weibao.boundary.evidence import KeyRing
from weibao.domain.base import Name
from weibao.errors import FailedError, InputError, RefusedError

__all__ = ["NewEstate", "init_estate"]

_NAME: TypeAdapter[str] = TypeAdapter(Name)
_VAULT_FILE = "ansible-vault.password"
_APPENDED = ".gitignore"


@dataclass(frozen=True)
class NewEstate:
    """What was made."""

    folder: Path
    name: str
    key: Path
    """The encryption key of contract ``default``; a copy must be kept elsewhere."""
    vault_password: Path
    """The password that ``ansible-vault`` takes for the inventory's encrypted values."""
    files: tuple[str, ...]
    """Names of the files in the folder."""


def init_estate(
    folder: Path,
    *,
    templates: Mapping[str, str],
    key_ring: Callable[[Path], KeyRing],
    config_home: Path,
    language: str = "zh",
    name: str = "",
    key_folder: Path | None = None,
) -> NewEstate:
    """Write an estate into ``folder``, which is new or empty (hidden files may be there).

    ``templates`` are the files by name, with ``@NAME@``, ``@LANGUAGE@``, ``@KEYS@`` and
    ``@VAULT@`` in them. Keys go to ``key_folder`` (default: a folder of its own under
    ``config_home``/weibao/keys), never into the estate. All or nothing.

    Raises:
        RefusedError: the folder holds something already (named), or the keys would lie in it.
        InputError: the name cannot be a file's name.
        FailedError: it cannot be written; nothing is left behind.
    """
    folder = folder.absolute()
    name = _valid_name(name or folder.name)
    _require_empty(folder)
    keys = _key_folder(folder, name, config_home, key_folder)
    made_keys = not keys.exists()
    new_files: list[Path] = []
    try:
        key, vault, new_files = _make_keys(keys, key_ring)
        places = {"NAME": name, "KEYS": str(keys), "VAULT": str(vault), "LANGUAGE": language}
        texts = {path: _filled(path, text, places) for path, text in templates.items()}
        _write(folder, texts)
    except BaseException as error:
        _forget_keys(keys, new_files, whole=made_keys)
        if isinstance(error, OSError):
            why = error.strerror or str(error)
            raise FailedError("estate.unwritable", file=error.filename, why=why) from error
        raise
    return NewEstate(folder, name, key, vault, tuple(sorted(texts)))


def _valid_name(name: str) -> str:
    try:
        return _NAME.validate_python(name)
    except ValidationError as error:
        raise InputError("estate.name_unusable", name=repr(name)) from error


def _require_empty(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise RefusedError("estate.not_a_folder", folder=folder)
    if not folder.is_dir():
        return
    there = sorted(entry.name for entry in folder.iterdir())
    visible = [entry for entry in there if not entry.startswith(".")]
    if visible:
        more = f" … ({len(visible)})" if len(visible) > 5 else ""
        raise RefusedError("estate.not_empty", folder=folder, found=", ".join(visible[:5]) + more)


def _key_folder(folder: Path, name: str, config_home: Path, chosen: Path | None) -> Path:
    if chosen is None:
        own = name.replace(" ", "-")
        chosen = config_home / "weibao" / "keys" / f"{own}-{secrets.token_hex(4)}"
    keys = chosen.expanduser().absolute()
    if keys.resolve().is_relative_to(folder.resolve()):
        raise RefusedError("estate.keys_inside", folder=keys)
    return keys


def _make_keys(folder: Path, key_ring: Callable[[Path], KeyRing]) -> tuple[Path, Path, list[Path]]:
    before = set(folder.iterdir()) if folder.is_dir() else set()
    key = Path(key_ring(folder).create("default"))
    vault = folder / _VAULT_FILE
    if not vault.exists():
        _write_secret(vault, secrets.token_urlsafe(32))
    return key, vault, [path for path in (key, vault) if path not in before]


def _write_secret(path: Path, secret: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secret + "\n")
        file.flush()
        os.fsync(descriptor)


def _forget_keys(folder: Path, made: list[Path], *, whole: bool) -> None:
    if whole:
        shutil.rmtree(folder, ignore_errors=True)
        return
    for path in made:
        with contextlib.suppress(OSError):
            path.unlink()


def _filled(path: str, text: str, places: Mapping[str, str]) -> str:
    for place, value in places.items():
        quoted = json.dumps(value, ensure_ascii=False) if path.endswith(".yml") else value
        text = text.replace(f"@{place}@", value if place == "LANGUAGE" else quoted)
    return text


def _write(folder: Path, texts: Mapping[str, str]) -> None:
    """Everything into a temporary folder first, then moved to its place."""
    existed = folder.is_dir()
    holder = folder if existed else folder.parent
    holder.mkdir(parents=True, exist_ok=True)
    temporary = holder / f".weibao-init-{secrets.token_hex(4)}"
    try:
        for path, text in texts.items():
            target = temporary / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        if existed:
            _move_into(temporary, folder)
        else:
            temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _move_into(temporary: Path, folder: Path) -> None:
    moved: list[Path] = []
    try:
        for entry in sorted(temporary.iterdir()):
            target = folder / entry.name
            if entry.name == _APPENDED and target.exists():
                continue
            if target.exists():
                raise RefusedError("estate.not_empty", folder=folder, found=entry.name)
            entry.rename(target)
            moved.append(target)
        ours = temporary / _APPENDED
        if ours.exists():  # theirs stays, ours is added
            with (folder / _APPENDED).open("a", encoding="utf-8") as file:
                file.write("\n" + ours.read_text(encoding="utf-8"))
    except BaseException:
        for target in moved:
            if target.is_dir():
                shutil.rmtree(target, ignore_errors=True)
            else:
                target.unlink(missing_ok=True)
        raise
