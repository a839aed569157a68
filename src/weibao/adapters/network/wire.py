"""Bytes to and from a device, whatever carries them; reading waits without polling."""

from __future__ import annotations

import contextlib
import select
import time
from typing import Any, Protocol

import paramiko

from weibao.adapters.network.trouble import Trouble

__all__ = ["SshWire", "TelnetWire", "Wire"]

CHUNK = 65536


class Wire(Protocol):
    """An open line to a device's terminal."""

    enter: bytes

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


class SshWire:
    """An SSH shell channel, as netmiko opened it."""

    enter = b"\n"

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._channel: paramiko.Channel = connection.remote_conn

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


class TelnetWire:
    """A Telnet connection, as netmiko opened it."""

    enter = b"\r\n"

    def __init__(self, connection: Any) -> None:
        self._telnet = connection.remote_conn

    def read(self, timeout: float) -> bytes:
        """See Wire."""
        until = time.monotonic() + timeout
        try:
            while True:
                data: bytes = self._telnet.read_very_lazy()
                if data:
                    return data
                left = until - time.monotonic()
                if left <= 0 or not select.select([self._telnet.get_socket()], [], [], left)[0]:
                    return b""
                # One blocking read of what is there; option negotiation is taken out.
                self._telnet.fill_rawq()
                self._telnet.process_rawq()
        except (OSError, EOFError, AttributeError) as error:
            raise Trouble("dropped") from error

    def write(self, data: bytes) -> None:
        """See Wire."""
        try:
            self._telnet.write(data)
        except (OSError, AttributeError) as error:
            raise Trouble("dropped") from error

    def close(self) -> None:
        """See Wire."""
        with contextlib.suppress(Exception):
            self._telnet.close()
