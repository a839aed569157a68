"""The listeners of the lab: every connection is met with the faults of its device."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Coroutine
from typing import Any, Final

from weibao_lab.device import Device, Visit
from weibao_lab.ssh import Endpoint, HostKeys, serve_connection
from weibao_lab.telnet import serve_telnet

__all__ = ["DeviceServer"]

_BACKLOG: Final = 128
_BUSY: Final = {
    "huawei": "\r\nInfo: All VTY lines are busy, please try again later.\r\n",
    "hp_comware": "\r\nAll user lines are used, please try later!\r\n",
    "ruijie_os": "\r\n% All lines busy. Please try again later.\r\n",
}
_BUSY_OTHERS: Final = "\r\nAll lines busy. Please try again later.\r\n"
_log = logging.getLogger(__name__)


def _listener(address: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((address, port))
        sock.listen(_BACKLOG)
    except OSError:
        sock.close()
        raise
    sock.setblocking(False)
    return sock


class DeviceServer:
    """Accepts SSH and, on request, telnet for one device."""

    def __init__(
        self, device: Device, keys: HostKeys, address: str, port: int, telnet_port: int | None
    ) -> None:
        self.device = device
        self.address = address
        self._endpoint = Endpoint(device, keys)
        self._tasks: set[asyncio.Task[None]] = set()
        self._ssh = _listener(address, port)
        self._telnet = None if telnet_port is None else _listener(address, telnet_port)

    @property
    def port(self) -> int:
        """Where SSH listens."""
        port: int = self._ssh.getsockname()[1]
        return port

    @property
    def telnet_port(self) -> int | None:
        """Where telnet listens, if it does."""
        return None if self._telnet is None else int(self._telnet.getsockname()[1])

    def start(self) -> None:
        """Begin to accept connections; call in the event loop."""
        self._spawn(self._accept(self._ssh, self._serve_ssh))
        if self._telnet is not None:
            self._spawn(self._accept(self._telnet, self._serve_telnet))

    async def stop(self) -> None:
        """Close everything."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._ssh.close()
        if self._telnet is not None:
            self._telnet.close()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _log.error("%s: session failed", self.device.spec.name, exc_info=task.exception())

    async def _accept(
        self,
        listener: socket.socket,
        serve: Callable[[socket.socket, Visit], Coroutine[Any, Any, None]],
    ) -> None:
        loop = asyncio.get_running_loop()
        while True:
            sock, _ = await loop.sock_accept(listener)
            sock.setblocking(False)
            # Prompts are small packets; without this they wait for an ACK.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._spawn(self._meet(sock, serve))

    async def _meet(
        self,
        sock: socket.socket,
        serve: Callable[[socket.socket, Visit], Coroutine[Any, Any, None]],
    ) -> None:
        visit = self.device.arrive()
        self.device.log.connections_open += 1
        try:
            with contextlib.suppress(OSError):
                if visit.fault.mute_tcp or self.device.cut_off:
                    await self._say_nothing(sock)
                elif visit.busy:
                    await self._turn_away(sock)
                else:
                    await serve(sock, visit)
        finally:
            self.device.log.connections_open -= 1
            sock.close()

    async def _say_nothing(self, sock: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while await loop.sock_recv(sock, 4096):
            pass

    async def _turn_away(self, sock: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        text = _BUSY.get(self.device.spec.platform, _BUSY_OTHERS)
        await loop.sock_sendall(sock, text.encode())
        sock.shutdown(socket.SHUT_WR)
        # Reading what the client says first keeps the kernel from a reset that
        # would take the message away from it.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                await self._say_nothing(sock)

    async def _serve_ssh(self, sock: socket.socket, visit: Visit) -> None:
        await serve_connection(self._endpoint, sock, visit)

    async def _serve_telnet(self, sock: socket.socket, visit: Visit) -> None:
        reader, writer = await asyncio.open_connection(sock=sock)
        try:
            await serve_telnet(self.device, reader, writer, visit)
        finally:
            with contextlib.suppress(OSError):
                writer.close()
                await writer.wait_closed()
