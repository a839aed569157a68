"""The interfaces of a device, derived from its configuration."""

from __future__ import annotations

import re
from dataclasses import dataclass

from weibao_lab.chance import chance
from weibao_lab.tree import ConfigTree, Node

__all__ = ["Port", "ports_of"]

_VIRTUAL = re.compile(r"(?i)vlan|loopback|null|irb|lo0")
_ACCESS = re.compile(r"(?:switchport access vlan|port default vlan|port access vlan) (\d+)")
_TRUNK = re.compile(r"(?:switchport mode trunk|port link-type trunk)")
_ADDRESS = re.compile(r"ip address (\S+)")


@dataclass(frozen=True)
class Port:
    """One interface: what is configured and, made up, whether a cable is in it."""

    name: str
    description: str
    admin_up: bool
    connected: bool
    vlan: str
    trunk: bool
    address: str

    @property
    def oper_up(self) -> bool:
        """Whether the link is up."""
        return self.admin_up and self.connected

    @property
    def virtual(self) -> bool:
        """Whether it is no socket for a cable."""
        return _VIRTUAL.search(self.name) is not None


def cable_in(device: str, port: str) -> bool:
    """Whether a cable is in a port: always the same answer for the same port."""
    return bool(_VIRTUAL.search(port)) or chance("cable", device, port).random() < 0.7


def _port(device: str, node: Node) -> Port:
    name = node.key.removeprefix("interface ")
    keys = [child.key for child in node.children]

    def first(pattern: re.Pattern[str], otherwise: str) -> str:
        return next((m.group(1) for key in keys if (m := pattern.match(key))), otherwise)

    return Port(
        name=name,
        description=first(re.compile(r"description (.*)"), ""),
        admin_up="shutdown" not in keys,
        connected=cable_in(device, name),
        vlan=first(_ACCESS, "1"),
        trunk=any(_TRUNK.match(key) for key in keys),
        address=first(_ADDRESS, ""),
    )


def ports_of(device: str, tree: ConfigTree) -> list[Port]:
    """All interfaces in the order of the configuration."""
    return [_port(device, node) for node in tree.nodes if node.key.startswith("interface ")]
