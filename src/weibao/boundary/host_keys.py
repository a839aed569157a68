"""Host keys of devices: asking for them, and keeping them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection, Sequence
from typing import NamedTuple, Protocol

from weibao.domain.inventory import Device

__all__ = ["HostKey", "HostKeyScanner", "HostKeyStore", "KeptKey"]


class HostKey(NamedTuple):
    """A public host key as OpenSSH writes it."""

    type: str
    """Such as ``ssh-ed25519``."""
    base64: str

    @property
    def fingerprint(self) -> str:
        """As ``ssh-keygen -l`` shows it."""
        digest = hashlib.sha256(base64.b64decode(self.base64)).digest()
        return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


class KeptKey(NamedTuple):
    """A key to keep, and where it is the device's."""

    address: str
    port: int
    key: HostKey
    replace: bool = False
    """Take the place of every key known for the address."""


class HostKeyScanner(Protocol):
    """Asks a device for its key by key exchange alone: no user, no password."""

    def scan(self, device: Device, prefer: Sequence[str] = ()) -> HostKey:
        """The key it shows, of a type in ``prefer`` where it has one.

        Raises:
            FailedError: it gave none; the key is ``reason.<code>`` with its parameters.
        """
        ...

    def unwanted(self, device: Device) -> str:
        """The code of the reason why this device is not asked at all (Telnet), or nothing."""
        ...


class HostKeyStore(Protocol):
    """The known keys of an estate."""

    def known(self, address: str, port: int) -> Collection[HostKey]:
        """The keys on record for an address."""
        ...

    def save(self, keys: Sequence[KeptKey]) -> None:
        """Keep ``keys``; what others wrote meanwhile stays, and no key is overwritten unless
        ``replace`` says so.

        Raises:
            FailedError: it cannot be written; what was there is as it was.
        """
        ...
