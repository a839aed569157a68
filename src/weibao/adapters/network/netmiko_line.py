"""An SSH line opened with netmiko (paramiko), saying exactly why it did not open."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Collection
from pathlib import Path
from typing import Any

import paramiko
from netmiko.base_connection import BaseConnection, log
from netmiko.exceptions import NetmikoAuthenticationException, NetmikoTimeoutException
from paramiko.hostkeys import HostKeyEntry
from paramiko.ssh_exception import (
    AuthenticationException,
    BadAuthenticationType,
    BadHostKeyException,
    ChannelException,
    IncompatiblePeer,
    PasswordRequiredException,
    SSHException,
)

from weibao.adapters.known_hosts import host_name
from weibao.adapters.network import algorithms
from weibao.adapters.network.busy import BUSY
from weibao.adapters.network.job import Endpoint, Limits
from weibao.adapters.network.jump import JumpedSocket, jump_error
from weibao.adapters.network.tcp import open_socket, tcp_trouble
from weibao.adapters.network.trouble import Trouble
from weibao.adapters.network.wire import CHUNK
from weibao.adapters.scrub import scrub
from weibao.boundary.host_keys import HostKey

__all__ = ["open_netmiko"]


class _Once(paramiko.Transport):
    """Gives a password once, whichever way the device asks for it.

    paramiko's own answers keyboard-interactive again and again, and gives up where a
    device lets everybody in and asks on its terminal.
    """

    def auth_password(
        self,
        username: str,
        password: str,
        event: threading.Event | None = None,
        fallback: bool = True,
    ) -> list[str]:
        """See paramiko."""
        try:
            return super().auth_password(username, password, event, fallback=False)
        except BadAuthenticationType as error:
            if not fallback:
                raise
            if "keyboard-interactive" in error.allowed_types:
                return self._interactive(username, password, error)
            return self.auth_none(username)

    def _parse_kex_init(self, message: paramiko.Message) -> None:
        super()._parse_kex_init(message)  # type: ignore[misc]  # not in its stubs
        # paramiko forgets it once the keys are exchanged.
        self.agreed_kex = str(getattr(self.kex_engine, "name", ""))

    def _interactive(
        self, username: str, password: str, refused: BadAuthenticationType
    ) -> list[str]:
        given = False

        def answer(_title: str, _words: str, fields: list[tuple[str, bool]]) -> list[str]:
            nonlocal given
            if not fields:
                return []
            if given or len(fields) > 1:
                raise AuthenticationException("asked again")
            given = True
            return [password]

        try:
            return self.auth_interactive(username, answer)
        except SSHException as error:
            raise refused from error


class _Transport(BaseConnection):  # type: ignore[misc]  # netmiko ships no types
    """netmiko as transport alone: what is sent after login is the platform file's affair."""

    known: Collection[HostKey] = ()
    """Keys on record for this device; paramiko would read the whole file for each."""

    def _build_ssh_client(self) -> paramiko.SSHClient:
        client: paramiko.SSHClient = super()._build_ssh_client()
        name = host_name(self.host, self.port)
        for key in self.known:
            entry = HostKeyEntry.from_line(f"{name} {key.type} {key.base64}")
            if entry is not None and entry.key is not None:
                client.get_host_keys().add(name, key.type, entry.key)
        return client

    def _connect_params_dict(self) -> dict[str, Any]:
        parameters: dict[str, Any] = super()._connect_params_dict()
        # netmiko looks for a user's own keys only together with a named one.
        own = {"look_for_keys": True} if self.allow_agent else {}
        return {**parameters, **own, "transport_factory": _Once}

    def session_preparation(self) -> None:
        """Nothing: see ``session.Session``."""


class NetmikoWire:
    """An SSH shell channel, as netmiko opened it."""

    enter = b"\n"

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._channel: paramiko.Channel = connection.remote_conn
        self.old_algorithms = algorithms.in_use(connection.remote_conn_pre.get_transport())

    def read(self, timeout: float) -> bytes:
        """See Wire."""
        self._channel.settimeout(max(timeout, 0.001))
        try:
            data = self._channel.recv(CHUNK)
        except TimeoutError:
            return b""
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise Trouble("dropped") from error
        if not data:
            raise Trouble("dropped")
        return data

    def write(self, data: bytes) -> None:
        """See Wire."""
        try:
            self._channel.settimeout(30)
            self._channel.sendall(data)
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise Trouble("dropped") from error

    def close(self) -> None:
        """See Wire."""
        with contextlib.suppress(Exception):
            self._connection.paramiko_cleanup()


def open_netmiko(
    endpoint: Endpoint, limits: Limits, known: Collection[HostKey], *, check: bool
) -> NetmikoWire:
    """Connect and authenticate. ``known`` are the host keys on record for the device.

    Raises:
        Trouble: with the reason.
    """
    sock = open_socket(endpoint, limits)
    connection: _Transport | None = None
    try:
        connection = _Transport(**_parameters(endpoint, limits, check), sock=sock)
        connection.known = known if check else ()
        connection.establish_connection()
        return NetmikoWire(connection)
    except (SSHException, OSError, EOFError, ValueError) as error:
        if connection is not None and _no_shell(connection, error):
            trouble = Trouble("shell_refused", detail=scrub(str(_root(error)), endpoint.secrets()))
        else:
            trouble = _explain(error, endpoint, limits, sock)
        if connection is not None:
            with contextlib.suppress(Exception):
                connection.paramiko_cleanup()
        with contextlib.suppress(OSError):
            sock.close()
        raise trouble from error
    finally:
        if connection is not None:
            # netmiko adds a filter for each connection to one logger and never takes it away
            log.removeFilter(connection._secrets_filter)


def _no_shell(connection: _Transport, error: BaseException) -> bool:
    """Whether the device let us in and then gave no terminal."""
    client = getattr(connection, "remote_conn_pre", None)
    transport = client.get_transport() if client is not None else None
    handler = getattr(transport, "auth_handler", None)
    closed = isinstance(_root(error), ChannelException) or "channel closed" in str(error).lower()
    return closed and handler is not None and handler.is_authenticated()


def _parameters(endpoint: Endpoint, limits: Limits, check: bool) -> dict[str, Any]:
    own_key = bool(endpoint.key_file)
    no_credentials = not own_key and not endpoint.password
    return {
        "device_type": "weibao",
        "host": endpoint.address,
        "port": endpoint.port,
        "username": endpoint.username,
        "password": endpoint.password or None,
        "use_keys": own_key,
        "key_file": str(_key_file(endpoint)) if own_key else None,
        "passphrase": endpoint.key_passphrase or None,
        "allow_agent": no_credentials,
        "ssh_strict": check,
        "disabled_algorithms": algorithms.disabled(endpoint.legacy),
        "conn_timeout": limits.connect,
        "auth_timeout": limits.connect,
        "banner_timeout": limits.connect,
        "encoding": "latin-1",
        "auto_connect": False,
    }


def _key_file(endpoint: Endpoint) -> Path:
    path = Path(endpoint.key_file).expanduser()
    if not path.is_file():
        raise Trouble("key_unusable", file=endpoint.key_file, detail="not found")
    return path


def _explain(
    error: BaseException, endpoint: Endpoint, limits: Limits, sock: socket.socket
) -> Trouble:
    """The reason behind netmiko's and paramiko's exceptions (netmiko keeps it as context)."""
    cause = _root(error)
    where = {"address": endpoint.address, "port": endpoint.port}
    text = str(cause)
    if isinstance(cause, BadHostKeyException):
        return Trouble(
            "host_key_changed",
            **where,
            fingerprint=_fingerprint(cause.key),
            device=endpoint.device,
        )
    if "not found in known_hosts" in text:
        return Trouble("host_key_unknown", **where)
    if "no authentication methods available" in text.lower():
        return Trouble("no_credentials")
    if isinstance(cause, PasswordRequiredException):
        return Trouble("key_unusable", file=endpoint.key_file, detail="passphrase")
    if isinstance(cause, AuthenticationException):
        if "timeout" in text.lower():
            return Trouble("login_hangs", seconds=f"{limits.connect:g}")
        return Trouble("auth_failed", user=endpoint.username)
    if isinstance(cause, IncompatiblePeer):
        return _incompatible(endpoint, limits, text)
    if isinstance(sock, JumpedSocket):
        said = jump_error(sock, endpoint.secrets())
        return Trouble("jump_failed", jump=endpoint.jump[-1], detail=said or scrub(text, ()))
    if isinstance(cause, OSError) and not isinstance(cause, SSHException):
        return tcp_trouble(cause, endpoint, limits)
    if BUSY.search(text):
        return Trouble("lines_busy", detail=scrub(text, endpoint.secrets()))
    unspoken = ("banner", "protocol version", "no existing session")
    if any(words in text.lower() for words in unspoken):
        return _no_banner(endpoint, limits)
    if isinstance(cause, EOFError):
        return Trouble("dropped_at_login", **where)
    detail = scrub(text or type(cause).__name__, endpoint.secrets())
    return Trouble("connection_failed", **where, detail=detail)


def _root(error: BaseException) -> BaseException:
    netmikos = (NetmikoAuthenticationException, NetmikoTimeoutException)
    while isinstance(error, netmikos) and error.__context__ is not None:
        error = error.__context__
    return error


def _incompatible(endpoint: Endpoint, limits: Limits, text: str) -> Trouble:
    try:
        with open_socket(endpoint, limits) as sock:
            needed = algorithms.legacy_offer(algorithms.offered(sock, limits.connect))
    except (OSError, ValueError, Trouble, IndexError):
        needed = []
    names = ", ".join(needed) or scrub(text, endpoint.secrets())
    return Trouble("legacy_algorithms_needed", algorithms=names)


def _no_banner(endpoint: Endpoint, limits: Limits) -> Trouble:
    """What the device says instead of an SSH banner; paramiko does not tell."""
    where = {"address": endpoint.address, "port": endpoint.port}
    try:
        with open_socket(endpoint, limits) as sock:
            sock.settimeout(min(limits.connect, 3.0))
            said = scrub(sock.recv(512).decode("utf-8", "replace"), endpoint.secrets())
    except TimeoutError:
        return Trouble("no_answer", **where, seconds=f"{limits.connect:g}")
    except (OSError, Trouble):
        said = ""
    if BUSY.search(said):
        return Trouble("lines_busy", detail=said)
    return Trouble("no_ssh", **where, detail=said or "-")


def _fingerprint(key: paramiko.PKey) -> str:
    return f"{key.get_name()} {key.fingerprint}"
