"""Host keys: asked for by key exchange alone, kept in OpenSSH's ``known_hosts`` format."""

from __future__ import annotations

import base64
import contextlib
import errno
import hashlib
import hmac
import logging
import socket
import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paramiko
from filelock import FileLock, Timeout

from weibao.adapters import files
from weibao.adapters.network.jump import JumpedSocket, jump_error, jump_options, open_jump
from weibao.adapters.network.trouble import Trouble
from weibao.boundary.host_keys import HostKey, KeptKey
from weibao.domain.inventory import Device
from weibao.errors import FailedError, InputError

__all__ = ["KnownHosts", "SshKeyScanner", "Way", "host_name", "way_of"]

_PREFERENCE = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
    "ssh-rsa",
)
"""Strong first; RSA signs with SHA-2 where the device can."""

_SILENT = "weibao.host_keys.paramiko"
logging.getLogger(_SILENT).addHandler(logging.NullHandler())
logging.getLogger(_SILENT).propagate = False  # a dead device is a result, not a stack trace


@dataclass(frozen=True)
class Way:
    """How a device is reached, where not by plain SSH."""

    telnet: bool = False
    jump: tuple[str, ...] = ()


def way_of(variables: Mapping[str, Any], telnet: bool) -> Way:
    """The way to a host by its variables (``ansible_ssh_common_args`` with a jump host)."""
    arguments = [
        value
        for name in ("ansible_ssh_common_args", "ansible_ssh_extra_args")
        if isinstance(value := variables.get(name), str)
    ]
    try:
        return Way(telnet, jump_options(*arguments))
    except ValueError:
        return Way(telnet)


class SshKeyScanner:
    """Implements ``boundary.HostKeyScanner`` with paramiko's key exchange."""

    def __init__(
        self,
        ways: Mapping[str, Way] | None = None,
        timeout: float = 20.0,
        connect: Callable[[Device], socket.socket] | None = None,
    ) -> None:
        """``ways`` by device name; ``timeout`` in seconds for connecting and for the exchange,
        each; ``connect`` opens the line instead of TCP and jump hosts."""
        self._ways = ways or {}
        self._timeout = timeout
        self._connect = connect or self._open

    def unwanted(self, device: Device) -> str:
        """See the protocol."""
        if self._ways.get(device.name, Way()).telnet:
            return "telnet_no_key"
        return "address_is_template" if "{{" in device.address else ""

    def scan(self, device: Device, prefer: Sequence[str] = ()) -> HostKey:
        """See the protocol."""
        try:
            connection = self._connect(device)
        except Trouble as trouble:
            raise FailedError(trouble.reason.key, **trouble.reason.params) from trouble
        except OSError as error:
            raise self._tcp_error(error, device) from error
        try:
            return self._exchange(connection, prefer)
        except (paramiko.SSHException, OSError, EOFError, ValueError) as error:
            raise self._ssh_error(error, device, connection) from error
        finally:
            with contextlib.suppress(OSError):
                connection.close()

    def _open(self, device: Device) -> socket.socket:
        jump = self._ways.get(device.name, Way()).jump
        if jump:
            return open_jump(jump, device.address, device.port, self._timeout)
        return socket.create_connection((device.address, device.port), self._timeout)

    def _exchange(self, connection: socket.socket, prefer: Sequence[str]) -> HostKey:
        transport = paramiko.Transport(connection)
        try:
            transport.set_log_channel(_SILENT)
            transport.banner_timeout = self._timeout
            transport.handshake_timeout = self._timeout
            options = transport.get_security_options()
            options.key_types = _order(options.key_types, prefer)
            # longer than either of its parts, so that the part says what was missing
            transport.start_client(timeout=2 * self._timeout + 1)
            key = transport.get_remote_server_key()
            return HostKey(key.get_name(), key.get_base64())
        finally:
            transport.close()

    def _tcp_error(self, error: OSError, device: Device) -> FailedError:
        where: dict[str, object] = {"address": device.address, "port": device.port}
        if isinstance(error, socket.gaierror):
            return FailedError("reason.name_unknown", address=device.address)
        if isinstance(error, TimeoutError):
            return FailedError("reason.no_answer", **where, seconds=f"{self._timeout:g}")
        if isinstance(error, ConnectionRefusedError):
            return FailedError("reason.connection_refused", **where)
        if error.errno in {errno.EHOSTUNREACH, errno.ENETUNREACH}:
            return FailedError("reason.no_route", **where)
        detail = error.strerror or str(error)
        return FailedError("reason.connection_failed", **where, detail=detail)

    def _ssh_error(
        self, error: BaseException, device: Device, connection: socket.socket
    ) -> FailedError:
        where: dict[str, object] = {"address": device.address, "port": device.port}
        if isinstance(connection, JumpedSocket):
            said = jump_error(connection, ()) or str(error)
            jump = self._ways.get(device.name, Way()).jump
            return FailedError("reason.jump_failed", jump=jump[-1] if jump else "", detail=said)
        text = " ".join(str(error).split()) or type(error).__name__
        if "banner" in text.lower():
            return FailedError("reason.no_ssh", **where, detail=text)
        if isinstance(error, (EOFError, ConnectionError)):
            return FailedError("reason.dropped_at_login", **where)
        return FailedError("reason.connection_failed", **where, detail=text)


def _order(offered: Iterable[str], prefer: Sequence[str]) -> list[str]:
    """Types that we can ask for: those on record first, then by strength."""
    names = list(offered)
    wanted = [name for key in prefer for name in _signatures(key)]
    return [name for name in dict.fromkeys([*wanted, *_PREFERENCE, *names]) if name in names]


def _signatures(key_type: str) -> tuple[str, ...]:
    if key_type == "ssh-rsa":
        return ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa")
    return (key_type,)


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
