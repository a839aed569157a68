"""Devices of a lab that answer at an API: eAPI and NX-API over HTTPS, as NAPALM's drivers ask them.

What an API gives as JSON is made of the same ports that the lab's dialects print as text.
"""

from __future__ import annotations

import base64
import ipaddress
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from weibao_lab import DeviceHandle
from weibao_lab.dialects.eos_ports import EOS_PORTS
from weibao_lab.dialects.nxos_ports import NXOS_PORTS
from weibao_lab.dialects.port_page import PortPage
from weibao_lab.ports import Port

ADDRESS = "127.0.0.1"


class Authority:
    """Signs certificates of devices."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"ca of {folder.name}")])
        certificate = self._signed(self._name, self._key, x509.BasicConstraints(True, None))
        self.file = folder / "ca.pem"
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def device(self, *names: str) -> ssl.SSLContext:
        """The TLS of a device that calls itself so."""
        key = ec.generate_private_key(ec.SECP256R1())
        addresses = [x509.IPAddress(ipaddress.ip_address(each)) for each in names]
        certificate = self._signed(
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "switch")]),
            key,
            x509.BasicConstraints(False, None),
            x509.SubjectAlternativeName(addresses),
        )
        file = self.folder / f"{'-'.join(names)}.pem"
        file.write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _signed(self, name: x509.Name, key: Any, *extensions: Any) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=30))
        )
        for each in extensions:
            builder = builder.add_extension(each, critical=isinstance(each, x509.BasicConstraints))
        return builder.sign(self._key, hashes.SHA256())


@dataclass
class Api:
    """What is asked of a device, and how it misbehaves."""

    device: DeviceHandle
    asked: list[str] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    """Commands that this user may not give."""
    said: dict[str, Any] = field(default_factory=dict)
    """Command → what is answered in place of the truth (JSON)."""
    broken: dict[str, Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=dict)
    """Command (``*``: all) → what is done with the line."""
    port: int = 0

    def page(self) -> PortPage:
        return PortPage(self.device._device, self.device.ports, datetime.now(UTC))

    @property
    def ports(self) -> list[Port]:
        return self.device.ports

    def text(self, command: str) -> str | None:
        """What the command line prints; None: the device does not know the command."""
        if command in self.refused:
            return None
        printers = EOS_PORTS if self.device.platform == "arista_eos" else NXOS_PORTS
        printer = printers.get(command)
        return None if printer is None else printer(self.page())

    def data(self, command: str) -> Any:
        """The same as JSON."""
        if command in self.refused:
            return None
        if command in self.said:
            return self.said[command]
        makers = _EOS if self.device.platform == "arista_eos" else _NXOS
        return makers[command](self) if command in makers else None


def _eos_status(port: Port) -> str:
    if not port.admin_up:
        return "disabled"
    return "errdisabled" if port.error else "connected" if port.connected else "notconnect"


def _eos_interfaces(api: Api) -> Any:
    return {
        "interfaces": {
            port.name: {
                "name": port.name,
                "hardware": "ethernet" if port.physical else "vlan",
                "description": port.description,
                "interfaceStatus": _eos_status(port),
                "lineProtocolStatus": "up" if port.oper_up else "down",
                "bandwidth": 0 if port.virtual else port.speed * 1_000_000,
                "mtu": 9214,
                "physicalAddress": "" if port.name.startswith("Loopback") else port.mac,
                "lastStatusChangeTimestamp": 1_700_000_000.25,
                **({"interfaceCounters": _eos_counters(port)} if port.physical else {}),
            }
            for port in api.ports
        }
    }


def _eos_counters(port: Port) -> Any:
    found = port.counters
    return {
        "inOctets": found.in_octets,
        "outOctets": found.out_octets,
        "inDiscards": 0,
        "outDiscards": 0,
        "totalInErrors": found.in_errors,
        "totalOutErrors": found.out_errors,
    }


def _eos_optics(api: Api) -> Any:
    found = {}
    for port in api.ports:
        if port.fibre and port.physical:
            power = -2.9 if port.oper_up else -30.0
            found[port.name] = {} if port.absent else {"rxPower": power, "txPower": -2.4}
    return {"interfaces": found}


def _eos_neighbours(api: Api) -> Any:
    return {
        "lldpNeighbors": {
            port.name: {
                "lldpNeighborInfo": [
                    {
                        "chassisIdType": "macAddress",
                        "chassisId": port.neighbour.chassis,
                        "systemName": port.neighbour.system,
                        "systemDescription": port.neighbour.text,
                        "systemCapabilities": {"bridge": True},
                        "neighborInterfaceInfo": {
                            "interfaceId": f'"{port.neighbour.port}"',
                            "interfaceDescription": port.neighbour.description,
                        },
                    }
                ]
                if port.neighbour
                else []
            }
            for port in api.ports
            if port.physical
        }
    }


_EOS: dict[str, Callable[[Api], Any]] = {
    "show version": lambda _: {"version": "4.24.2F"},
    "show interfaces": _eos_interfaces,
    "show interfaces transceiver": _eos_optics,
    "show lldp neighbors detail": _eos_neighbours,
}


def _nxos_interface(port: Port) -> Any:
    up = "up" if port.oper_up else "down"
    if port.name.startswith("Vlan"):
        admin = "up" if port.admin_up else "down"
        return {
            "interface": port.name,
            "svi_admin_state": admin,
            "svi_line_proto": up,
            "svi_mtu": "1500",
            "svi_bw": "1000000",
            "svi_mac": f"{port.mac}  ",
        }
    row = {
        "interface": port.name,
        "state": up,
        "eth_mtu": "1500",
        "eth_bw": str((port.speed or port.capacity) * 1000),
        "eth_hw_addr": port.mac,
        "desc": port.description,
        "eth_link_flapped": "3d04h",
        "admin_state": "up" if port.admin_up else "down",
    }
    return row


_NXOS: dict[str, Callable[[Api], Any]] = {
    "show hostname": lambda api: {"hostname": api.device.hostname},
    "show interface": lambda api: {
        "TABLE_interface": {"ROW_interface": [_nxos_interface(port) for port in api.ports]}
    },
}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 20

    @property
    def api(self) -> Api:
        return self.server.api  # type: ignore[attr-defined, no-any-return]

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""

    def do_POST(self) -> None:
        api, device = self.api, self.api.device
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        login = base64.b64decode(self.headers.get("Authorization", "").removeprefix("Basic "))
        api.logins.append(login.decode())
        if login.decode() != f"{device.username}:{device.password}":
            self.answer(401, b"Unable to authenticate user: Bad username/password combination")
            return
        eapi = self.path == "/command-api"
        commands = _eapi_commands(body) if eapi else [each["params"]["cmd"] for each in body]
        api.asked += commands
        for key in ("*", *commands):
            if key in api.broken:
                api.broken[key](self)
                return
        answer = _eapi(api, body, commands) if eapi else _nxapi(api, body)
        self.answer(200, json.dumps(answer).encode())

    def answer(self, status: int, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _eapi_commands(body: Any) -> list[str]:
    words = [c["cmd"] if isinstance(c, dict) else c for c in body["params"]["cmds"]]
    return [" ".join(word.split()) for word in words if word != "enable"]


def _eapi(api: Api, body: Any, commands: list[str]) -> Any:
    """A list of results, the first of them that of ``enable``; or an error at the first refusal."""
    enable = body["params"]["cmds"][0]
    secret = enable.get("input", "") if isinstance(enable, dict) else ""
    if api.device.enable_secret and secret != api.device.enable_secret:
        message = "CLI command 1 of 2 'enable' failed: could not run command"
        return {"id": body["id"], "error": {"code": 1002, "message": message, "data": [
            {"errors": [f"Bad secret, input={secret}"]}]}}  # fmt: skip
    found: list[Any] = [{}]
    for command in commands:
        text = body["params"]["format"] == "text"
        one = api.text(command) if text else api.data(command)
        if one is None:
            message = f"CLI command 2 of 2 '{command}' failed: invalid command"
            data = [*found, {"errors": ["Invalid input (privileged mode required)"]}]
            return {"id": body["id"], "error": {"code": 1002, "message": message, "data": data}}
        found.append({"output": one} if text else one)
    return {"jsonrpc": "2.0", "id": body["id"], "result": found}


def _nxapi(api: Api, body: Any) -> Any:
    answers = []
    for each in body:
        raw = each["method"] == "cli_ascii"
        command = each["params"]["cmd"]
        one = api.text(command) if raw else api.data(command)
        answer = {"jsonrpc": "2.0", "id": each["id"]}
        if one is None:
            error = {"code": -32602, "message": "Invalid params",
                     "data": {"msg": "% Invalid command\n"}}  # fmt: skip
            answers.append(answer | {"error": error})
        else:
            result = None if one == "" else {"msg" if raw else "body": one}
            answers.append(answer | {"result": result})
    return answers[0] if len(answers) == 1 else answers


def silent(handler: BaseHTTPRequestHandler) -> None:
    """Nothing comes any more."""
    time.sleep(15)


def dropped(handler: BaseHTTPRequestHandler) -> None:
    """The line is cut."""
    handler.close_connection = True
    handler.connection.close()


def dripping(handler: BaseHTTPRequestHandler) -> None:
    """A byte now and then, and never an end: no time limit of a socket ever passes."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    try:
        for _ in range(200):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.1)
    except OSError:
        pass


def endless(handler: BaseHTTPRequestHandler) -> None:
    """As fast as the line takes it, and never an end."""
    handler.send_response(200)
    handler.send_header("Connection", "close")
    handler.end_headers()
    handler.close_connection = True
    _pour(handler, b"1" * 65536)


def endless_chunks(handler: BaseHTTPRequestHandler) -> None:
    """The same in chunks."""
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    _pour(handler, b"10000\r\n" + b"1" * 65536 + b"\r\n")


def _pour(handler: BaseHTTPRequestHandler, data: bytes) -> None:
    try:
        for _ in range(2000):
            handler.wfile.write(data)
    except OSError:
        pass


def page_of_html(handler: BaseHTTPRequestHandler) -> None:
    """Something that is no API answers."""
    handler.answer(503, b"<html>busy</html>")  # type: ignore[attr-defined]


@contextmanager
def api_of(device: DeviceHandle, tls: ssl.SSLContext | None) -> Iterator[Api]:
    """The API of a device of the lab, on a port of its own; without ``tls`` in clear."""
    server = ThreadingHTTPServer((ADDRESS, 0), _Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    if tls is not None:
        server.socket = tls.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    api = Api(device, port=server.server_address[1])
    server.api = api  # type: ignore[attr-defined]
    running = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    running.start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        running.join()
