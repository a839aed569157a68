"""Real servers on loopback for the tests: SMTP and HTTP."""

from __future__ import annotations

import base64
import contextlib
import datetime
import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

__all__ = ["HttpServer", "Request", "SmtpServer", "http_server", "make_certificate", "smtp_server"]


def make_certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A self-signed certificate for 127.0.0.1: the server's context and one that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file = folder / "server.pem"
    file.write_bytes(pem + private)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    return server, ssl.create_default_context(cadata=pem.decode())


@dataclass
class SmtpServer:
    """What it offers, how it answers, and what it was sent."""

    tls: ssl.SSLContext | None = None
    implicit: bool = False
    user: str = ""
    password: str = ""
    replies: dict[str, str] = field(default_factory=dict)
    """An answer of its own to a verb (``RCPT bad@example.com`` before ``RCPT``)."""
    silent: bool = False
    port: int = 0
    messages: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    verbs: list[str] = field(default_factory=list)
    clear: bytes = b""
    """Everything that came before TLS."""

    def talk(self, connection: socket.socket) -> None:
        """One client."""
        if self.silent:
            connection.recv(1)
            return
        encrypted = self.implicit
        if encrypted:
            assert self.tls
            connection = self.tls.wrap_socket(connection, server_side=True)
        stream = connection.makefile("rwb", buffering=0)

        def say(text: str) -> None:
            stream.write(f"{text}\r\n".encode())

        say("220 test")
        while line := stream.readline():
            if not encrypted:
                self.clear += line
            text = line.decode().strip()
            verb = text.partition(" ")[0].upper()
            self.verbs.append(verb)
            own = next((r for v, r in self.replies.items() if _fits(v, verb, text)), None)
            if own is not None:
                say(own)
            elif verb == "EHLO":
                offers = ["test", "8BITMIME"]
                if self.tls and not encrypted:
                    offers.append("STARTTLS")
                if self.user:
                    offers.append("AUTH PLAIN")
                for offer in offers[:-1]:
                    say(f"250-{offer}")
                say(f"250 {offers[-1]}")
            elif verb == "STARTTLS":
                assert self.tls
                say("220 go on")
                connection = self.tls.wrap_socket(connection, server_side=True)
                stream = connection.makefile("rwb", buffering=0)
                encrypted = True
            elif verb == "AUTH":
                given = base64.b64decode(text.split()[-1]).decode()
                good = given == f"\0{self.user}\0{self.password}"
                # a server that is unkind enough to repeat what it was sent
                say("235 in" if good else f"535 no such {text.split()[-1]} {given[1:]!r}")
            elif verb == "RCPT":
                self.recipients.append(text)
                say("250 ok")
            elif verb == "DATA":
                say("354 go on")
                data = b""
                while (piece := stream.readline()) != b".\r\n":
                    data += piece
                self.messages.append(data)
                say("250 ok")
            elif verb == "QUIT":
                say("221 bye")
                return
            else:
                say("250 ok")


def _fits(wanted: str, verb: str, text: str) -> bool:
    first, _, rest = wanted.partition(" ")
    return first == verb and rest in text


@contextlib.contextmanager
def smtp_server(server: SmtpServer) -> Iterator[SmtpServer]:
    """Serve until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    server.port = listener.getsockname()[1]

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.settimeout(5)
            with connection, contextlib.suppress(OSError, ValueError):
                server.talk(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(timeout=6)


@dataclass
class Request:
    """One request that arrived."""

    path: str
    body: dict[str, Any]
    headers: dict[str, str]


@dataclass
class HttpServer:
    """What it answers, and what it was sent."""

    status: int = 200
    answer: bytes = b'{"errcode":0,"errmsg":"ok"}'
    headers: dict[str, str] = field(default_factory=dict)
    drops: int = 0
    """So many requests are cut off without an answer."""
    port: int = 0
    requests: list[Request] = field(default_factory=list)

    def url(self, path: str) -> str:
        """An address on it."""
        return f"http://127.0.0.1:{self.port}{path}"


@contextlib.contextmanager
def http_server(server: HttpServer) -> Iterator[HttpServer]:
    """Serve until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.requests.append(Request(self.path, json.loads(body), dict(self.headers)))
            if server.drops:
                server.drops -= 1
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.send_response(server.status)
            for name, value in server.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(server.answer)))
            self.end_headers()
            self.wfile.write(server.answer)

        def log_message(self, *arguments: object) -> None:
            return

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.port = listener.server_port
    thread = threading.Thread(target=listener.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join(timeout=5)
