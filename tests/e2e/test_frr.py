"""A real router: FRR, whose users log in over a real sshd and land in vtysh."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from .estates import missing_part, new_estate
from .test_logins import keygen

HERE = Path(__file__).parent
NET = "10.213.77"
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
 ip ospf authentication message-digest
 ip ospf message-digest-key 1 md5 Geheim123
 ip ospf network point-to-point
exit
!
router bgp 65001
 neighbor 10.213.77.9 remote-as 65002
 neighbor 10.213.77.9 password S3cretBgp
exit
!
router ospf
 network 10.213.77.0/30 area 0
exit
!
end
"""


@dataclass
class Router:
    """The router, and a way in that does not use SSH."""

    inside: int
    address: str
    username: str
    password: str

    def vtysh(self, *commands: str) -> bytes:
        """What ``vtysh -c`` prints on the router."""
        words = [word for command in commands for word in ("-c", command)]
        return subprocess.run(
            ["nsenter", "--target", str(self.inside), "--mount", "--net", "--uts", "--pid", "--",
             "vtysh", *words],
            check=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "VTYSH_PAGER": "cat"},
        ).stdout  # fmt: skip


def _missing() -> str:
    for program in ("/usr/lib/frr/zebra", "/usr/bin/vtysh", "/usr/sbin/sshd"):
        if not Path(program).exists():
            return f"{program} is not installed"
    for name in ("ip", "nsenter", "unshare", "openssl"):
        if shutil.which(name) is None:
            return f"{name} is not installed"
    return "" if os.geteuid() == 0 else "namespaces of its own need root"


def _users(folder: Path, username: str, password: str) -> None:
    """The system's users and one more, in copies."""
    hashed = subprocess.run(
        ["openssl", "passwd", "-6", "-stdin"], input=password, check=True, capture_output=True,
        text=True,
    ).stdout.strip()  # fmt: skip
    lines = Path("/etc/passwd").read_text()
    (folder / "passwd").write_text(f"{lines}{username}:x:64999:64999::/:/usr/bin/vtysh\n")
    groups = []
    for line in Path("/etc/group").read_text().splitlines():
        if line.split(":")[0] in ("frr", "frrvty"):
            line += ("" if line.endswith(":") else ",") + username
        groups.append(line)
    (folder / "group").write_text("\n".join([*groups, f"{username}:x:64999:"]) + "\n")
    shadow = Path("/etc/shadow").read_text()
    (folder / "shadow").write_text(f"{shadow}{username}:{hashed}:19000:0:99999:7:::\n")
    for name, mode in (("passwd", 0o644), ("group", 0o644), ("shadow", 0o600)):
        (folder / name).chmod(mode)


def _child_of(pid: int) -> int:
    """The first process inside of the process namespace."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        if children:
            return int(children[0])
        time.sleep(0.02)
    raise AssertionError("unshare made no process")


@pytest.fixture(scope="module")
def router(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Router]:
    """A router that ends, with all it made, when its first process does."""
    if reason := _missing():
        missing_part(reason)
    folder = tmp_path_factory.mktemp("frr")
    username, password = "netadmin", secrets.token_hex(8)
    etc = folder / "etc-frr"
    etc.mkdir()
    (etc / "frr.conf").write_text(CONFIG, encoding="utf-8")
    (etc / "vtysh.conf").write_text("service integrated-vtysh-config\n")
    for path in (etc, etc / "frr.conf", etc / "vtysh.conf"):
        shutil.chown(path, "frr", "frrvty" if path.name == "vtysh.conf" else "frr")
        path.chmod(0o750 if path.is_dir() else 0o640)
    _users(folder, username, password)
    keygen(folder / "host_key")
    (folder / "sshd_config").write_text(
        f"HostKey {folder}/host_key\nUsePAM no\nPasswordAuthentication yes\nPidFile none\n"
        f"StrictModes no\nListenAddress {NET}.2\nPrintMotd no\nPrintLastLog no\n"
    )
    outside = f"wbf{os.getpid() % 100000}"
    log = (folder / "log").open("wb")
    process = subprocess.Popen(
        ["unshare", "--net", "--uts", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
         "sh", str(HERE / "frr_router.sh"), str(folder), f"{NET}.2"],
        stdin=subprocess.DEVNULL, stdout=log, stderr=log,
    )  # fmt: skip
    try:
        inside = _child_of(process.pid)
        _ip("link", "add", outside, "type", "veth", "peer", "name", "router",
            "netns", str(inside))  # fmt: skip
        _ip("address", "add", f"{NET}.1/30", "dev", outside)
        _ip("link", "set", outside, "up")
        _until_open(f"{NET}.2", folder / "log", process)
        yield Router(inside, f"{NET}.2", username, password)
    finally:
        process.kill()
        process.wait(10)
        log.close()
        # The pair goes with the namespace; by hand only where it never got there.
        subprocess.run(["ip", "link", "delete", outside], check=False, capture_output=True)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def _until_open(address: str, log: Path, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as probe:
            probe.settimeout(0.5)
            if probe.connect_ex((address, 22)) == 0:
                return
        time.sleep(0.1)
    pytest.fail("the router did not come up\n" + log.read_text(errors="replace"))


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
