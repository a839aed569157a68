"""Host patterns with Ansible's own code, on a compiled inventory."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from weibao.adapters.ansible_inventory.compiling import group_names
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
    if _is_one_host(document, limit):
        return [limit]
    matched = set(_match(document, _resolve_files(limit, folder)))
    if not matched:
        raise InputError("estate.limit_matches_nothing", limit=limit, total=len(names))
    return [name for name in names if name in matched]


_ONE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


def _is_one_host(document: Mapping[str, Any], limit: str) -> bool:
    """Whether ``limit`` is a host's plain name and nothing else: no need for Ansible then."""
    body = document["all"]
    plain = _ONE_NAME.fullmatch(limit) is not None and limit in body["hosts"]
    return plain and limit not in group_names(body)


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
