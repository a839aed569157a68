"""An ordinary Ansible inventory of the lab, in YAML."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

__all__ = ["inventory_yaml"]


def _emit(value: Mapping[str, Any], depth: int = 0) -> Iterator[str]:
    """Nested mappings as YAML; a JSON scalar is a YAML scalar, so no library is needed."""
    for key, item in value.items():
        pad = "  " * depth
        if isinstance(item, Mapping):
            yield f"{pad}{key}:" if item else f"{pad}{key}: {{}}"
            yield from _emit(item, depth + 1)
        else:
            yield f"{pad}{key}: {json.dumps(item, ensure_ascii=False)}"


def _host(device: Mapping[str, Any]) -> dict[str, Any]:
    variables = {
        "ansible_host": device["host"],
        "ansible_port": device["port"],
        "ansible_network_os": device["platform"],
        "ansible_user": device["username"],
        "ansible_password": device["password"],
    }
    if device["enable_secret"] is not None:
        variables["ansible_become_password"] = device["enable_secret"]
    return variables | {
        "contract": "default",
        "site": device["site"],
        "unit": device["unit"],
        "role": device["role"],
    }


def inventory_yaml(devices: Iterable[Mapping[str, Any]]) -> str:
    """The inventory: all variables at the hosts, groups by site and by platform."""
    known = list(devices)
    groups: dict[str, dict[str, Any]] = {}
    for device in known:
        for group in (f"site_{device['site']}", device["platform"]):
            groups.setdefault(group, {"hosts": {}})["hosts"][device["name"]] = {}
    tree = {
        "all": {
            "hosts": {device["name"]: _host(device) for device in known},
            "children": dict(sorted(groups.items())),
        }
    }
    return "---\n" + "".join(f"{line}\n" for line in _emit(tree))
