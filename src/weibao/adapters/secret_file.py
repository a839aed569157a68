"""Reading a secret that lies in a file of its own."""

from __future__ import annotations

import stat
from pathlib import Path

from weibao.errors import InputError

__all__ = ["read_secret"]

_MOST = 65536


def read_secret(path: Path) -> str:
    """The file's text without the line end.

    Raises:
        InputError: it is missing, cannot be read, is empty or has several lines, or others
            may read it; names the file, never what is in it.
    """
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(path.stat().st_mode)
            data = file.read(_MOST)
    except OSError as error:
        raise InputError("notify.file_unreadable", file=path, why=error.strerror) from error
    if mode & 0o077:
        raise InputError("notify.file_open", file=path, mode=f"{mode:04o}")
    try:
        text = data.decode("utf-8").strip()
    except UnicodeDecodeError:
        text = ""
    if not text or any(char in text for char in "\r\n\0"):
        raise InputError("notify.file_content", file=path)
    return text
