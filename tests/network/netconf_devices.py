"""A Junos of a lab that speaks NETCONF over SSH, as NAPALM's driver asks it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import asyncssh

from weibao_lab import DeviceHandle
from weibao_lab.dialects.junos_ports import JUNOS_PORTS
from weibao_lab.dialects.port_page import PortPage
from weibao_lab.ports import Port

ADDRESS = "127.0.0.1"
_BASE = "urn:ietf:params:xml:ns:netconf:base:1.0"
_JUNOS = "http://xml.juniper.net/junos/20.4R3/junos"
_END = "]]>]]>"
_HELLO = (
    f'<hello xmlns="{_BASE}"><capabilities><capability>{_BASE}</capability>'
    "</capabilities><session-id>7</session-id></hello>"
)


@dataclass
class Netconf:
    """What is asked of a device, and how it misbehaves."""

    device: DeviceHandle
    asked: list[str] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    """Requests and commands that this user may not give."""
    silent: set[str] = field(default_factory=set)
    said: dict[str, str] = field(default_factory=dict)
    """Request → what is answered in place of the truth (XML)."""
    netconf: bool = True
    """Whether the service is configured."""
    host_key: str = ""
    """As ``known_hosts`` has it: type and base64."""
    port: int = 0

    def answer(self, request: ElementTree.Element) -> str:
        """What stands in the reply."""
        name = _plain(request)
        asked = (request.text or "").strip() if name == "command" else name
        self.asked.append(asked)
        if asked in self.refused:
            return _error("permission denied")
        if name == "command":
            printer = JUNOS_PORTS.get(asked)
            if printer is None:
                return _error("syntax error, expecting &lt;command&gt;")
            page = PortPage(self.device._device, self.device.ports, datetime.now(UTC))
            return f"<output>\n{escape(printer(page))}</output>"
        if asked in self.said:
            return self.said[asked]
        maker = _MAKERS.get(name)
        only = next((child.text for child in request if _plain(child).startswith("interface-")), "")
        return _error("syntax error") if maker is None else maker(self, only or "")


def _plain(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _error(words: str) -> str:
    return (
        "<rpc-error><error-type>protocol</error-type><error-tag>operation-failed</error-tag>"
        f"<error-severity>error</error-severity><error-message>{words}</error-message></rpc-error>"
    )


def _interface(port: Port) -> str:
    found = port.counters
    speed = f"<speed>{port.speed or port.capacity}mbps</speed>" if port.physical else ""
    seconds = f'xmlns:junos="{_JUNOS}" junos:seconds="90061"'
    flapped = f"<interface-flapped {seconds}>x</interface-flapped>"
    words = f"<description>{escape(port.description)}</description>" if port.description else ""
    unit = (
        f"<logical-interface><name>{port.name}.0</name><if-config-flags><iff-up/>"
        "</if-config-flags></logical-interface>"
    )
    return (
        f"<physical-interface><name>\n{port.name}\n</name>"
        f"<admin-status>{'up' if port.admin_up else 'down'}</admin-status>"
        f"<oper-status>{'up' if port.oper_up else 'down'}</oper-status>"
        f"{words}{speed}<mtu>1514</mtu>"
        f"<current-physical-address>{port.mac}</current-physical-address>{flapped}"
        f"<traffic-statistics><input-bytes>{found.in_octets}</input-bytes>"
        f"<output-bytes>{found.out_octets}</output-bytes></traffic-statistics>"
        f"<input-error-list><input-errors>{found.in_errors}</input-errors>"
        "<input-discards>0</input-discards></input-error-list>"
        f"{unit if port.switched else ''}</physical-interface>"
    )


def _interfaces(device: Netconf, _only: str) -> str:
    rows = "".join(_interface(port) for port in device.device.ports if not port.absent)
    return f"<interface-information>{rows}</interface-information>"


def _lldp(device: Netconf, only: str) -> str:
    rows = "".join(
        "<lldp-neighbor-information>"
        f"<lldp-local-port-id>{port.name}</lldp-local-port-id>"
        f"<lldp-remote-chassis-id>{port.neighbour.chassis}</lldp-remote-chassis-id>"
        f"<lldp-remote-port-id>{port.neighbour.port}</lldp-remote-port-id>"
        f"<lldp-remote-system-name>{port.neighbour.system}</lldp-remote-system-name>"
        "</lldp-neighbor-information>"
        for port in device.device.ports
        if port.neighbour and only in ("", port.name)
    )
    return f"<lldp-neighbors-information>{rows}</lldp-neighbors-information>"


def _optics(device: Netconf, _only: str) -> str:
    rows = "".join(
        f"<physical-interface><name>{port.name}</name><optics-diagnostics>"
        f"<rx-signal-avg-optical-power-dbm>{-2.9 if port.oper_up else '- Inf'}"
        "</rx-signal-avg-optical-power-dbm><laser-output-power-dbm>-2.40</laser-output-power-dbm>"
        "</optics-diagnostics></physical-interface>"
        for port in device.device.ports
        if port.physical and not port.absent
    )
    return f"<interface-information>{rows}</interface-information>"


_MAKERS: dict[str, Callable[[Netconf, str], str]] = {
    "get-interface-information": _interfaces,
    "get-lldp-neighbors-information": _lldp,
    "get-lldp-interface-neighbors": _lldp,
    "get-interface-optics-diagnostics-information": _optics,
    "close-session": lambda *_: "<ok/>",
}


class _Login(asyncssh.SSHServer):
    def __init__(self, device: Netconf) -> None:
        self._device = device

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        self._device.logins.append(f"{username}:{password}")
        known = self._device.device
        return (username, password) == (known.username, known.password)

    def session_requested(self) -> Any:
        return _Session(self._device)


class _Session(asyncssh.SSHServerSession):  # type: ignore[type-arg]
    def __init__(self, device: Netconf) -> None:
        self._device = device
        self._channel: Any = None
        self._came = ""

    def connection_made(self, chan: Any) -> None:
        self._channel = chan

    def subsystem_requested(self, subsystem: str) -> bool:
        return self._device.netconf and subsystem == "netconf"

    def session_started(self) -> None:
        self._channel.write(_HELLO + _END)

    def data_received(self, data: str, datatype: Any) -> None:
        self._came += data
        while _END in self._came:
            message, _, self._came = self._came.partition(_END)
            self._message(ElementTree.fromstring(message.strip()))

    def _message(self, message: ElementTree.Element) -> None:
        if _plain(message) != "rpc":
            return
        number = next(v for k, v in message.attrib.items() if k.endswith("message-id"))
        request = message[0]
        if _plain(request) in self._device.silent:
            return
        reply = self._device.answer(request)
        self._channel.write(
            f'<rpc-reply xmlns="{_BASE}" message-id="{number}">{reply}</rpc-reply>{_END}'
        )
        if _plain(request) == "close-session":
            self._channel.exit(0)


@contextmanager
def netconf_of(device: DeviceHandle) -> Iterator[Netconf]:
    """NETCONF of a device of the lab, on a port of its own."""
    found = Netconf(device)
    key = asyncssh.generate_private_key("ssh-ed25519")
    found.host_key = " ".join(key.export_public_key().decode().split()[:2])
    loop = asyncio.new_event_loop()

    async def listen() -> Any:
        return await asyncssh.create_server(
            lambda: _Login(found), ADDRESS, 0, server_host_keys=[key]
        )

    server = loop.run_until_complete(listen())
    found.port = server.get_port()
    running = threading.Thread(target=loop.run_forever, daemon=True)
    running.start()
    try:
        yield found
    finally:

        async def close() -> None:
            server.close()
            await server.wait_closed()

        asyncio.run_coroutine_threadsafe(close(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        running.join()
        loop.close()
