"""How H3C Comware 7 prints its ports."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from weibao_lab.dialects.port_page import PortPage, PortPrinter, dashed, percent, with_length
from weibao_lab.ports.model import Port

__all__ = ["COMWARE_PORTS"]

_REASONS: Final = {
    "bpduguard": "STP BPDU PROTECTION",
    "link-flap": "Link flap protection",
    "loopback": "Loopback detection down",
    "psecure-violation": "Port security",
    "storm-control": "Storm-Constrain",
}
_UNITS: Final = {10: "10M", 100: "100M", 1000: "1G", 2500: "2.5G", 5000: "5G", 10_000: "10G"}


def _link(port: Port) -> str:
    if not port.admin_up:
        return "ADM"
    return "UP" if port.oper_up else "DOWN"


def _in_route_mode(port: Port) -> bool:
    return port.virtual or port.management or port.mode == "routed"


def _speed_word(speed: int) -> str:
    return _UNITS.get(speed, f"{speed // 1000}G")


def brief(page: PortPage) -> str:
    """``display interface brief``: routed interfaces, then those of the switch."""
    route = (
        "Brief information on interfaces in route mode:\n"
        "Link: ADM - administratively down; Stby - standby\nProtocol: (s) - spoofing\n"
        f"{'Interface':<21}{'Link':<5}{'Protocol':<9}{'Primary IP':<16}Description\n"
    )
    bridge = (
        "\nBrief information on interfaces in bridge mode:\n"
        "Link: ADM - administratively down; Stby - standby\n"
        "Speed: (a) - auto\nDuplex: (a)/A - auto; H - half; F - full\n"
        "Type: A - access; T - trunk; H - hybrid\n"
        f"{'Interface':<21}{'Link':<5}{'Speed':<10}{'Duplex':<7}{'Type':<5}{'PVID':<5}Description\n"
    )
    for port in page.ports:
        name, text = page.short(port.name), port.description
        if _in_route_mode(port):
            spoofing = "(s)" if port.name.startswith(("NULL", "LoopBack")) else ""
            state = f"UP{spoofing}" if port.oper_up else "DOWN"
            address = port.address or "--"
            row = f"{name:<21}{_link(port):<5}{state:<9}{address:<16}{text}"
            route += row.rstrip() + "\n"
        else:
            row = f"{name:<21}{_link(port):<5}{_speed(port):<10}{_duplex(port):<7}"
            kind = "T" if port.trunk else "A"
            bridge += f"{row}{kind:<5}{port.vlan:<5}{text}".rstrip() + "\n"
    return route + bridge


def _speed(port: Port) -> str:
    if not port.oper_up:
        return _speed_word(port.capacity) if port.fixed else "auto"
    return _speed_word(port.speed) + ("" if port.fixed else "(a)")


def _duplex(port: Port) -> str:
    if not port.oper_up:
        return "A"
    return port.duplex[0].upper() + ("" if port.fixed else "(a)")


def _state(port: Port) -> str:
    if not port.admin_up:
        return "Administratively DOWN"
    if port.error:
        return f"DOWN ( {_REASONS.get(port.error, port.error + ' protection')} )"
    return "UP" if port.oper_up else "DOWN"


def _flapped(span: timedelta) -> str:
    hours, rest = divmod(span.seconds, 3600)
    weeks, days = divmod(span.days, 7)
    parts = [f"{weeks} weeks"] if weeks else []
    parts += [f"{days} days"] if days or weeks else []
    return " ".join([*parts, f"{hours} hours {rest // 60} minutes {rest % 60} seconds"])


def _routed(port: Port) -> str:
    protocol = "UP" if port.oper_up else "DOWN"
    if port.oper_up and port.name.startswith(("NULL", "LoopBack")):
        protocol = "UP(spoofing)"
    address = (
        f"Internet address: {with_length(port)} (primary)"
        if port.address
        else "Internet protocol processing: Disabled"
    )
    return (
        f"{port.name}\nCurrent state: {_state(port)}\nLine protocol state: {protocol}\n"
        f"Description: {port.description or port.name + ' Interface'}\n"
        "Bandwidth: 1000000 kbps\nMaximum transmission unit: 1500\n"
        f"{address}\n"
        f"IP packet frame type: Ethernet II, hardware address: {dashed(port.mac)}\n"
        f"IPv6 packet frame type: Ethernet II, hardware address: {dashed(port.mac)}\n"
        "Last clearing of counters: Never\n"
        "Last 300 seconds input rate: 0 bytes/sec, 0 bits/sec, 0 packets/sec\n"
        "Last 300 seconds output rate: 0 bytes/sec, 0 bits/sec, 0 packets/sec\n"
        "Input: 0 packets, 0 bytes, 0 drops\nOutput: 0 packets, 0 bytes, 0 drops\n"
    )


def _mode(port: Port) -> str:
    if port.oper_up:
        speed = f"{port.speed}M" if port.speed < 10_000 else f"{port.speed // 1000}G"
        mode = f"{speed}bps-speed mode, {port.duplex}-duplex mode\n"
    else:
        mode = "Unknown-speed mode, unknown-duplex mode\n"
    how = "force link" if port.fixed else "autonegotiation"
    return f"{mode}Link speed type is {how}, link duplex type is {how}\n"


def _vlans(port: Port) -> str:
    if port.trunk:
        allowed = port.trunk_vlans.replace(" to ", "-").replace(" ", ", ")
        return (
            "Port link-type: Trunk\n"
            f" VLAN Passing:   {allowed}\n VLAN permitted: {allowed}\n"
            " Trunk port encapsulation: IEEE 802.1q\n"
        )
    return f"Port link-type: Access\n Tagged VLANs:   None\n Untagged VLANs: {port.vlan}\n"


def _counts(port: Port) -> str:
    found = port.counters
    used = [f"{percent(rate, port.speed):.0f}%" for rate in (found.in_rate, found.out_rate)]
    return (
        f" Last 300 seconds input:  {found.in_rate // 5120} packets/sec "
        f"{found.in_rate // 8} bytes/sec {used[0]}\n"
        f" Last 300 seconds output:  {found.out_rate // 5120} packets/sec "
        f"{found.out_rate // 8} bytes/sec {used[1]}\n"
        f" Input (total):  {found.in_packets} packets, {found.in_octets} bytes\n"
        f"         {found.in_packets} unicasts, 0 broadcasts, 0 multicasts, 0 pauses\n"
        f" Input (normal):  {found.in_packets} packets, - bytes\n"
        f"         {found.in_packets} unicasts, 0 broadcasts, 0 multicasts, 0 pauses\n"
        f" Input:  {found.in_errors} input errors, 0 runts, 0 giants, 0 throttles\n"
        f"         {found.crc} CRC, 0 frame, - overruns, 0 aborts\n"
        "         - ignored, - parity errors\n"
        f" Output (total): {found.out_packets} packets, {found.out_octets} bytes\n"
        f"         {found.out_packets} unicasts, 0 broadcasts, 0 multicasts, 0 pauses\n"
        f" Output (normal): {found.out_packets} packets, - bytes\n"
        f"         {found.out_packets} unicasts, 0 broadcasts, 0 multicasts, 0 pauses\n"
        f" Output: {found.out_errors} output errors, - underruns, - buffer failures\n"
        f"         0 aborts, 0 deferred, {found.collisions} collisions, 0 late collisions\n"
        "         0 lost carrier, - no carrier\n"
    )


def _switched(page: PortPage, port: Port) -> str:
    fibre = "optical fiber, port hardware type is 10G_BASE_SR_SFP"
    medium = fibre if port.fibre else "twisted pair, port hardware type is 1000_BASE_T"
    if port.absent:
        medium = "not sure, port hardware type is No connector"
    kind = "" if port.is_lag else f"Loopback is not set\nMedia type is {medium}\n"
    flapped = "" if port.is_lag else f"Last link flapping: {_flapped(page.since(port))}\n"
    return (
        f"{port.name}\nCurrent state: {_state(port)}\n"
        f"Line protocol state: {'UP' if port.oper_up else 'DOWN'}\n"
        f"IP packet frame type: Ethernet II, hardware address: {dashed(port.mac)}\n"
        f"Description: {port.description or port.name + ' Interface'}\n"
        f"Bandwidth: {(port.speed or port.capacity) * 1000} kbps\n{kind}{_mode(port)}"
        "Flow-control is not enabled\nMaximum frame length: 10000\n"
        "Allow jumbo frames to pass\nBroadcast max-ratio: 100%\nMulticast max-ratio: 100%\n"
        f"Unicast max-ratio: 100%\nPVID: {port.vlan}\n{_vlans(port)}"
        f"Port priority: 0\n{flapped}Last clearing of counters: Never\n"
        f"Current system time:{page.now:%Y-%m-%d %H:%M:%S} Beijing+08:00:00\n{_counts(port)}"
    )


def details(page: PortPage) -> str:
    """``display interface``, of all ports or one."""
    shown = [_routed(p) if _in_route_mode(p) else _switched(page, p) for p in page.ports]
    return "\n".join(shown)


def aggregates(page: PortPage) -> str:
    """``display link-aggregation verbose``."""
    text = (
        "Loadsharing Type: Shar -- Loadsharing, NonS -- Non-Loadsharing\n"
        "Port Status: S -- Selected, U -- Unselected, I -- Individual\n"
        "Port: A -- Auto port, M -- Management port, R -- Reference port\n"
        "Flags:  A -- LACP_Activity, B -- LACP_Timeout, C -- Aggregation,\n"
        "        D -- Synchronization, E -- Collecting, F -- Distributing,\n"
        "        G -- Defaulted, H -- Expired\n"
    )
    for lag in page.lags():
        text += (
            f"\nAggregate Interface: {lag.name}\nAggregation Mode: Static\n"
            "Loadsharing Type: Shar\nManagement VLANs: None\n"
            "  Port             Status  Priority Oper-Key\n"
        )
        for name in lag.members:
            status = "S" if name in lag.active else "U"
            text += f"  {page.short(name):<17}{status:<8}{32768:<9}1\n"
    return text


def neighbours_list(page: PortPage) -> str:
    """``display lldp neighbor-information list``."""
    text = (
        "Chassis ID : * -- -- Nearest nontpmr bridge neighbor\n"
        "             # -- -- Nearest customer bridge neighbor\n"
        "             Default -- -- Nearest bridge neighbor\n"
        f"{'Local Interface':<16}{'Chassis ID':<16}{'Port ID':<27}System Name\n"
    )
    for port in page.ports:
        if found := port.neighbour:
            text += (
                f"{page.short(port.name):<15} {dashed(found.chassis):<16}{found.port:<26} "
                f"{found.system}\n"
            )
    return text


def neighbours_verbose(page: PortPage) -> str:
    """``display lldp neighbor-information verbose``."""
    text = ""
    for port in page.ports:
        if found := port.neighbour:
            text += (
                f"LLDP neighbor-information of port {port.index}[{port.name}]:\n"
                "LLDP agent nearest-bridge:\n LLDP neighbor index : 1\n"
                " Update time         : 0 days, 0 hours, 1 minutes, 2 seconds\n"
                " Chassis type        : MAC address\n"
                f" Chassis ID          : {dashed(found.chassis)}\n"
                " Port ID type        : Interface name\n"
                f" Port ID             : {found.port}\n Time to live        : 121\n"
                f" Port description    : {found.description}\n"
                f" System name         : {found.system}\n System description  : {found.text}\n"
                " System capabilities supported : Bridge, Router\n"
                " System capabilities enabled   : Bridge, Router\n"
                " Management address type           : IPv4\n"
                f" Management address                : {found.address}\n\n"
            )
    return text


COMWARE_PORTS: Final[Mapping[str, PortPrinter]] = {
    "display interface brief": brief,
    "display interface brief description": brief,
    "display interface": details,
    "display interface ...": details,
    "display link-aggregation verbose": aggregates,
    "display lldp neighbor-information list": neighbours_list,
    "display lldp neighbor-information verbose": neighbours_verbose,
}
