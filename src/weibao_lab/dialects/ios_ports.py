"""How Cisco IOS prints its ports (Catalyst 3850, IOS XE 16)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from weibao_lab.dialects.port_page import PortPage, PortPrinter, clock_span, dotted, with_length
from weibao_lab.ports.model import Neighbour, Port

__all__ = ["IOS_PORTS", "cdp_details", "counts_text", "lldp_legend", "table_of_addresses"]

_STATUS: Final = "{0:<10}{1:<19}{2:<13}{3:<11}{4:>6} {5:>6} {6}".format
_TYPES: Final = {100: "10/100BaseTX", 1000: "10/100/1000BaseTX", 10_000: "SFP-10GBase-SR"}
_SPEEDS: Final = {10_000: "10G", 25_000: "25G", 40_000: "40G", 100_000: "100G"}


def _status(port: Port) -> str:
    if not port.admin_up:
        return "disabled"
    if port.error:
        return "err-disabled"
    return "connected" if port.connected else "notconnect"


def _link_cells(port: Port) -> tuple[str, str]:
    if not port.oper_up:
        return ("full", "10G") if port.fibre and not port.is_lag else ("auto", "auto")
    # A fibre port, or one with a fixed speed, negotiates nothing.
    mark = "" if port.fixed or port.fibre else "a-"
    return mark + port.duplex, mark + _SPEEDS.get(port.speed, str(port.speed))


def status(page: PortPage) -> str:
    """``show interfaces status``."""
    text = "\n" + _STATUS("Port", "Name", "Status", "Vlan", "Duplex", "Speed", "Type") + "\n"
    for port in page.ports:
        if port.virtual or port.management:
            continue
        kind = "" if port.is_lag else _TYPES.get(port.capacity, "unknown")
        row = _STATUS(
            page.short(port.name),
            port.description[:18],
            _status(port),
            {"trunk": "trunk", "routed": "routed"}.get(port.mode, port.vlan),
            *_link_cells(port),
            "Not Present" if port.absent else kind,
        )
        text += row.rstrip() + "\n"
    return text


def status_err_disabled(page: PortPage) -> str:
    """``show interfaces status err-disabled``."""
    text = "\nPort      Name               Status       Reason               Err-disabled Vlans\n"
    for port in page.ports:
        if port.error:
            name, words = page.short(port.name), port.description[:18]
            text += f"{name:<10}{words:<19}{'err-disabled':<13}{port.error}\n"
    return text


def _admin(port: Port, word: str = "administratively down") -> str:
    if not port.admin_up:
        return word
    return "up" if port.oper_up else "down"


def descriptions(page: PortPage) -> str:
    """``show interfaces description``."""
    text = f"{'Interface':<31}{'Status':<15}{'Protocol':<9}Description\n"
    for port in page.ports:
        protocol = "up" if port.oper_up else "down"
        row = f"{page.short(port.name):<31}{_admin(port, 'admin down'):<15}{protocol:<9}"
        text += (row + port.description).rstrip() + "\n"
    return text


def table_of_addresses(page: PortPage) -> str:
    """``show ip interface brief``."""
    text = f"{'Interface':<23}{'IP-Address':<16}{'OK? Method':<11}{'Status':<22}Protocol\n"
    for port in page.ports:
        state = "up" if port.oper_up else "down"
        address = port.address.split("/")[0] or "unassigned"
        name = port.name if len(port.name) < 23 else page.short(port.name)
        method = "YES NVRAM" if port.address else "YES unset"
        text += f"{name:<23}{address:<16}{method:<11}{_admin(port):<22}{state}\n"
    return text


def _detail(port: Port) -> str:
    if not port.physical and not port.is_lag:
        return ""
    return f" ({_status(port)})" if not port.management else ""


def counts_text(port: Port) -> str:
    """The counters of one port, in the words of IOS."""
    found = port.counters
    return (
        f"  5 minute input rate {found.in_rate} bits/sec, {found.in_rate // 5120} packets/sec\n"
        f"  5 minute output rate {found.out_rate} bits/sec, {found.out_rate // 5120} packets/sec\n"
        f"     {found.in_packets} packets input, {found.in_octets} bytes, 0 no buffer\n"
        "     Received 0 broadcasts (0 multicasts)\n"
        "     0 runts, 0 giants, 0 throttles\n"
        f"     {found.in_errors} input errors, {found.crc} CRC, 0 frame, 0 overrun, 0 ignored\n"
        "     0 watchdog, 0 multicast, 0 pause input\n"
        "     0 input packets with dribble condition detected\n"
        f"     {found.out_packets} packets output, {found.out_octets} bytes, 0 underruns\n"
        f"     {found.out_errors} output errors, {found.collisions} collisions, "
        f"{port.flaps // 2} interface resets\n"
        "     0 unknown protocol drops\n     0 babbles, 0 late collision, 0 deferred\n"
        "     0 lost carrier, 0 no carrier, 0 pause output\n"
        "     0 output buffer failures, 0 output buffers swapped out\n"
    )


def _medium(port: Port) -> str:
    if port.virtual:
        return ""
    if not port.oper_up:
        words = "Auto-duplex, Auto-speed"
        if port.fibre and not port.is_lag:
            words = "Full-duplex, 10Gb/s"
    else:
        speed = f"{port.speed // 1000}Gb/s" if port.speed >= 10_000 else f"{port.speed}Mb/s"
        words = f"{port.duplex.capitalize()}-duplex, {speed}"
    kind = "N/A" if port.is_lag else _TYPES.get(port.capacity, "unknown")
    kind = "Not Present" if port.absent else kind
    link = "auto" if not port.fixed and not port.fibre else "force-up" if port.fixed else "auto"
    return (
        f"  {words}, link type is {link}, media type is {kind}\n"
        "  input flow-control is off, output flow-control is unsupported\n"
    )


def _one(page: PortPage, port: Port) -> str:
    protocol = "up" if port.oper_up else "down"
    hardware = "Ethernet SVI" if port.virtual else "EtherChannel" if port.is_lag else "Gigabit "
    if port.physical:
        hardware = "Ten Gigabit Ethernet" if port.fibre else "Gigabit Ethernet"
    words = f"  Description: {port.description}\n" if port.description else ""
    address = f"  Internet address is {with_length(port)}\n" if port.address else ""
    speed = (port.speed or port.capacity) * 1000
    members = "".join(f" {page.short(name)}" for name in port.active)
    idle = clock_span(page.since(port)) if not port.oper_up else "00:00:00"
    return (
        f"{port.name} is {_admin(port)}, line protocol is {protocol}{_detail(port)} \n"
        f"  Hardware is {hardware}, address is {dotted(port.mac)} (bia {dotted(port.mac)})\n"
        f"{words}{address}"
        f"  MTU 1500 bytes, BW {speed} Kbit/sec, DLY 10 usec, \n"
        "     reliability 255/255, txload 1/255, rxload 1/255\n"
        "  Encapsulation ARPA, loopback not set\n  Keepalive set (10 sec)\n"
        f"{_medium(port)}"
        + (f"  Members in this channel:{members} \n" if port.is_lag and port.active else "")
        + "  ARP type: ARPA, ARP Timeout 04:00:00\n"
        f"  Last input {idle}, output {idle}, output hang never\n"
        '  Last clearing of "show interface" counters never\n'
        "  Input queue: 0/2000/0/0 (size/max/drops/flushes); Total output drops: 0\n"
        "  Queueing strategy: fifo\n  Output queue: 0/40 (size/max)\n"
        f"{counts_text(port)}"
    )


def details(page: PortPage) -> str:
    """``show interfaces``, of all ports or one."""
    return "".join(_one(page, port) for port in page.ports)


def etherchannels(page: PortPage) -> str:
    """``show etherchannel summary``."""
    lags = page.lags()
    text = (
        "Flags:  D - down        P - bundled in port-channel\n"
        "        I - stand-alone s - suspended\n        H - Hot-standby (LACP only)\n"
        "        R - Layer3      S - Layer2\n"
        "        U - in use      f - failed to allocate aggregator\n\n"
        "        M - not in use, minimum links not met\n"
        "        u - unsuitable for bundling\n        w - waiting to be aggregated\n"
        "        d - default port\n\n        A - formed by Auto LAG\n\n\n"
        f"Number of channel-groups in use: {len(lags)}\n"
        f"Number of aggregators:           {len(lags)}\n\n"
        "Group  Port-channel  Protocol    Ports\n"
        "------+-------------+-----------+-----------------------------------------------\n"
    )
    for lag in lags:
        number = lag.name.removeprefix("Port-channel")
        flags = ("R" if lag.mode == "routed" else "S") + ("U" if lag.oper_up else "D")
        cells = [f"{page.short(n)}({'P' if n in lag.active else 'D'})" for n in lag.members]
        label = f"{page.short(lag.name)}({flags})"
        rows = [cells[i : i + 3] for i in range(0, len(cells), 3)] or [[]]
        text += f"{number:<7}{label:<16}{'LACP':<9}" + _cells(rows[0]) + "\n"
        text += "".join(f"{'':<32}{_cells(row)}\n" for row in rows[1:])
    return text


def _cells(row: list[str]) -> str:
    return "".join(f"{cell:<16}" for cell in row).rstrip()


def transceivers(page: PortPage) -> str:
    """``show interfaces transceiver``."""
    text = (
        "If device is externally calibrated, only calibrated values are printed.\n"
        "++ : high alarm, +  : high warning, -  : low warning, -- : low alarm.\n"
        "NA or N/A: not applicable, Tx: transmit, Rx: receive.\n"
        "mA: milliamperes, dBm: decibels (milliwatts).\n\n"
        "                                           Optical   Optical\n"
        "           Temperature  Voltage  Current   Tx Power  Rx Power\n"
        "Port       (Celsius)    (Volts)  (mA)      (dBm)     (dBm)\n"
        "---------  -----------  -------  --------  --------  --------\n"
    )
    for port in page.ports:
        if port.fibre and port.physical and not port.absent:
            received = "-2.9" if port.oper_up else "-40.0"
            text += (
                f"{page.short(port.name):<13}30.1       3.28       6.4      -2.4  {received:>8}\n"
            )
    return text


def lldp_legend() -> str:
    """What the letters of a table of neighbours mean."""
    return (
        "Capability codes:\n"
        "    (R) Router, (B) Bridge, (T) Telephone, (C) DOCSIS Cable Device\n"
        "    (W) WLAN Access Point, (P) Repeater, (S) Station, (O) Other\n"
    )


def _lldp_one(page: PortPage, port: Port, found: Neighbour) -> str:
    return (
        "------------------------------------------------\n"
        f"Local Intf: {page.short(port.name)}\nChassis id: {dotted(found.chassis)}\n"
        f"Port id: {found.port}\nPort Description: {found.description or found.port}\n"
        f"System Name: {found.system}\n\nSystem Description: \n{found.text}\n\n"
        f"Time remaining: {90 + port.index % 30} seconds\n"
        "System Capabilities: B,R\nEnabled Capabilities: B,R\n"
        + (
            f"Management Addresses:\n    IP: {found.address}\n"
            if found.address
            else "Management Addresses - not advertised\n"
        )
        + "Auto Negotiation - not supported\nPhysical media capabilities - not advertised\n"
        "Media Attachment Unit type - not advertised\nVlan ID: - not advertised\n\n"
    )


def lldp_details(page: PortPage) -> str:
    """``show lldp neighbors detail``."""
    shown = [_lldp_one(page, port, port.neighbour) for port in page.ports if port.neighbour]
    return "".join(shown) + f"\nTotal entries displayed: {len(shown)}\n"


def lldp_table(page: PortPage) -> str:
    """``show lldp neighbors``."""
    text = f"{lldp_legend()}\n{'Device ID':<20}{'Local Intf':<15}{'Hold-time':<11}"
    text += f"{'Capability':<16}Port ID\n"
    count = 0
    for port in page.ports:
        if found := port.neighbour:
            count += 1
            text += (
                f"{found.system[:20]:<20}{page.short(port.name):<15}{'120':<11}{'B,R':<16}"
                f"{found.port}\n"
            )
    return f"{text}\nTotal entries displayed: {count}\n\n"


def cdp_details(page: PortPage) -> str:
    """``show cdp neighbors detail``: of those neighbours that speak CDP."""
    text, count = "", 0
    for port in page.ports:
        found = port.neighbour
        if found is None or not found.cisco:
            continue
        count += 1
        text += (
            f"-------------------------\nDevice ID: {found.system}\nEntry address(es): \n"
            f"  IP address: {found.address}\n"
            f"Platform: {found.text.partition(',')[0]},  Capabilities: Router Switch IGMP \n"
            f"Interface: {port.name},  Port ID (outgoing port): {found.port}\n"
            f"Holdtime : 150 sec\n\nVersion :\n{found.text}\n\nadvertisement version: 2\n"
            f"Native VLAN: 1\nDuplex: full\nManagement address(es): \n"
            f"  IP address: {found.address}\n\n"
        )
    return f"{text}\nTotal cdp entries displayed : {count}\n"


def counters_errors(page: PortPage) -> str:
    """``show interfaces counters errors``."""
    ports = [port for port in page.ports if not port.virtual and not port.management]
    text = "\nPort        Align-Err     FCS-Err    Xmit-Err     Rcv-Err  UnderSize  OutDiscards\n"
    for port in ports:
        found = port.counters
        text += (
            f"{page.short(port.name):<10}{0:>11} {found.crc:>11} {found.out_errors:>11} "
            f"{found.in_errors:>11} {0:>10} {0:>12}\n"
        )
    heads = ("Single-Col", "Multi-Col", " Late-Col", "Excess-Col", "Carri-Sen", "    Runts")
    text += f"\nPort      {'  '.join(heads)}     Giants\n"
    for port in ports:
        text += f"{page.short(port.name):<10}{port.counters.collisions:>10}"
        text += f" {0:>10} {0:>10} {0:>11} {0:>10} {0:>10} {0:>10}\n"
    return text


def switchports(page: PortPage) -> str:
    """``show interfaces switchport``."""
    text = ""
    for port in page.ports:
        if port.virtual or port.management:
            continue
        mode = "trunk" if port.trunk else "static access"
        bundle = f" (member of bundle {page.short(port.lag)})" if port.lag else ""
        access = "1" if port.trunk else port.vlan
        text += (
            f"Name: {page.short(port.name)}\nSwitchport: Enabled\n"
            f"Administrative Mode: {mode}\n"
            f"Operational Mode: {mode + bundle if port.oper_up else 'down'}\n"
            "Administrative Trunking Encapsulation: dot1q\nNegotiation of Trunking: Off\n"
            f"Access Mode VLAN: {access}\n"
            f"Trunking Native Mode VLAN: {port.vlan if port.trunk else '1'}\n"
            f"Trunking VLANs Enabled: {port.trunk_vlans or 'ALL'}\nCapture Mode Disabled\n\n"
        )
    return text


IOS_PORTS: Final[Mapping[str, PortPrinter]] = {
    "show interfaces": details,
    "show interfaces ...": details,
    "show interfaces status": status,
    "show interfaces status err-disabled": status_err_disabled,
    "show interfaces description": descriptions,
    "show ip interface brief": table_of_addresses,
    "show interfaces switchport": switchports,
    "show interfaces counters errors": counters_errors,
    "show interfaces transceiver": transceivers,
    "show etherchannel summary": etherchannels,
    "show lldp neighbors": lldp_table,
    "show lldp neighbors detail": lldp_details,
    "show cdp neighbors detail": cdp_details,
}
