"""Bytes to and from a device, whatever carries them; reading waits without polling."""

from __future__ import annotations

import contextlib
import re
import select
import socket
import time
from typing import Protocol

from weibao.adapters.network.trouble import Trouble

__all__ = ["CHUNK", "TelnetWire", "Wire"]

CHUNK = 65536
"""Bytes asked for at once."""


class Wire(Protocol):
    """An open line to a device's terminal."""

    enter: bytes
    old_algorithms: tuple[str, ...]
    """Old SSH algorithms that are in use on it."""

    def read(self, timeout: float) -> bytes:
        """What has come, at least a byte; empty when nothing came within ``timeout``.

        Raises:
            Trouble: ``dropped``, the line is gone.
        """
        ...

    def write(self, data: bytes) -> None:
        """Send.

        Raises:
            Trouble: ``dropped``, the line is gone.
        """
        ...

    def close(self) -> None:
        """Hang up; never raises."""
        ...


class TelnetWire:
    """A Telnet connection on an open socket; its options are answered here.

    netmiko's own reading drops characters (NUL, XON) and takes a configuration byte by
    byte. Echo and character mode are agreed to, as a person's client does, and a window
    is offered that is wide and high enough for every command and page.
    """

    enter = b"\r\n"

    def __init__(self, connection: socket.socket) -> None:
        self.old_algorithms: tuple[str, ...] = ()
        self._socket = connection
        self._pending = b""
        self._answered: set[bytes] = set()

    def read(self, timeout: float) -> bytes:
        """See Wire."""
        until = time.monotonic() + timeout
        try:
            while True:
                left = until - time.monotonic()
                if left <= 0 or not select.select([self._socket], [], [], left)[0]:
                    return b""
                data = self._socket.recv(CHUNK)
                if not data:
                    raise Trouble("dropped")
                text = self._without_options(self._pending + data)
                if text:
                    return text
        except (OSError, EOFError, ValueError, AttributeError) as error:
            raise Trouble("dropped") from error

    def _without_options(self, data: bytes) -> bytes:
        """The text in ``data``; an unfinished command or CR waits for the rest."""
        keep = _UNFINISHED.search(data)
        self._pending = keep[0] if keep else b""
        whole = data[: len(data) - len(self._pending)]
        return _TELNET.sub(self._option, whole)

    def _option(self, match: re.Match[bytes]) -> bytes:
        said = match[0]
        if said == b"\r\0":
            return b"\r"
        if said == b"\xff\xff":
            return b"\xff"
        if len(said) == 3 and said not in self._answered:
            self._answered.add(said)
            self._socket.sendall(_answer(said[1], said[2:]))
        return b""

    def write(self, data: bytes) -> None:
        """See Wire."""
        try:
            self._socket.sendall(data.replace(b"\xff", b"\xff\xff"))
        except (OSError, AttributeError) as error:
            raise Trouble("dropped") from error

    def close(self) -> None:
        """See Wire."""
        with contextlib.suppress(Exception):
            self._socket.close()


# RFC 854: IAC, then a command; 251 to 254 carry an option, 250 to 240 a negotiation.
_TELNET = re.compile(
    rb"\xff(?:[\xfb-\xfe].|\xfa(?:[^\xff]|\xff[^\xf0])*\xff\xf0|[^\xfa-\xfe])|\r\0", re.DOTALL
)
_UNFINISHED = re.compile(
    rb"(?<!\xff)(?:\xff\xff)*?(\xff(?:[\xfb-\xfe]|\xfa(?:[^\xff]|\xff[^\xf0])*\xff?)?|\r)\Z",
    re.DOTALL,
)
_WILL, _WONT, _DO, _DONT = 251, 252, 253, 254
_ECHO, _GO_AHEAD, _WINDOW = b"\x01", b"\x03", b"\x1f"
_WINDOW_SIZE = b"\xff\xfa\x1f\x01\xfe\x03\xe8\xff\xf0"
"""510 columns and 1000 lines (a byte of 255 would have to be doubled)."""


def _answer(verb: int, option: bytes) -> bytes:
    if verb == _WILL:
        return bytes([255, _DO if option in (_ECHO, _GO_AHEAD) else _DONT]) + option
    if verb == _DO:
        if option == _WINDOW:
            return bytes([255, _WILL]) + option + _WINDOW_SIZE
        return bytes([255, _WILL if option == _GO_AHEAD else _WONT]) + option
    return b""
