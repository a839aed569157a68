"""The terminal of a session: echo, line editing, pager and the speed of the line."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Final, Protocol

__all__ = ["Channel", "Closed", "Pager", "Terminal"]

_CHUNK: Final = 8192
_BACKSPACE: Final = b"\x08\x7f"


class Closed(Exception):
    """The client is gone."""


class Channel(Protocol):
    """What carries a session: an SSH channel or a telnet connection."""

    async def read(self) -> bytes:
        """Bytes from the client; empty at the end."""

    def write(self, data: bytes) -> None:
        """Send bytes to the client."""

    async def drain(self) -> None:
        """Wait until the client reads on."""

    def abort(self) -> None:
        """Drop the TCP connection without a goodbye."""


class Pager:
    """The pager of a platform: its text and how it wipes it."""

    def __init__(self, text: bytes, erase: bytes, percent: bytes | None = None) -> None:
        self.text = text
        self.erase = erase
        self._percent = percent

    def shown(self, done: int, total: int, first: bool) -> bytes:
        """The pager line after ``done`` of ``total`` lines."""
        if self._percent is None or first:
            return self.text
        return self._percent % (100 * done // max(total, 1))


class Terminal:
    """Reads lines and keys, writes text, as a pty on a device does."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self.echo = True
        self._pending = bytearray()
        self._skip_lf = False
        self.bytes_per_second = 0.0
        self.line_end = b"\r\n"

    async def _byte(self) -> int:
        while not self._pending:
            data = await self._channel.read()
            if not data:
                raise Closed
            self._pending += data
        byte = self._pending[0]
        del self._pending[0]
        return byte

    async def read_key(self) -> int:
        """One key. A line feed right after a carriage return is no key of its own."""
        while True:
            byte = await self._byte()
            skip, self._skip_lf = self._skip_lf, byte == 0x0D
            # Telnet sends CR NUL, many clients CR LF, for one Enter.
            if skip and byte in (0x0A, 0x00):
                continue
            return byte

    async def read_line(self, echo: bool = True) -> bytes:
        """One line, echoed as typed; Ctrl-C empties it, Ctrl-Z ends it as itself."""
        line = bytearray()
        echo = echo and self.echo
        shown = bytearray()

        def flush() -> None:
            if shown:
                self._channel.write(bytes(shown))
                shown.clear()

        while True:
            # Echo what arrived in one piece in one piece: cheap, and looks the same.
            if not self._pending:
                flush()
            byte = await self.read_key()
            if byte in (0x0D, 0x0A):
                shown += b"\r\n" if self.echo else b""
                flush()
                return bytes(line)
            if byte == 0x03:
                flush()
                return b""
            if byte == 0x1A:
                shown += b"^Z\r\n" if echo else b""
                flush()
                return b"\x1a"
            if byte in _BACKSPACE:
                if line:
                    del line[-1]
                    shown += b"\x08 \x08" if echo else b""
            elif byte == 0x15:
                shown += b"\x08 \x08" * len(line) if echo else b""
                line.clear()
            elif byte >= 0x20 or byte == 0x09:
                line.append(byte)
                if echo:
                    shown.append(byte)

    async def read_text(self) -> bytes:
        """Lines until Ctrl-D, echoed as typed."""
        text = bytearray()
        while (byte := await self.read_key()) != 0x04:
            text.append(0x0A if byte == 0x0D else byte)
            if self.echo:
                self._channel.write(b"\r\n" if byte in (0x0D, 0x0A) else bytes([byte]))
        return bytes(text)

    def put(self, data: bytes) -> None:
        """Write text with LF line ends at once, ended as the device ends its lines."""
        self._channel.write(data.replace(b"\n", self.line_end))

    async def flow(self, data: bytes, seconds: float = 0.0) -> None:
        """Write text with LF line ends at the speed of the line."""
        speed = self.bytes_per_second
        if speed > 0:
            seconds = max(seconds, len(data) / speed)
        step = _CHUNK if seconds <= 0 else max(1, len(data) // max(1, round(seconds * 20)))
        pieces = list(_pieces(data, step))
        for piece in pieces:
            self.put(piece)
            await self._channel.drain()
            if seconds > 0:
                await asyncio.sleep(seconds / len(pieces))

    async def page(self, data: bytes, rows: int, pager: Pager, seconds: float = 0.0) -> None:
        """Write text page by page, asking before each further page."""
        lines = data.splitlines(keepends=True)
        done, step, first = 0, rows - 1, True
        while True:
            part = b"".join(lines[done : done + step])
            await self.flow(part, seconds * len(part) / max(len(data), 1))
            done += step
            if done >= len(lines):
                return
            self._channel.write(pager.shown(done, len(lines), first))
            first = False
            step = await self._pager_key(rows)
            self._channel.write(pager.erase)
            if not step:
                return

    async def _pager_key(self, rows: int) -> int:
        """How many more lines the user asks for; 0 is enough."""
        while True:
            key = await self.read_key()
            if key == 0x20:
                return rows - 1
            if key in (0x0D, 0x0A):
                return 1
            if key in b"qQ\x03":
                return 0

    async def hang(self) -> None:
        """Say nothing for ever; ends when the client gives up."""
        while await self._channel.read():
            pass
        raise Closed

    async def cut(self) -> None:
        """Drop the connection after what was written has left."""
        await self._channel.drain()
        await asyncio.sleep(0.02)
        self._channel.abort()
        raise Closed


def _pieces(data: bytes, step: int) -> Iterator[bytes]:
    for start in range(0, len(data), step):
        yield data[start : start + step]
