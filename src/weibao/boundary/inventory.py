"""The inventory, as Ansible reads it."""

from __future__ import annotations

from typing import Protocol

from weibao.domain.inventory import InventorySnapshot

__all__ = ["InventorySource"]


class InventorySource(Protocol):
    """Compiles an ordinary Ansible inventory."""

    def resolve(self, sources: tuple[str, ...], limit: str = "") -> InventorySnapshot:
        """The hosts that ``limit`` (an Ansible host pattern) selects, all by default.

        Raises:
            InputError: it does not parse (names file and line), a source is missing, the
                pattern matches nothing, or a vault password is missing.
        """
        ...
