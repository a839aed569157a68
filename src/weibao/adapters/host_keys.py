"""Host keys, asked for by key exchange alone."""

from __future__ import annotations

import contextlib
import errno
import logging
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence

import paramiko

from weibao.adapters.network.jump import JumpedSocket, jump_error, open_jump
from weibao.adapters.network.trouble import Trouble
from weibao.adapters.ways import Way
from weibao.boundary.host_keys import HostKey
from weibao.domain.inventory import Device
from weibao.errors import FailedError

__all__ = ["SshKeyScanner"]

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
