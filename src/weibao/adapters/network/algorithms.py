"""Old SSH algorithms: refused by default, named when a device has nothing better.

What counts as old follows the defaults of OpenSSH's client (SHA-1 key exchange and
signatures, CBC ciphers, MD5 and truncated MACs are off there).
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable
from typing import Any

__all__ = ["LEGACY", "disabled", "in_use", "legacy_offer", "modern", "offered", "requested"]

LEGACY: dict[str, tuple[str, ...]] = {
    "kex": (
        "diffie-hellman-group-exchange-sha1",
        "diffie-hellman-group14-sha1",
        "diffie-hellman-group1-sha1",
    ),
    "keys": ("ssh-rsa", "ssh-dss"),
    "ciphers": ("aes128-cbc", "aes192-cbc", "aes256-cbc", "3des-cbc", "blowfish-cbc"),
    "macs": ("hmac-md5", "hmac-md5-96", "hmac-sha1-96"),
}
"""Old algorithms by the names of paramiko's groups."""

_MODERN_KEYS = {
    "ssh-ed25519": ("ssh-ed25519",),
    "ecdsa-sha2-nistp256": ("ecdsa-sha2-nistp256",),
    "ecdsa-sha2-nistp384": ("ecdsa-sha2-nistp384",),
    "ecdsa-sha2-nistp521": ("ecdsa-sha2-nistp521",),
    "ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256"),
}
"""Signatures without SHA-1, by the type of host key."""

_CIPHERS = (
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "aes128-ctr",
    "aes192-ctr",
    "aes256-ctr",
    "chacha20-poly1305@openssh.com",
)
_MACS = (
    "hmac-sha2-256-etm@openssh.com",
    "hmac-sha2-512-etm@openssh.com",
    "hmac-sha2-256",
    "hmac-sha2-512",
    "hmac-sha1",
)
_MODERN = {
    "KEY_EXCHANGE": (
        "curve25519-sha256",
        "curve25519-sha256@libssh.org",
        "ecdh-sha2-nistp256",
        "ecdh-sha2-nistp384",
        "ecdh-sha2-nistp521",
        "diffie-hellman-group14-sha256",
        "diffie-hellman-group16-sha512",
        "diffie-hellman-group-exchange-sha256",
        "diffie-hellman-group18-sha512",
    ),
    "CIPHERS_C_S": _CIPHERS,
    "CIPHERS_S_C": _CIPHERS,
    "HMAC_C_S": _MACS,
    "HMAC_S_C": _MACS,
}
"""What is offered where nothing old is allowed, by libssh's options; cheap ones first."""

_NAMES = ("kex", "keys", "ciphers", "ciphers", "macs", "macs")
_MARKERS = ("ext-info", "kex-strict")
_OPTIONS = ("kexalgorithms", "hostkeyalgorithms", "ciphers", "macs", "pubkeyacceptedalgorithms")


def disabled(allowed: Iterable[str]) -> dict[str, list[str]]:
    """paramiko's ``disabled_algorithms``: all old ones but ``allowed`` (``*``: all allowed)."""
    permitted = set(allowed)
    if "*" in permitted:
        return {}
    return {group: [n for n in names if n not in permitted] for group, names in LEGACY.items()}


def modern(key_types: Iterable[str]) -> Iterable[tuple[str, str]]:
    """libssh's options and their values; ``key_types`` are those of the host keys on record."""
    types = list(dict.fromkeys(key_types)) or list(_MODERN_KEYS)
    keys = [name for key_type in types for name in _MODERN_KEYS.get(key_type, ())]
    yield "HOSTKEYS", ",".join(keys) or "ssh-ed25519"
    for option, names in _MODERN.items():
        yield option, ",".join(names)


def in_use(transport: Any) -> tuple[str, ...]:
    """The old algorithms that a paramiko transport has agreed on."""
    agreed = {
        getattr(transport, "agreed_kex", ""),
        getattr(transport, "host_key_type", ""),
        getattr(transport, "local_cipher", ""),
        getattr(transport, "local_mac", ""),
    }
    return tuple(n for names in LEGACY.values() for n in names if n in agreed)


def requested(options: str) -> tuple[str, ...]:
    """Old algorithms that OpenSSH options ask for (``-o KexAlgorithms=+…``)."""
    old = {name for names in LEGACY.values() for name in names}
    found: list[str] = []
    for word in options.replace("-o", " ").split():
        key, _, value = word.strip("'\"").partition("=")
        if key.lower() in _OPTIONS:
            found += [n for n in value.lstrip("+^").split(",") if n in old]
    return tuple(dict.fromkeys(found))


def offered(connection: socket.socket, timeout: float) -> dict[str, list[str]]:
    """What an SSH server offers in its first key exchange packet (RFC 4253, section 7.1).

    Raises:
        OSError, ValueError: it did not answer, or not as an SSH server.
    """
    connection.settimeout(timeout)
    stream = connection.makefile("rb")
    for _ in range(50):
        line = stream.readline(1024)
        if not line:
            raise ValueError("no SSH banner")
        if line.startswith(b"SSH-"):
            break
    connection.sendall(b"SSH-2.0-weibao\r\n")
    length, padding = struct.unpack(">IB", stream.read(5))
    if not 20 < length < 65536:
        raise ValueError("no key exchange packet")
    payload = stream.read(length - 1)[: length - 1 - padding]
    if payload[0] != 20:
        raise ValueError("no key exchange packet")
    position, lists = 17, []
    for _ in _NAMES:
        (size,) = struct.unpack_from(">I", payload, position)
        lists.append(payload[position + 4 : position + 4 + size].decode("ascii").split(","))
        position += 4 + size
    return {name: names for name, names in zip(_NAMES, lists, strict=True) if name}


def legacy_offer(offer: dict[str, list[str]]) -> list[str]:
    """The old algorithms without which nothing in a group of ``offer`` is left."""
    needed: list[str] = []
    for group, names in offer.items():
        old = [n for n in names if n in LEGACY[group]]
        modern = [n for n in names if n not in LEGACY[group] and not n.startswith(_MARKERS)]
        if old and not modern:
            needed += old
    return needed
