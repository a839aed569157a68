"""The inventory, as Ansible reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from weibao.domain.inventory import InventoryFacts, InventoryLint, InventorySnapshot

__all__ = ["InventoryInspector", "InventorySource"]


class InventorySource(Protocol):
    """Compiles an ordinary Ansible inventory."""

    def resolve(self, sources: tuple[str, ...], limit: str = "") -> InventorySnapshot:
        """The hosts that ``limit`` (an Ansible host pattern) selects, all by default.

        Raises:
            InputError: it does not parse (names file and line), a source is missing, the
                pattern matches nothing, or a vault password is missing.
        """
        ...


class InventoryInspector(Protocol):
    """Looks at an inventory to say what is wrong with it."""

    def lint(self, sources: tuple[str, ...]) -> InventoryLint:
        """What the files show by themselves, all problems at once.

        Raises:
            InputError: a source is missing.
        """
        ...

    def facts(self, sources: tuple[str, ...]) -> InventoryFacts:
        """What Ansible makes of it.

        Raises:
            InputError: as ``InventorySource.resolve``.
        """
        ...
