"""The command line under which Ansible runs, as no variable of a play can forge it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weibao.domain.ledger import canonical

__all__ = ["Command", "ansible_command"]

_KINDS = (
    *("ACTION", "BECOME", "CACHE", "CLICONF", "CONNECTION", "DOC_FRAGMENT", "FILTER", "HTTPAPI"),
    *("LOOKUP", "NETCONF", "STRATEGY", "TERMINAL", "TEST", "VARS"),
)
_INTERPRETER = "ANSIBLE_PYTHON_INTERPRETER"
_CODE_PATHS = (
    *(f"ANSIBLE_{kind}_PLUGINS" for kind in _KINDS),
    *("ANSIBLE_LIBRARY", "ANSIBLE_MODULE_UTILS", "ANSIBLE_STRATEGY", "ANSIBLE_TRANSPORT"),
    *("ANSIBLE_INVENTORY_PLUGINS", "ANSIBLE_ROLES_PATH"),
)
_WAYS = (
    *(f"ANSIBLE_{name}_EXTRA_ARGS" for name in ("SSH", "SFTP", "SCP")),
    *("ANSIBLE_SSH_ARGS", "ANSIBLE_SSH_COMMON_ARGS", "ANSIBLE_SSH_EXECUTABLE"),
    *("ANSIBLE_REMOTE_PORT", "ANSIBLE_REMOTE_USER", "ANSIBLE_EXECUTABLE"),
    *("ANSIBLE_BECOME_EXE", "ANSIBLE_BECOME_FLAGS", "ANSIBLE_BECOME_METHOD"),
    *("ANSIBLE_BECOME_USER", "ANSIBLE_PLAYBOOK_VARS_ROOT", "ANSIBLE_PRECEDENCE"),
    *(
        f"ANSIBLE_{name}_{what}"
        for name in ("SUDO", "SU", "RUNAS")
        for what in ("EXE", "FLAGS", "USER", "CHDIR")
    ),
    *("ANSIBLE_BECOME", "ANSIBLE_PARAMIKO_REMOTE_USER", "ANSIBLE_REMOTE_PARAMIKO_PORT"),
    *("ANSIBLE_SSH_CONTROL_PATH", "ANSIBLE_SSH_CONTROL_PATH_DIR", "ANSIBLE_CONNECTION_PATH"),
    *(_INTERPRETER, "ANSIBLE_NETCONF_SSH_CONFIG", "ANSIBLE_SSH_AGENT_EXECUTABLE"),
    *(
        "ANSIBLE_HASH_BEHAVIOUR",
        "ANSIBLE_VARS_ENABLED",
        "ANSIBLE_VARS_PLUGIN_STAGE",
        "ANSIBLE_RUN_VARS_PLUGINS",
    ),
    *("ANSIBLE_INVENTORY_ENABLED", "ANSIBLE_INVENTORY_USE_EXTRA_VARS", "ANSIBLE_FACTS_MODULES"),
    *("ANSIBLE_YAML_FILENAME_EXT", "ANSIBLE_JINJA2_EXTENSIONS", "ANSIBLE_ENABLE_TASK_DEBUGGER"),
)
"""Variables by which a host is reached, or a variable found, otherwise than the inventory says."""
_WHOLE = (
    *("start_at_task", "step", "skip_tags", "module_path"),
    *("ssh_common_args", "ssh_extra_args", "sftp_extra_args", "scp_extra_args", "become_user"),
)
_CORE = "weibao.core"


@dataclass(frozen=True)
class Command:
    """What ansible-playbook was started with."""

    playbooks: tuple[str, ...]
    """As given; none where it is no ansible-playbook at all."""
    inventory: tuple[str, ...]
    extra: Mapping[str, Any]
    """The variables of ``-e``."""
    check: bool
    """``--check`` stands on the command line."""
    partial: tuple[str, ...]
    """Options that leave tasks out or bring others in."""
    environment: tuple[str, ...]
    """Variables of the environment that make Ansible load code from elsewhere, or reach hosts
    another way."""
    config: str
    """The ``ansible.cfg`` that is read; may be empty."""
    vault_options: tuple[str, ...]
    folder: Path = Path()
    """Where it was started: playbooks are read from here."""
    collection: Path | None = None
    """The collection that Ansible uses under this program's name; None: it finds none."""

    @property
    def fingerprint(self) -> str:
        """A hash of all that decides what is run."""
        said = [self.playbooks, self.inventory, dict(self.extra), self.partial, self.config]
        return hashlib.sha256(canonical(said).encode()).hexdigest()

    @property
    def estate(self) -> Path:
        """The estate that it works on: ``weibao_estate``, else where it was started."""
        given = self.extra.get("weibao_estate") or os.environ.get("PWD") or Path.cwd()
        return Path(str(given)).resolve()


def ansible_command() -> Command:
    """The running command; only inside Ansible.

    Raises:
        TypeError: an extra variable is nothing that JSON can hold.
    """
    from ansible import constants, context
    from ansible.parsing.dataloader import DataLoader
    from ansible.utils.vars import load_extra_vars

    given = context.CLIARGS
    is_playbook = "module_name" not in given
    extra = _plain(dict(load_extra_vars(DataLoader())))
    options = [option for option in _WHOLE if given.get(option)]
    if set(given.get("tags") or ()) - {"all"}:
        options.append("tags")
    for option, default in (
        ("connection", constants.DEFAULT_TRANSPORT),
        ("remote_user", constants.DEFAULT_REMOTE_USER),
        ("become", constants.DEFAULT_BECOME),
        ("become_method", constants.DEFAULT_BECOME_METHOD),
    ):
        if given.get(option) not in (None, default):
            options.append(option)
    vaults = [f"--vault-id={each}" for each in given.get("vault_ids") or ()]
    vaults += [f"--vault-password-file={each}" for each in given.get("vault_password_files") or ()]
    return Command(
        playbooks=tuple(map(str, given.get("args") or ())) if is_playbook else (),
        inventory=tuple(map(str, given.get("inventory") or ())),
        extra=extra,
        check=bool(given.get("check")),
        partial=tuple(options),
        environment=tuple(filter(_leads_elsewhere, (*_CODE_PATHS, *_WAYS))),
        config=str(constants.CONFIG_FILE or ""),
        vault_options=tuple(vaults),
        folder=Path.cwd(),
        collection=_collection(),
    )


def _leads_elsewhere(name: str) -> bool:
    value = os.environ.get(name, "")
    return bool(value) and not (name == _INTERPRETER and value.startswith("auto"))


def _collection() -> Path | None:
    from ansible.utils.collection_loader import _collection_finder

    try:
        return Path(_collection_finder._get_collection_path(_CORE))
    except (ImportError, ValueError):
        return None


def _plain(value: Any) -> Any:
    """The value in Python's own types, without Ansible's tags."""
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if value is None or isinstance(value, bool):
        return value
    for kind in (str, int, float):
        if isinstance(value, kind):
            return kind(value)
    raise TypeError(f"an extra variable is a {type(value).__name__}")
