"""Changes on real routers: what is wrong really cuts traffic, and comes back.

    here ── edge ── branch ── (a service behind it)

The branch's router is managed through the edge's: its management address and the service are
known by OSPF.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from weibao.adapters.package_data import data_folder

from .change_flow import (
    approved,
    carried_out,
    change_of_lines,
    closed,
    make_keys,
    shown,
    with_people,
)
from .estates import Estate, missing_part, new_estate
from .frr_routers import Router, connect, free_net, frr_router, ip, missing, until_open, uplink

RELOAD = "/usr/lib/frr/frr-reload.py"
HEAD = """\
frr defaults traditional
hostname NAME
log syslog informational
service integrated-vtysh-config
!
"""
LINK = """\
interface PORT
 ip address ADDRESS
 ip ospf area 0
 ip ospf dead-interval 3
 ip ospf hello-interval 1
 ip ospf network point-to-point
exit
!
"""
EDGE = """\
interface mgmt
 ip address NET.2/30
 ip ospf area 0
 ip ospf passive
exit
!
"""
BRANCH = """\
interface lo
 ip address NET.17/32
 ip address NET.33/32
 ip ospf area 0
exit
!
"""
END = """\
router ospf
 ospf router-id NET.ID
exit
!
end
"""
PROBE = """\
- hosts: all
  gather_facts: false
  tasks:
    - name: Reach the service behind the branch
      ansible.builtin.wait_for: {host: SERVICE, port: 22, timeout: 3, connect_timeout: 1}
      delegate_to: localhost
"""


@dataclass
class Site:
    """Both routers, and what is to be reached through them."""

    edge: Router
    branch: Router
    service: str
    folder: Path

    def put_back(self, before: dict[str, tuple[bytes, bytes]]) -> None:
        """As it was, whatever a test left of it."""
        for router, name in ((self.edge, "edge"), (self.branch, "branch")):
            running, saved = before[name]
            file = self.folder / name / "etc-frr/frr.conf"
            if texts(router)[0] != running:
                file.write_bytes(b"!\n" + running.partition(b"!\n")[2])
                router.run("python3", RELOAD, "--reload", "/etc/frr/frr.conf")
            file.write_bytes(saved)
            assert texts(router) == (running, saved)
        self.until_works(20)

    def works(self) -> bool:
        """Whether packets come through to the service and back."""
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex((self.service, 22)) == 0

    def until_works(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not self.works():
            assert time.monotonic() < end, self.edge.vtysh("show ip route").decode()


@pytest.fixture(scope="module")
def routers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    if reason := missing():
        missing_part(reason)
    if not Path(RELOAD).exists():
        missing_part("frr-pythontools is not installed")
    base = tmp_path_factory.mktemp("site")
    net = free_net()

    def config(name: str, port: str, address: str, own: str, number: str) -> str:
        link = LINK.replace("PORT", port).replace("ADDRESS", address)
        text = HEAD.replace("NAME", name) + own + link + END.replace("ID", number)
        return text.replace("NET", net)

    edge_config = config("edge", "tobranch", f"{net}.5/30", EDGE, "2")
    branch_config = config("branch", "toedge", f"{net}.6/30", BRANCH, "17")
    with (
        frr_router(base / "edge", "edge", edge_config, f"{net}.2", ["mgmt", "tobranch"]) as edge,
        frr_router(base / "branch", "branch", branch_config, f"{net}.17", ["toedge"]) as branch,
        uplink(edge, "mgmt", f"{net}.1/30") as outside,
    ):
        connect((edge, "tobranch"), (branch, "toedge"))
        ip("route", "add", f"{net}.0/26", "via", f"{net}.2", "dev", outside)
        made = Site(edge, branch, f"{net}.33", base)
        until_open(edge, base / "edge")
        until_open(branch, base / "branch")
        made.until_works(20)
        yield made


@pytest.fixture
def site(routers: Site) -> Iterator[Site]:
    """The site as it was built, for each test: what one leaves broken is no other's trouble."""
    before = {"edge": texts(routers.edge), "branch": texts(routers.branch)}
    yield routers
    routers.put_back(before)


def estate_of(tmp_path: Path, site: Site, **hosts: str) -> tuple[Estate, Path]:
    """An estate with these routers, by the users who log in, trusted and backed up once."""
    keys = make_keys(tmp_path)
    estate = with_people(new_estate(tmp_path), keys)
    routers = {"edge": site.edge, "branch": site.branch}
    variables: dict[str, dict[str, Any]] = {
        name: {
            "ansible_host": routers[name].address,
            "ansible_network_os": "frr",
            "ansible_user": getattr(routers[name], user),
            "ansible_password": routers[name].password,
        }
        for name, user in hosts.items()
    }
    estate.write_inventory(variables)
    estate.ok("inventory", "trust")
    return estate, keys


def with_probe(estate: Estate, site: Site) -> None:
    """The runbook as it comes, and behind it whether the service is still reached."""
    text = (data_folder("runbooks") / "change-switch-config.yml").read_text(encoding="utf-8")
    book = yaml.safe_load(text)
    probe = {
        "name": "traffic",
        "title": {"zh": "业务可达", "en": "The service is reached"},
        "phase": "verify",
        "kind": "probe",
        "run": "playbooks/probe.yml",
    }
    at = next(n for n, step in enumerate(book["steps"]) if step["name"] == "verify")
    book["steps"].insert(at + 1, probe)
    for folder in ("runbooks", "playbooks"):
        (estate.folder / folder).mkdir(exist_ok=True)
    file = estate.folder / "runbooks/change-switch-config.yml"
    file.write_text(yaml.safe_dump(book, allow_unicode=True), encoding="utf-8")
    probing = PROBE.replace("SERVICE", json.dumps(site.service))
    (estate.folder / "playbooks/probe.yml").write_text(probing)


def texts(router: Router) -> tuple[bytes, bytes]:
    """What runs and what is saved."""
    return router.vtysh("show running-config"), router.run("cat", "/etc/frr/frr.conf")


def steps(estate: Estate, number: str) -> dict[str, str]:
    return {row["step"]: row["state"] for row in shown(estate, number)["steps"]}


def test_a_good_change_ends_saved_and_a_restore_takes_it_back(tmp_path: Path, site: Site) -> None:
    estate, keys = estate_of(tmp_path, site, edge="username")
    before = texts(site.edge)
    lines = "ip prefix-list office seq 5 permit 10.98.0.0/16\nrouter ospf\n log-adjacency-changes"
    number = change_of_lines(estate, keys, lines)
    carried_out(estate, keys, number, 0)
    assert shown(estate, number)["change"]["state"] == "verified"
    now = texts(site.edge)
    assert all(b"ip prefix-list office seq 5 permit 10.98.0.0/16\n" in text for text in now)
    assert b" log-adjacency-changes\n" in now[0]
    closed(estate, number)
    versions = estate.ok("backup", "list", "edge", "--json").json["versions"]
    assert versions[0]["change_ref"] == number
    first = min(version["number"] for version in versions)

    back = [f"restore_config_versions={first}", "restore_config_settle_seconds=0"]
    back.append("change_ports_settle_seconds=0")
    number = approved(estate, keys, "restore-switch-config", back)
    carried_out(estate, keys, number, 0)
    assert texts(site.edge)[0] == before[0]
    assert b"office" not in texts(site.edge)[1]
    assert site.works()
    closed(estate, number)
    estate.ok("verify")


LATE = "interface tobranch\n ip ospf hello-interval 2\n ip ospf dead-interval 9"
"""The other end counts these hellos no more: within 9 s each takes the other one for dead."""


def test_what_cuts_traffic_is_found_and_taken_back(tmp_path: Path, site: Site) -> None:
    estate, keys = estate_of(tmp_path, site, edge="username")
    with_probe(estate, site)
    before = texts(site.edge)
    number = change_of_lines(estate, keys, LATE, settle_seconds=15)
    carried_out(estate, keys, number, 1)
    found = steps(estate, number)
    assert (found["verify"], found["traffic"], found["back-out"]) == ("done", "failed", "done")
    assert shown(estate, number)["change"]["state"] == "aborted"
    assert texts(site.edge)[0] == before[0]
    site.until_works(20)


def test_an_adjacency_that_dies_late_is_found_and_taken_back(tmp_path: Path, site: Site) -> None:
    """JOB-12: without a probe, and though all that was read at once is as it was."""
    estate, keys = estate_of(tmp_path, site, edge="username")
    before = texts(site.edge)
    number = change_of_lines(estate, keys, LATE, ports_settle_seconds=15)
    carried_out(estate, keys, number, 1)
    found = {row["step"]: row for row in shown(estate, number)["steps"]}
    states = {name: row["state"] for name, row in found.items()}
    assert (states["verify"], states["ports-after"], states["back-out"]) == (
        "done", "failed", "done",
    )  # fmt: skip
    assert ": Full" in found["ports-after"]["detail"], found["ports-after"]
    assert shown(estate, number)["change"]["state"] == "aborted"
    assert texts(site.edge)[0] == before[0]
    site.until_works(20)


def test_who_cuts_the_own_way_in_comes_back(tmp_path: Path, site: Site) -> None:
    """The router's OSPF is gone, and with it the session: the host below puts it back."""
    estate, keys = estate_of(tmp_path, site, branch="admin")
    before = texts(site.branch)
    lines = "interface toedge\n ip ospf passive"
    number = change_of_lines(estate, keys, lines, safety_minutes=1, settle_seconds=5)
    said = carried_out(estate, keys, number, 1)
    found = shown(estate, number)
    apply = next(row for row in found["steps"] if row["step"] == "apply")
    assert apply["state"] == "failed", said.all
    assert "no route" in apply["detail"] or "answer" in apply["detail"], apply
    assert "(apply) failed" in said.all and "could not be backed out" not in said.all
    assert texts(site.branch)[0] == before[0]
    assert site.works()
    assert not [f for f in site.branch.run("ls", "/run").split() if f.startswith(b"weibao")]


def test_without_a_way_back_it_can_be_refused(tmp_path: Path, site: Site) -> None:
    estate, keys = estate_of(tmp_path, site, branch="username")
    before = texts(site.branch)
    number = change_of_lines(estate, keys, "ip route 10.97.0.0/16 blackhole", need_safety="true")
    said = carried_out(estate, keys, number, 1)
    assert "took no way back" in said.all, said.all
    assert texts(site.branch) == before


def test_a_session_lost_in_the_middle_leaves_what_was(tmp_path: Path, site: Site) -> None:
    estate, keys = estate_of(tmp_path, site, edge="username")
    before = texts(site.edge)
    lines = "\n".join(f"ip route 10.96.{n}.0/24 blackhole" for n in range(200))
    number = change_of_lines(estate, keys, lines)
    killed = threading.Event()

    def kill() -> None:
        """Cut the session as soon as the first lines stand."""
        end = time.monotonic() + 120
        while time.monotonic() < end and not killed.is_set():
            if b"10.96.9.0/24" in site.edge.vtysh("show running-config"):
                found = site.edge.run("pgrep", "-f", f"sshd: {site.edge.username}@").split()
                site.edge.run("kill", "-9", *map(bytes.decode, found))
                killed.set()
            time.sleep(0.02)

    thread = threading.Thread(target=kill, daemon=True)
    thread.start()
    carried_out(estate, keys, number, 1)
    thread.join(10)
    assert killed.is_set()
    found = shown(estate, number)
    apply = next(row for row in found["steps"] if row["step"] == "apply")
    assert apply["state"] == "failed", apply
    assert "connection was cut" in apply["detail"], apply
    assert texts(site.edge)[0] == before[0]
    assert site.works()
