"""An estate: the folder with settings, contracts, runbooks and inventory of one user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from weibao.adapters.package_data import data_folder
from weibao.adapters.secret_file import read_secret
from weibao.adapters.yaml_lines import nearest, read_model
from weibao.domain.contract import Contract
from weibao.domain.runbook import Runbook
from weibao.domain.settings import Settings
from weibao.errors import InputError

__all__ = ["SETTINGS_FILE", "Estate", "load_estate", "schemas"]

SETTINGS_FILE = "weibao.yml"


@dataclass(frozen=True)
class Estate:
    """One estate, loaded; all paths are absolute."""

    folder: Path
    settings: Settings
    contracts: Mapping[str, Contract]
    """By id: the estate's own, and ``default``."""

    @property
    def state(self) -> Path:
        """Everything that Weibao writes."""
        return self._path(self.settings.state)

    @property
    def cache(self) -> Path:
        """What can be made again at any time."""
        return self.state / "cache"

    @property
    def runs(self) -> Path:
        """A folder for each run."""
        return self.state / "runs"

    @property
    def keys(self) -> Path:
        """The encryption keys."""
        return self._path(self.settings.keys)

    @property
    def known_hosts(self) -> Path:
        """Host keys in OpenSSH's format."""
        return self.folder / "known_hosts"

    @property
    def platforms(self) -> Path:
        """Platforms of the estate's own (it need not exist)."""
        return self.folder / "platforms"

    @property
    def platform_folders(self) -> tuple[Path, ...]:
        """Folders with platforms beside the packaged ones."""
        return (self.platforms,) if self.platforms.is_dir() else ()

    @property
    def inventory(self) -> tuple[str, ...]:
        """The inventory sources, as Ansible takes them with ``-i``."""
        return tuple(
            source if "," in source else str(self._path(source))
            for source in self.settings.inventory
        )

    @property
    def ansible_config(self) -> Path | None:
        """The estate's ``ansible.cfg``, where there is one."""
        path = self.folder / "ansible.cfg"
        return path if path.is_file() else None

    @property
    def zone(self) -> ZoneInfo:
        """The estate's time zone."""
        return ZoneInfo(self.settings.time_zone)

    @property
    def journal_url(self) -> str:
        """SQLAlchemy URL of the journal.

        Raises:
            InputError: ``database_file`` cannot be read, or others may read it.
        """
        if self.settings.database_file:
            path = self._path(self.settings.database_file)
            return read_secret(path)
        return self.settings.database or f"sqlite:///{self.state / 'journal.db'}"

    def contract(self, name: str) -> Contract:
        """One contract.

        Raises:
            InputError: there is none of that name.
        """
        if name not in self.contracts:
            raise InputError(
                "estate.contract_unknown", name=name, known=", ".join(sorted(self.contracts))
            )
        return self.contracts[name]

    def contract_folder(self, name: str) -> Path:
        """Where a contract's archive, evidence and reports lie, apart from the others'."""
        return self.state / "contracts" / name

    def runbook(self, name: str) -> Runbook:
        """The runbook ``name``: the estate's own, else the packaged one.

        Raises:
            InputError: there is none, or it is wrong (by file and line).
        """
        path, known = _runbook_path(self.folder, name)
        if path is None:
            raise InputError("estate.runbook_unknown", name=name, known=", ".join(known))
        shown = _shown(path, self.folder)
        runbook = read_model(Runbook, path, shown)
        if runbook.id != name:
            raise InputError("estate.id_differs", file=shown, id=runbook.id, name=name)
        return runbook

    def _path(self, text: str) -> Path:
        return self.folder / Path(text).expanduser()


def load_estate(folder: Path) -> Estate:
    """The estate in ``folder``.

    Raises:
        InputError: it is none, or a file of it is wrong (all problems of the file, by line).
    """
    folder = folder.resolve()
    path = folder / SETTINGS_FILE
    if not path.is_file():
        raise InputError("estate.none_here", folder=folder)
    settings = read_model(Settings, path, SETTINGS_FILE)
    _check_zone(settings.time_zone, SETTINGS_FILE)
    return Estate(folder, settings, MappingProxyType(_contracts(folder)))


def schemas() -> Mapping[str, dict[str, Any]]:
    """The JSON Schema of every file that a user may write, by name."""
    from weibao.domain.device_session import DeviceSession
    from weibao.domain.patch_catalogue import VendorNotice
    from weibao.domain.platform import Platform
    from weibao.domain.port_expectation import PortBaseline
    from weibao.domain.port_rules import PortRules

    models: dict[str, type[BaseModel]] = {
        "settings": Settings,
        "contract": Contract,
        "runbook": Runbook,
        "platform": Platform,
        "platform-session": DeviceSession,
        "port-baseline": PortBaseline,
        "port-readings": PortRules,
        "vendor-notice": VendorNotice,
    }
    return {name: model.model_json_schema() for name, model in models.items()}


def _contracts(folder: Path) -> dict[str, Contract]:
    paths = {"default": data_folder("contracts") / "default.yml"}
    paths |= {path.stem: path for path in sorted((folder / "contracts").glob("*.yml"))}
    found = {}
    for name, path in paths.items():
        shown = _shown(path, folder)
        contract = read_model(Contract, path, shown)
        if contract.id != name:
            raise InputError("estate.id_differs", file=shown, id=contract.id, name=name)
        _check_zone(contract.time_zone, shown)
        found[name] = contract
    return found


def _runbook_path(folder: Path, name: str) -> tuple[Path | None, list[str]]:
    found = {path.stem: path for path in sorted(data_folder("runbooks").glob("*.yml"))}
    found |= {path.stem: path for path in sorted((folder / "runbooks").glob("*.yml"))}
    return found.get(name), sorted(found)


def _check_zone(name: str, file: str) -> None:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        near = nearest(name, ("Asia/Shanghai", "Asia/Urumqi", "Asia/Hong_Kong", "UTC"))
        raise InputError(
            "estate.zone_unknown", file=file, zone=name, near=near or "Asia/Shanghai"
        ) from error


def _shown(path: Path, folder: Path) -> str:
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)
