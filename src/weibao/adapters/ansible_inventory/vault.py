"""Whether a vault password is configured, as Ansible looks for one."""

from __future__ import annotations

import configparser
from collections.abc import Mapping
from pathlib import Path

__all__ = ["config_file", "vault_configured"]

_NAMES = ("ANSIBLE_VAULT_PASSWORD_FILE", "ANSIBLE_VAULT_IDENTITY_LIST")
_KEYS = ("vault_password_file", "vault_identity_list")


def vault_configured(env: Mapping[str, str], folder: Path, options: tuple[str, ...] = ()) -> bool:
    """Whether Ansible, started in ``folder``, would have a vault password to try."""
    if any(option.startswith("--vault") for option in options):
        return True
    if any(env.get(name) for name in _NAMES):
        return True
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    config = config_file(env, folder)
    if config is None:
        return False
    try:
        parser.read(config, encoding="utf-8")
    except (configparser.Error, OSError, UnicodeDecodeError):
        return False
    return any(parser.get("defaults", key, fallback="").strip() for key in _KEYS)


def config_file(env: Mapping[str, str], folder: Path) -> Path | None:
    """The one configuration file that Ansible reads."""
    places = []
    if env.get("ANSIBLE_CONFIG"):
        chosen = Path(env["ANSIBLE_CONFIG"])
        places.append(chosen / "ansible.cfg" if chosen.is_dir() else chosen)
    places += [folder / "ansible.cfg"]
    if env.get("HOME"):
        places.append(Path(env["HOME"]) / ".ansible.cfg")
    places.append(Path("/etc/ansible/ansible.cfg"))
    return next((place for place in places if place.is_file()), None)
