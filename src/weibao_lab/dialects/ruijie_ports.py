"""How Ruijie RGOS 11 prints its ports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from weibao_lab.dialects.ios_ports import lldp_legend
from weibao_lab.dialects.port_page import PortPage, PortPrinter, dotted, with_length
from weibao_lab.ports.model import Port

__all__ = ["RUIJIE_PORTS"]

_RULE: Final = "-" * 40


def _status(port: Port) -> str:
    if not port.admin_up:
        return "disabled"
    if port.error:
        return "err-disabled"
    return "up" if port.connected else "down"


def _speed(speed: int) -> str:
    return f"{speed // 1000}G" if speed >= 10_000 else f"{speed}M"


def status(page: PortPage) -> str:
    """``show interfaces status``."""
    text = (
        f"{'Interface':<41}{'Status':<10}{'Vlan':<8}{'Duplex':<9}{'Speed':<10}Type\n"
        f"{_RULE} --------  ----    -------  --------- ------\n"
    )
    for port in page.ports:
        if port.virtual:
            continue
        vlan = port.mode if port.mode in {"trunk", "routed"} else port.vlan
        duplex = port.duplex.capitalize() if port.oper_up else "Unknown"
        speed = _speed(port.speed) if port.oper_up else "Unknown"
        medium = "fiber" if port.fibre else "copper"
        word = _status(port)
        # The longest word leaves one blank.
        text += f"{port.name:<41}{word:<9} {vlan:<7} {duplex:<8} {speed:<9} {medium}\n"
    return text


def descriptions(page: PortPage) -> str:
    """``show interfaces description``."""
    text = (
        f"{'Interface':<41}{'Status':<9}{'Administrative':<16}Description\n"
        f"{_RULE} {'-' * 8} {'-' * 14}  {'-' * 11}\n"
    )
    for port in page.ports:
        admin, oper = ("up" if on else "down" for on in (port.admin_up, port.oper_up))
        text += f"{port.name:<41}{oper:<9}{admin:<16}{port.description}".rstrip() + "\n"
    return text


def addresses(page: PortPage) -> str:
    """``show ip interface brief``."""
    text = (
        f"{'Interface':<33}{'IP-Address(Pri)':<21}{'IP-Address(Sec)':<21}{'Status':<23}Protocol\n"
    )
    for port in page.ports:
        if not port.address:
            continue
        state = "up" if port.oper_up else "down"
        shown = "administratively down" if not port.admin_up else state
        text += f"{port.name:<33}{with_length(port):<21}{'no address':<21}{shown:<23}{state}\n"
    return text


def _head(port: Port) -> str:
    if not port.admin_up:
        return "administratively down"
    if port.error:
        return "DOWN (err-disabled)"
    return "UP" if port.connected else "DOWN"


def _attributes(page: PortPage, port: Port) -> str:
    medium = "Fiber" if port.fibre else "Copper"
    admin_duplex, admin_speed = ("Force", "Force") if port.fixed else ("AUTO", "AUTO")
    span = page.since(port)
    hours, rest = divmod(span.seconds, 3600)
    lag = (
        f"  Aggregate Port Informations:\n        Aggregate ID: {port.lag.split()[-1]}\n"
        f'        Name: "{port.lag}"\n'
        if port.lag
        else ""
    )
    bridge = (
        f"    Port-type: trunk\n    Native vlan: {port.vlan}\n"
        f"    Allowed vlan lists: {port.trunk_vlans or '1-4094'}\n"
        if port.trunk
        else f"    Port-type: access\n    Vlan id: {port.vlan}\n"
    )
    return (
        "  Ethernet attributes:\n"
        f"    Last link state change time: {port.changed_at:%Y-%m-%d %H:%M:%S}\n"
        f"    Time duration since last link state change: {span.days} days, {hours:2d} hours, "
        f"{rest // 60} minutes, {rest % 60} seconds\n"
        "    Priority is 0\n"
        f"    Admin medium-type is {medium}, oper medium-type is {medium}\n"
        f"    Admin duplex mode is {admin_duplex}, oper duplex is "
        f"{port.duplex.capitalize() or 'Unknown'}\n"
        f"    Admin speed is {admin_speed}, oper speed is "
        f"{_speed(port.speed) if port.speed else 'Unknown'}\n"
        "    Flow control admin status is OFF, flow control oper status is OFF\n"
        "    Storm Control: Broadcast is OFF, Multicast is OFF, Unicast is OFF\n"
        f"{lag}  Bridge attributes:\n{bridge}"
    )


def _one(page: PortPage, port: Port) -> str:
    found = port.counters
    hardware = "Vlan" if port.virtual else "AggregateLink AggregatePort" if port.is_lag else ""
    if port.physical:
        hardware = "Broadcom 5464 " + port.name.split()[0]
    words = f"  Description: {port.description}\n" if port.description else ""
    members = ""
    if port.is_lag:
        members = "  Aggregate Port Informations:\n" + "".join(
            f"        {name} Link Status: {'Up' if name in port.active else 'Down'}\n"
            for name in port.members
        )
    attributes = "" if port.virtual else _attributes(page, port)
    return (
        f"Index(dec):{port.index} (hex):{port.index:x}\n"
        f"{port.name} is {_head(port)}  , line protocol is {'UP' if port.oper_up else 'DOWN'}\n"
        f"  Hardware is {hardware}, address is {dotted(port.mac)} (bia {dotted(port.mac)})\n"
        f"{words}  Interface address is: {with_length(port) or 'no ip address'}\n"
        f"  MTU 1500 bytes, BW {(port.speed or port.capacity) * 1000} Kbit\n"
        "  Encapsulation protocol is Ethernet-II, loopback not set\n"
        f"  Keepalive interval is 10 sec , set\n  Carrier delay is 2 sec\n{attributes}{members}"
        "  Rxload is 1/255, Txload is 1/255\n"
        f"  10 seconds input rate {found.in_rate} bits/sec, {found.in_rate // 5120} packets/sec\n"
        f"  10 seconds output rate {found.out_rate} bits/sec, "
        f"{found.out_rate // 5120} packets/sec\n"
        f"    {found.in_packets} packets input, {found.in_octets} bytes, 0 no buffer, 0 dropped\n"
        "    Received 0 broadcasts, 0 runts, 0 giants\n"
        f"    {found.in_errors} input errors, {found.crc} CRC, 0 frame, 0 overrun, 0 abort\n"
        f"    {found.out_packets} packets output, {found.out_octets} bytes, 0 underruns , "
        "0 no buffer, 0 dropped\n"
        f"    {found.out_errors} output errors, {found.collisions} collisions, "
        f"{port.flaps // 2} interface resets\n"
    )


def details(page: PortPage) -> str:
    """``show interfaces``, of all ports or one."""
    if len(page.ports) == 1:
        return _one(page, page.ports[0])
    return "".join(
        f"========================== {port.name} ========================\n{_one(page, port)}"
        for port in page.ports
    )


def switchports(page: PortPage) -> str:
    """``show interfaces switchport``."""
    text = (
        f"{'Interface':<33}{'Switchport':<11}{'Mode':<10}{'Access':<7}{'Native':<7}"
        f"{'Protected':<10}VLAN lists\n{'-' * 32} ---------- --------- ------ ------ "
        "--------- ----------------------\n"
    )
    for port in page.ports:
        if port.virtual or port.management or port.lag:
            continue
        mode = "TRUNK" if port.trunk else "ACCESS"
        access, native = ("1", port.vlan) if port.trunk else (port.vlan, "1")
        text += (
            f"{port.name:<33}{'enabled':<11}{mode:<10}{access:<7}{native:<7}{'Disabled':<10}"
            f"{(port.trunk_vlans or 'ALL') if port.trunk else 'ALL'}\n"
        )
    return text


def aggregates(page: PortPage) -> str:
    """``show aggregateport summary``."""
    text = (
        "AggregatePort MaxPorts SwitchPort Mode   Load balance                Ports\n"
        "------------- -------- ---------- ------ --------------------------- "
        "-----------------------------------\n"
    )
    for lag in page.lags():
        ports = ",".join(f"{page.short(name):<6}" for name in lag.members).rstrip()
        mode = "TRUNK" if lag.trunk else "ACCESS"
        text += (
            f"{page.short(lag.name):<14}{8:<9}{'Enabled':<11}{mode:<7}{'src-dst-mac':<28}{ports}\n"
        )
    return text


def neighbours(page: PortPage) -> str:
    """``show lldp neighbors``."""
    text = f"{lldp_legend()}{'System Name':<20}{'Local Intf':<21}{'Port ID':<21}"
    text += f"{'Capability':<14}Aging-time\n"
    count = 0
    for port in page.ports:
        if found := port.neighbour:
            count += 1
            name = f"{found.system:<20}" if len(found.system) < 20 else f"{found.system}  "
            label = f"{found.port:<21}" if len(found.port) < 21 else f"{found.port} "
            text += (
                f"{name}{page.short(port.name):<21}{label}{'B,R':<14}120s / 1minutes 58seconds\n"
            )
    return f"{text}Total entries displayed: {count}\n"


RUIJIE_PORTS: Final[Mapping[str, PortPrinter]] = {
    "show interfaces": details,
    "show interfaces ...": details,
    "show interfaces status": status,
    "show interfaces description": descriptions,
    "show ip interface brief": addresses,
    "show interfaces switchport": switchports,
    "show aggregateport summary": aggregates,
    "show lldp neighbors": neighbours,
}
