"""Compiling an inventory to one JSON file with Ansible's own inventory command."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from weibao.adapters import files
from weibao.adapters.ansible_inventory.sources import Digest, digest_of
from weibao.adapters.ansible_inventory.vault import config_file
from weibao.errors import InputError, InputErrors

__all__ = ["Compiled", "Compiler", "convert", "group_names"]

_KEEP_SECONDS = 3600
_PROGRAM = Path(__file__).with_name("_dump.py")
_YAML = frozenset({".yml", ".yaml", ".json"})


@dataclass(frozen=True)
class Compiled:
    """A compiled inventory: the document that Ansible's YAML plugin reads, and its file."""

    digest: str
    path: Path
    document: dict[str, Any]


class Compiler:
    """Compiles, and keeps what it compiled by the content it was compiled from."""

    def __init__(
        self,
        folder: Path,
        cache: Path,
        env: Mapping[str, str] | None = None,
        vault_options: tuple[str, ...] = (),
    ) -> None:
        self.folder = folder
        self.cache = cache
        self.env = dict(os.environ if env is None else env)
        self.vault_options = vault_options
        config = folder / "ansible.cfg"
        if config.is_file():
            self.env["ANSIBLE_CONFIG"] = str(config)
        self._last: tuple[Digest, Compiled] | None = None

    def compile(self, sources: tuple[str, ...]) -> Compiled:
        """``sources`` (absolute) compiled; what did not change is not compiled again.

        An inventory that a program prints is not kept for another command, but within one
        (the life of this object) it is asked for once, so that all parts see the same.

        Raises:
            InputError: Ansible cannot read it, in Ansible's words with file and line.
            FailedError: the cache cannot be written.
        """
        digest = self._digest(sources)
        if self._last is None or self._last[0] != digest:
            known = self._known(digest.sha256) if digest.lasting else None
            self._last = (digest, known) if known else self._compile(sources, digest)
        return self._last[1]

    def _compile(self, sources: tuple[str, ...], before: Digest) -> tuple[Digest, Compiled]:
        for _ in range(3):
            listed, lasting = self._ansible(sources)
            after = self._digest(sources)
            if before == after:
                break
            before, lasting = after, False  # somebody is writing at it right now
        return before, self.keep(convert(listed), before if before.lasting and lasting else None)

    def keep(self, document: dict[str, Any], digest: Digest | None = None) -> Compiled:
        """Write it under the digest of what it was made of, or else of what it says.

        Raises:
            FailedError: the cache cannot be written.
        """
        text = _encode(document)
        name = digest.sha256 if digest else hashlib.sha256(text).hexdigest()
        path = self._path(name)
        files.replace(path, text, 0o600)
        self._sweep(keep=path)
        return Compiled(name, path, document)

    def _digest(self, sources: tuple[str, ...]) -> Digest:
        config = config_file(self.env, self.folder)
        ansible = metadata.version("ansible-core")
        return digest_of(sources, self.folder, config, self.env, ansible)

    def _path(self, digest: str) -> Path:
        return self.cache / f"inventory-{digest}.json"

    def _known(self, digest: str) -> Compiled | None:
        path = self._path(digest)
        try:
            document = json.loads(path.read_bytes())
            os.utime(path)
        except (OSError, ValueError):
            return None
        return Compiled(digest, path, document)

    def _sweep(self, keep: Path) -> None:
        """Old ones go, since they may hold passwords that the inventory no longer does."""
        limit = time.time() - _KEEP_SECONDS
        for path in self.cache.glob("inventory-*.json"):
            try:
                if path != keep and path.stat().st_mtime < limit:
                    path.unlink()
            except OSError:
                continue

    def _ansible(self, sources: tuple[str, ...]) -> tuple[dict[str, Any], bool]:
        """What Ansible says, and whether it says the same until a file changes."""
        options = [part for source in sources for part in ("-i", source)]
        env = self.env | {
            "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_ASK_VAULT_PASS": "false",
            "PYTHONIOENCODING": "utf-8",
        }
        command = [sys.executable, "-P", str(_PROGRAM), *options, *self.vault_options]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            start_new_session=True,  # no terminal, so nothing can ask for a password
        )
        try:
            said = json.loads(done.stdout)
        except ValueError:
            raise InputError("estate.ansible_failed", said=_last_words(done.stderr)) from None
        if "inventory" in said:
            return dict(said["inventory"]), bool(said["lasting"])
        raise self._error(said["errors"], done.stderr)

    def _error(self, errors: list[dict[str, Any]], stderr: bytes) -> InputError:
        if not errors:
            return InputError("estate.ansible_failed", said=_last_words(stderr))
        chosen = [error for error in errors if _fits(error)] or errors[-1:]
        vault = next((e for e in errors if "no vault secrets found" in e["message"]), None)
        if vault:
            return InputError("estate.vault_password_missing", file=self._shown(vault["file"]))
        wrong = next((e for e in errors if "Decryption failed" in e["message"]), None)
        if wrong:
            return InputError("estate.vault_password_wrong", file=self._shown(wrong["file"]))
        chosen = [_without_values(error) for error in chosen]
        return InputErrors(
            (self._place(error), "estate.ansible_said", {"said": error["message"]})
            for error in _unique(chosen)
        )

    def _place(self, error: dict[str, Any]) -> str:
        shown = self._shown(error["file"])
        return f"{shown}:{error['line']}" if error["line"] else shown

    def _shown(self, file: str) -> str:
        path = Path(file)
        if file and path.is_relative_to(self.folder):
            return str(path.relative_to(self.folder))
        return file or "inventory"


def _fits(error: dict[str, Any]) -> bool:
    """Whether the plugin that failed is the one that the file was meant for."""
    suffix = Path(error["file"]).suffix
    return error["plugin"] in ("", "yaml" if suffix in _YAML else "ini")


def _without_values(error: dict[str, Any]) -> dict[str, Any]:
    """Ansible quotes the piece of an INI line that it stumbled on: it may be half a password.
    The line's number says more, and nothing that is secret."""
    message, found, piece = str(error["message"]).partition(", got: ")
    if not found:
        return error
    try:
        lines = Path(error["file"]).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        lines = []
    numbers = (n for n, line in enumerate(lines, 1) if piece.strip() in line.split())
    return error | {"message": message, "line": error["line"] or next(numbers, 0)}


def _unique(errors: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({(e["file"], e["line"], e["message"]): e for e in errors}.values())


def _last_words(stderr: bytes) -> str:
    lines = [line for line in stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("[ERROR]")] or lines[-1:]
    return " ".join(errors).removeprefix("[ERROR]: ")[:500] or "ansible-inventory"


def _encode(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode(
        "utf-8", "surrogateescape"
    )


def convert(listed: Mapping[str, Any]) -> dict[str, Any]:
    """What ``ansible-inventory --list`` prints, as a document for Ansible's YAML plugin.

    Every host carries all of its variables, merged as Ansible merged them (with group
    priorities and variable plugins); groups carry only their members.
    """
    groups = {name: body for name, body in listed.items() if name != "_meta"}
    meta = listed.get("_meta", {})
    variables: dict[str, Any] = meta.get("hostvars", {})
    written: set[str] = set()

    def group(name: str) -> dict[str, Any]:
        body = groups.get(name, {})
        if name in written:
            return {}  # a group in two places is said once; members are the same everywhere
        written.add(name)
        document: dict[str, Any] = {}
        if hosts := body.get("hosts"):
            document["hosts"] = dict.fromkeys(hosts)
        if children := body.get("children"):
            document["children"] = {child: group(child) for child in children}
        return document

    document = group("all")
    listed_hosts = [host for body in groups.values() for host in body.get("hosts", ())]
    order = dict.fromkeys([*meta.get("order", ()), *listed_hosts, *variables])
    hosts = {host: variables.get(host, {}) for host in order}
    return {"all": {"hosts": hosts, "children": document.get("children", {})}}


def group_names(body: Mapping[str, Any]) -> set[str]:
    """All groups of a compiled document's ``all``, itself included."""
    names = {"all", "ungrouped"}
    for name, inner in (body.get("children") or {}).items():
        names |= {name, *(group_names(inner or {}))}
    return names
