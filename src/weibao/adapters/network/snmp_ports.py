"""What an SNMP agent tells of ports, as documents: IF-MIB (RFC 2863), EtherLike-MIB (RFC 3635).

A document is one table, a row for each ifIndex, with the values as the agent gave them; states
have their names of the MIB beside the number. Where less came than the agent itself counts, or a
row lacks what every row has, that is said in it (``incomplete``), so that half a table is never
taken for a whole one.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from weibao.adapters.network.job import Endpoint, Limits
from weibao.adapters.network.snmp_links import neighbours, vlans
from weibao.adapters.network.snmp_session import Agent, Value, open_agent, words
from weibao.adapters.network.trouble import Trouble

__all__ = ["read_agent"]

Table = dict[str, dict[str, Any]]

_UPTIME = "1.3.6.1.2.1.1.3.0"
_COUNT = "1.3.6.1.2.1.2.1.0"
_IF = "1.3.6.1.2.1.2.2.1"
_IFX = "1.3.6.1.2.1.31.1.1.1"
_DOT3 = "1.3.6.1.2.1.10.7.2.1"

_IF_COLUMNS = {
    "ifDescr": 2, "ifType": 3, "ifMtu": 4, "ifSpeed": 5, "ifPhysAddress": 6, "ifAdminStatus": 7,
    "ifOperStatus": 8, "ifLastChange": 9, "ifInOctets": 10, "ifInDiscards": 13, "ifInErrors": 14,
    "ifOutOctets": 16, "ifOutDiscards": 19, "ifOutErrors": 20,
}  # fmt: skip
_IFX_COLUMNS = {
    "ifName": 1, "ifHCInOctets": 6, "ifHCOutOctets": 10, "ifHighSpeed": 15, "ifAlias": 18,
}  # fmt: skip
_DOT3_COLUMNS = {
    "dot3StatsFCSErrors": 3, "dot3StatsSingleCollisionFrames": 4,
    "dot3StatsMultipleCollisionFrames": 5, "dot3StatsLateCollisions": 8,
    "dot3StatsDuplexStatus": 19,
}  # fmt: skip
_ADMIN = {1: "up", 2: "down", 3: "testing"}
_OPER = {**_ADMIN, 4: "unknown", 5: "dormant", 6: "notPresent", 7: "lowerLayerDown"}
_DUPLEX = {1: "unknown", 2: "halfDuplex", 3: "fullDuplex"}
_STATES = {"ifAdminStatus": _ADMIN, "ifOperStatus": _OPER, "dot3StatsDuplexStatus": _DUPLEX}
_NEEDED = ("ifDescr", "ifAdminStatus", "ifOperStatus")
"""Of every row."""


def read_agent(
    endpoint: Endpoint, limits: Limits, deadline: float, stop: Callable[[], bool]
) -> Iterator[tuple[str, bytes]]:
    """What was asked for, and the document that came of it.

    Raises:
        Trouble: the agent cannot be read, or shows no ports.
    """
    with open_agent(endpoint, limits, deadline, stop) as agent:
        uptime, count = agent.get(_UPTIME), agent.get(_COUNT)
        interfaces = _table(agent, _IF, _IF_COLUMNS)
        if not interfaces:
            raise Trouble("snmp_no_ports")
        more = _table(agent, _IFX, _IFX_COLUMNS)
        ether = _table(agent, _DOT3, _DOT3_COLUMNS)
        vlan = vlans(agent)
        beside = neighbours(agent, interfaces, more)
    names = _names(interfaces, more)
    for row in interfaces.values():
        row["lastChangeAgo"] = _ago(uptime, row.get("ifLastChange"))
    _mark(interfaces, _NEEDED)
    if more:
        _mark(more, ("ifName",))
        for index in interfaces.keys() - more.keys():
            interfaces[index]["incomplete"] = "not in ifXTable"
        for index in more.keys() - interfaces.keys():
            more[index]["incomplete"] = "not in ifTable"
    if isinstance(count, int) and count > len(interfaces):
        rest = f"{len(interfaces)} rows, and ifNumber is {count}"
        interfaces["ifNumber"] = {"incomplete": rest}
    for name, table in (
        ("IF-MIB::ifXTable", more),
        ("IF-MIB::ifTable", interfaces),
        ("EtherLike-MIB::dot3StatsTable", ether),
        ("Q-BRIDGE-MIB::dot1qPortVlanTable", vlan),
    ):
        if table:
            yield _document(name, {i: {"name": names.get(i, ""), **r} for i, r in table.items()})
    if beside:
        listed = [{"name": names.get(index, ""), **row} for index, row in beside]
        yield _document("LLDP-MIB::lldpRemTable", listed)


def _document(name: str, rows: Any) -> tuple[str, bytes]:
    text = json.dumps({"rows": rows}, ensure_ascii=False, indent=1)
    return f"snmp {name}", text.encode() + b"\n"


def _table(agent: Agent, table: str, columns: Mapping[str, int]) -> Table:
    rows: Table = {}
    for name, number in columns.items():
        for index, value in agent.column(f"{table}.{number}").items():
            rows.setdefault(index, {})[name] = _shown(name, value)
    return dict(sorted(rows.items(), key=lambda row: [int(n) for n in row[0].split(".")]))


def _shown(name: str, value: Value) -> Any:
    if isinstance(value, int) and name in _STATES:
        return f"{_STATES[name].get(value, '?')}({value})"
    return words(value, mac=name == "ifPhysAddress") if isinstance(value, bytes) else value


def _names(interfaces: Table, more: Table) -> dict[str, str]:
    """Of each row, a name that no other has: the short one, the long one, or with its index."""
    given = {
        index: (more.get(index, {}).get("ifName") or "", row.get("ifDescr") or "")
        for index, row in interfaces.items()
    }
    often = [Counter(both[at] for both in given.values()) for at in (0, 1)]
    names = {}
    for index, both in given.items():
        alone = (name for at, name in enumerate(both) if name and often[at][name] == 1)
        names[index] = next(alone, f"{both[0] or both[1] or 'if'}#{index}")
    return names


def _mark(table: Table, needed: tuple[str, ...]) -> None:
    """Say of each row what it lacks."""
    for row in table.values():
        if lacks := [name for name in needed if row.get(name) in (None, "")]:
            row["incomplete"] = f"without {', '.join(lacks)}"


def _ago(uptime: object, changed: object) -> str:
    """How long ago a state was entered; empty where the agent does not know."""
    if not isinstance(uptime, int) or not isinstance(changed, int) or not 0 < changed <= uptime:
        return ""
    seconds = (uptime - changed) // 100
    return f"{seconds // 86400}d{seconds // 3600 % 24:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
