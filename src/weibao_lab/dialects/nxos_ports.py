"""How Cisco NX-OS prints its ports (Nexus 9000, 9.3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final

from weibao_lab.dialects.ios_ports import cdp_details, lldp_legend
from weibao_lab.dialects.port_page import PortPage, PortPrinter, dotted, with_length
from weibao_lab.ports.model import Neighbour, Port

__all__ = ["NXOS_PORTS"]

_RULE: Final = "-" * 80 + "\n"
_ERRORS: Final = {
    "bpduguard": "BPDUGuard errDisable",
    "link-flap": "linkFlapErrDisabled",
    "psecure-violation": "secViolErrDisabled",
    "udld": "udldErrDisabled",
}
_SPEEDS: Final = {10_000: "10G", 20_000: "20G", 25_000: "25G", 40_000: "40G", 100_000: "100G"}


def _reason(port: Port) -> str:
    """Why it is not up, as the tables say it; ``none``: it is."""
    if not port.admin_up:
        return "Administratively down"
    if port.error:
        return _ERRORS.get(port.error, "errDisabled")
    if port.absent:
        return "SFP not inserted"
    if port.connected:
        return "none"
    return "No operational members" if port.is_lag else "Link not connected"


def _speed(port: Port) -> str:
    if not port.oper_up:
        return "auto(D)"
    mark = "a-" if port.is_lag else ""
    return f"{mark}{_SPEEDS.get(port.speed, str(port.speed))}(D)"


def _row(page: PortPage, port: Port, last: str) -> str:
    vlan = "--" if port.mode == "routed" else port.vlan
    state = "up" if port.oper_up else "down"
    return (
        f"{page.short(port.name):<14}{vlan:<8}{'eth':<5}{port.mode:<7}{state:<8}"
        f"{_reason(port):<25}{_speed(port):>8} {last}\n"
    )


def brief(page: PortPage) -> str:
    """``show interface brief``: a table for each kind of interface."""
    text = ""
    if managed := [port for port in page.ports if port.management]:
        text += f"\n{_RULE}Port   VRF          Status IP Address{' ' * 30}Speed    MTU\n{_RULE}"
        for port in managed:
            state = "up" if port.oper_up else "down"
            address = port.address.split("/")[0] or "--"
            speed = str(port.speed) if port.oper_up else "auto"
            text += f"{port.name:<7}{'--':<13}{state:<7}{address:<40}{speed:<9}1500\n"
    text += (
        f"\n{_RULE}Ethernet      VLAN    Type Mode   Status  Reason                   "
        f"Speed     Port\nInterface{' ' * 68}Ch #\n{_RULE}"
    )
    for port in page.ports:
        if port.physical and not port.management:
            text += _row(page, port, port.lag.removeprefix("port-channel") or "--")
    if lags := page.lags():
        text += (
            f"\n{_RULE}Port-channel VLAN    Type Mode   Status  Reason                    "
            f"Speed   Protocol\nInterface\n{_RULE}"
        )
        text += "".join(_row(page, port, "lacp") for port in lags)
    return text + _virtual(page)


def _virtual(page: PortPage) -> str:
    text = ""
    if loops := [port for port in page.ports if port.name.startswith("loopback")]:
        text += f"\n{_RULE}Interface     Status     Description\n{_RULE}"
        for port in loops:
            state = "up" if port.oper_up else "down"
            text += f"{page.short(port.name):<14}{state:<11}{port.description or '--'}\n"
    if vlans := [port for port in page.ports if port.name.startswith("Vlan")]:
        text += f"\n{_RULE}Interface Secondary VLAN(Type)                    Status Reason\n{_RULE}"
        for port in vlans:
            state, reason = ("up", "--") if port.oper_up else ("down", _reason(port))
            text += f"{port.name:<10}{'--':<40}{state:<7}{reason}\n"
    return text


def _status(port: Port) -> str:
    if not port.admin_up:
        return "disabled"
    if port.error:
        return {"bpduguard": "bpduguard", "link-flap": "linkFlapE"}.get(port.error, "errDisabl")
    if port.absent:
        return "xcvrAbsen"
    if port.is_lag and not port.connected:
        return "noOperMem"
    return "connected" if port.connected else "notconnec"


def _status_rows(page: PortPage, ports: Iterable[Port]) -> str:
    text = ""
    for port in ports:
        vlan = port.mode if port.mode in {"trunk", "routed"} else port.vlan
        speed = _SPEEDS.get(port.speed, str(port.speed)) if port.oper_up else "auto"
        medium = "10Gbase-SR" if port.fibre else "1000base-T"
        if port.absent or not port.physical or port.management:
            medium = "--"
        text += (
            f"{page.short(port.name):<14}{port.description[:18] or '--':<19}{_status(port):<10}"
            f"{vlan:<10}{port.duplex or 'auto':<8}{speed:<8}{medium}\n"
        )
    return text


def status(page: PortPage) -> str:
    """``show interface status``."""
    head = f"{_RULE}Port          Name               Status    Vlan      Duplex  Speed   Type\n"
    text = ""
    if managed := [port for port in page.ports if port.management]:
        text += f"\n{head}{_RULE}{_status_rows(page, managed)}"
    rest = [port for port in page.ports if not port.virtual and not port.management]
    return f"{text}\n{head}{_RULE}{_status_rows(page, rest)}"


def _flapped(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    days, rest = divmod(seconds, 86_400)
    if days >= 7:
        return f"{days // 7}week(s) {days % 7}day(s)"
    if days:
        return f"{days}day(s) {rest // 3600}hour(s)"
    return f"{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}"


def _counts(port: Port) -> str:
    found = port.counters
    return (
        f"  {port.flaps // 2} interface resets\n  Load-Interval #1: 30 seconds\n"
        f"    30 seconds input rate {found.in_rate} bits/sec, {found.in_rate // 5120} packets/sec\n"
        f"    30 seconds output rate {found.out_rate} bits/sec, "
        f"{found.out_rate // 5120} packets/sec\n"
        "  RX\n"
        f"    {found.in_packets} unicast packets  0 multicast packets  0 broadcast packets\n"
        f"    {found.in_packets} input packets  {found.in_octets} bytes\n"
        "    0 jumbo packets  0 storm suppression bytes\n"
        f"    0 runts  0 giants  {found.crc} CRC/FCS  0 no buffer\n"
        f"    {found.in_errors} input error  0 short frame  0 overrun   0 underrun  0 ignored\n"
        "    0 watchdog  0 bad etype drop  0 bad proto drop  0 if down drop\n"
        "    0 input with dribble  0 input discard\n    0 Rx pause\n"
        "  TX\n"
        f"    {found.out_packets} unicast packets  0 multicast packets  0 broadcast packets\n"
        f"    {found.out_packets} output packets  {found.out_octets} bytes\n"
        "    0 jumbo packets\n"
        f"    {found.out_errors} output error  {found.collisions} collision  0 deferred  "
        "0 late collision\n"
        "    0 lost carrier  0 no carrier  0 babble  0 output discard\n    0 Tx pause\n"
    )


def _duplex_line(port: Port) -> str:
    if not port.oper_up:
        return "  auto-duplex, auto-speed"
    speed = f"{port.speed // 1000} Gb/s" if port.speed >= 10_000 else f"{port.speed} Mb/s"
    return f"  {port.duplex}-duplex, {speed}"


def _one(page: PortPage, port: Port) -> str:
    words = f"  Description: {port.description}\n" if port.description else ""
    address = f"  Internet Address is {with_length(port)}\n" if port.address else ""
    size = f"  MTU 1500 bytes,  BW {(port.speed or port.capacity) * 1000} Kbit, DLY 10 usec\n"
    if port.name.startswith("Vlan"):
        state = "up" if port.oper_up else f"down ({_reason(port)})"
        protocol = "up" if port.oper_up else "down"
        return (
            f"{port.name} is {state}, line protocol is {protocol}, autostate enabled\n"
            f"  Hardware is EtherSVI, address is  {dotted(port.mac)}\n{words}{address}{size}\n"
        )
    state = "up" if port.oper_up else f"down ({_reason(port)})"
    admin = "up" if port.admin_up else "down"
    head = f"{port.name} is {state}\nadmin state is {admin},"
    if port.virtual:
        return f"{head} Hardware: Loopback\n{words}{address}{size}\n"
    mac = f"address: {dotted(port.mac)} (bia {dotted(port.mac)})"
    if port.management:
        return (
            f"{head}\n  Hardware: GigabitEthernet, {mac}\n{words}{address}{size}"
            f"{_duplex_line(port)}\n{_counts(port)}\n"
        )
    if port.is_lag:
        members = ", ".join(page.short(name) for name in port.members)
        kind, extra = "Port-Channel", f"  Members in this channel: {members}\n" if members else ""
        head = head.rstrip(",")
    else:
        kind = "1000/10000 Ethernet" if port.fibre else "100/1000/10000 Ethernet"
        extra, head = "", f"{head} Dedicated Interface"
    belongs = f"  Belongs to {page.short(port.lag)}\n" if port.lag else ""
    media = ", media type is 10G" if port.fibre and port.physical and port.oper_up else ""
    return (
        f"{head}\n{belongs}  Hardware: {kind}, {mac}\n{words}{address}{size}"
        "  reliability 255/255, txload 1/255, rxload 1/255\n"
        f"  Encapsulation ARPA, medium is broadcast\n  Port mode is {port.mode}\n"
        f"{_duplex_line(port)}{media}\n  Beacon is turned off\n"
        "  Auto-Negotiation is turned on\n"
        "  Input flow-control is off, output flow-control is off\n"
        f"  Switchport monitor is off\n  EtherType is 0x8100\n{extra}"
        f"  Last link flapped {_flapped(page.since(port))}\n"
        f'  Last clearing of "show interface" counters never\n{_counts(port)}\n'
    )


def details(page: PortPage) -> str:
    """``show interface``, of all ports or one."""
    return "".join(_one(page, port) for port in page.ports)


def channels(page: PortPage) -> str:
    """``show port-channel summary``."""
    text = (
        "Flags:  D - Down        P - Up in port-channel (members)\n"
        "        I - Individual  H - Hot-standby (LACP only)\n"
        "        s - Suspended   r - Module-removed\n        b - BFD Session Wait\n"
        "        S - Switched    R - Routed\n        U - Up (port-channel)\n"
        "        p - Up in delay-lacp mode (member)\n"
        f"        M - Not in use. Min-links not met\n{_RULE}"
        f"Group Port-       Type     Protocol  Member Ports\n      Channel\n{_RULE}"
    )
    for lag in page.lags():
        flags = ("R" if lag.mode == "routed" else "S") + ("U" if lag.oper_up else "D")
        cells = [f"{page.short(n)}({'P' if n in lag.active else 'D'})" for n in lag.members]
        rows = [cells[i : i + 3] for i in range(0, len(cells), 3)] or [["--"]]
        label = f"{page.short(lag.name)}({flags})"
        number = lag.name.removeprefix("port-channel")
        text += f"{number:<6}{label:<12}{'Eth':<9}{'LACP':<10}{_cells(rows[0])}\n"
        text += "".join(f"{'':<37}{_cells(row)}\n" for row in rows[1:])
    return text


def _cells(row: list[str]) -> str:
    return "".join(f"{cell:<13}" for cell in row).rstrip()


def descriptions(page: PortPage) -> str:
    """``show interface description``."""
    text = ""
    managed = [port for port in page.ports if port.management]
    rest = [port for port in page.ports if port.physical and not port.management]
    if managed:
        text += f"\n{'-' * 79}\nInterface                Description\n{'-' * 79}\n"
        text += "".join(f"{p.name:<25}{p.description or '--'}\n" for p in managed)
    text += f"\n{'-' * 79}\nPort          Type   Speed   Description\n{'-' * 79}\n"
    for port in rest:
        speed = "10G" if port.fibre else "1000"
        text += f"{page.short(port.name):<14}{'eth':<7}{speed:<8}{port.description or '--'}\n"
    return text


def _lldp_one(page: PortPage, port: Port, found: Neighbour) -> str:
    return (
        f"Chassis id: {dotted(found.chassis)}\nPort id: {found.port}\n"
        f"Local Port id: {page.short(port.name)}\n"
        f"Port Description: {found.description or 'not advertised'}\n"
        f"System Name: {found.system}\nSystem Description: {found.text}\n"
        f"Time remaining: {90 + port.index % 30} seconds\nSystem Capabilities: B, R\n"
        f"Enabled Capabilities: B, R\nManagement Address: {found.address or 'not advertised'}\n"
        "Management Address IPV6: not advertised\nVlan ID: not advertised\n\n\n"
    )


def lldp_details(page: PortPage) -> str:
    """``show lldp neighbors detail``."""
    shown = [_lldp_one(page, port, port.neighbour) for port in page.ports if port.neighbour]
    head = "Device ID            Local Intf      Hold-time  Capability  Port ID  \n\n"
    return f"{lldp_legend()}{head}{''.join(shown)}Total entries displayed: {len(shown)}\n"


def lldp_table(page: PortPage) -> str:
    """``show lldp neighbors``."""
    text = f"{lldp_legend()}Device ID            Local Intf      Hold-time  Capability  Port ID  \n"
    count = 0
    for port in page.ports:
        if found := port.neighbour:
            count += 1
            text += (
                f"{found.system[:20]:<21}{page.short(port.name):<16}{'120':<11}{'BR':<12}"
                f"{found.port}\n"
            )
    return f"{text}Total entries displayed: {count}\n"


def addresses(page: PortPage) -> str:
    """``show ip interface brief``."""
    text = 'IP Interface Status for VRF "default"(1)\n'
    text += f"{'Interface':<21}{'IP Address':<16}Interface Status\n"
    for port in page.ports:
        if port.address and not port.management:
            link = "up" if port.oper_up else "down"
            admin = "up" if port.admin_up else "down"
            address = port.address.split("/")[0]
            states = f"protocol-{link}/link-{link}/admin-{admin}"
            text += f"{page.short(port.name):<21}{address:<16}{states:<28}\n"
    return text


NXOS_PORTS: Final[Mapping[str, PortPrinter]] = {
    "show interface": details,
    "show interface ...": details,
    "show interface brief": brief,
    "show interface status": status,
    "show interface description": descriptions,
    "show ip interface brief": addresses,
    "show port-channel summary": channels,
    "show lldp neighbors": lldp_table,
    "show lldp neighbors detail": lldp_details,
    "show cdp neighbors detail": cdp_details,
}
