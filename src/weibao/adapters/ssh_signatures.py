"""SSH signatures by OpenSSH's own ``ssh-keygen -Y`` (PROTOCOL.sshsig, ssh-keygen(1)).

Who may sign stands in ``contracts/<id>.allowed_signers`` of the estate, in OpenSSH's format;
keys that may no longer do in ``contracts/<id>.revoked_keys`` (public keys, or a KRL).
"""

from __future__ import annotations

import base64
import os
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from weibao.boundary.changes import Signer
from weibao.errors import FailedError, InputError, UncheckedError

__all__ = ["SshSignatures"]

_PROGRAM = "ssh-keygen"
_SIGN_SECONDS = 300
"""A key may want its passphrase, or a touch."""
_VERIFY_SECONDS = 20
_LONGEST = 65536
_LONGEST_TYPE = 64
_CODES = (
    ("namespace does not match", "namespace"),
    ("not permitted for use in signature namespace", "namespace"),
    ("key has expired", "expired"),
    ("not yet valid", "not_yet_valid"),
    ("revoked", "revoked"),
    ("incorrect signature", "other_text"),
    ("missing header", "malformed"),
    ("parse signature", "malformed"),
    ("invalid format", "malformed"),
    ("incomplete message", "malformed"),
)
"""What ssh-keygen says, and our words for it; the verdict itself is its exit status."""


class SshSignatures:
    """Implements ``boundary.Signatures`` for the contracts of an estate."""

    def __init__(self, contracts: Path) -> None:
        """``contracts`` is the estate's folder with the allowed signers."""
        self._folder = contracts

    def signers_file(self, contract: str) -> Path:
        """Where the contract's allowed signers are to lie."""
        return self._folder / f"{contract}.allowed_signers"

    def sign(self, key: Path, namespace: str, statement: str) -> str:
        """The armored signature; see ``boundary.Signatures``.

        ``key`` may be a public key whose other half the agent holds. A passphrase is asked for
        by ssh-keygen itself, on the terminal.
        """
        if not key.is_file():
            raise InputError("signature.no_key", file=key)
        command = ["-Y", "sign", "-f", str(key), "-n", namespace]
        try:
            done = _run(command, statement.encode(), _SIGN_SECONDS)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise FailedError("signature.cannot_sign", file=key, why=error) from error
        text = done.stdout.decode("ascii", "replace")
        if done.returncode or not text.startswith("-----BEGIN SSH SIGNATURE-----"):
            raise FailedError("signature.cannot_sign", file=key, why=_last(done.stderr))
        return text

    def verify(
        self, contract: str, signer: Signer, statement: str, signature: str, at: datetime
    ) -> str:
        """A code why the signature does not hold, empty where it does.

        ``other_text``, ``namespace``, ``expired``, ``not_yet_valid``, ``revoked``,
        ``malformed``, or ``unknown_key`` (not one of the signer's). See ``boundary.Signatures``.
        """
        signers = self._signers(contract)
        if len(signature) > _LONGEST or "\0" in signature:
            return "malformed"
        revoked = self._folder / f"{contract}.revoked_keys"
        try:
            with tempfile.TemporaryDirectory(prefix="weibao-") as folder:
                return _verify(Path(folder), signers, revoked, signer, statement, signature, at)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise UncheckedError("signature.unchecked", why=error) from error

    def _signers(self, contract: str) -> bytes:
        """The allowed signers, after a look at what would make two persons one."""
        file = self.signers_file(contract)
        try:
            with file.open("rb") as stream:
                mode = stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
                data = stream.read()
        except FileNotFoundError as error:
            raise UncheckedError("signature.no_signers", file=file, contract=contract) from error
        except OSError as error:
            raise UncheckedError("signature.unreadable", file=file, why=error.strerror) from error
        if mode & 0o022:
            raise UncheckedError("signature.signers_open", file=file, mode=f"{mode:04o}")
        owners: dict[bytes, str] = {}
        for number, principals, key in _lines(data):
            if set("*?!,") & set(principals):
                raise UncheckedError("signature.pattern", file=file, line=number)
            if owners.setdefault(key, principals) != principals:
                raise UncheckedError(
                    "signature.shared_key",
                    file=file,
                    line=number,
                    one=owners[key],
                    other=principals,
                )
        return data


def _verify(
    folder: Path,
    signers: bytes,
    revoked: Path,
    signer: Signer,
    statement: str,
    signature: str,
    at: datetime,
) -> str:
    allowed, armored = folder / "signers", folder / "signature"
    allowed.write_bytes(signers)
    armored.write_text(signature, encoding="utf-8")
    command = ["-Y", "verify", "-f", str(allowed), "-I", signer.principal, "-n", signer.namespace]
    command += ["-s", str(armored), "-O", f"verify-time={_time(at)}"]
    if revoked.exists():
        revoked.read_bytes()  # a list that cannot be read must not look like a bad signature
        command += ["-r", str(revoked)]
    done = _run(command, statement.encode(), _VERIFY_SECONDS)
    if done.returncode == 0 and done.stdout.startswith(b"Good "):
        return ""
    said = done.stderr.decode("utf-8", "replace")
    code = next((code for text, code in _CODES if text in said), "unknown_key")
    if code == "unknown_key" and revoked.exists() and not _is_listed(command, statement):
        return "unknown_key"
    return "revoked" if code == "unknown_key" and revoked.exists() else code


def _is_listed(command: Sequence[str], statement: str) -> bool:
    """Whether it would hold without the revoked keys: ssh-keygen does not say it by itself."""
    without = [*command[: command.index("-r")]]
    return _run(without, statement.encode(), _VERIFY_SECONDS).returncode == 0


def _run(
    arguments: Sequence[str], data: bytes, seconds: float
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [_PROGRAM, *arguments],
        input=data,
        capture_output=True,
        timeout=seconds,
        check=False,
        env={**os.environ, "LC_ALL": "C", "TZ": "UTC"},
    )


def _time(at: datetime) -> str:
    """As ssh-keygen takes it: local time, which is UTC here (a ``Z`` is known since 9.1 only)."""
    return f"{at.astimezone(UTC):%Y%m%d%H%M%S}"


def _lines(data: bytes) -> Iterator[tuple[int, str, bytes]]:
    """Line number, principals and key of each line of an allowed-signers file.

    A key is known by what is in it: the word before it may be any of several names for its
    type, and the same bytes may be written in several ways.
    """
    for number, line in enumerate(data.split(b"\n"), 1):
        words = line.decode("utf-8", "replace").strip(" \t\r").split()
        if not words or words[0].startswith("#"):
            continue
        keys = ((place, _key(word)) for place, word in enumerate(words) if place)
        place, key = next(((place, key) for place, key in keys if key), (0, b""))
        if key and "cert-authority" not in words[1:place]:
            yield number, words[0].strip('"'), key


def _key(word: str) -> bytes:
    """What comes after the type in a public key (RFC 4253, 6.6); empty where it is none."""
    try:
        blob = base64.b64decode(word + "=" * (-len(word) % 4))
    except ValueError:
        return b""
    length = int.from_bytes(blob[:4], "big")
    name = blob[4 : 4 + length]
    is_key = 0 < length <= _LONGEST_TYPE and name.isascii() and len(name) == length
    return blob[4 + length :] if is_key else b""


def _last(stderr: bytes) -> str:
    lines = [line for line in stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[-1][:300] if lines else _PROGRAM
