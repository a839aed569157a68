"""How Junos prints its ports (EX3400, 20.4). A port without a transceiver is not printed at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Final

from weibao_lab.dialects.port_page import PortPage, PortPrinter, with_length
from weibao_lab.ports.model import Port

__all__ = ["JUNOS_PORTS"]


def _there(page: PortPage) -> Iterator[Port]:
    return (port for port in page.ports if not port.absent)


def _states(port: Port) -> tuple[str, str]:
    return "up" if port.admin_up else "down", "up" if port.oper_up else "down"


def _unit(port: Port) -> str:
    """The unit that the configuration of the lab gives an interface."""
    return f"{port.name}.100" if port.name == "irb" else f"{port.name}.0"


def terse(page: PortPage) -> str:
    """``show interfaces terse``."""
    text = f"{'Interface':<24}{'Admin':<6}{'Link':<5}{'Proto':<9}{'Local':<22}Remote\n"
    for port in _there(page):
        admin, link = _states(port)
        text += f"{port.name:<24}{admin:<6}{link}\n"
        # A unit of a port that is disabled is not disabled itself.
        head = f"{_unit(port):<24}{'up':<6}{link:<5}"
        if port.lag:
            text += f"{head}{'aenet':<9}--> {port.lag}.0\n"
        elif port.address:
            text += f"{head}{'inet':<9}{with_length(port)}\n"
        elif not port.virtual:
            text += f"{head}eth-switch\n"
    return text


def descriptions(page: PortPage) -> str:
    """``show interfaces descriptions``."""
    text = f"{'Interface':<16}{'Admin':<6}{'Link':<5}Description\n"
    for port in _there(page):
        if port.description:
            admin, link = _states(port)
            text += f"{port.name:<16}{admin:<6}{link:<5}{port.description}\n"
    return text


def _ago(span: timedelta) -> str:
    hours, minutes = divmod(span.seconds // 60, 60)
    weeks, days = divmod(span.days, 7)
    long = f"{weeks}w{days}d " if weeks else f"{days}d " if days else ""
    return f"{long}{hours:02d}:{minutes:02d}"


def _flapped(page: PortPage, port: Port) -> str:
    if port.changed_at is None:
        return "Never"
    return f"{port.changed_at:%Y-%m-%d %H:%M:%S CST} ({_ago(page.since(port))} ago)"


def _head(page: PortPage, port: Port) -> str:
    state = "Enabled" if port.admin_up else "Administratively down"
    words = f"  Description: {port.description}\n" if port.description else ""
    return (
        f"Physical interface: {port.name}, {state}, Physical link is "
        f"{'Up' if port.oper_up else 'Down'}\n"
        f"  Interface index: {128 + port.index}, SNMP ifIndex: {500 + port.index}, "
        f"Generation: {130 + port.index}\n{words}"
    )


def _link_line(port: Port) -> str:
    speed = "Auto"
    if port.oper_up:
        speed = f"{port.speed // 1000}Gbps" if port.speed >= 10_000 else f"{port.speed}mbps"
    if port.is_lag:
        return f"  Link-level type: Ethernet, MTU: 1514, Speed: {speed}, BPDU Error: None,\n"
    mode = f"{port.duplex.capitalize()}-duplex" if port.oper_up else "Auto"
    # Of fibre, Junos prints no Link-mode.
    how = "" if port.fibre and port.duplex != "half" else f"Link-mode: {mode}, "
    bpdu = "Detected" if port.error == "bpduguard" else "None"
    kind = "Fiber" if port.fibre else "Copper"
    return (
        f"  Link-level type: Ethernet, MTU: 1514, LAN-PHY mode, {how}Speed: {speed}, "
        f"BPDU Error: {bpdu},\n"
        "  Loop Detect PDU Error: None, MAC-REWRITE Error: None, Loopback: Disabled, "
        "Source filtering: Disabled, Flow control: Enabled,\n"
        f"  Auto-negotiation: {'Disabled' if port.fixed else 'Enabled'}, Remote fault: Online, "
        f"Media type: {kind}\n"
    )


def _counts(port: Port) -> str:
    found = port.counters
    return (
        "  Statistics last cleared: Never\n  Traffic statistics:\n"
        f"   Input  bytes  : {found.in_octets:>20} {found.in_rate:>20} bps\n"
        f"   Output bytes  : {found.out_octets:>20} {found.out_rate:>20} bps\n"
        f"   Input  packets: {found.in_packets:>20} {found.in_rate // 5120:>20} pps\n"
        f"   Output packets: {found.out_packets:>20} {found.out_rate // 5120:>20} pps\n"
        "  Input errors:\n"
        f"    Errors: {found.in_errors}, Drops: 0, Framing errors: {found.crc}, Runts: 0, "
        "Policed discards: 0, L3 incompletes: 0, L2 channel errors: 0,\n"
        "    L2 mismatch timeouts: 0, FIFO errors: 0, Resource errors: 0\n"
        "  Output errors:\n"
        f"    Carrier transitions: {port.flaps}, Errors: {found.out_errors}, Drops: 0, "
        f"Collisions: {found.collisions}, Aged packets: 0, FIFO errors: 0, HS link CRC errors: 0,\n"
        "    MTU errors: 0, Resource errors: 0\n"
        "  Egress queues: 12 supported, 5 in use\n"
    )


def _mac_counts(port: Port) -> str:
    found = port.counters
    alarm = "None" if port.oper_up or not port.admin_up else "LINK"
    return (
        f"  Active alarms  : {alarm}\n  Active defects : {alarm}\n"
        "  MAC statistics:                      Receive         Transmit\n"
        f"    Total octets               {found.in_octets:>17}{found.out_octets:>17}\n"
        f"    Total packets              {found.in_packets:>17}{found.out_packets:>17}\n"
        f"    CRC/Align errors           {found.crc:>17}{0:>17}\n"
        "  Interface transmit statistics: Disabled\n"
    )


def _logical(port: Port) -> str:
    flags = "Up" if port.oper_up else "Hardware-Down Device-Down"
    head = (
        f"  Logical interface {_unit(port)} (Index {70 + port.index}) "
        f"(SNMP ifIndex {600 + port.index}) (Generation {140 + port.index})\n"
        f"    Flags: {flags} SNMP-Traps 0x24024000 Encapsulation: Ethernet-Bridge\n"
    )
    if port.lag:
        return f"{head}    Protocol aenet, AE bundle: {port.lag}.0, Generation: 160\n"
    if port.address:
        return (
            f"{head}    Protocol inet, MTU: 1500, Generation: 160, Route table: 0\n"
            "      Flags: Sendbcast-pkt-to-re\n      Addresses, Flags: Is-Preferred Is-Primary\n"
            f"        Destination: {with_length(port)}, Local: {port.address.split('/')[0]}\n"
        )
    return f"{head}    Protocol eth-switch, MTU: 1514, Generation: 160, Route table: 3\n"


def extensive(page: PortPage) -> str:
    """``show interfaces extensive``, of all ports or one."""
    shown = []
    for port in _there(page):
        text = _head(page, port)
        if port.virtual:
            kind = "Loopback, MTU: Unlimited" if port.name == "lo0" else "Ethernet, MTU: 1514"
            text += f"  Type: {kind}\n  Link-level type: Ethernet\n"
        else:
            text += (
                f"{_link_line(port)}  Device flags   : Present Running"
                f"{'' if port.oper_up else ' Down'}\n"
                "  Interface flags: SNMP-Traps Internal: 0x4000\n  Link flags     : None\n"
                "  CoS queues     : 12 supported, 12 maximum usable queues\n"
                f"  Current address: {port.mac}, Hardware address: {port.mac}\n"
                f"  Last flapped   : {_flapped(page, port)}\n{_counts(port)}"
            )
            text += "" if port.is_lag else _mac_counts(port)
        shown.append(f"{text}\n{_logical(port)}")
    return "\n".join(shown)


def plain(page: PortPage) -> str:
    """``show interfaces``, of all ports or one: without the counters of errors."""
    shown = []
    for port in _there(page):
        text = _head(page, port)
        if not port.virtual:
            found = port.counters
            text += (
                f"{_link_line(port)}  Current address: {port.mac}, Hardware address: {port.mac}\n"
                f"  Last flapped   : {_flapped(page, port)}\n"
                f"  Input rate     : {found.in_rate} bps ({found.in_rate // 5120} pps)\n"
                f"  Output rate    : {found.out_rate} bps ({found.out_rate // 5120} pps)\n"
                "  Interface transmit statistics: Disabled\n"
            )
        shown.append(f"{text}\n{_logical(port)}")
    return "\n".join(shown)


def switching(page: PortPage) -> str:
    """``show ethernet-switching interfaces``: the VLAN of each port, by its number."""
    text = "Interface    State  VLAN members        Tag   Tagging  Blocking\n"
    for port in _there(page):
        if port.virtual or port.mode == "routed" or port.lag:
            continue
        numbers = port.trunk_vlans.split(",") if port.trunk else [port.vlan]
        tagging = "tagged" if port.trunk else "untagged"
        state = "up" if port.oper_up else "down"
        for place, number in enumerate(numbers):
            head = f"{_unit(port):<13}{state:<7}" if place == 0 else " " * 20
            text += f"{head}{'vlan' + number:<20}{number:<6}{tagging:<9}unblocked\n"
    return text


def lacp(page: PortPage) -> str:
    """``show lacp interfaces``."""
    shown = []
    for lag in page.lags():
        text = (
            f"Aggregated interface: {lag.name}\n"
            "    LACP state:       Role   Exp   Def  Dist  Col  Syn  Aggr  Timeout  Activity\n"
        )
        for name in lag.members:
            word = "Yes" if name in lag.active else " No"
            other = " No" if name in lag.active else "Yes"
            row = f"    No   {other}   {word}  {word}  {word}   Yes     Fast    Active\n"
            text += f"      {name:<14}Actor{row}      {name:<12}Partner{row}"
        text += "    LACP protocol:        Receive State  Transmit State          Mux State \n"
        for name in lag.members:
            if name in lag.active:
                row = "                  Current   Fast periodic Collecting distributing\n"
            else:
                row = "            Port disabled     No periodic           Detached\n"
            text += f"      {name:<10}{row}"
        shown.append(text)
    return "\n".join(shown)


def neighbours(page: PortPage) -> str:
    """``show lldp neighbors``."""
    text = (
        f"{'Local Interface':<19}{'Parent Interface':<20}{'Chassis Id':<20}"
        f"{'Port info':<19}System Name\n"
    )
    for port in _there(page):
        if found := port.neighbour:
            label = f"{found.port:<19}" if len(found.port) < 19 else f"{found.port}  "
            text += (
                f"{port.name:<19}{port.lag or '-':<20}{found.chassis:<20}{label}{found.system}\n"
            )
    return text


JUNOS_PORTS: Final[Mapping[str, PortPrinter]] = {
    "show interfaces": plain,
    "show interfaces ...": plain,
    "show interfaces terse": terse,
    "show interfaces terse ...": terse,
    "show interfaces descriptions": descriptions,
    "show interfaces extensive": extensive,
    "show interfaces extensive ...": extensive,
    "show ethernet-switching interfaces": switching,
    "show lacp interfaces": lacp,
    "show lldp neighbors": neighbours,
}
