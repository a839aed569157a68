"""The key ring: one file a contract, which ``ansible-vault --vault-password-file`` takes too."""

from __future__ import annotations

import secrets
import stat
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from weibao.adapters.files import make_folder, write_once
from weibao.domain.base import Name
from weibao.errors import InputError, RefusedError, UncheckedError

__all__ = ["FileKeyRing"]

_NAME: TypeAdapter[str] = TypeAdapter(Name)
_BYTES = 32


class FileKeyRing:
    """Keys in ``folder`` as ``<contract>.key``, readable by their owner alone (SEC)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, contract: str) -> str:
        """Where the key lies.

        Raises:
            InputError: no contract can have this name.
        """
        return str(self._file(contract))

    def password(self, contract: str) -> bytes:
        """The contract's secret, without the white space around it (as Ansible strips it).

        Raises:
            UncheckedError: the file is missing, empty or cannot be read; names it.
            RefusedError: others than its owner may read it.
        """
        file = self._file(contract)
        try:
            with file.open("rb") as stream:
                mode = stat.S_IMODE(file.stat().st_mode)
                if mode & 0o077:
                    raise RefusedError("keys.too_open", path=file, mode=f"{mode:04o}")
                password = stream.read().strip()
        except FileNotFoundError as error:
            raise UncheckedError("keys.missing", path=file, contract=contract) from error
        except OSError as error:
            raise UncheckedError("keys.unreadable", path=file, why=error.strerror) from error
        if not password:
            raise UncheckedError("keys.empty", path=file, contract=contract)
        return password

    def create(self, contract: str) -> str:
        """Make the key (256 random bits) unless there is one; its path.

        Raises:
            FailedError: it cannot be written.
        """
        file = self._file(contract)
        make_folder(self._folder)
        write_once(file, secrets.token_urlsafe(_BYTES).encode() + b"\n")
        return str(file)

    def _file(self, contract: str) -> Path:
        try:
            return self._folder / f"{_NAME.validate_python(contract)}.key"
        except ValidationError as error:
            raise InputError("keys.bad_name", contract=repr(contract)) from error
