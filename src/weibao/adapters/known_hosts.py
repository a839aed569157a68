"""Known host keys in OpenSSH's ``known_hosts`` format.

Processes that collect import this module, so it imports little.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from filelock import FileLock, Timeout

from weibao.adapters import files
from weibao.boundary.host_keys import HostKey, KeptKey
from weibao.errors import FailedError, InputError

__all__ = ["KnownHosts", "host_name"]


def host_name(address: str, port: int) -> str:
    """How ``known_hosts`` names an address: the port only where it is not 22."""
    return address if port == 22 else f"[{address}]:{port}"


class KnownHosts:
    """Implements ``boundary.HostKeyStore`` on one ``known_hosts`` file.

    Lines that are not ours (comments, markers, devices long gone) stay as they are.
    """

    def __init__(self, path: Path, lock_timeout: float = 30.0) -> None:
        self._path = path
        self._lock = FileLock(path.with_name(f".{path.name}.lock"), timeout=lock_timeout)
        self._loading = threading.Lock()
        self._known: _Index | None = None

    def known(self, address: str, port: int) -> Collection[HostKey]:
        """See the protocol."""
        with self._loading:
            if self._known is None:
                self._known = _Index(self._read())
            return self._known.keys(host_name(address, port))

    def save(self, keys: Sequence[KeptKey]) -> None:
        """See the protocol."""
        try:
            with self._lock:
                lines = self._read()
                files.replace(self._path, _merged(lines, keys), 0o644)
        except Timeout as error:
            raise FailedError("estate.known_hosts_locked", file=self._path) from error
        except OSError as error:
            why = error.strerror or str(error)
            raise FailedError("estate.unwritable", file=self._path, why=why) from error
        with self._loading:
            self._known = None

    def _read(self) -> list[str]:
        try:
            return self._path.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as error:
            raise InputError("estate.unreadable", file=self._path, why=error) from error


def _merged(lines: list[str], keys: Sequence[KeptKey]) -> bytes:
    replaced = {host_name(k.address, k.port) for k in keys if k.replace}
    kept = [line for line in lines if not _is_of(line, replaced)] if replaced else list(lines)
    index = _Index(kept)
    for one in keys:
        name = host_name(one.address, one.port)
        if all(known.type != one.key.type for known in index.keys(name)):
            line = f"{name} {one.key.type} {one.key.base64}"
            kept.append(line)
            index.add(line)
    return "".join(f"{line}\n" for line in kept).encode()


def _is_of(line: str, names: set[str]) -> bool:
    parts = line.split()
    if len(parts) < 3 or parts[0].startswith(("#", "@")):
        return False
    return any(_matches(pattern, name) for pattern in parts[0].split(",") for name in names)


def _matches(pattern: str, name: str) -> bool:
    if not pattern.startswith("|1|"):
        return pattern == name
    try:
        _, _, salt, digest = pattern.split("|")
        made = hmac.new(base64.b64decode(salt), name.encode(), hashlib.sha1).digest()
        return hmac.compare_digest(made, base64.b64decode(digest))
    except ValueError:
        return False


class _Index:
    """Keys by name; hashed names are tried one by one."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._plain: dict[str, list[HostKey]] = defaultdict(list)
        self._hashed: list[tuple[str, HostKey]] = []
        for line in lines:
            self.add(line)

    def add(self, line: str) -> None:
        parts = line.split()
        if len(parts) < 3 or parts[0].startswith(("#", "@")):
            return
        key = HostKey(parts[1], parts[2])
        for pattern in parts[0].split(","):
            if pattern.startswith("|1|"):
                self._hashed.append((pattern, key))
            else:
                self._plain[pattern].append(key)

    def keys(self, name: str) -> list[HostKey]:
        hashed = [key for pattern, key in self._hashed if _matches(pattern, name)]
        return [*self._plain.get(name, ()), *hashed]
