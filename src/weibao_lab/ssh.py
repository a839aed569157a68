"""The SSH side of a device: authentication, algorithms and the channel of a session."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, Final

from weibao_lab.device import Device, Visit
from weibao_lab.dialects.recorded import RecordedSession
from weibao_lab.errors import MissingDependency
from weibao_lab.session import Session

try:
    import asyncssh
except ImportError as problem:
    raise MissingDependency from problem

__all__ = ["HostKeys", "serve_connection"]

# Cheap on the processor and known to every client in use.
_MODERN: Final[dict[str, Any]] = {
    "kex_algs": ["curve25519-sha256", "ecdh-sha2-nistp256", "diffie-hellman-group14-sha256"],
    "encryption_algs": [
        "aes128-gcm@openssh.com",
        "aes256-gcm@openssh.com",
        "aes128-ctr",
        "aes256-ctr",
    ],
    "mac_algs": ["hmac-sha2-256", "hmac-sha2-512", "hmac-sha1"],
}
# What switches of ten years ago offer, and nothing else.
_LEGACY: Final[dict[str, Any]] = {
    "kex_algs": ["diffie-hellman-group14-sha1"],
    "encryption_algs": ["aes128-cbc"],
    "mac_algs": ["hmac-sha1"],
}
_GOODBYE_SECONDS: Final = 2.0
_SERVER_VERSIONS: Final = {
    "huawei": "HUAWEI-1.5",
    "hp_comware": "Comware-7.1.070",
    "ruijie_os": "RGOS_SSH_1.0",
    "cisco_ios": "Cisco-1.25",
    "cisco_nxos": "OpenSSH_7.6",
    "arista_eos": "OpenSSH_7.8",
    "juniper_junos": "OpenSSH_7.5",
}


class HostKeys:
    """The host keys of a lab; generated when first needed."""

    def __init__(self, shared: bool) -> None:
        self._shared = shared
        self._keys: dict[str, asyncssh.SSHKey] = {}

    def _key(self, name: str, algorithm: str = "ssh-ed25519") -> asyncssh.SSHKey:
        if name not in self._keys:
            self._keys[name] = asyncssh.generate_private_key(algorithm)
        return self._keys[name]

    def modern(self, device: str, other: bool = False) -> asyncssh.SSHKey:
        """The usual key of a device, or the one that appears out of the blue."""
        if other:
            return self._key(f"other/{device}")
        return self._key("shared" if self._shared else f"own/{device}")

    def legacy(self) -> asyncssh.SSHKey:
        """The RSA key; one for all devices, as making one takes long."""
        return self._key("rsa", "ssh-rsa")


@dataclass
class Endpoint:
    """What one device needs to answer SSH connections."""

    device: Device
    keys: HostKeys
    _options: dict[tuple[bool, bool], asyncssh.SSHServerConnectionOptions] = field(
        default_factory=dict
    )
    visits: dict[Any, Visit] = field(default_factory=dict)
    """Peer address to visit, from accepting until asyncssh asks."""

    def options(self, visit: Visit) -> asyncssh.SSHServerConnectionOptions:
        """The server options for a visit; cached."""
        kind = (visit.fault.old_algorithms, visit.fault.new_host_key)
        if kind not in self._options:
            self._options[kind] = self._make_options(*kind)
        return self._options[kind]

    def _make_options(self, old: bool, other: bool) -> asyncssh.SSHServerConnectionOptions:
        spec = self.device.spec
        key = self.keys.legacy() if old else self.keys.modern(spec.name, other)
        options = asyncssh.SSHServerConnectionOptions(
            server_factory=lambda: _Server(self),
            server_host_keys=[key],
            server_version=_SERVER_VERSIONS.get(spec.platform, "OpenSSH_7.4"),
            process_factory=self._process,
            encoding=None,
            line_editor=False,
            compression_algs=None,
            gss_host=None,
            agent_forwarding=False,
            x11_forwarding=False,
            allow_scp=False,
            login_timeout=120,
            **(_LEGACY if old else _MODERN),
        )
        if old:
            # asyncssh would offer rsa-sha2 with the same key as well.
            wanted = options.server_host_keys[b"ssh-rsa"]
            options.server_host_keys = OrderedDict({b"ssh-rsa": wanted})
        return options

    async def _process(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        connection = process.get_extra_info("connection")
        visit = connection.get_owner().visit
        kind = RecordedSession if self.device.spec.recording else Session
        session = kind(self.device, _SshChannel(process), visit, process.get_extra_info("username"))
        if process.command is not None:
            await session.run_command(process.command)
        else:
            await session.run()
        with contextlib.suppress(OSError, asyncssh.Error, TimeoutError):
            process.exit(0)
            # Closing the connection at once would drop output still on its way.
            async with asyncio.timeout(_GOODBYE_SECONDS):
                await process.wait_closed()
        connection.close()


class _Server(asyncssh.SSHServer):
    """Authentication of one connection."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._device = endpoint.device
        self.visit: Visit

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """Find the visit that belongs to this connection."""
        self.visit = self._endpoint.visits.pop(conn.get_extra_info("peername"))

    def begin_auth(self, username: str) -> bool:
        """Everyone must authenticate."""
        return True

    def password_auth_supported(self) -> bool:
        """Always."""
        return True

    def validate_password(self, username: str, password: str) -> bool:
        """Judge a password."""
        return self._device.check_password(self.visit, username, password, "password")

    def kbdint_auth_supported(self) -> bool:
        """Where the specification says so."""
        return self._device.spec.keyboard_interactive

    def get_kbdint_challenge(
        self, username: str, lang: str, submethods: str
    ) -> tuple[str, str, str, list[tuple[str, bool]]]:
        """Ask for the password."""
        return "", "", "", [("Password: ", False)]

    def validate_kbdint_response(self, username: str, responses: Any) -> bool:
        """Judge the answer."""
        password = responses[0] if len(responses) == 1 else ""
        return self._device.check_password(self.visit, username, password, "keyboard-interactive")

    def public_key_auth_supported(self) -> bool:
        """Where keys are authorised."""
        return bool(self._device.spec.authorized_keys)

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """Judge a public key.

        Clients ask whether a key would do before they sign with it, so a key may be
        recorded more than once.
        """
        spec = self._device.spec
        known = any(asyncssh.import_public_key(text) == key for text in spec.authorized_keys)
        right = known and username == spec.username and not self.visit.fault.refuse_login
        self._device.note_login(self.visit, username, "publickey", right, None)
        return right


class _SshChannel:
    """An SSH channel as the session sees it."""

    def __init__(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        self._process = process

    async def read(self) -> bytes:
        while True:
            try:
                return await self._process.stdin.read(4096)
            except (asyncssh.TerminalSizeChanged, asyncssh.BreakReceived):
                continue
            except (asyncssh.SignalReceived, asyncssh.Error, OSError):
                return b""

    def write(self, data: bytes) -> None:
        with contextlib.suppress(OSError):
            self._process.stdout.write(data)

    async def drain(self) -> None:
        try:
            await self._process.stdout.drain()
        except asyncssh.Error as problem:
            raise ConnectionError from problem

    def abort(self) -> None:
        self._process.get_extra_info("connection").abort()


async def serve_connection(endpoint: Endpoint, sock: socket.socket, visit: Visit) -> None:
    """Run SSH on an accepted connection until it ends."""
    peer = sock.getpeername()
    endpoint.visits[peer] = visit
    try:
        connection = await asyncssh.run_server(sock, config=None, options=endpoint.options(visit))
        await connection.wait_closed()
    except (TimeoutError, asyncssh.Error, OSError):
        pass
    finally:
        endpoint.visits.pop(peer, None)
        sock.close()
