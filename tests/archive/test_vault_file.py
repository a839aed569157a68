"""Vault files open with the standard command, and the other way round."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from weibao.adapters.vault_file import VaultFileError, decrypt, encrypt

from .helping import OneKey, need

OTHER = {
    "nothing": b"",
    "configuration": b"hostname sw1\n",
    "no body": b"$ANSIBLE_VAULT;1.1;AES256\n",
    "no hex": b"$ANSIBLE_VAULT;1.1;AES256\nzz",
    "version": b"$ANSIBLE_VAULT;9.9;AES256\n00",
    "cipher": b"$ANSIBLE_VAULT;1.1;AES\n00",
    "binary": b"\xff\xfe",
}
TEXTS = {
    "plain": b"hostname sw1\nend\n",
    "chinese": "description 核心机房\r\n".encode(),
    "gbk": "description 核心机房\r\n".encode("gbk"),
    "empty": b"",
    "open": b"no newline at the end",
    "block": b"x" * 32,
    "control": bytes(range(256)),
    "white": b"\n\n  \n",
}


def key_of(keys: OneKey) -> tuple[str, str]:
    """The option that names the key."""
    return "--vault-password-file", str(keys.file)


def ansible_vault(*arguments: str) -> bytes:
    """What the real command prints."""
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"}
    command = [need("ansible-vault"), *arguments]
    done = subprocess.run(command, capture_output=True, env=environment, cwd="/")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_standard_command_opens_it_to_the_byte(keys: OneKey, tmp_path: Path) -> None:
    texts = TEXTS | {"1MB": b"0123456789abcdef" * 65536}
    for name, data in texts.items():
        (tmp_path / name).write_bytes(encrypt(data, keys.password("default")))
    ansible_vault("decrypt", *key_of(keys), *(str(tmp_path / name) for name in texts))
    assert {name: (tmp_path / name).read_bytes() for name in texts} == texts


def test_view_shows_it_as_it_shows_its_own(keys: OneKey, tmp_path: Path) -> None:
    """``view`` itself ends every line with LF (``decrypt`` gives the bytes): the same for both."""
    names = [name for name in TEXTS if name not in {"gbk", "control"}]  # it only views UTF-8
    ours = [tmp_path / f"{name}.ours" for name in names]
    own = [tmp_path / f"{name}.own" for name in names]
    for name, one, other in zip(names, ours, own, strict=True):
        one.write_bytes(encrypt(TEXTS[name], keys.password("default")))
        other.write_bytes(TEXTS[name])
    ansible_vault("encrypt", *key_of(keys), *map(str, own))
    shown = ansible_vault("view", *key_of(keys), *map(str, ours))
    assert shown == ansible_vault("view", *key_of(keys), *map(str, own))
    assert shown.startswith(TEXTS["plain"] + "description 核心机房\n".encode())


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_what_the_command_wrote_is_read(version: str, keys: OneKey, tmp_path: Path) -> None:
    for name, data in TEXTS.items():
        (tmp_path / name).write_bytes(data)
    labelled = ("--vault-id", f"customer@{keys.file}", "--encrypt-vault-id", "customer")
    identity = key_of(keys) if version == "1.1" else labelled
    ansible_vault("encrypt", *identity, *(str(tmp_path / name) for name in TEXTS))
    for name, data in TEXTS.items():
        file = (tmp_path / name).read_bytes()
        assert file.startswith(f"$ANSIBLE_VAULT;{version};AES256".encode())
        assert decrypt(file, keys.password("default")) == data


@pytest.mark.parametrize("data", TEXTS.values(), ids=TEXTS)
def test_round_trip(data: bytes) -> None:
    sealed = encrypt(data, b"key")
    assert decrypt(sealed, b"key") == data
    assert encrypt(data, b"key") != sealed
    assert max(map(len, sealed.splitlines())) <= 80


def test_every_flipped_byte_is_noticed() -> None:
    sealed = encrypt(b"secret text", b"key")
    for at in range(0, len(sealed), 7):
        flipped = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
        with pytest.raises(VaultFileError):
            decrypt(flipped, b"key")


@pytest.mark.parametrize("file", OTHER.values(), ids=OTHER)
def test_other_files_are_refused(file: bytes) -> None:
    with pytest.raises(VaultFileError):
        decrypt(file, b"key")


def test_another_key_does_not_open_it() -> None:
    with pytest.raises(VaultFileError):
        decrypt(encrypt(b"text", b"key"), b"another")
