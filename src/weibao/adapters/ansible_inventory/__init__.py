"""An ordinary Ansible inventory, read by Ansible itself and compiled to JSON once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from weibao.adapters.ansible_inventory.compiling import Compiled, Compiler, group_names
from weibao.adapters.ansible_inventory.devices import device, encrypted_names, host_facts, is_telnet
from weibao.adapters.ansible_inventory.lint import lint_files
from weibao.adapters.ansible_inventory.patterns import select
from weibao.adapters.ansible_inventory.slim import slim
from weibao.adapters.ansible_inventory.sources import absolute_sources
from weibao.adapters.ansible_inventory.vault import vault_configured
from weibao.adapters.ways import Way, way_of
from weibao.domain.inventory import Device, InventoryFacts, InventoryLint, InventorySnapshot
from weibao.errors import InputError

__all__ = ["AnsibleInventory"]


class AnsibleInventory:
    """Implements ``boundary.InventorySource`` and ``boundary.InventoryInspector``."""

    def __init__(
        self,
        folder: Path,
        cache: Path,
        platform_of: Callable[[str], str | None],
        *,
        contracts: Collection[str] | None = None,
        env: Mapping[str, str] | None = None,
        vault_options: tuple[str, ...] = (),
    ) -> None:
        """``folder`` is the estate; ``cache`` where compiled inventories are kept (0600).

        ``platform_of`` resolves ``ansible_network_os`` to a platform's id or None;
        ``contracts`` are the known ones; ``env`` is the process's own by default;
        ``vault_options`` are ``--vault-id …`` options for Ansible.
        """
        self._folder = folder.resolve()
        self._platform_of = platform_of
        self._contracts = contracts
        self._compiler = Compiler(self._folder, cache, env, vault_options)
        self._devices: tuple[Compiled, dict[str, Device]] | None = None

    def resolve(self, sources: tuple[str, ...], limit: str = "") -> InventorySnapshot:
        """The hosts that ``limit`` selects; see the protocol."""
        compiled = self.compile(sources)
        hosts: dict[str, dict[str, Any]] = compiled.document["all"]["hosts"]
        chosen = select(compiled.document, limit, self._folder)
        self._require_vault(hosts, chosen)
        return InventorySnapshot(
            digest=compiled.digest,
            compiled=str(self._for_ansible(compiled, chosen)),
            total=len(hosts),
            devices=tuple(self._known_devices(compiled, chosen)),
        )

    def _known_devices(self, compiled: Compiled, chosen: list[str]) -> Iterator[Device]:
        """The devices of that name; each is made once for all that ask for it."""
        if self._devices is None or self._devices[0] is not compiled:
            self._devices = compiled, {}
        known = self._devices[1]
        hosts: dict[str, dict[str, Any]] = compiled.document["all"]["hosts"]
        for name in chosen:
            if name not in known:
                known[name] = device(name, hosts[name] or {}, self._platform_of, self._contracts)
            yield known[name]

    def _for_ansible(self, compiled: Compiled, chosen: list[str]) -> Path:
        """The file that a playbook for the chosen hosts is given."""
        few = slim(compiled.document, chosen)
        return self._compiler.keep(few).path if few else compiled.path

    def compile(self, sources: tuple[str, ...]) -> Compiled:
        """The compiled inventory, for what needs the variables themselves.

        Raises:
            InputError: as ``resolve``.
        """
        return self._compiler.compile(absolute_sources(self._folder, sources))

    def lint(self, sources: tuple[str, ...]) -> InventoryLint:
        """What the files show by themselves; see ``boundary.InventoryInspector``."""
        return lint_files(absolute_sources(self._folder, sources), self._folder)

    def facts(self, sources: tuple[str, ...]) -> InventoryFacts:
        """What Ansible makes of it; see ``boundary.InventoryInspector``."""
        body = self.compile(sources).document["all"]
        opens = self._opens_vaults()
        hosts = tuple(
            host_facts(name, variables or {}, self._platform_of, self._contracts, opens)
            for name, variables in body["hosts"].items()
        )
        return InventoryFacts(hosts=hosts, groups=tuple(sorted(group_names(body))))

    def ways(self, sources: tuple[str, ...]) -> dict[str, Way]:
        """How each host is reached, for scanning host keys.

        Raises:
            InputError: as ``resolve``.
        """
        hosts: dict[str, dict[str, Any]] = self.compile(sources).document["all"]["hosts"]
        return {name: way_of(v or {}, is_telnet(v or {})) for name, v in hosts.items()}

    def _require_vault(self, hosts: Mapping[str, Any], chosen: list[str]) -> None:
        """Stop before the night does: an encrypted value, and no password to open it."""
        first = next(
            ((host, name) for host in chosen for name in encrypted_names(hosts[host] or {})), None
        )
        if first and not self._opens_vaults():
            host, name = first
            raise InputError("estate.vault_password_missing_host", host=host, name=name)

    def _opens_vaults(self) -> bool:
        return vault_configured(self._compiler.env, self._folder, self._compiler.vault_options)
