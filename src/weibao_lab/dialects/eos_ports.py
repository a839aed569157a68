"""How Arista EOS prints its ports (4.24)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from weibao_lab.dialects.port_page import PortPage, PortPrinter, dotted, percent, with_length
from weibao_lab.ports.model import Neighbour, Port

__all__ = ["EOS_PORTS"]

_STATUS: Final = "{0:<11}{1:<15}{2:<13}{3:<9}{4:<7}{5:<7}{6}".format


def _status(port: Port) -> str:
    if not port.admin_up:
        return "disabled"
    if port.error:
        return "errdisabled"
    return "connected" if port.connected else "notconnect"


def _speed(speed: int) -> str:
    return f"{speed // 1000}G" if speed >= 1000 else f"{speed}M"


def status(page: PortPage) -> str:
    """``show interfaces status``."""
    row = _STATUS("Port", "Name", "Status", "Vlan", "Duplex", "Speed", "Type")
    text = f"{row}         Flags Encapsulation\n"
    for port in page.ports:
        if port.virtual:
            continue
        vlan = {"trunk": "trunk", "routed": "routed"}.get(port.mode, port.vlan)
        if port.lag:
            vlan = f"in {page.short(port.lag)}"
        mark = "" if port.fixed or port.fibre or port.is_lag else "a-"
        duplex, speed = (mark + port.duplex, mark + _speed(port.speed))
        if not port.oper_up:
            duplex, speed = ("full", _speed(port.capacity)) if port.fibre else ("auto", "auto")
        medium = "10GBASE-SR" if port.fibre else "1000BASE-T"
        if port.management:
            medium = "10/100/1000"
        medium = "N/A" if port.is_lag else "Not Present" if port.absent else medium
        name = port.description[:14]
        cells = (page.short(port.name), name, _status(port), vlan, duplex, speed, medium)
        text += _STATUS(*cells) + "\n"
    return text


def _admin(port: Port, word: str) -> str:
    if not port.admin_up:
        return word
    return "up" if port.oper_up else "down"


def _protocol(port: Port) -> str:
    if port.oper_up:
        return "up"
    if port.absent:
        return "notpresent"
    return "lowerlayerdown" if port.is_lag and port.admin_up else "down"


def descriptions(page: PortPage) -> str:
    """``show interfaces description``."""
    text = f"{'Interface':<31}{'Status':<15}{'Protocol':<19}Description\n"
    for port in page.ports:
        row = f"{page.short(port.name):<31}{_admin(port, 'admin down'):<15}{_protocol(port):<19}"
        text += (row + port.description).rstrip() + "\n"
    return text


def addresses(page: PortPage) -> str:
    """``show ip interface brief``: of the interfaces that have an address."""
    text = f"{'Interface':<18}{'IP Address':<24}{'Status':<13}{'Protocol':<14}MTU\n"
    text += "-" * 17 + " " + "-" * 23 + " " + "-" * 12 + " " + "-" * 13 + " " + "-" * 5 + "\n"
    for port in page.ports:
        if port.address:
            text += (
                f"{port.name:<18}{with_length(port):<24}{_admin(port, 'admin down'):<13}"
                f"{_protocol(port):<14}1500\n"
            )
    return text


def _span(span: timedelta) -> str:
    hours, rest = divmod(span.seconds, 3600)
    parts = [f"{span.days} days"] if span.days else []
    parts += [f"{hours} hours"] if hours or span.days else []
    return ", ".join([*parts, f"{rest // 60} minutes", f"{rest % 60} seconds"])


def _rate(rate: int) -> str:
    for size, word in ((1_000_000_000, "Gbps"), (1_000_000, "Mbps"), (1000, "kbps")):
        if rate >= size:
            return f"{rate / size:.2f} {word}"
    return f"{rate} bps"


def _counts(port: Port) -> str:
    found = port.counters
    lines = [
        f"  5 minutes {way} rate {_rate(rate)} ({percent(rate, port.speed):.1f}% with framing "
        f"overhead), {rate // 5120} packets/sec\n"
        for way, rate in (("input", found.in_rate), ("output", found.out_rate))
    ]
    return (
        "".join(lines) + f"     {found.in_packets} packets input, {found.in_octets} bytes\n"
        "     Received 0 broadcasts, 0 multicast\n     0 runts, 0 giants\n"
        f"     {found.in_errors} input errors, {found.crc} CRC, 0 alignment, 0 symbol, "
        "0 input discards\n     0 PAUSE input\n"
        f"     {found.out_packets} packets output, {found.out_octets} bytes\n"
        "     Sent 0 broadcasts, 0 multicast\n"
        f"     {found.out_errors} output errors, {found.collisions} collisions\n"
        "     0 late collision, 0 deferred, 0 output discards\n     0 PAUSE output\n"
    )


def _medium(page: PortPage, port: Port) -> str:
    if port.is_lag:
        rows = "".join(
            f"    ... {name} , Full-duplex, {_speed(10_000)}b/s\n" for name in port.active
        )
        return (
            f"  Ethernet MTU 9214 bytes, BW {(port.speed or port.capacity) * 1000} kbit\n"
            f"  Full-duplex, {_speed(port.speed or port.capacity)}b/s\n"
            f"  Active members in this channel: {len(port.active)}\n{rows}"
            "  Fallback mode is: off\n"
        )
    negotiation = "off" if port.fixed or port.fibre else "on"
    duplex, speed = port.duplex.capitalize(), _speed(port.speed)
    words = f"{duplex}-duplex, {speed}b/s" if port.oper_up else "Auto-duplex, Auto-speed"
    member = f"  Member of {port.lag}\n" if port.lag else ""
    return (
        f"{member}  Ethernet MTU 9214 bytes, BW {(port.speed or port.capacity) * 1000} kbit\n"
        f"  {words}, auto negotiation: {negotiation}, uni-link: n/a\n"
    )


def _one(page: PortPage, port: Port) -> str:
    words = f"  Description: {port.description}\n" if port.description else ""
    detail = f" ({_status(port)})" if not port.name.startswith("Loopback") or port.oper_up else ""
    head = (
        f"{port.name} is {_admin(port, 'administratively down')}, "
        f"line protocol is {_protocol(port)}{detail}\n"
    )
    address = (
        f"  Internet address is {with_length(port)}\n  Broadcast address is 255.255.255.255\n"
        if port.address
        else "  No Internet protocol address assigned\n"
    )
    up = "Up" if port.oper_up else "Down"
    mac = f"address is {dotted(port.mac)} (bia {dotted(port.mac)})"
    if port.virtual:
        hardware = "Loopback" if port.name.startswith("Loop") else f"Vlan, {mac}"
        return (
            f"{head}  Hardware is {hardware}\n{words}{address}  IP MTU 1500 bytes (default)\n"
            f"  {up} {_span(page.since(port))}\n"
        )
    hardware = "Port-Channel" if port.is_lag else "Ethernet"
    routed = address if port.mode == "routed" else ""
    return (
        f"{head}  Hardware is {hardware}, {mac}\n{words}{routed}{_medium(page, port)}"
        f"  {up} {_span(page.since(port))}\n  Loopback Mode : None\n"
        f"  {port.flaps} link status changes since last clear\n"
        '  Last clearing of "show interface" counters never\n'
        f"{_counts(port)}"
    )


def details(page: PortPage) -> str:
    """``show interfaces``, of all ports or one."""
    return "".join(_one(page, port) for port in page.ports)


def channels(page: PortPage) -> str:
    """``show port-channel dense``."""
    lags = page.lags()
    text = (
        "\n                 Flags\n"
        "------------------------ ---------------------------- -------------------------\n"
        "  a - LACP Active          p - LACP Passive           * - static fallback\n"
        "  F - Fallback enabled     f - Fallback configured    ^ - individual fallback\n"
        "  U - In Use               D - Down\n"
        "  + - In-Sync              - - Out-of-Sync            i - incompatible with agg\n"
        "  P - bundled in Po        s - suspended              G - Aggregable\n"
        "  I - Individual           S - ShortTimeout           w - wait for agg\n"
        "  E - Inactive. The number of configured links exceeds max-links\n\n"
        f"Number of channels in use: {len(lags)}\nNumber of aggregators: {len(lags)}\n\n"
        "   Port-Channel       Protocol    Ports\n"
        "------------------------ -------------- ------------------\n"
    )
    for lag in lags:
        cells = " ".join(
            f"{page.short(n)}({'PG+' if n in lag.active else 'sG-'})" for n in lag.members
        )
        label = f"{page.short(lag.name)}({'U' if lag.oper_up else 'D'})"
        text += f"   {label:<19}{'LACP(a)':<12}{cells}".rstrip() + "\n"
    return text


def transceivers(page: PortPage) -> str:
    """``show interfaces transceiver``."""
    text = (
        "If device is externally calibrated, only calibrated values are printed.\n"
        "N/A: not applicable, Tx: transmit, Rx: receive.\n"
        "mA: milliamperes, dBm: decibels (milliwatts).\n"
        "                             Bias      Optical   Optical\n"
        "          Temp      Voltage  Current   Tx Power  Rx Power\n"
        "Port      (Celsius) (Volts)  (mA)      (dBm)     (dBm)     Last Update\n"
        "-----     --------- -------- --------  --------  --------  -------------------\n"
    )
    for port in page.ports:
        if port.fibre and port.physical and not port.absent:
            received = "-2.90" if port.oper_up else "-30.00"
            text += (
                f"{page.short(port.name):<10}{30.1:<10}{3.28:<9}{6.4:<10}{'-2.40':<10}"
                f"{received:<10}0:00:02 ago\n"
            )
    return text


def _lldp_one(port: Port, found: Neighbour) -> str:
    address = found.address or found.chassis
    return (
        f'\n  Neighbor {dotted(found.chassis)}/"{found.port}", age 12 seconds\n'
        "  Discovered 2 days, 3:04:05 ago; Last changed 2 days, 3:04:05 ago\n"
        f"  - Chassis ID type: MAC address (4)\n    Chassis ID     : {dotted(found.chassis)}\n"
        f'  - Port ID type: Interface name (5)\n    Port ID     : "{found.port}"\n'
        f'  - Time To Live: 120 seconds\n  - Port Description: "{found.description}"\n'
        f'  - System Name: "{found.system}"\n  - System Description: "{found.text}"\n'
        "  - System Capabilities : Bridge, Router\n    Enabled Capabilities: Bridge, Router\n"
        f"  - Management Address Subtype: IPv4\n    Management Address        : {address}\n"
        "    Interface Number Subtype  : ifIndex (2)\n"
        f"    Interface Number          : {port.index}\n    OID String                : \n"
    )


def lldp_details(page: PortPage) -> str:
    """``show lldp neighbors detail``."""
    shown = []
    for port in page.ports:
        if port.physical:
            count = 1 if port.neighbour else 0
            text = f"Interface {port.name} detected {count} LLDP neighbors:\n"
            shown.append(text + (_lldp_one(port, port.neighbour) if port.neighbour else ""))
    return "\n".join(shown)


def lldp_table(page: PortPage) -> str:
    """``show lldp neighbors``."""
    found = [(port, port.neighbour) for port in page.ports if port.neighbour]
    text = (
        "Last table change time   : 2 days, 3:04:05 ago\n"
        f"Number of table inserts  : {len(found)}\nNumber of table deletes  : 0\n"
        "Number of table drops    : 0\nNumber of table age-outs : 0\n\n"
        f"{'Port':<11}{'Neighbor Device ID':<33}{'Neighbor Port ID':<23}TTL\n"
        f"{'-' * 10} {'-' * 32} {'-' * 22} ---\n"
    )
    for port, there in found:
        text += f"{page.short(port.name):<11}{there.system:<33}{there.port:<23}120\n"
    return text


EOS_PORTS: Final[Mapping[str, PortPrinter]] = {
    "show interfaces": details,
    "show interfaces ...": details,
    "show interfaces status": status,
    "show interfaces description": descriptions,
    "show ip interface brief": addresses,
    "show interfaces transceiver": transceivers,
    "show port-channel dense": channels,
    "show lldp neighbors": lldp_table,
    "show lldp neighbors detail": lldp_details,
}
