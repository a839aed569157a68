"""A real router: FRR, whose users log in over a real sshd and land in vtysh."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from .estates import missing_part, new_estate
from .frr_routers import Router, free_net, frr_router, missing, until_open, uplink

CONFIG = """\
frr defaults traditional
hostname edge-frr-01
log syslog informational
service integrated-vtysh-config
!
ip route 10.99.0.0/16 blackhole
!
interface lo
 description 环回 loopback
 ip address 10.255.0.1/32
exit
!
interface router
 description to the office — 上联
 ip address NET.2/30
 ip ospf authentication message-digest
 ip ospf message-digest-key 1 md5 Geheim123
 ip ospf network point-to-point
exit
!
router bgp 65001
 neighbor NET.9 remote-as 65002
 neighbor NET.9 password S3cretBgp
exit
!
router ospf
 network NET.0/30 area 0
exit
!
end
"""


@pytest.fixture(scope="module")
def router(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Router]:
    """A router with a link to here."""
    if reason := missing():
        missing_part(reason)
    folder = tmp_path_factory.mktemp("frr")
    net = free_net()
    config = CONFIG.replace("NET", net)
    with (
        frr_router(folder, "edge-frr-01", config, f"{net}.2", ["router"]) as made,
        uplink(made, "router", f"{net}.1/30"),
    ):
        until_open(made, folder)
        yield made


def test_the_export_is_what_the_router_prints(tmp_path: Path, router: Router) -> None:
    estate = new_estate(tmp_path)
    estate.write_inventory(
        {
            "edge-frr-01": {
                "ansible_host": router.address,
                "ansible_network_os": "frr",
                "ansible_user": router.username,
                "ansible_password": router.password,
            }
        }
    )
    estate.ok("inventory", "trust")

    first = estate.run()["edge-frr-01"]
    assert (first["outcome"], first["platform"]) == ("archived", "frr"), first
    printed = router.vtysh("show running-config")
    assert b"hostname edge-frr-01" in printed and "上联".encode() in printed
    assert estate.export("edge-frr-01") == printed

    archive = estate.state / "contracts/default/archive"
    before = _commits(archive)
    assert estate.run()["edge-frr-01"]["outcome"] == "unchanged"
    assert _commits(archive) == before

    router.vtysh("configure terminal", "ip route 10.98.0.0/16 blackhole", "end")
    changed = estate.run()["edge-frr-01"]
    assert (changed["outcome"], changed["changed"]) == ("archived", True)
    assert estate.export("edge-frr-01") == router.vtysh("show running-config") != printed
    assert len(_commits(archive)) == len(before) + 1
    redacted = (archive / "edge-frr-01.cfg").read_bytes()
    assert b"10.98.0.0/16" in redacted
    assert b"Geheim123" not in redacted and b"S3cretBgp" not in redacted
    assert (
        b"ip route 10.98.0.0/16 blackhole"
        in estate.weibao("backup", "diff", "edge-frr-01").out.encode()
    )
    estate.ok("verify")


def test_it_only_reads(router: Router, tmp_path: Path) -> None:
    """Nothing on the router differs after a night, its saved file included."""
    estate = new_estate(tmp_path)
    estate.write_inventory(
        {
            "r": {
                "ansible_host": router.address,
                "ansible_network_os": "frr",
                "ansible_user": router.username,
                "ansible_password": router.password,
            }
        }
    )
    estate.ok("inventory", "trust")
    before = (router.vtysh("show running-config"), router.vtysh("show startup-config"))
    estate.run()
    assert (router.vtysh("show running-config"), router.vtysh("show startup-config")) == before


def _commits(archive: Path) -> list[str]:
    return subprocess.run(
        ["git", "-C", str(archive), "log", "--format=%H"], check=True, capture_output=True,
        text=True,
    ).stdout.split()  # fmt: skip
