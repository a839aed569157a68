"""Ports of real parts: two routers and a switch between them, judged by what they really do.

           ┌─ tosw ── pedge [sw] pbranch ── tosw ─┐        OSPF through the switch, VLAN 10
    edge ──┤                                      ├── branch
           └─ tobranch ─────────────────── toedge ┘        BGP over the cable between them

The edge's users land in vtysh; the branch and the switch (Open vSwitch) are Linux hosts, whose
kernel knows the ports. All of them announce themselves by LLDP.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from .estates import Estate, missing_part, new_estate
from .frr_routers import Router, connect, free_net, frr_router, missing, until_open, uplink

CONFIG = """\
frr defaults traditional
hostname NAME
service integrated-vtysh-config
!
interface mgmt
 ip address NET.MGMT/30
exit
!
interface tosw
 ip address NET.OWN/29
 ip ospf area 0
 ip ospf dead-interval 3
 ip ospf hello-interval 1
 ip ospf network point-to-point
exit
!
interface CABLE
 ip address NET.LINK/30
exit
!
router ospf
 ospf router-id NET.OWN
exit
!
router bgp AS
 no bgp ebgp-requires-policy
 neighbor NET.PEER remote-as external
 neighbor NET.PEER timers 1 3
 neighbor NET.PEER timers connect 1
exit
!
end
"""
LLDP = """\
mkdir -p /run/lldpd
lldpd -I 'to*,p*'
sleep 0.5
lldpcli configure lldp tx-interval 1
"""
SWITCH = """\
ip address add ADDRESS/30 dev mgmt
mkdir /run/openvswitch
db=/run/openvswitch/conf.db
ovsdb-tool create $db /usr/share/openvswitch/vswitch.ovsschema
ovsdb-server $db --remote=punix:/run/openvswitch/db.sock --detach --pidfile \
    --log-file=/run/ovsdb.log
ovs-vsctl --no-wait init
ovs-vswitchd unix:/run/openvswitch/db.sock --detach --pidfile --log-file=/run/ovs.log
ovs-vsctl add-br br-sw -- set bridge br-sw datapath_type=netdev
ovs-vsctl add-port br-sw pedge tag=10 -- add-port br-sw pbranch tag=10
"""
SERVED = {"use": "used", "serves": "二楼", "room": "201 弱电间"}


@dataclass
class Site:
    """The three, and the inventory's variables for them."""

    edge: Router
    branch: Router
    sw: Router
    hosts: dict[str, dict[str, Any]]
    ospf: str
    """The edge's neighbour through the switch."""
    bgp: str

    def until(self, holds: Callable[[], bool], seconds: float = 20) -> None:
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end
            time.sleep(0.2)

    def works(self) -> bool:
        """Both neighbours, seen from both sides; and all that LLDP says."""
        return (
            all(b"Full/" in r.vtysh("show ip ospf neighbor") for r in (self.edge, self.branch))
            and b'"Established"' in self.edge.vtysh("show bgp summary json")
            and self.sw.run("lldpcli", "show", "neighbors").count(b"SysName") == 2
            and self.branch.run("lldpcli", "show", "neighbors").count(b"SysName: ") == 2
        )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    if reason := missing():
        missing_part(reason)
    for program in ("lldpd", "ovs-vswitchd", "ovsdb-tool"):
        if shutil.which(program, path="/usr/sbin:/usr/bin") is None:
            missing_part(f"{program} is not installed")
    base = tmp_path_factory.mktemp("ports")
    net = free_net()

    def config(name: str, cable: str, number: int) -> str:
        words = {
            "NAME": name, "CABLE": cable, "NET": net, "AS": str(65000 + number),
            "MGMT": str(4 * number + 30), "OWN": str(16 + number), "LINK": str(4 + number),
            "PEER": str(4 + 3 - number),
        }  # fmt: skip
        text = CONFIG
        for word, value in words.items():
            text = text.replace(word, value)
        return text

    with ExitStack() as stack:
        made: dict[str, Router] = {}
        for number, (name, cable) in enumerate((("edge", "tobranch"), ("branch", "toedge")), 1):
            ports = ["mgmt", "tosw", cable]
            text = config(name, cable, number)
            address = f"{net}.{4 * number + 30}"
            made[name] = stack.enter_context(
                frr_router(base / name, name, text, address, ports, LLDP)
            )
        address = f"{net}.42"
        start = SWITCH.replace("ADDRESS", address) + LLDP
        ports = ["mgmt", "pedge", "pbranch"]
        made["sw"] = stack.enter_context(frr_router(base / "sw", "sw", "", address, ports, start))
        for number, router in enumerate(made.values(), 1):
            ours = f"{net}.{4 * number + 29}/30"
            stack.enter_context(uplink(router, "mgmt", ours, number))
        connect((made["edge"], "tobranch"), (made["branch"], "toedge"))
        connect((made["edge"], "tosw"), (made["sw"], "pedge"))
        connect((made["branch"], "tosw"), (made["sw"], "pbranch"))
        for name, router in made.items():
            until_open(router, base / name)
        hosts = {
            name: {
                "ansible_host": router.address,
                "ansible_network_os": "frr" if name == "edge" else "linux",
                "ansible_user": router.username if name == "edge" else router.admin,
                "ansible_password": router.password,
            }
            for name, router in made.items()
        }
        ready = Site(**made, hosts=hosts, ospf=f"ospf {net}.18", bgp=f"bgp {net}.6")
        ready.until(ready.works, 40)
        yield ready


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory, site: Site) -> Estate:
    """What is read first is what is expected; whom ports serve stands in the inventory."""
    made = new_estate(tmp_path_factory.mktemp("night"))
    hosts = {name: dict(variables) for name, variables in site.hosts.items()}
    hosts["sw"]["ports"] = {"pbranch": {**SERVED, "vlan": "10"}}
    hosts["edge"]["ports"] = {"tobranch": SERVED}
    made.write_inventory(hosts)
    made.ok("inventory", "trust")
    first = found_by(made, 0)
    assert {d["outcome"] for d in first["devices"]} == {"read"}, first["devices"]
    made.ok("ports", "baseline", "accept")
    found_by(made, 0)
    return made


def found_by(estate: Estate, code: int) -> dict[str, Any]:
    said = estate.weibao("ports", "check", "--json")
    assert said.code == code, said.all
    found: dict[str, Any] = said.json
    return found


def findings(found: dict[str, Any]) -> dict[tuple[str, str, str], dict[str, Any]]:
    """By device, port (or routing neighbour) and code."""
    return {
        (f["device"], f["port"] or f["params"].get("neighbour", ""), f["code"]): f
        for f in found["findings"]
        if f["severity"] != "info"
    }


def ports_of(estate: Estate, device: str) -> dict[str, dict[str, Any]]:
    said = estate.weibao("ports", "show", device, "--json")
    assert said.code == 0, said.all
    return {port["name"]: port for port in said.json["ports"]}


def test_what_is_read_is_what_the_kernel_and_the_switch_say(estate: Estate, site: Site) -> None:
    ports = ports_of(estate, "sw")
    known = {name: ports[name] for name in ("pedge", "pbranch")}
    assert {p["vlan"] for p in known.values()} == {"10"}
    assert {(p["speed"], p["duplex"]) for p in known.values()} == {(10**10, "full")}
    seen = {name: (p["neighbours"][0]["system"], p["neighbours"][0]["port"])
            for name, p in known.items()}  # fmt: skip
    assert seen == {"pedge": ("edge", "tosw"), "pbranch": ("branch", "tosw")}
    assert {p["oper_status"] for p in known.values()} == {"up"}
    octets = int(site.sw.run("cat", "/sys/class/net/pedge/statistics/rx_bytes"))
    assert 0 < known["pedge"]["counters"]["in_octets"] <= octets
    cables = {name: p["oper_status"] for name, p in ports_of(estate, "edge").items()}
    assert cables.items() >= {"tobranch": "up", "tosw": "up", "mgmt": "up"}.items()


def test_a_cable_that_is_cut(estate: Estate, site: Site) -> None:
    site.branch.run("ip", "link", "set", "toedge", "down")
    try:
        bad = findings(found_by(estate, 1))
        # The end that was shut, the end without a carrier, and both ends of the session.
        assert bad.keys() == {
            ("branch", "toedge", "port_shut"),
            ("edge", "tobranch", "port_down"),
            ("edge", site.bgp, "routing_neighbour_down"),
            ("branch", site.bgp.replace(".6", ".5"), "routing_neighbour_down"),
            ("edge", "", "routes_fewer"),
            ("branch", "", "routes_fewer"),
        }, bad.keys()
        down = bad["edge", "tobranch", "port_down"]
        assert down["cuts_off"] == "二楼 201 弱电间"
    finally:
        site.branch.run("ip", "link", "set", "toedge", "up")
        site.until(site.works)
    found_by(estate, 0)
    assert estate.weibao("verify").code == 0


def test_a_port_in_another_vlan(estate: Estate, site: Site) -> None:
    site.sw.run("ovs-vsctl", "set", "port", "pbranch", "tag=20")
    try:
        site.until(lambda: b"Full/" not in site.edge.vtysh("show ip ospf neighbor"))
        bad = findings(found_by(estate, 1))
        # All ports are up all the same: only the VLAN and what it carried tell.
        assert bad.keys() == {
            ("sw", "pbranch", "port_vlan"),
            ("edge", site.ospf, "routing_neighbour_down"),
            ("branch", site.ospf.replace(".18", ".17"), "routing_neighbour_down"),
        }, bad.keys()
        moved = bad["sw", "pbranch", "port_vlan"]["params"]
        assert (moved["expected"], moved["actual"]) == ("10", "20")
    finally:
        site.sw.run("ovs-vsctl", "set", "port", "pbranch", "tag=10")
        site.until(site.works)
    found_by(estate, 0)


def test_another_device_on_the_cable(estate: Estate, site: Site) -> None:
    site.edge.run("lldpcli", "configure", "system", "hostname", "intruder")
    try:
        site.until(lambda: b"intruder" in site.sw.run("lldpcli", "show", "neighbors"))
        site.until(lambda: b"intruder" in site.branch.run("lldpcli", "show", "neighbors"))
        bad = findings(found_by(estate, 1))
        assert bad.keys() == {
            ("sw", "pedge", "port_neighbour"),
            ("branch", "toedge", "port_neighbour"),
        }, bad.keys()
        assert bad["sw", "pedge", "port_neighbour"]["params"]["actual"] == "intruder"
    finally:
        site.edge.run("lldpcli", "configure", "system", "hostname", "edge")
        site.until(lambda: b"intruder" not in site.sw.run("lldpcli", "show", "neighbors"))
        site.until(lambda: b"intruder" not in site.branch.run("lldpcli", "show", "neighbors"))
    found_by(estate, 0)


def test_a_routing_program_that_has_ended(estate: Estate, site: Site) -> None:
    """Nobody answers for OSPF any more: that is no good sign."""
    # The watchdog would start it again.
    site.branch.run("pkill", "-KILL", "-x", "watchfrr")
    site.branch.run("pkill", "-KILL", "-x", "ospfd")
    try:
        site.until(lambda: b"Full/" not in site.edge.vtysh("show ip ospf neighbor"))
        bad = findings(found_by(estate, 1))
        assert bad.keys() >= {
            ("edge", site.ospf, "routing_neighbour_down"),
            ("branch", site.ospf.replace(".18", ".17"), "routing_neighbour_down"),
        }, bad.keys()
    finally:
        site.branch.run("/usr/lib/frr/ospfd", "-d", "-A", "127.0.0.1")
        site.branch.run("vtysh", "-b", "-d", "ospfd")
        site.until(site.works, 30)
    found_by(estate, 0)


def test_a_host_that_is_away_keeps_its_last_known_state(estate: Estate, site: Site) -> None:
    before = ports_of(estate, "sw")
    site.sw.run("ip", "link", "set", "mgmt", "down")
    try:
        found = found_by(estate, 1)
        assert findings(found).keys() == {("sw", "", "ports_stale")}
        outcomes = {d["name"]: d["outcome"] for d in found["devices"]}
        assert outcomes == {"edge": "read", "branch": "read", "sw": "failed"}
        said = estate.weibao("ports", "show", "sw", "--json")
        assert (said.code, said.json["stale"]) == (1, True)
        kept = {p["name"]: p["oper_status"] for p in said.json["ports"]}
        assert kept == {name: p["oper_status"] for name, p in before.items()}
    finally:
        site.sw.run("ip", "link", "set", "mgmt", "up")
    found_by(estate, 0)
