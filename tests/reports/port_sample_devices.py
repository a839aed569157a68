"""The switches of a believable morning, and their ports."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from weibao.domain.port import (
    AdminStatus,
    Duplex,
    Neighbour,
    OperStatus,
    Optical,
    Port,
    PortCounters,
)
from weibao.domain.port_record import PortState
from weibao.domain.reasons import Reason

from .sample import NIGHT

MORNING = NIGHT + timedelta(hours=5)
"""07:00:04 of 22 November in Shanghai."""
UNITS = ("挂号收费处", "内科门诊", "口腔科", "眼科", "检验科", "放射科", "药房", "体检中心")


def state(
    name: str, admin: str = "up", oper: str = "up", *, days: float = 40, **more: Any
) -> PortState:
    values = {"native_name": name, "name": name} | more
    port = Port(admin_status=AdminStatus(admin), oper_status=OperStatus(oper), **values)
    return PortState(port=port, since=MORNING - timedelta(days=days), at_least=days >= 40)


def access(kind: str, unit: int, count: int, seed: int = 0) -> list[PortState]:
    """Access ports of one unit: most up, some free, some shut."""
    made = []
    for number in range(1, count + 1):
        name = f"{kind}{unit}/0/{number}"
        turn = (number * 7 + seed * 3) % 10
        if turn == 3:
            made.append(state(name, "down", "down", reason="administratively_down"))
        elif turn in {1, 6, 9}:
            made.append(state(name, oper="down", reason="link_down", days=2 + turn, vlan="20"))
        else:
            made.append(
                state(
                    name,
                    speed=10**9 if turn else 10**8,
                    duplex=Duplex.full,
                    vlan=str(20 + turn),
                    mode="access",
                    description=f"{UNITS[(number + seed) % 8]} {number} 号位",
                    days=1 + number % 60,
                    counters=PortCounters(in_errors=number % 3, out_errors=0),
                    in_utilisation=float(number % 30),
                )
            )
    return made


def uplinks(kind: str, names: Iterable[str], far: str, lag: str = "") -> list[PortState]:
    return [
        state(
            f"{kind}{name}",
            speed=10**10,
            duplex=Duplex.full,
            mode="trunk",
            vlan="1",
            lag=lag,
            description=f"TO-{far}",
            neighbours=(Neighbour(system=far, port=f"XGigabitEthernet1/0/{place}"),),
            optical=Optical(rx_power=-4.2 - place, tx_power=-2.1),
            counters=PortCounters(in_errors=0, out_errors=0),
            in_rate=2_000_000_000,
            out_rate=700_000_000,
        )
        for place, name in enumerate(names, 1)
    ]


def others(*names: str) -> list[PortState]:
    return [state(name) for name in names]


def _huawei() -> list[PortState]:
    ports = access("GigabitEthernet", 0, 48)
    ports += access("GigabitEthernet", 1, 48, 4)
    ports += uplinks("XGigabitEthernet", ("0/0/49", "0/0/50", "1/0/49", "1/0/50"), "ZB-CORE-01",
                     "Eth-Trunk1")  # fmt: skip
    ports += others("Eth-Trunk1", "Vlanif20", "Vlanif99", "NULL0", "MEth0/0/1", "LoopBack0")
    return ports


def _comware() -> list[PortState]:
    ports = access("GigabitEthernet", 1, 24, 2)
    ports += uplinks("Ten-GigabitEthernet", ("1/0/25", "1/0/26"), "ZB-CORE-01")
    ports += [state(f"Ten-GigabitEthernet1/0/{n}", oper="down", reason="transceiver_absent")
              for n in (27, 28)]  # fmt: skip
    return ports + others("Vlan-interface20", "M-GigabitEthernet0/0/0")


def _nexus() -> list[PortState]:
    ports = [
        state(f"Ethernet1/{n}", speed=10**10, duplex=Duplex.full, description=f"esxi-{n:02d}")
        if n % 5 else state(f"Ethernet1/{n}", oper="not_present", reason="transceiver_absent")
        for n in range(1, 49)
    ]  # fmt: skip
    ports += [state(f"Ethernet1/{n}", speed=4 * 10**10, duplex=Duplex.full,
                    neighbours=(Neighbour(system="ZB-DC-SPINE-01", port="Ethernet3/1"),))
              for n in range(49, 55)]  # fmt: skip
    return ports + others("port-channel10", "Vlan200", "mgmt0", "Ethernet1/1.100")


def _junos() -> list[PortState]:
    ports = [state(f"ge-0/0/{n}", oper="up" if n % 3 else "down", speed=10**9 if n % 3 else None)
             for n in range(24)]  # fmt: skip
    ports += [state(f"xe-0/1/{n}", oper="up" if n < 2 else "down") for n in range(4)]
    return ports + others("ae0", "irb.20", "lo0", "me0")


def _cisco() -> list[PortState]:
    ports = access("GigabitEthernet", 1, 24, 6)
    ports[4] = state("GigabitEthernet1/0/5", oper="unknown", native_status="sfpMismatch")
    return [*ports, *others("Vlan1", "Port-channel1")]


def _procurve() -> list[PortState]:
    made = [state(f"{module}{n}", oper="up" if n % 4 else "down", speed=10**9)
            for module in "AB" for n in range(1, 25)]  # fmt: skip
    return made + others("Trk1")


# name, title, site, unit, ports, outcome, why, whether an earlier reading is known
DEVICES: list[tuple[str, str, str, str, list[PortState], str, Reason | None, bool]] = [
    ("MZ-1F-ACC-01", "Huawei VRP", "门诊楼 1 层", "挂号收费处", _huawei(), "read", None, True),
    ("MZ-2F-ACC-01", "H3C Comware", "门诊楼 2 层", "内科门诊", _comware(), "read", None, True),
    ("ZB-DC-LEAF-01", "Cisco NX-OS", "总院机房", "信息科", _nexus(), "read", None, True),
    ("FY-AGG-01", "Juniper Junos", "城东分院", "网络中心", _junos(), "read", None, True),
    ("YJ-ACC-01", "Cisco IOS", "医技楼", "放射科", _cisco(), "partly", None, True),
    ("FY-ACC-03", "HP ProCurve", "城东分院", "药房", _procurve(), "read", None, True),
    ("MZ-3F-ACC-01", "H3C Comware", "门诊楼 3 层", "口腔科", _comware(), "failed",
     Reason.of("auth_failed", user="ports"), True),
    ("FY-ACC-02", "Ruijie RGOS", "城东分院", "体检中心", [], "not_checked",
     Reason.of("not_in_this_run"), False),
]  # fmt: skip
