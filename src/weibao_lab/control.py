"""Control of a running lab over a Unix socket: one JSON object a line, each way."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from weibao_lab.errors import BadRequest, LabError, LabNotRunning
from weibao_lab.lab import DeviceHandle, Lab
from weibao_lab.ports import Port

__all__ = ["ControlServer", "request"]

SOCKET_NAME: Final = "control.sock"
_LIMIT: Final = 1 << 24
_LONGEST_PATH: Final = 100


@contextmanager
def _reachable(path: Path) -> Iterator[str]:
    """A name of the socket that fits into the 108 bytes that a Unix address has."""
    if len(os.fsencode(path)) <= _LONGEST_PATH:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def request(state: Path, op: str, **fields: Any) -> dict[str, Any]:
    """Ask a running lab; raises LabNotRunning, BadRequest or LabError."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(30)
    with sock:
        try:
            with _reachable(state / SOCKET_NAME) as name:
                sock.connect(name)
        except OSError:
            raise LabNotRunning(f"no lab runs for {state}") from None
        sock.sendall(json.dumps({"op": op, **fields}).encode() + b"\n")
        with sock.makefile("rb") as stream:
            line = stream.readline(_LIMIT)
    if not line:
        raise LabError(f"the lab for {state} closed the connection")
    answer: dict[str, Any] = json.loads(line)
    if "error" in answer:
        raise BadRequest(answer["error"])
    return answer


def _device(handle: DeviceHandle) -> dict[str, Any]:
    spec = handle.spec
    return {
        "name": handle.name,
        "platform": handle.platform,
        "host": handle.host,
        "port": handle.port,
        "telnet_port": handle.telnet_port,
        "username": handle.username,
        "password": handle.password,
        "enable_secret": handle.enable_secret,
        "site": spec.site,
        "unit": spec.unit,
        "role": spec.role,
    }


def _port(port: Port) -> dict[str, Any]:
    """A port as JSON: its fields, and whether it is up."""
    fields = dataclasses.asdict(port)
    changed = fields.pop("changed_at")
    return fields | {
        "oper_up": port.oper_up,
        "changed_at": changed.isoformat() if changed else None,
    }


class ControlServer:
    """Answers requests about one lab."""

    def __init__(self, lab: Lab, state: Path, on_stop: Callable[[], None]) -> None:
        self._lab = lab
        self._path = state / SOCKET_NAME
        self._on_stop = on_stop
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen; the socket belongs to the user alone from its first moment."""
        self._path.unlink(missing_ok=True)
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)
        try:
            with _reachable(self._path) as name:
                sock.bind(name)
        finally:
            os.umask(before)
        self._server = await asyncio.start_unix_server(self._serve, sock=sock, limit=_LIMIT)

    async def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while line := await reader.readline():
                try:
                    answer = self.answer(json.loads(line))
                except (LabError, ValueError, KeyError, TypeError) as problem:
                    answer = {"error": str(problem) or type(problem).__name__}
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
        writer.close()

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The answer to one request."""
        method = getattr(self, f"_op_{asked.get('op')}", None)
        if method is None:
            raise BadRequest(f"unknown request {asked.get('op')!r}")
        result: dict[str, Any] = method(asked)
        return result

    def _handle(self, asked: dict[str, Any]) -> DeviceHandle:
        handle = self._lab.devices.get(asked["device"])
        if handle is None:
            raise BadRequest(f"unknown device {asked['device']!r}")
        return handle

    def _op_status(self, asked: dict[str, Any]) -> dict[str, Any]:
        rows = []
        for handle in self._lab.devices.values():
            log = handle.log
            rows.append(
                {
                    "name": handle.name,
                    "platform": handle.platform,
                    "host": handle.host,
                    "port": handle.port,
                    "telnet_port": handle.telnet_port,
                    "sessions": log.sessions,
                    "sessions_total": log.sessions_total,
                    "max_sessions": log.max_sessions,
                    "commands": len(log.commands),
                    "faults": _set_faults(handle),
                }
            )
        return {"pid": os.getpid(), "devices": rows}

    def _op_devices(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {"devices": [_device(handle) for handle in self._lab.devices.values()]}

    def _op_fault(self, asked: dict[str, Any]) -> dict[str, Any]:
        handle = self._handle(asked)
        if asked.get("clear"):
            handle.clear_faults()
        values = dict(asked.get("values", {}))
        if values:
            handle.set_fault(sessions=values.pop("sessions", None), **values)
        return {"faults": _set_faults(handle)}

    def _op_port(self, asked: dict[str, Any]) -> dict[str, Any]:
        handle = self._handle(asked)
        name = asked.get("port")
        if name is None:
            return {"ports": [_port(port) for port in handle.ports]}
        if asked.get("clear"):
            handle.restore_port(name)
        changes = asked.get("changes", ())
        port = handle.change_port(name, *changes) if changes else handle.one_port(name)
        return {"ports": [_port(port)]}

    def _op_configure(self, asked: dict[str, Any]) -> dict[str, Any]:
        self._handle(asked).configure(asked["lines"])
        return {"done": True}

    def _op_save(self, asked: dict[str, Any]) -> dict[str, Any]:
        self._handle(asked).save()
        return {"done": True}

    def _op_running(self, asked: dict[str, Any]) -> dict[str, Any]:
        handle = self._handle(asked)
        return {"text": handle.render_running().decode(handle.spec.encoding, "replace")}

    def _op_log(self, asked: dict[str, Any]) -> dict[str, Any]:
        log = self._handle(asked).log
        return {
            "connections": log.connections,
            "max_sessions": log.max_sessions,
            "logins": [vars(item) | {"at": item.at.isoformat()} for item in log.logins],
            "commands": [vars(item) | {"at": item.at.isoformat()} for item in log.commands],
        }

    def _op_stop(self, asked: dict[str, Any]) -> dict[str, Any]:
        self._on_stop()
        return {"pid": os.getpid()}


def _set_faults(handle: DeviceHandle) -> dict[str, Any]:
    """The faults that differ from a healthy device."""
    healthy = type(handle.faults)()
    return {
        key: value for key, value in vars(handle.faults).items() if value != getattr(healthy, key)
    }
