"""How the ports and VLANs of each platform are written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

__all__ = ["SHAPES", "Shape"]


@dataclass(frozen=True)
class Shape:
    """Templates of the repeated parts; {braces} are fields of a port or VLAN."""

    port_name: Callable[[int, int], str]
    """(number, number of ports) to interface name; the last four are uplinks."""
    access: str
    trunk: str
    unused: str
    vlan: str
    model: str
    voice: str = ""


def _gigabit(prefix: str, uplink: str) -> Callable[[int, int], str]:
    def name(number: int, ports: int) -> str:
        return f"{uplink}{number - ports + 4}" if number > ports - 4 else f"{prefix}{number}"

    return name


def _junos(number: int, ports: int) -> str:
    return f"xe-0/1/{number - ports + 3}" if number > ports - 4 else f"ge-0/0/{number - 1}"


SHAPES: Final[dict[str, Shape]] = {
    "huawei": Shape(
        _gigabit("GigabitEthernet0/0/", "XGigabitEthernet0/0/"),
        "interface {name}\n description {text}\n port link-type access\n"
        " port default vlan {vlan}\n stp edged-port enable\n#\n",
        "interface {name}\n description {text}\n port link-type trunk\n"
        " undo port trunk allow-pass vlan 1\n port trunk allow-pass vlan {vlans}\n"
        " dhcp snooping trusted\n#\n",
        "interface {name}\n shutdown\n#\n",
        "vlan {id}\n description {text}\n name {name}\n#\n",
        "S5735-L",
    ),
    "hp_comware": Shape(
        _gigabit("GigabitEthernet1/0/", "Ten-GigabitEthernet1/0/"),
        "interface {name}\n description {text}\n port link-mode bridge\n"
        " port access vlan {vlan}\n stp edged-port\n#\n",
        "interface {name}\n description {text}\n port link-mode bridge\n port link-type trunk\n"
        " undo port trunk permit vlan 1\n port trunk permit vlan {vlans}\n"
        " dhcp snooping trust\n#\n",
        "interface {name}\n port link-mode bridge\n shutdown\n#\n",
        "vlan {id}\n description {text}\n name {name}\n#\n",
        "S5560X",
    ),
    "ruijie_os": Shape(
        _gigabit("GigabitEthernet 0/", "TenGigabitEthernet 0/"),
        "interface {name}\n description {text}\n switchport access vlan {vlan}\n"
        " spanning-tree bpduguard enable\n spanning-tree portfast\n!\n",
        "interface {name}\n description {text}\n switchport mode trunk\n"
        " switchport trunk allowed vlan only {vlans_comma}\n ip dhcp snooping trust\n!\n",
        "interface {name}\n shutdown\n!\n",
        "vlan {id}\n name {name}\n!\n",
        "S5750C",
    ),
    "cisco_ios": Shape(
        _gigabit("GigabitEthernet1/0/", "TenGigabitEthernet1/1/"),
        "interface {name}\n description {text}\n switchport access vlan {vlan}\n"
        " switchport mode access\n spanning-tree portfast\n!\n",
        "interface {name}\n description {text}\n switchport trunk allowed vlan {vlans_comma}\n"
        " switchport mode trunk\n ip dhcp snooping trust\n!\n",
        "interface {name}\n switchport access vlan 999\n switchport mode access\n shutdown\n!\n",
        "vlan {id}\n name {name}\n!\n",
        "WS-C3850-24T",
    ),
    "cisco_nxos": Shape(
        lambda number, ports: f"Ethernet1/{number}",
        "interface {name}\n  description {text}\n  switchport access vlan {vlan}\n"
        "  spanning-tree port type edge\n  no shutdown\n\n",
        "interface {name}\n  description {text}\n  switchport mode trunk\n"
        "  switchport trunk allowed vlan {vlans_comma}\n  spanning-tree port type network\n"
        "  no shutdown\n\n",
        "interface {name}\n  switchport access vlan 999\n  shutdown\n\n",
        "vlan {id}\n  name {name}\n",
        "Nexus9000 C93180YC-EX",
    ),
    "arista_eos": Shape(
        lambda number, ports: f"Ethernet{number}",
        "interface {name}\n   description {text}\n   switchport access vlan {vlan}\n"
        "   spanning-tree portfast\n!\n",
        "interface {name}\n   description {text}\n   switchport trunk allowed vlan {vlans_comma}\n"
        "   switchport mode trunk\n!\n",
        "interface {name}\n   switchport access vlan 999\n   shutdown\n!\n",
        "vlan {id}\n   name {name}\n!\n",
        "DCS-7050TX-64",
    ),
    "juniper_junos": Shape(
        _junos,
        '    {name} {{\n        description "{text}";\n        unit 0 {{\n'
        "            family ethernet-switching {{\n                vlan {{\n"
        "                    members {vlan_name};\n                }}\n            }}\n"
        "        }}\n    }}\n",
        '    {name} {{\n        description "{text}";\n        unit 0 {{\n'
        "            family ethernet-switching {{\n                interface-mode trunk;\n"
        "                vlan {{\n                    members [ {vlan_names} ];\n"
        "                }}\n            }}\n        }}\n    }}\n",
        "    {name} {{\n        disable;\n        unit 0 {{\n"
        "            family ethernet-switching;\n        }}\n    }}\n",
        '    {name} {{\n        description "{text}";\n        vlan-id {id};\n    }}\n',
        "ex3400-24t",
    ),
}
