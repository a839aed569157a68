"""The ansible-vault file format, AES256, versions 1.1 (written) and 1.2 (also read).

The format is public (Ansible documentation, "Ansible Vault payload format 1.1 - 1.2"): a
header line, then in lines of 80 hex digits the hex of three lines, each hex again: salt,
HMAC-SHA256 of the ciphertext, ciphertext. The keys come from PBKDF2-HMAC-SHA256, 10,000
rounds, 80 bytes: AES-256 key, HMAC key, counter; the text is padded (PKCS #7) and encrypted
with AES-CTR.

It is written here instead of calling ``ansible.parsing.vault``, for three reasons: importing
that takes 0.2 to 0.3 s against 0.06 s (the cipher itself costs the same, 3 to 4 ms a file,
nearly all of it PBKDF2); it takes its salt from Ansible's configuration when that sets one
(``VAULT_ENCRYPT_SALT``), and two texts under one salt and password share a key stream; and it
keeps every derived key in an unbounded cache. The tests open these files with the real
``ansible-vault`` command, and read what that command wrote.

``ansible-vault decrypt --output FILE`` gives the exact bytes. ``ansible-vault view`` is made for
eyes: it ends every line with LF, and shows ``?`` for what is not UTF-8 (GBK), whoever wrote the
file.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from binascii import Error, hexlify, unhexlify
from typing import NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR
from cryptography.hazmat.primitives.padding import PKCS7

__all__ = ["VaultFileError", "decrypt", "encrypt"]

_HEADER = b"$ANSIBLE_VAULT;1.1;AES256"
_VERSIONS = (b"1.1", b"1.2")
_ROUNDS = 10_000
_BLOCK = 128
_WIDTH = 80


class VaultFileError(ValueError):
    """Not such a file, damaged, or encrypted with another password."""


class _Keys(NamedTuple):
    """What a password and a salt give."""

    cipher: bytes
    mac: bytes
    counter: bytes

    @classmethod
    def derive(cls, password: bytes, salt: bytes) -> _Keys:
        derived = hashlib.pbkdf2_hmac("sha256", password, salt, _ROUNDS, 80)
        return cls(derived[:32], derived[32:64], derived[64:])


def encrypt(data: bytes, password: bytes) -> bytes:
    """``data`` as a vault file; a new salt each time, so never the same bytes twice."""
    salt = os.urandom(32)
    keys = _Keys.derive(password, salt)
    padder = PKCS7(_BLOCK).padder()
    encryptor = Cipher(AES256(keys.cipher), CTR(keys.counter)).encryptor()
    sealed = encryptor.update(padder.update(data) + padder.finalize()) + encryptor.finalize()
    mac = hmac.digest(keys.mac, sealed, "sha256")
    body = hexlify(b"\n".join(map(hexlify, (salt, mac, sealed))))
    lines = (body[at : at + _WIDTH] for at in range(0, len(body), _WIDTH))
    return b"\n".join((_HEADER, *lines)) + b"\n"


def decrypt(file: bytes, password: bytes) -> bytes:
    """The plain bytes of a vault file.

    Raises:
        VaultFileError: not such a file, damaged, or another password.
    """
    salt, mac, sealed = _parts(file)
    keys = _Keys.derive(password, salt)
    if not hmac.compare_digest(mac, hmac.digest(keys.mac, sealed, "sha256")):
        raise VaultFileError("the HMAC does not fit")
    decryptor = Cipher(AES256(keys.cipher), CTR(keys.counter)).decryptor()
    unpadder = PKCS7(_BLOCK).unpadder()
    try:
        plain = decryptor.update(sealed) + decryptor.finalize()
        return unpadder.update(plain) + unpadder.finalize()
    except ValueError as error:
        raise VaultFileError("the padding does not fit") from error


def _parts(file: bytes) -> tuple[bytes, bytes, bytes]:
    header, _, body = file.partition(b"\n")
    fields = header.strip().split(b";")
    if len(fields) < 3 or fields[0] != b"$ANSIBLE_VAULT":
        raise VaultFileError("no ansible-vault header")
    if fields[1] not in _VERSIONS or fields[2] != b"AES256":
        raise VaultFileError("an ansible-vault format that is neither 1.1 nor 1.2 with AES256")
    try:
        salt, mac, sealed = map(unhexlify, unhexlify(b"".join(body.split())).split(b"\n", 2))
    except (Error, ValueError) as error:
        raise VaultFileError("the body is not hex") from error
    return salt, mac, sealed
