"""How an estate begins: made, filled from a sheet, and made to know its devices' keys."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from pathlib import Path

from weibao.adapters.ansible_inventory.vault import vault_configured
from weibao.adapters.host_keys import SshKeyScanner
from weibao.adapters.inventory_sheet import (
    VaultSealer,
    load_words,
    read_sheets,
    write_inventories,
)
from weibao.adapters.keys import FileKeyRing
from weibao.adapters.known_hosts import KnownHosts
from weibao.adapters.package_data import estate_templates
from weibao.adapters.ways import way_of
from weibao.bootstrap.workshop import Workshop
from weibao.domain.resolve_platform import resolve
from weibao.i18n import Language
from weibao.services.check_inventory import InventoryCheck, check_inventory
from weibao.services.import_inventory import ImportedInventory, import_inventory
from weibao.services.init_estate import NewEstate, init_estate
from weibao.services.trust_hosts import TrustResult, trust_hosts

__all__ = ["check", "import_sheet", "make_estate", "trust"]


def make_estate(folder: Path, *, name: str, language: Language, key_folder: str) -> NewEstate:
    """See ``services.init_estate``."""
    config_home = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return init_estate(
        folder,
        templates=estate_templates(language),
        key_ring=FileKeyRing,
        config_home=Path(config_home).expanduser(),
        language=language,
        name=name,
        key_folder=Path(key_folder) if key_folder else None,
    )


def check(workshop: Workshop) -> InventoryCheck:
    """See ``services.check_inventory``."""
    return check_inventory(workshop.sources, workshop.inventory)


def import_sheet(workshop: Workshop, source: Path, *, force: bool) -> ImportedInventory:
    """See ``services.import_inventory``; writes beside the estate's own inventory."""
    estate = workshop.estate
    target = Path(estate.inventory[0])
    folder = target if target.is_dir() or not target.suffix else target.parent
    names = {
        name.casefold(): platform.id
        for each in workshop.platforms.values()
        for name in each.all_names()
        if (platform := resolve(workshop.platforms, name)) is not None
    }
    sealed = vault_configured(os.environ, estate.folder, workshop.vault_options)
    return import_inventory(
        source,
        folder,
        read=read_sheets,
        words=load_words(),
        platform_ids=names,
        encrypt=VaultSealer(estate.folder, os.environ) if sealed else None,
        write=write_inventories,
        force=force,
    )


def trust(
    workshop: Workshop,
    limit: str,
    replace: Collection[str],
    progress: Callable[[TrustResult], None],
) -> tuple[TrustResult, ...]:
    """See ``services.trust_hosts``."""
    devices = workshop.inventory.resolve(workshop.sources, limit).devices
    variables = workshop.inventory.compile(workshop.sources).document["all"]["hosts"]
    ways = {}
    for device in devices:
        of_host = variables.get(device.name) or {}
        telnet = str(of_host.get("weibao_protocol", "")).lower() == "telnet"
        ways[device.name] = way_of(of_host, telnet or device.network_os.endswith("_telnet"))
    settings = workshop.estate.settings.backup
    return trust_hosts(
        devices,
        scanner=SshKeyScanner(ways, settings.connect_timeout),
        store=KnownHosts(workshop.estate.known_hosts),
        replace=replace,
        progress=progress,
    )
