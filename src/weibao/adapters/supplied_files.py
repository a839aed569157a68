"""Package files from the customer, kept by their sha256; implements ``SuppliedFiles``."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Literal

from weibao.adapters.files import write_once
from weibao.boundary.patch import TakenFile
from weibao.errors import InputError

__all__ = ["FolderSuppliedFiles"]

_STARTS: dict[bytes, Literal["deb", "rpm"]] = {
    b"!<arch>\ndebian-binary": "deb",
    b"\xed\xab\xee\xdb": "rpm",
}
_STRANGE = re.compile(r"[^A-Za-z0-9._+~-]+")


class FolderSuppliedFiles:
    """In a folder of the estate's state; what is there stays for the way back."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def take(self, path: Path) -> TakenFile:
        """See SuppliedFiles."""
        try:
            data = path.read_bytes()
        except OSError as error:
            raise InputError("change.file", file=path, why=error.strerror) from error
        kind = next((kind for start, kind in _STARTS.items() if data.startswith(start)), None)
        if kind is None:
            raise InputError("patch.no_package", file=path)
        sha256 = hashlib.sha256(data).hexdigest()
        name = _STRANGE.sub("_", path.name).lstrip(".-")[-150:].removesuffix(f".{kind}")
        file = f"{name or 'package'}.{kind}"
        kept = self._folder / sha256 / file
        write_once(kept, data)
        return TakenFile(kept, path.name, kind, sha256, len(data))
