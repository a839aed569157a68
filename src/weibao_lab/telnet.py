"""A minimal telnet login: Username, Password, then the same session as over SSH."""

from __future__ import annotations

import asyncio
from typing import Final

from weibao_lab.device import Device, Visit
from weibao_lab.dialects.recorded import RecordedTelnetSession
from weibao_lab.session import Session
from weibao_lab.terminal import Closed, Terminal

__all__ = ["serve_telnet"]

_IAC, _SB, _SE = 255, 250, 240
# WILL ECHO, WILL SUPPRESS-GO-AHEAD: the device echoes, the client does not.
_OPENING: Final = bytes([_IAC, 251, 1, _IAC, 251, 3])
_TRIES: Final = 3


class _TelnetChannel:
    """A telnet connection as the session sees it, without the negotiation."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._rest = b""

    async def read(self) -> bytes:
        while True:
            try:
                data = await self._reader.read(4096)
            except OSError:
                return b""
            if not data:
                return b""
            plain = self._without_commands(self._rest + data)
            if plain:
                return plain

    def _without_commands(self, data: bytes) -> bytes:
        plain = bytearray()
        at = 0
        self._rest = b""
        while at < len(data):
            if data[at] != _IAC:
                plain.append(data[at])
                at += 1
                continue
            command = data[at + 1] if at + 1 < len(data) else None
            if command is None or (251 <= command <= 254 and at + 2 >= len(data)):
                self._rest = data[at:]
                break
            if command == _IAC:
                plain.append(_IAC)
                at += 2
            elif command == _SB:
                end = data.find(bytes([_IAC, _SE]), at)
                if end < 0:
                    self._rest = data[at:]
                    break
                at = end + 2
            else:
                at += 3 if 251 <= command <= 254 else 2
        return bytes(plain)

    def write(self, data: bytes) -> None:
        self._writer.write(data.replace(b"\xff", b"\xff\xff"))

    async def drain(self) -> None:
        await self._writer.drain()

    def abort(self) -> None:
        self._writer.transport.abort()


def _questions(platform: str) -> tuple[str, str, str]:
    """Username question, password question, refusal."""
    if platform in {"huawei", "cisco_ios", "ruijie_os", "arista_eos"}:
        refusal = "Error: Authentication fail" if platform == "huawei" else "% Login invalid"
        return "Username:", "Password:", refusal
    if platform == "hp_comware":
        return "Login: ", "Password:", "AAA authentication failed"
    return "login: ", "Password:", "Login incorrect"


async def serve_telnet(
    device: Device, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, visit: Visit
) -> None:
    """Ask for name and password, then run a session."""
    channel = _TelnetChannel(reader, writer)
    if device.spec.recording:
        channel.write(_OPENING)
        await RecordedTelnetSession(device, channel, visit, "").run()
        return
    terminal = Terminal(channel)
    ask_name, ask_password, refusal = _questions(device.spec.platform)
    channel.write(_OPENING)
    terminal.put(b"\nUser Access Verification\n\n")
    try:
        for _ in range(_TRIES):
            terminal.put(ask_name.encode())
            username = device.decode(await terminal.read_line())
            terminal.put(ask_password.encode())
            password = device.decode(await terminal.read_line(echo=False))
            if device.check_password(visit, username, password, "telnet"):
                await Session(device, channel, visit, username).run()
                return
            terminal.put(f"\n{refusal}\n\n".encode())
    except (Closed, ConnectionError):
        pass
