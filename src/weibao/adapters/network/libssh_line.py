"""An SSH line opened with libssh, for the plain case and many devices at once.

Two traps. The file descriptor belongs to libssh from the moment it is handed over: closing it
here as well would close another session's, which got the same number meanwhile. And libssh's
own disconnect frees the channels, which ssh-python frees once more. So a session ends by
letting go of its objects; the connection is shut down before, by a duplicate of our own.
"""

from __future__ import annotations

import contextlib
import select
import socket
import time
from collections.abc import Collection

from weibao.adapters.network import algorithms
from weibao.adapters.network.job import Endpoint, Limits
from weibao.adapters.network.tcp import open_socket
from weibao.adapters.network.trouble import Trouble
from weibao.adapters.network.wire import CHUNK
from weibao.adapters.scrub import scrub
from weibao.boundary.host_keys import HostKey

try:
    from ssh import options
    from ssh.channel import Channel
    from ssh.exceptions import AuthenticationDenied, AuthenticationPartial, BaseSSHError
    from ssh.session import SSH_AUTH_INFO, SSH_AUTH_SUCCESS, Session
except ImportError:  # a machine for which there is no build: netmiko does it all
    Session = None

__all__ = ["LibsshWire", "open_libssh", "suits"]

_PASSWORD = 0x0002
"""``SSH_AUTH_METHOD_PASSWORD`` of libssh."""
_INTERACTIVE = 0x0010
"""``SSH_AUTH_METHOD_INTERACTIVE``."""
_COLUMNS, _ROWS = 511, 1000
"""A window in which no line wraps and no page ends."""
_WRITE_LIMIT = 30.0


def suits(endpoint: Endpoint, known: Collection[HostKey], *, check: bool) -> bool:
    """Whether the plain way is enough for ``endpoint``."""
    plain = bool(endpoint.password) and not (endpoint.key_file or endpoint.jump or endpoint.legacy)
    return Session is not None and plain and (bool(known) or not check)


def open_libssh(
    endpoint: Endpoint, limits: Limits, known: Collection[HostKey]
) -> LibsshWire | None:
    """Connect, compare the host key with ``known`` (empty: no comparison), authenticate.

    None where it came to nothing before the password was sent.

    Raises:
        Trouble: no TCP connection, the password was refused, or no command line was given.
    """
    connection = open_socket(endpoint, limits)
    wire = None
    try:
        wire = _open(connection, endpoint, limits, known)
    finally:
        if wire is None:
            _hang_up(connection)
    return wire


def _open(
    connection: socket.socket, endpoint: Endpoint, limits: Limits, known: Collection[HostKey]
) -> LibsshWire | None:
    try:
        session = _session(endpoint, limits, known)
        handed_over = connection.dup()
        handed_over.setblocking(True)  # libssh sees to the time limits
        session.set_socket(handed_over)
        handed_over.detach()
        session.connect()
        if known and not _is_known(session, known):
            return None
        let_in = _lets_everybody_in(session)
        ways = 0 if let_in else session.userauth_list()
    except BaseSSHError:
        return None
    if not let_in:
        if not ways & (_PASSWORD | _INTERACTIVE):
            return None
        _authenticate(session, endpoint, limits, interactive=not ways & _PASSWORD)
    try:
        channel = session.channel_new()
        channel.open_session()
        channel.request_pty_size("vt100", _COLUMNS, _ROWS)
        channel.request_shell()
        session.set_blocking(0)
    except BaseSSHError as error:
        detail = scrub(str(error), endpoint.secrets())
        raise Trouble("shell_refused", detail=detail) from error
    return LibsshWire(connection, channel)


def _session(endpoint: Endpoint, limits: Limits, known: Collection[HostKey]) -> Session:
    session = Session()
    # A user's own ssh_config is for the user's own sessions.
    session.options_set_int_val(options.PROCESS_CONFIG, 0)
    session.options_set(options.HOST, endpoint.address)
    session.options_set(options.USER, endpoint.username)
    session.options_set_int_val(options.TIMEOUT, max(1, round(limits.connect)))
    for option, names in algorithms.modern(key.type for key in known):
        session.options_set(getattr(options, option), names)
    return session


def _is_known(session: Session, known: Collection[HostKey]) -> bool:
    shown = session.get_server_publickey().export_pubkey_base64()
    text = shown.decode("ascii") if isinstance(shown, bytes) else str(shown)
    return any(key.base64 == text for key in known)


def _lets_everybody_in(session: Session) -> bool:
    """Some devices ask for user and password on their terminal only."""
    try:
        return bool(session.userauth_none() == SSH_AUTH_SUCCESS)
    except AuthenticationDenied:
        return False


def _authenticate(
    session: Session, endpoint: Endpoint, limits: Limits, *, interactive: bool
) -> None:
    """Give the password, once."""
    began = time.monotonic()
    refused = Trouble("auth_failed", user=endpoint.username)
    try:
        if interactive:
            if not _interactive(session, endpoint):
                raise refused
        else:
            session.userauth_password(endpoint.username, endpoint.password)
    except (AuthenticationDenied, AuthenticationPartial) as error:
        raise refused from error
    except BaseSSHError as error:
        if time.monotonic() - began >= limits.connect - 1.0:
            raise Trouble("login_hangs", seconds=f"{limits.connect:g}") from error
        where = {"address": endpoint.address, "port": endpoint.port}
        raise Trouble("dropped_at_login", **where) from error


def _interactive(session: Session, endpoint: Endpoint) -> bool:
    """Keyboard-interactive: one question is the password's; False where more is wanted."""
    given = False
    answer = session.userauth_kbdint(endpoint.username, "")
    while answer == SSH_AUTH_INFO:
        questions = session.userauth_kbdint_getnprompts()
        if questions > 1 or (questions and given):
            return False
        if questions:
            session.userauth_kbdint_setanswer(0, endpoint.password.encode())
            given = True
        answer = session.userauth_kbdint(endpoint.username, "")
    return bool(answer == SSH_AUTH_SUCCESS)


def _hang_up(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


class LibsshWire:
    """An SSH shell channel of libssh."""

    enter = b"\n"
    old_algorithms: tuple[str, ...] = ()

    def __init__(self, connection: socket.socket, channel: Channel) -> None:
        self._connection = connection
        self._channel: Channel | None = channel
        self._poll = select.poll()
        self._poll.register(connection, select.POLLIN)

    def read(self, timeout: float) -> bytes:
        """See Wire."""
        until = time.monotonic() + timeout
        while True:
            channel = self._open_channel()
            try:
                size, data = channel.read_nonblocking(CHUNK)
                if size > 0:
                    return bytes(data)
                if size < 0 or channel.is_eof() or channel.is_closed():
                    raise Trouble("dropped")
            except BaseSSHError as error:
                raise Trouble("dropped") from error
            left = until - time.monotonic()
            if left <= 0:
                return b""
            self._poll.poll(left * 1000)

    def write(self, data: bytes) -> None:
        """See Wire."""
        until = time.monotonic() + _WRITE_LIMIT
        rest = data
        channel = self._open_channel()
        try:
            while rest:
                _, sent = channel.write(rest)
                rest = rest[max(sent, 0) :]
                if rest:
                    if time.monotonic() > until:
                        raise Trouble("dropped")
                    self._poll.poll(100)
        except BaseSSHError as error:
            raise Trouble("dropped") from error

    def close(self) -> None:
        """See Wire."""
        channel, self._channel = self._channel, None
        if channel is not None:
            with contextlib.suppress(BaseSSHError):
                channel.close()
            _hang_up(self._connection)

    def _open_channel(self) -> Channel:
        if self._channel is None:
            raise Trouble("dropped")
        return self._channel
