"""How Huawei VRP prints its ports (S5735, V200R019; VRP 8 of CloudEngine alike)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from weibao_lab.dialects.port_page import PortPage, PortPrinter, dashed, percent, with_length
from weibao_lab.ports.model import Port

__all__ = ["HUAWEI_PORTS"]

_REASONS: Final = {"bpduguard": "bpdu-protection", "psecure-violation": "portsec-reachedlimit"}
_LEGEND: Final = """PHY: Physical
*down: administratively down
^down: standby
#down: LBDT down
(l): loopback
(s): spoofing
(E): E-Trunk down
(b): BFD down
(e): ETHOAM down
(d): Dampening Suppressed
(dl): DLDP down
(lb): LBDT block
(ed): error down
"""


def _physical(port: Port) -> str:
    if not port.admin_up:
        return "*down"
    if port.error:
        return "down(ed)"
    return "up" if port.connected else "down"


def _protocol(port: Port) -> str:
    if not port.oper_up:
        return "down"
    return "up(s)" if port.name.startswith(("NULL", "LoopBack")) else "up"


def _cell(rate: int, port: Port) -> str:
    used = percent(rate, port.speed)
    return f"{used:.2f}%" if used >= 0.005 else "0%"


def _ordered(page: PortPage) -> Iterator[tuple[Port, str]]:
    """Ports with their indentation: the members of an aggregate stand below it."""
    for lag in page.lags():
        yield lag, ""
        for member in page.members(lag):
            yield member, "  "
    for port in page.ports:
        if not port.lag and not port.is_lag:
            yield port, ""


def brief(page: PortPage) -> str:
    """``display interface brief``."""
    text = (
        f"{_LEGEND}InUti/OutUti: input utility/output utility\n"
        "Interface                   PHY   Protocol  InUti OutUti   inErrors  outErrors\n"
    )
    for port, pad in _ordered(page):
        found = port.counters
        text += (
            f"{pad + port.name:<28}{_physical(port):<5} {_protocol(port):<8} "
            f"{_cell(found.in_rate, port):>6} {_cell(found.out_rate, port):>6} "
            f"{found.in_errors:>10} {found.out_errors:>10}\n"
        )
    return text


def descriptions(page: PortPage) -> str:
    """``display interface description``."""
    text = f"{_LEGEND}{'Interface':<30}{'PHY':<8}{'Protocol':<9}Description\n"
    for port in page.ports:
        row = f"{port.name:<30}{_physical(port):<7} {_protocol(port):<8} {port.description}"
        text += row.rstrip() + "\n"
    return text


def _state(port: Port) -> str:
    if not port.admin_up:
        return "Administratively DOWN"
    if port.error:
        return f"ERROR DOWN({_REASONS.get(port.error, port.error)})"
    return "UP" if port.connected else "DOWN"


def _routed(page: PortPage, port: Port) -> str:
    spoofing = " (spoofing)" if port.oper_up and port.name.startswith(("NULL", "Loop")) else ""
    address = (
        f"Internet Address is {with_length(port)}\n"
        if port.address
        else "Internet protocol processing : disabled\n"
    )
    physical = "Loopback" if port.name.startswith("Loop") else "NULL" if "NULL" in port.name else ""
    hardware = (
        f"Physical is {physical}\n"
        if physical
        else "IP Sending Frames' Format is PKTFMT_ETHNT_2, "
        f"Hardware address is {dashed(port.mac)}\n"
    )
    return (
        f"{port.name} current state : {_state(port)}\n"
        f"Line protocol current state : {'UP' if port.oper_up else 'DOWN'}{spoofing}\n"
        f"Description:{port.description}\n"
        f"Route Port,The Maximum Transmit Unit is 1500\n{address}{hardware}"
        f"Current system time: {page.now:%Y-%m-%d %H:%M:%S+08:00}\n"
        "    Input bandwidth utilization  : --\n    Output bandwidth utilization : --\n"
    )


def _times(page: PortPage, port: Port) -> str:
    moment = f"{port.changed_at:%Y-%m-%d %H:%M:%S} UTC+08:00" if port.changed_at else "-"
    up, down = (moment, "-") if port.connected else ("-", moment)
    return (
        f"Last physical up time   : {up}\nLast physical down time : {down}\n"
        f"Current system time: {page.now:%Y-%m-%d %H:%M:%S+08:00}\n"
    )


def _medium(port: Port) -> str:
    negotiation = "DISABLE" if port.fixed or port.fibre else "ENABLE"
    return (
        f"Port Mode: {'COMMON FIBER' if port.fibre else 'COMMON COPPER'}\n"
        f"Speed : {port.speed or port.capacity:>4},  Loopback: NONE\n"
        f"Duplex: {(port.duplex or 'full').upper()},  Negotiation: {negotiation}\n"
        f"Mdi   : {'-' if port.fibre else 'AUTO'},    Flow-control: DISABLE\n"
    )


def _counts(port: Port) -> str:
    found = port.counters
    return (
        f"Last 300 seconds input rate {found.in_rate} bits/sec, "
        f"{found.in_rate // 5120} packets/sec\n"
        f"Last 300 seconds output rate {found.out_rate} bits/sec, "
        f"{found.out_rate // 5120} packets/sec\n"
        f"\nInput:  {found.in_packets} packets, {found.in_octets} bytes\n"
        f"  Unicast: {found.in_packets:>24},  Multicast: {0:>22}\n"
        f"  Broadcast: {0:>22},  Jumbo: {0:>26}\n"
        f"  Discard: {0:>24},  Pause: {0:>26}\n"
        f"  Frames: {0:>25}\n\n"
        f"  Total Error: {found.in_errors:>20}\n"
        f"  CRC: {found.crc:>28},  Giants: {0:>25}\n"
        f"  Jabbers: {0:>24},  Fragments: {0:>22}\n"
        f"  Runts: {0:>26},  DropEvents: {0:>21}\n"
        f"  Alignments: {0:>21},  Symbols: {0:>24}\n"
        f"  Ignoreds: {0:>23}\n\n"
        f"Output:  {found.out_packets} packets, {found.out_octets} bytes\n"
        f"  Unicast: {found.out_packets:>24},  Multicast: {0:>22}\n"
        f"  Broadcast: {0:>22},  Jumbo: {0:>26}\n"
        f"  Discard: {0:>24},  Pause: {0:>26}\n\n"
        f"  Total Error: {found.out_errors:>20}\n"
        f"  Collisions: {found.collisions:>21},  ExcessiveCollisions: {0:>12}\n"
        f"  Late Collisions: {0:>16},  Deferreds: {0:>22}\n"
        f"  Buffers Purged: {0:>17}\n\n"
        f"    Input bandwidth utilization threshold : 80.00%\n"
        f"    Output bandwidth utilization threshold: 80.00%\n"
        f"    Input bandwidth utilization  : {_cell(found.in_rate, port):>6}\n"
        f"    Output bandwidth utilization : {_cell(found.out_rate, port):>6}\n"
    )


def _lag_members(page: PortPage, port: Port) -> str:
    rule = "-" * 53 + "\n"
    rows = "".join(
        f"{name:<30}{'UP' if name in port.active else 'DOWN':<12}1\n" for name in port.members
    )
    return (
        f"{rule}PortName                      Status      Weight\n{rule}{rows}{rule}"
        f"The Number of Ports in Trunk : {len(port.members)}\n"
        f"The Number of UP Ports in Trunk : {len(port.active)}\n"
    )


def _switched(page: PortPage, port: Port) -> str:
    kind = "trunk" if port.trunk else "access"
    head = (
        f"{port.name} current state : {_state(port)}\n"
        f"Line protocol current state : {'UP' if port.oper_up else 'DOWN'}\n"
        f"Description:{port.description}\n"
        f"Switch Port, Link-type : {kind}(configured),\n"
    )
    if port.is_lag:
        return (
            f"{head}PVID : {port.vlan:>4}, Hash arithmetic : According to SIP-XOR-DIP,"
            f"Maximal BW: {port.capacity // 1000}G, Current BW: {port.speed // 1000}G, "
            "The Maximum Frame Length is 9216\n"
            "IP Sending Frames' Format is PKTFMT_ETHNT_2, "
            f"Hardware address is {dashed(port.mac)}\n"
            f"Current system time: {page.now:%Y-%m-%d %H:%M:%S+08:00}\n"
            f"{_counts(port)}{_lag_members(page, port)}"
        )
    return (
        f"{head}PVID : {port.vlan:>4}, TPID : 8100(Hex), The Maximum Frame Length is 9216\n"
        f"IP Sending Frames' Format is PKTFMT_ETHNT_2, Hardware address is {dashed(port.mac)}\n"
        f"{_times(page, port)}{_medium(port)}{_counts(port)}"
    )


def details(page: PortPage) -> str:
    """``display interface``, of all ports or one."""
    shown = [
        _switched(page, port) if not port.virtual and not port.management else _routed(page, port)
        for port in page.ports
    ]
    return "\n".join(shown)


def port_vlans(page: PortPage) -> str:
    """``display port vlan``."""
    text = "Port                        Link Type    PVID  Trunk VLAN List\n" + "-" * 79 + "\n"
    for port in page.ports:
        if port.switched and not port.lag:
            kind = "trunk" if port.trunk else "access"
            text += f"{port.name:<28}{kind:<13}{port.vlan:<6}{port.trunk_vlans or '-'}\n"
    return text


def eth_trunks(page: PortPage) -> str:
    """``display eth-trunk``."""
    shown = []
    for lag in page.lags():
        rows = "".join(
            f"{name:<30}{'Up' if name in lag.active else 'Down':<12}1\n" for name in lag.members
        )
        shown.append(
            f"{lag.name}'s state information is:\n"
            "WorkingMode: NORMAL         Hash arithmetic: According to SIP-XOR-DIP\n"
            "Least Active-linknumber: 1  Max Bandwidth-affected-linknumber: 8\n"
            f"Operate status: {'up' if lag.oper_up else 'down':<12}"
            f"Number Of Up Port In Trunk: {len(lag.active)}\n"
            + "-" * 80
            + f"\nPortName                      Status      Weight\n{rows}"
        )
    return "\n".join(shown)


def neighbours_brief(page: PortPage) -> str:
    """``display lldp neighbor brief``."""
    text = "Local Intf       Neighbor Dev             Neighbor Intf             Exptime (sec)\n"
    for port in page.ports:
        if port.neighbour:
            text += (
                f"{page.short(port.name):<17}{port.neighbour.system:<24} "
                f"{port.neighbour.port:<25} {90 + port.index % 30}\n"
            )
    return text


def neighbours(page: PortPage) -> str:
    """``display lldp neighbor``."""
    shown = []
    for port in page.ports:
        found = port.neighbour
        if found is None:
            if port.physical:
                shown.append(f"{port.name} has 0 neighbor(s)\n")
            continue
        shown.append(
            f"{port.name} has 1 neighbor(s):\n\nNeighbor index :1\n"
            f"Chassis type   :MAC address\nChassis ID     :{dashed(found.chassis)}\n"
            f"Port ID type   :Interface name\nPort ID        :{found.port}\n"
            f"Port description    :{found.description}\nSystem name         :{found.system}\n"
            f"System description  :{found.text}\n"
            "System capabilities supported   :bridge router\n"
            "System capabilities enabled     :bridge router\n"
            f"Management address type  :ipv4\nManagement address value :{found.address}\n"
            f"Expired time   :{90 + port.index % 30}s\n"
        )
    return "\n".join(shown)


HUAWEI_PORTS: Final[Mapping[str, PortPrinter]] = {
    "display interface brief": brief,
    "display interface": details,
    "display interface ...": details,
    "display interface description": descriptions,
    "display port vlan": port_vlans,
    "display eth-trunk": eth_trunks,
    "display lldp neighbor brief": neighbours_brief,
    "display lldp neighbor": neighbours,
}
