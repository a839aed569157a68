"""What the configuration of a device wants of its interfaces."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from weibao_lab.braces import BraceTree, Statement
from weibao_lab.ports.model import is_lag, is_management, is_virtual
from weibao_lab.tree import ConfigTree, Node

__all__ = ["Configured", "from_braces", "from_lines"]

_ACCESS: Final = re.compile(r"(?:switchport access vlan|port default vlan|port access vlan) (\d+)")
_NATIVE: Final = re.compile(
    r"(?:switchport trunk native vlan|port trunk pvid vlan|port hybrid pvid vlan) (\d+)"
)
_TRUNK: Final = re.compile(r"(?:switchport mode trunk|port link-type trunk)")
_ALLOWED: Final = re.compile(
    r"(?:switchport trunk allowed vlan(?: only| add)?|port trunk (?:allow-pass|permit) vlan) (.+)"
)
_ROUTED: Final = re.compile(r"no switchport$|undo portswitch$|port link-mode route$")
_ADDRESS: Final = re.compile(r"ip address (\S+)")
_SPEED: Final = re.compile(r"speed (?:auto )?(?:forced )?(\d+)(g?)")
_DUPLEX: Final = re.compile(r"duplex (full|half)")
_DESCRIPTION: Final = re.compile(r"description (.*)")
_GROUPS: Final = (
    (re.compile(r"eth-trunk (\d+)"), "Eth-Trunk"),
    (re.compile(r"port link-aggregation group (\d+)"), "Bridge-Aggregation"),
    (re.compile(r"port-group (\d+)"), "AggregatePort "),
)
_CHANNEL: Final = re.compile(r"channel-group (\d+)")


@dataclass(frozen=True)
class Configured:
    """One interface of a configuration."""

    name: str
    description: str = ""
    admin_up: bool = True
    mode: str = "access"
    vlan: str = "1"
    trunk_vlans: str = ""
    address: str = ""
    lag: str = ""
    speed: int = 0
    """Mbit/s; 0 is negotiated."""
    duplex: str = ""
    """Empty is negotiated."""


def from_lines(
    tree: ConfigTree, *, channel: str = "Port-channel", shut: Callable[[str], bool] | None = None
) -> Iterator[Configured]:
    """The interfaces of an indented configuration, in its order.

    ``channel`` is how the aggregate of ``channel-group 1`` is called; ``shut`` tells
    of an interface's name whether it is down until a ``no shutdown`` says otherwise.
    """
    for node in tree.nodes:
        if node.key.startswith("interface "):
            yield _interface(node, channel, shut)


def _interface(node: Node, channel: str, shut: Callable[[str], bool] | None) -> Configured:
    name = node.key.removeprefix("interface ")
    keys = [child.key for child in node.children]

    def first(pattern: re.Pattern[str], otherwise: str = "") -> str:
        return next((m.group(1) for key in keys if (m := pattern.match(key))), otherwise)

    trunk = any(_TRUNK.match(key) for key in keys)
    address = first(_ADDRESS)
    routed = (
        is_virtual(name)
        or is_management(name)
        or any(_ROUTED.match(key) for key in keys)
        or (bool(address) and not trunk)
    )
    down = "shutdown" in keys or bool(shut and shut(name) and "no shutdown" not in keys)
    return Configured(
        name=name,
        description=first(_DESCRIPTION),
        admin_up=not down,
        mode="routed" if routed else "trunk" if trunk else "access",
        vlan=first(_NATIVE, "1") if trunk else first(_ACCESS, "1"),
        trunk_vlans=first(_ALLOWED),
        address=address,
        lag=_lag(keys, channel),
        speed=_speed(keys),
        duplex=first(_DUPLEX),
    )


def _speed(keys: Iterable[str]) -> int:
    for key in keys:
        if found := _SPEED.match(key):
            return int(found.group(1)) * (1000 if found.group(2) else 1)
    return 0


def _lag(keys: Iterable[str], channel: str) -> str:
    for key in keys:
        for pattern, word in _GROUPS:
            if found := pattern.match(key):
                return word + found.group(1)
        if found := _CHANNEL.match(key):
            return channel + found.group(1)
    return ""


def from_braces(tree: BraceTree) -> Iterator[Configured]:
    """The interfaces of a Junos configuration; ``irb`` and ``lo0`` are their units' parents."""
    vlans = {
        item.words[0]: next((c.values[0] for c in item.children if c.words == ("vlan-id",)), "")
        for item in tree.subtree(("vlans",)) or []
    }
    for item in tree.subtree(("interfaces",)) or []:
        yield _stanza(item, vlans)


def _stanza(item: Statement, vlans: dict[str, str]) -> Configured:
    name = item.words[0]
    found = Configured(
        name=name,
        description=_value(item, "description").strip('"'),
        admin_up=not _has(item, "disable"),
        mode="routed" if is_virtual(name) or is_management(name) else "access",
        speed=_megabits(_value(item, "speed")),
    )
    if link_mode := _value(item, "link-mode"):
        found = replace(found, duplex=link_mode.partition("-")[0])
    for options in ("ether-options", "gigether-options"):
        for child in _children(item, options):
            if child.words[0] == "802.3ad":
                lag = child.values[0] if child.values else child.children[0].words[0]
                found = replace(found, lag=lag)
    unit = next((c for c in item.children if c.words[:1] == ("unit",)), None)
    return _unit(found, unit, vlans) if unit else found


def _unit(found: Configured, unit: Statement, vlans: dict[str, str]) -> Configured:
    for family in unit.children:
        if family.words == ("family", "inet"):
            address = next((c.values[0] for c in family.children if c.words == ("address",)), "")
            found = replace(found, address=address, mode="routed")
        if family.words == ("family", "ethernet-switching"):
            trunk = _value(family, "interface-mode") == "trunk"
            names = [
                word
                for vlan in _children(family, "vlan", leaf=True)
                for word in vlan.values
                if vlan.words == ("members",)
            ]
            numbers = [vlans.get(name, name) for name in names]
            native = _value(family, "native-vlan-id")
            found = replace(
                found,
                mode="trunk" if trunk else "access",
                vlan=(native or "1") if trunk else next(iter(numbers), "1"),
                trunk_vlans=",".join(numbers) if trunk else "",
            )
    if is_lag(found.name) or not found.lag:
        return found
    return replace(found, mode="trunk")


def _children(item: Statement, word: str, *, leaf: bool = False) -> Iterator[Statement]:
    for child in item.children:
        if child.words == (word,):
            yield from child.children
        elif not leaf and child.words[:1] == (word,) and len(child.words) > 1:
            yield Statement(child.words[1:], child.values, child.children)


def _has(item: Statement, word: str) -> bool:
    return any(child.words == (word,) for child in item.children)


def _value(item: Statement, word: str) -> str:
    return next((c.values[0] for c in item.children if c.words == (word,) and c.values), "")


def _megabits(text: str) -> int:
    found = re.fullmatch(r"(\d+)([mg])", text)
    return int(found.group(1)) * (1000 if found.group(2) == "g" else 1) if found else 0
