"""Host patterns with Ansible's own code, on a compiled inventory."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from weibao.errors import InputError

__all__ = ["select"]


def select(document: Mapping[str, Any], limit: str, folder: Path) -> list[str]:
    """Names of the hosts that ``limit`` selects, in the inventory's order.

    ``@FILE`` in the pattern is meant from ``folder``.

    Raises:
        InputError: the pattern is wrong, or matches nothing.
    """
    names = list(document["all"]["hosts"])
    if limit.strip() in ("", "all", "*"):
        return names
    matched = set(_match(document, _resolve_files(limit, folder)))
    if not matched:
        raise InputError("estate.limit_matches_nothing", limit=limit, total=len(names))
    return [name for name in names if name in matched]


def _resolve_files(limit: str, folder: Path) -> str:
    return ",".join(
        f"@{folder / part[1:]}" if part.startswith("@") else part for part in limit.split(",")
    )


def _match(document: Mapping[str, Any], limit: str) -> list[str]:
    # Imported late: it takes a third of a second, and few calls need it.
    from ansible.errors import AnsibleError
    from ansible.inventory.data import InventoryData
    from ansible.inventory.manager import InventoryManager
    from ansible.parsing.dataloader import DataLoader

    manager = InventoryManager(loader=DataLoader(), sources=None, parse=False)
    data: InventoryData = manager._inventory
    _fill(data, "all", document["all"])
    data.reconcile_inventory()
    try:
        with contextlib.redirect_stderr(io.StringIO()):  # its warning is our error
            manager.subset(limit)
            return [str(host.name) for host in manager.get_hosts("all")]
    except AnsibleError as error:
        raise InputError("estate.limit_wrong", limit=limit, said=str(error)) from error


def _fill(data: Any, name: str, body: Mapping[str, Any]) -> None:
    data.add_group(name)
    for host in body.get("hosts") or ():
        data.add_host(host, None if name == "all" else name)
    for child, inner in (body.get("children") or {}).items():
        _fill(data, child, inner or {})
        data.add_child(name, child)
