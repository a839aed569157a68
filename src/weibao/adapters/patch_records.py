"""What is kept of a host while it is patched, as sealed files; implements ``PatchRecords``.

``changes/<change>/patch/<device>.before`` is written once. The fingerprints of files in it are
secrets' fingerprints too, so it is encrypted like evidence.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from weibao.adapters.files import make_folder, replace
from weibao.adapters.sealing import open_sealed, seal
from weibao.domain.ledger import canonical
from weibao.domain.patch_health import Before
from weibao.errors import FailedError, IntegrityError

__all__ = ["FilePatchRecords"]

_NAME = 64


class FilePatchRecords:
    """In a folder of the change's own."""

    def __init__(self, folder: Path, password: Callable[[], bytes]) -> None:
        """``password`` is the contract's key."""
        self._folder = folder
        self._password = password

    def before(self, device: str) -> Before | None:
        """See PatchRecords."""
        data = self._read(device, "before")
        try:
            return None if data is None else Before.model_validate_json(data)
        except ValueError as error:
            raise IntegrityError("patch.bad_record", device=device) from error

    def keep_before(self, before: Before) -> None:
        """See PatchRecords."""
        if not self._path(before.device, "before").exists():
            self._write(before.device, "before", before.model_dump_json().encode())

    def progress(self, device: str) -> Mapping[str, Any]:
        """See PatchRecords."""
        data = self._read(device, "progress")
        found = json.loads(data) if data is not None else {}
        return found if isinstance(found, dict) else {}

    def keep_progress(self, device: str, said: Mapping[str, Any]) -> None:
        """See PatchRecords."""
        self._write(device, "progress", canonical(dict(said)).encode())

    def _path(self, device: str, kind: str) -> Path:
        return self._folder / f"{device}.{kind}"

    def _read(self, device: str, kind: str) -> bytes | None:
        path = self._path(device, kind)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise FailedError("files.unreadable", path=path, detail=error.strerror) from error
        name = data[:_NAME].decode("ascii", "replace")
        return open_sealed(self._password(), name, data[_NAME:])

    def _write(self, device: str, kind: str, data: bytes) -> None:
        make_folder(self._folder)
        sha256, sealed = seal(self._password(), data)
        replace(self._path(device, kind), sha256.encode() + sealed)
