"""Sealing evidence: AES-256-GCM under a key derived from the contract's password.

A sealed blob is ``WBE1``, a random nonce of 12 bytes, and the ciphertext with its tag; the
sha256 of the plain bytes (the blob's name) is bound to it as associated data, so that a
blob opens only under its own name. Processes that collect import this module, so it
imports little.
"""

from __future__ import annotations

import functools
import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from weibao.errors import IntegrityError

__all__ = ["open_sealed", "seal"]

_MAGIC = b"WBE1"
_NONCE = 12


@functools.lru_cache(maxsize=64)
def _cipher(password: bytes) -> AESGCM:
    # HKDF suffices (no slow hash): the password is 256 random bits, made by the key ring.
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"weibao evidence v1")
    return AESGCM(key.derive(password))


def seal(password: bytes, data: bytes) -> tuple[str, bytes]:
    """The sha256 of ``data`` and the sealed blob; a new nonce each time."""
    sha256 = hashlib.sha256(data).hexdigest()
    nonce = os.urandom(_NONCE)
    return sha256, _MAGIC + nonce + _cipher(password).encrypt(nonce, data, sha256.encode())


def open_sealed(password: bytes, sha256: str, sealed: bytes) -> bytes:
    """The plain bytes of a blob named ``sha256``.

    Raises:
        IntegrityError: damaged, of another name, or sealed with another key.
    """
    start = len(_MAGIC) + _NONCE
    if not sealed.startswith(_MAGIC):
        raise IntegrityError("evidence.not_sealed", sha256=sha256)
    try:
        nonce = sealed[len(_MAGIC) : start]
        data = _cipher(password).decrypt(nonce, sealed[start:], sha256.encode())
    except (InvalidTag, ValueError) as error:
        raise IntegrityError("evidence.does_not_open", sha256=sha256) from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise IntegrityError("evidence.does_not_open", sha256=sha256)
    return data
