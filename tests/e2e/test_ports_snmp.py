"""Ports from a real SNMP agent (net-snmp's): what it tells is compared with the kernel's truth."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from .estates import BIN, Estate, missing_part, new_estate
from .frr_routers import Router, free_net, frr_router, missing, uplink

AGENT = """\
ip address add ADDRESS/30 dev mgmt
for n in 1 2 3; do
    ip link add p$n type veth peer name far$n
    ip link set far$n up
done
ip link set p1 up
ip link set p2 up
ip link set p1 alias 三楼上联
unshare --net --uts --mount sh FOLDER/far.sh >/run/far.log 2>&1 &
far=$!
ip link add p4 type veth peer name far4
ip link set p4 up
sleep 0.5
ip link set far4 netns $far
start_agent="snmpd -C -c FOLDER/snmpd.conf -p /run/snmpd.pid -Lf /run/snmpd.log"
SNMP_PERSISTENT_DIR=/run/snmp $start_agent udp:ADDRESS:161
mkdir -p /run/lldpd
lldpd -x -X /run/agentx -I p4
sleep 0.5
lldpcli configure lldp tx-interval 1
"""
FAR = """\
mount -t tmpfs tmpfs /run
hostname core-1
mkdir /run/lldpd
until ip link set far4 up; do sleep 0.1; done
lldpd -I far4
sleep 0.5
lldpcli configure lldp tx-interval 1
sleep infinity
"""
# Rows of lo and mgmt alone (the mask leaves the column open); all but the operational state; no
# ports at all.
CONF = """\
master agentx
agentXSocket /run/agentx
rocommunity geheim-und-ganz default
view half included .1.3.6.1.2.1.1
view half included .1.3.6.1.2.1.2.1
view half included .1.3.6.1.2.1.2.2.1.1.1 FF:A0
rocommunity geheim-und-halb default -V half
view blind included .1
view blind excluded .1.3.6.1.2.1.2.2.1.8
rocommunity geheim-und-blind default -V blind
view none included .1.3.6.1.2.1.1
rocommunity geheim-und-nichts default -V none
createUser weihu SHA-256 "auth-geheim-1" AES "priv-geheim-1"
rouser weihu priv
"""
WHOLE = {"weibao_snmp_community": "geheim-und-ganz"}


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Router]:
    """A switch that may only be asked by SNMP."""
    if reason := missing():
        missing_part(reason)
    if not Path("/usr/sbin/snmpd").exists():
        missing_part("snmpd is not installed")
    folder = tmp_path_factory.mktemp("agent") / "sw"
    folder.mkdir()
    (folder / "snmpd.conf").write_text(CONF)
    (folder / "far.sh").write_text(FAR)
    address = f"{(net := free_net())}.50"
    start = AGENT.replace("ADDRESS", address).replace("FOLDER", str(folder))
    with (
        frr_router(folder, "sw", "", address, ["mgmt"], start) as made,
        uplink(made, "mgmt", f"{net}.49/30"),
    ):
        end = time.monotonic() + 20
        while subprocess.run(
            ["nsenter", "--target", str(made.inside), "--mount", "--", "test", "-s",
             "/run/snmpd.pid"], check=False,
        ).returncode:  # fmt: skip
            assert time.monotonic() < end, (folder / "log").read_text()
            time.sleep(0.1)
        yield made


def host(agent: Router, **variables: str) -> dict[str, Any]:
    return {
        "ansible_host": agent.address,
        "ansible_network_os": "linux",
        "weibao_ports_source": "snmp",
        **variables,
    }


def check(estate: Estate, code: int) -> dict[str, Any]:
    said = estate.weibao("ports", "check", "--json")
    assert said.code == code, said.all
    found: dict[str, Any] = said.json
    return found


def codes(found: dict[str, Any]) -> set[tuple[str, str]]:
    return {(f["port"], f["code"]) for f in found["findings"] if f["severity"] != "info"}


def until_told(agent: Router, port: str, state: int) -> None:
    """Wait for what the agent says of a port: it keeps its table for 15 seconds."""
    gufo = pytest.importorskip("gufo.snmp.sync")
    index = agent.run("cat", f"/sys/class/net/{port}/ifindex").decode().strip()
    end = time.monotonic() + 40
    with gufo.SnmpSession(addr=agent.address, community="geheim-und-ganz") as session:
        while session.get(f"1.3.6.1.2.1.2.2.1.8.{index}") != state:
            assert time.monotonic() < end
            time.sleep(0.5)


def neighbour_seen(agent: Router, seconds: float = 20) -> None:
    """Wait until the agent has somebody at the other end."""
    end = time.monotonic() + seconds
    while b"core-1" not in agent.run("lldpcli", "show", "neighbors"):
        assert time.monotonic() < end, agent.run("cat", "/run/far.log")
        time.sleep(0.5)


def vaulted(estate: Estate, text: str) -> str:
    """As ``ansible-vault encrypt_string`` gives it for an inventory."""
    done = subprocess.run(
        [BIN / "ansible-vault", "encrypt_string"], input=text, text=True, check=True,
        capture_output=True, cwd=estate.folder, env=estate.env(),
    )  # fmt: skip
    return "\n".join(line.strip() for line in done.stdout.splitlines()[1:]) + "\n"


class Vaulted(str):
    """Written as ``!vault |``."""


yaml.SafeDumper.add_representer(
    Vaulted, lambda dumper, text: dumper.represent_scalar("!vault", str(text), style="|")
)


def test_what_the_agent_says_is_what_the_kernel_knows(tmp_path: Path, agent: Router) -> None:
    estate = new_estate(tmp_path)
    secret = Vaulted(vaulted(estate, WHOLE["weibao_snmp_community"]))
    served = {"p2": {"use": "used", "serves": "二楼", "room": "201"}}
    estate.write_inventory({"sw": {**host(agent, weibao_snmp_community=secret), "ports": served}})
    neighbour_seen(agent)
    first = check(estate, 0)
    assert [d["outcome"] for d in first["devices"]] == ["read"], first
    estate.ok("ports", "baseline", "accept")
    shown = {p["name"]: p for p in estate.weibao("ports", "show", "sw", "--json").json["ports"]}
    states = {name: (p["admin_status"], p["oper_status"]) for name, p in shown.items()}
    assert states.items() >= {
        "p1": ("up", "up"), "p2": ("up", "up"), "p3": ("down", "down"), "mgmt": ("up", "up"),
    }.items()  # fmt: skip
    (beside,) = shown["p4"]["neighbours"]
    assert (beside["system"], beside["port"]) == ("core-1", "far4")
    assert not any(p["neighbours"] for name, p in shown.items() if name != "p4")
    card = agent.run("cat", "/sys/class/net/p1/address").decode().strip()
    assert (shown["p1"]["mac_address"], shown["p1"]["mtu"]) == (card, 1500)
    octets = int(agent.run("cat", "/sys/class/net/mgmt/statistics/rx_bytes"))
    assert 0 < shown["mgmt"]["counters"]["in_octets"] <= octets
    # A cable is pulled, and put in again.
    agent.run("ip", "link", "set", "far2", "down")
    try:
        until_told(agent, "p2", 2)
        bad = check(estate, 1)
        assert codes(bad) == {("p2", "port_down"), ("far2", "port_shut")}
        down = next(f for f in bad["findings"] if f["port"] == "p2")
        assert down["cuts_off"] == "二楼 201"
    finally:
        agent.run("ip", "link", "set", "far2", "up")
    until_told(agent, "p2", 1)
    check(estate, 0)
    # An agent that says nothing: not checked, and what was known is old.
    pid = agent.run("cat", "/run/snmpd.pid").decode().strip()
    agent.run("kill", "-STOP", pid)
    try:
        silent = check(estate, 4)
    finally:
        agent.run("kill", "-CONT", pid)
    assert codes(silent) == {("", "ports_stale")}
    assert silent["devices"][0]["reason_code"] == "snmp_silent"
    assert estate.weibao("ports", "show", "sw", "--json").json["stale"] is True
    check(estate, 0)
    estate.ok("verify")
    for file in estate.folder.rglob("*"):
        if file.is_file():
            assert WHOLE["weibao_snmp_community"].encode() not in file.read_bytes(), file


def test_version_3(tmp_path: Path, agent: Router) -> None:
    estate = new_estate(tmp_path)
    v3 = {
        "weibao_snmp_user": "weihu",
        "weibao_snmp_auth": "sha256",
        "weibao_snmp_auth_password": "auth-geheim-1",
        "weibao_snmp_priv_password": "priv-geheim-1",
    }
    estate.write_inventory({"sw": host(agent, **v3)})
    assert [d["outcome"] for d in check(estate, 0)["devices"]] == ["read"]
    for wrong, code in (
        ({"weibao_snmp_auth_password": "not-that-one"}, "snmp_auth"),
        ({"weibao_snmp_user": "nobody"}, "snmp_auth"),
        ({"weibao_snmp_priv_password": "not-that-one"}, "snmp_silent"),
    ):
        estate.write_inventory({"sw": host(agent, **(v3 | wrong))})
        found = check(estate, 4)
        assert found["devices"][0]["reason_code"] == code, wrong
        assert "not-that-one" not in str(found)


def test_what_is_wrong_with_a_community(tmp_path: Path, agent: Router) -> None:
    estate = new_estate(tmp_path)
    estate.write_inventory({"sw": host(agent, **WHOLE)})
    check(estate, 0)
    estate.ok("ports", "baseline", "accept")
    for community, code in (("falsch", "snmp_silent"), ("geheim-und-nichts", "snmp_no_ports")):
        estate.write_inventory({"sw": host(agent, weibao_snmp_community=community)})
        assert check(estate, 4)["devices"][0]["reason_code"] == code


def test_half_a_table_is_not_a_whole_one(tmp_path: Path, agent: Router) -> None:
    estate = new_estate(tmp_path)
    estate.write_inventory({"sw": host(agent, **WHOLE)})
    check(estate, 0)
    estate.ok("ports", "baseline", "accept")
    # Fewer rows than the agent counts itself: what is not seen may be there.
    estate.write_inventory({"sw": host(agent, weibao_snmp_community="geheim-und-halb")})
    found = check(estate, 1)
    assert [d["outcome"] for d in found["devices"]] == ["partly"]
    assert ("", "ports_not_understood") in codes(found)
    assert {code for port, code in codes(found) if port} == {"port_unknown"}
    # Without its state a port is neither good nor down.
    estate.write_inventory({"sw": host(agent, weibao_snmp_community="geheim-und-blind")})
    found = check(estate, 1)
    assert [d["outcome"] for d in found["devices"]] == ["partly"]
    assert {("p1", "port_unknown"), ("mgmt", "port_unknown")} <= codes(found)
