"""Full configuration texts, encrypted so that ``ansible-vault`` opens them, in two places.

A file is ``full/<device>/<number>.<kind>.vault`` under the contract's folder, and under
``<second>/<contract>`` again, the same bytes (CFG-10, CFG-11). Files are written once. The
second place must exist already: where it is a mount that is not there, nothing is written
to the empty mount point's parent, and ``check_second`` says so.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from weibao.adapters.files import failed, sha256_file, sync_folder, write_once
from weibao.adapters.vault_file import VaultFileError, decrypt, encrypt
from weibao.boundary.archive import StoredText
from weibao.boundary.evidence import KeyRing
from weibao.domain.reasons import Reason
from weibao.errors import FailedError, InputError, IntegrityError

__all__ = ["FileFullTextStore"]

_KIND = re.compile(r"[A-Za-z0-9_-]+")
_LONGEST = 200  # bytes of a folder's name; the rest of 255 is for the hash


class FileFullTextStore:
    """One contract's store; implements ``boundary.FullTextStore``."""

    def __init__(self, folder: Path, keys: KeyRing, contract: str, second: Path | None) -> None:
        """``folder`` is the contract's own; ``second`` is shared by all contracts."""
        self._folder = folder
        self._keys = keys
        self._contract = contract
        self._second = second

    def put(self, device: str, number: int, kind: str, data: bytes) -> StoredText:
        """Encrypt and keep in both places; see ``FullTextStore.put``.

        A file of that name with other bytes can only be left from a run that crashed before
        its journal knew of it; it is moved aside as ``….orphan-<n>``.
        """
        path = f"full/{_folder_name(device)}/{number:05d}.{_plain(kind)}.vault"
        first = self._folder / path
        sealed = self._same(first, data)
        if sealed is None:
            sealed = encrypt(data, self._keys.password(self._contract))
            _move_aside(first)
            write_once(first, sealed)
        stored = StoredText(path, hashlib.sha256(sealed).hexdigest())
        self.check_second(stored, repair=True)
        return stored

    def get(self, stored: StoredText) -> bytes:
        """The full text, from whichever copy is as recorded; see ``FullTextStore.get``."""
        password = self._keys.password(self._contract)
        file = self._sound(stored)
        try:
            return decrypt(file, password)
        except VaultFileError as error:
            raise IntegrityError(
                "full_text.does_not_open",
                path=self.path_of(stored),
                contract=self._contract,
                key=self._keys.path(self._contract),
                why=error,
            ) from error

    def check(self, stored: StoredText) -> Reason | None:
        """None where the first copy is as recorded, else what is wrong."""
        return _compare(self._first_path(stored), stored.sha256, "full_text")

    def check_second(self, stored: StoredText, *, repair: bool = False) -> Reason | None:
        """None where the second copy is as recorded or none is wanted, else what is wrong.

        ``repair`` copies a missing or different one again from a sound first copy; a
        different file is kept aside as ``….orphan-<n>``.
        """
        path = self._second_path(stored)
        if self._second is None or path is None:
            return None
        if not _is_there(self._second):
            return Reason.of("second_copy_unavailable", place=self._second, path=stored.path)
        trouble = _compare(path, stored.sha256, "second_copy")
        return self._copy(stored, path) if trouble is not None and repair else trouble

    def path_of(self, stored: StoredText) -> str:
        """Where the first copy lies."""
        return str(self._first_path(stored))

    def second_path_of(self, stored: StoredText) -> str:
        """Where the second copy lies; empty where no second place is set."""
        return str(self._second_path(stored) or "")

    def describe(self) -> tuple[str, str]:
        """The folders of the first and the second place (empty: none)."""
        second = "" if self._second is None else str(self._second / self._contract / "full")
        return str(self._folder / "full"), second

    def _same(self, path: Path, data: bytes) -> bytes | None:
        """The file at ``path`` where it holds ``data`` under the present key."""
        try:
            sealed = path.read_bytes()
        except OSError:
            return None
        try:
            same = decrypt(sealed, self._keys.password(self._contract)) == data
        except VaultFileError:
            return None
        return sealed if same else None

    def _sound(self, stored: StoredText) -> bytes:
        first = self._first_path(stored)
        trouble: tuple[str, dict[str, object]] = ("full_text.missing", {})
        for path in filter(None, (first, self._second_path(stored))):
            try:
                file = path.read_bytes()
            except FileNotFoundError:
                continue
            except OSError as error:
                if path == first:
                    trouble = ("full_text.unreadable", {"why": error.strerror})
                continue
            if hashlib.sha256(file).hexdigest() == stored.sha256:
                return file
            if path == first:
                trouble = ("full_text.differs", {})
        raise IntegrityError(trouble[0], path=first, **trouble[1])

    def _copy(self, stored: StoredText, path: Path) -> Reason | None:
        try:
            file = self._first_path(stored).read_bytes()
        except OSError:
            file = b""
        if hashlib.sha256(file).hexdigest() != stored.sha256:
            return Reason.of("second_copy_no_source", path=path)
        try:
            _move_aside(path)
            write_once(path, file)
        except FailedError as error:
            why = error.params.get("why", error)
            return Reason.of("second_copy_unwritable", path=path, why=why)
        except OSError as error:  # a network file system that went away
            return Reason.of("second_copy_unwritable", path=path, why=error.strerror or error)
        return _compare(path, stored.sha256, "second_copy")

    def _first_path(self, stored: StoredText) -> Path:
        return _inside(self._folder, stored.path)

    def _second_path(self, stored: StoredText) -> Path | None:
        if self._second is None:
            return None
        return _inside(self._second / self._contract, stored.path)


def _inside(folder: Path, path: str) -> Path:
    relative = Path(path)
    if not path or relative.is_absolute() or ".." in relative.parts:
        raise IntegrityError("full_text.path", path=path)
    return folder / relative


def _is_there(folder: Path) -> bool:
    try:
        return folder.is_dir()
    except OSError:
        return False


def _compare(path: Path, sha256: str, subject: str) -> Reason | None:
    try:
        found = sha256_file(path)
    except FileNotFoundError:
        return Reason.of(f"{subject}_missing", path=path)
    except OSError as error:
        return Reason.of(f"{subject}_unreadable", path=path, why=error.strerror or error)
    return None if found == sha256 else Reason.of(f"{subject}_differs", path=path)


def _move_aside(path: Path) -> None:
    """Give a file in the way another name.

    Raises:
        FailedError: the folder cannot be written.
    """
    try:
        if not os.path.lexists(path):
            return
        number = 1
        while os.path.lexists(aside := path.with_name(f"{path.name}.orphan-{number}")):
            number += 1
        path.rename(aside)
        sync_folder(path.parent)
    except OSError as error:
        raise failed(path, error) from error


def _folder_name(device: str) -> str:
    """A folder's name for a device: its own where a file system takes it, else cut, with a hash.

    Raises:
        InputError: it could leave the folder.
    """
    if device in {"", ".", ".."} or any(c in device for c in "/\0\n\r"):
        raise InputError("archive.device_name", device=repr(device))
    name = device.encode("utf-8", "backslashreplace")
    if len(name) <= _LONGEST and name.decode() == device:
        return device
    short = name[:_LONGEST].decode("utf-8", "ignore")
    return f"{short}~{hashlib.sha256(name).hexdigest()[:16]}"


def _plain(kind: str) -> str:
    if not _KIND.fullmatch(kind):
        raise InputError("archive.device_name", device=repr(kind))
    return kind
