"""Run as a program by Ansible's own Python: ``ansible-inventory --list``, and a little more.

It prints one JSON object: ``inventory`` (what ``ansible-inventory --list`` prints, with
the host order and with ``inventory_dir`` and ``inventory_file``, which the stock command
leaves out) and ``lasting`` (whether it stays true until a file changes), or ``errors``: what
went wrong, each with the file and line that Ansible knows of but does not always say. Strings
out of files that are encrypted as a whole are encrypted again one by one, so that no secret is
written in plain text.

Only what Ansible documents or has kept for years is used; where an inner part is missing
in some version, the extra is left out, never the encryption.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from ansible.cli.inventory import InventoryCLI
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.utils.display import Display

KEPT = ("inventory_dir", "inventory_file")
READABLE = frozenset(
    {"ansible_host", "ansible_port", "ansible_network_os", "ansible_connection", "contract"}
    | {"site", "unit", "role", "model", "serial_number"}
    | {"parent", "redundancy_group", *KEPT}
)
"""Needed to know what a device is; no secrets."""

SECRET_NAME = re.compile(r"pass|secret|token|key|community|credential|pwd|pin", re.IGNORECASE)
"""Numbers under such names are secrets too (a password of digits without quotes)."""

TEMPLATE = re.compile(r"\{\{|\{%")
"""A template must stay one: what is decrypted is not templated. It names secrets, usually,
and holds none."""

SOURCE = re.compile(r"with source '(.+)'>$")
"""Where Ansible names a source that it has no line of."""

FAILURES: list[tuple[str, BaseException]] = []
"""Plugin's name and what it raised, in order."""

LOADING: list[str] = []
"""Files being read; what is left here when all ends is the file that failed."""


def main(arguments: list[str]) -> int:
    """Print the JSON; 0 where the inventory could be read."""
    _listen()
    QUICK.hurry()
    try:
        command = Dump(["ansible-inventory", "--list", *arguments])
        with contextlib.redirect_stdout(sys.stderr):
            command.parse()
            command.run()
    except SystemExit as stop:
        if Dump.document is None:
            return _fail([{"message": f"ansible-inventory ended with {stop.code}"}])
    except Exception as error:
        return _fail(_failures(error))
    lasting = json.dumps(Dump.lasting)
    sys.stdout.write(f'{{"lasting": {lasting}, "inventory": {Dump.document}}}')
    return 0


def _beside(name: str) -> ModuleType:
    """A module of this folder, without importing the package around it."""
    found = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    if found is None or found.loader is None:
        raise ImportError(name)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


QUICK = _beside("_quick")


class Dump(InventoryCLI):  # type: ignore[misc]
    """The stock command, asked for the same, keeping what compiling needs."""

    document: str | None = None
    """The JSON text."""

    lasting = False
    """Whether all that it was made of are files that Weibao knows of."""

    def json_inventory(self, top: Any) -> Any:
        """The stock document with the order of hosts, nothing secret in plain text."""
        document = super().json_inventory(top)
        here = Path(self.loader.get_basedir()).resolve() == Path.cwd()
        Dump.lasting = here and QUICK.plugins_are_known()
        document["_meta"]["order"] = [host.name for host in self.inventory.get_hosts("all")]
        again = _Again(self.loader)
        for variables in document["_meta"]["hostvars"].values():
            again.encrypt(variables)
        return document

    @staticmethod
    def _remove_internal(dump: Any) -> Any:
        kept = {name: dump[name] for name in KEPT if dump.get(name)}
        dump = InventoryCLI._remove_internal(dump)
        dump.update(kept)
        return dump

    @staticmethod
    def dump(stuff: Any) -> str:
        """Ansible's own encoding; kept for ``main``, since the stock command would print it."""
        Dump.document = QUICK.encode(stuff, InventoryCLI.dump)
        return ""


class _Again:
    """Encrypts strings that came from files encrypted as a whole."""

    def __init__(self, loader: Any) -> None:
        self._vault = loader._vault
        self._encrypted: dict[str, bool] = {}
        self._done: dict[str, Any] = {}

    def encrypt(self, variables: dict[str, Any]) -> None:
        for name, value in variables.items():
            if name not in READABLE:
                variables[name] = self._value(value, bool(SECRET_NAME.search(name)))

    def _value(self, value: Any, secret: bool) -> Any:
        if isinstance(value, dict):
            return {key: self._value(inner, secret) for key, inner in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._value(inner, secret) for inner in value]
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        text = isinstance(value, str) and not TEMPLATE.search(value)
        if (text or (number and secret)) and self._from_vault(value):
            return self._encrypt(str(value))
        return value

    def _from_vault(self, value: Any) -> bool:
        from ansible._internal._datatag._tags import Origin

        origin = Origin.get_tag(value)
        path = getattr(origin, "path", None)
        if not path:
            return False
        if path not in self._encrypted:
            try:
                with Path(path).open("rb") as file:
                    self._encrypted[path] = file.read(14) == b"$ANSIBLE_VAULT"
            except OSError:
                self._encrypted[path] = False
        return self._encrypted[path]

    def _encrypt(self, value: str) -> Any:
        from ansible.parsing.vault import EncryptedString, VaultLib, match_encrypt_secret

        if value not in self._done:
            identity, secret = match_encrypt_secret(self._vault.secrets)
            sealed = VaultLib(self._vault.secrets).encrypt(value, secret, identity)
            self._done[value] = EncryptedString(ciphertext=sealed.decode())
        return self._done[value]


def _listen() -> None:
    """Note what Ansible's parsers raise and which file they were reading."""
    warn = Display.error_as_warning

    def error_as_warning(self: Any, msg: str, exception: BaseException, **rest: Any) -> Any:
        plugin = str(msg).split("'")[1] if "'" in str(msg) else ""
        FAILURES.append((plugin, exception))
        return warn(self, msg, exception, **rest)

    Display.error_as_warning = error_as_warning
    load = DataLoader.load_from_file

    def load_from_file(self: Any, file_name: str, *rest: Any, **named: Any) -> Any:
        LOADING.append(str(file_name))
        if len(rest) < 2:  # no copy: what is loaded here is only read
            named["unsafe"] = True
        result = load(self, file_name, *rest, **named)
        LOADING.pop()
        return result

    DataLoader.load_from_file = load_from_file


def _failures(error: BaseException) -> list[dict[str, Any]]:
    if not FAILURES:
        return [_failure("", error, LOADING[-1] if LOADING else "")]
    return [_failure(plugin, raised, "") for plugin, raised in FAILURES]


def _failure(plugin: str, error: BaseException, file: str) -> dict[str, Any]:
    """The innermost thing Ansible said, and the most exact place in the chain."""
    message, line = "", 0
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, AnsibleError):
            message = str(getattr(seen, "message", "") or seen).split("\n")[0] or message
        origin = getattr(seen, "obj", None)
        if type(origin).__name__ != "Origin":
            origin = _origin_of(origin)
        if source := SOURCE.search(str(getattr(origin, "description", ""))):
            file = file or source[1]
        if path := getattr(origin, "path", None):
            file, line = str(path), int(getattr(origin, "line_num", 0) or line)
        seen = seen.__cause__ or seen.__context__
    return {"plugin": plugin, "message": message or str(error), "file": file, "line": line}


def _origin_of(value: Any) -> Any:
    try:
        from ansible._internal._datatag._tags import Origin

        return Origin.get_tag(value)
    except (ImportError, TypeError, AttributeError):
        return None


def _fail(errors: list[dict[str, Any]]) -> int:
    json.dump({"errors": errors}, sys.stdout, ensure_ascii=False)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
