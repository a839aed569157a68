"""What an SNMP agent tells of VLANs and neighbours: Q-BRIDGE-MIB (RFC 4363), LLDP-MIB.

Both number ports in ways of their own, so each row is brought to an ifIndex first. A neighbour
whose local port is none of IF-MIB's is not guessed at: the row says so (``incomplete``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from weibao.adapters.network.snmp_session import Agent, Value, words

__all__ = ["neighbours", "vlans"]

Table = dict[str, dict[str, Any]]

_BASE_PORT = "1.3.6.1.2.1.17.1.4.1.2"
_PVID = "1.3.6.1.2.1.17.7.1.4.5.1.1"
_LOCAL = "1.0.8802.1.1.2.1.3.7.1"
_REMOTE = "1.0.8802.1.1.2.1.4.1.1"
_REMOTE_COLUMNS = {
    "lldpRemChassisIdSubtype": 4, "lldpRemChassisId": 5, "lldpRemPortIdSubtype": 6,
    "lldpRemPortId": 7, "lldpRemPortDesc": 8, "lldpRemSysName": 9, "lldpRemSysDesc": 10,
}  # fmt: skip
_CHASSIS_MAC, _PORT_MAC = 4, 3
"""Subtypes whose value is the address of a card."""


def vlans(agent: Agent) -> Table:
    """By ifIndex, the VLAN of frames without a tag."""
    index = agent.column(_BASE_PORT)
    pvid = agent.column(_PVID) if index else {}
    return {str(index[port]): {"dot1qPvid": vlan} for port, vlan in pvid.items() if port in index}


def neighbours(agent: Agent, interfaces: Table, more: Table) -> list[tuple[str, dict[str, Any]]]:
    """Of each neighbour: the ifIndex of the port on which it is, and what it says of itself."""
    remote: dict[str, dict[str, Value]] = {}
    for name, number in _REMOTE_COLUMNS.items():
        for index, value in agent.column(f"{_REMOTE}.{number}").items():
            remote.setdefault(index, {})[name] = value
    if not remote:
        return []
    places = _places(agent, interfaces, more)
    found = []
    for index, row in remote.items():
        # The index: when it was seen, the local port, a running number.
        port = index.split(".")[1] if index.count(".") == 2 else ""
        shown = _shown(row)
        if port not in places:
            shown = {"incomplete": f"local port {port or index} of {shown['lldpRemSysName']}"}
        found.append((places.get(port, ""), shown))
    return found


def _shown(row: Mapping[str, Value]) -> dict[str, str]:
    by_address = row.get("lldpRemPortIdSubtype") == _PORT_MAC
    return {
        "lldpRemSysName": words(row.get("lldpRemSysName")),
        "lldpRemSysDesc": words(row.get("lldpRemSysDesc")).split("\n", 1)[0].strip(),
        "lldpRemPortDesc": words(row.get("lldpRemPortDesc")),
        # The address of a card says nothing to anybody where its port has a name as well.
        ("portAddress" if by_address else "lldpRemPortId"): words(
            row.get("lldpRemPortId"), mac=by_address
        ),
        "lldpRemChassisId": words(
            row.get("lldpRemChassisId"), mac=row.get("lldpRemChassisIdSubtype") == _CHASSIS_MAC
        ),
    }


def _places(agent: Agent, interfaces: Table, more: Table) -> dict[str, str]:
    """LLDP's number of a local port → ifIndex: by name, by address, by description."""
    kinds = agent.column(f"{_LOCAL}.2")
    ids, descriptions = agent.column(f"{_LOCAL}.3"), agent.column(f"{_LOCAL}.4")
    by_name = _unique(
        [(row.get("ifDescr"), i) for i, row in interfaces.items()]
        + [(row.get("ifName"), i) for i, row in more.items()]
        + [(row.get("ifAlias"), i) for i, row in more.items()]
    )
    by_address = _unique([(row.get("ifPhysAddress"), i) for i, row in interfaces.items()])
    places = {}
    for port, value in ids.items():
        mac = kinds.get(port) == _PORT_MAC
        said = words(value, mac=mac)
        index = (by_address if mac else by_name).get(said)
        index = index or by_name.get(words(descriptions.get(port)))
        if index is not None:
            places[port] = index
    return places


def _unique(pairs: list[tuple[Any, str]]) -> dict[str, str]:
    """Names that mean one interface alone."""
    found: dict[str, set[str]] = {}
    for name, index in pairs:
        if name:
            found.setdefault(str(name), set()).add(index)
    return {name: next(iter(known)) for name, known in found.items() if len(known) == 1}
