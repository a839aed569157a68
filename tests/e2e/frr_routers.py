"""Real routers: FRR in namespaces of its own, whose users log in over a real sshd."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from .test_logins import keygen

HERE = Path(__file__).parent


@dataclass
class Router:
    """The router, and a way in that does not use SSH."""

    inside: int
    address: str
    username: str
    password: str
    """Of both users."""
    admin: str = "rootlike"
    """A user who lands in bash and may do everything; the other one lands in vtysh."""

    def run(self, *words: str) -> bytes:
        """What a command prints on the router."""
        return subprocess.run(
            ["nsenter", "--target", str(self.inside), "--mount", "--net", "--uts", "--pid", "--",
             *words],
            check=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "VTYSH_PAGER": "cat"},
        ).stdout  # fmt: skip

    def vtysh(self, *commands: str) -> bytes:
        """What ``vtysh -c`` prints on the router."""
        return self.run("vtysh", *(word for command in commands for word in ("-c", command)))


def missing() -> str:
    """Why there cannot be such a router here; empty where there can."""
    for program in ("/usr/lib/frr/zebra", "/usr/bin/vtysh", "/usr/sbin/sshd"):
        if not Path(program).exists():
            return f"{program} is not installed"
    for name in ("ip", "nsenter", "unshare", "openssl"):
        if shutil.which(name) is None:
            return f"{name} is not installed"
    return "" if os.geteuid() == 0 else "namespaces of its own need root"


def _users(folder: Path, router: Router) -> None:
    """The system's users and two more, in copies."""
    hashed = subprocess.run(
        ["openssl", "passwd", "-6", "-stdin"], input=router.password, check=True,
        capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    lines = Path("/etc/passwd").read_text()
    (folder / "passwd").write_text(
        f"{lines}{router.username}:x:64999:64999::/:/usr/bin/vtysh\n"
        f"{router.admin}:x:0:0::/root:/bin/bash\n"
    )
    groups = []
    for line in Path("/etc/group").read_text().splitlines():
        if line.split(":")[0] in ("frr", "frrvty"):
            line += ("" if line.endswith(":") else ",") + router.username
        groups.append(line)
    (folder / "group").write_text("\n".join([*groups, f"{router.username}:x:64999:"]) + "\n")
    shadow = Path("/etc/shadow").read_text()
    more = "".join(f"{n}:{hashed}:19000:0:99999:7:::\n" for n in (router.username, router.admin))
    (folder / "shadow").write_text(shadow + more)
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


def _frr_files(folder: Path, config: str) -> None:
    etc = folder / "etc-frr"
    etc.mkdir()
    (etc / "frr.conf").write_text(config, encoding="utf-8")
    (etc / "vtysh.conf").write_text("service integrated-vtysh-config\n")
    for path in (etc, etc / "frr.conf", etc / "vtysh.conf"):
        shutil.chown(path, "frr", "frrvty" if path.name == "vtysh.conf" else "frr")
        # Who saves is of the group frr.
        path.chmod(0o770 if path.is_dir() else 0o640)


@contextmanager
def frr_router(
    folder: Path, name: str, config: str, address: str, ports: Sequence[str], start: str = ""
) -> Iterator[Router]:
    """A router that ends, with all it made, when its first process does.

    It starts as soon as all ``ports`` are there (``connect``), with ``address`` for its users.
    Without a ``config`` there is no FRR. ``start`` is a script of what else is to run.
    """
    router = Router(0, address, "netadmin", secrets.token_hex(8))
    folder.mkdir(exist_ok=True)
    if config:
        _frr_files(folder, config)
    if start:
        (folder / "start.sh").write_text(start)
    _users(folder, router)
    keygen(folder / "host_key")
    (folder / "sshd_config").write_text(
        f"HostKey {folder}/host_key\nUsePAM no\nPasswordAuthentication yes\nPidFile none\n"
        "StrictModes no\nPermitRootLogin yes\nPrintMotd no\nPrintLastLog no\n"
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["unshare", "--net", "--uts", "--mount", "--pid", "--fork", "--kill-child",
             "--mount-proc", "sh", str(HERE / "frr_router.sh"), str(folder), name, *ports],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            router.inside = _child_of(process.pid)
            yield router
        finally:
            process.kill()
            process.wait(10)


def free_net() -> str:
    """The first three numbers of a network that nothing here uses."""
    used = subprocess.run(["ip", "-4", "route"], capture_output=True, text=True, check=True).stdout
    for number in range(os.getpid() % 200, os.getpid() % 200 + 50):
        net = f"10.213.{number}"
        if f"{net}." not in used:
            return net
    raise AssertionError("no network is free")


def ip(*words: str) -> None:
    """One ``ip`` command outside of the routers."""
    subprocess.run(["ip", *words], check=True)


@contextmanager
def uplink(router: Router, port: str, address: str, number: int = 0) -> Iterator[str]:
    """A link from here to a router's ``port``; ``address`` is our end's.

    ``number`` tells several links of one process apart.
    """
    outside = f"wbf{os.getpid() % 100000}x{number}"
    ip("link", "add", outside, "type", "veth", "peer", "name", port, "netns", str(router.inside))
    try:
        ip("address", "add", address, "dev", outside)
        ip("link", "set", outside, "up")
        yield outside
    finally:
        # The pair goes with the namespace; by hand only where it is still there.
        subprocess.run(["ip", "link", "delete", outside], check=False, capture_output=True)


def connect(one: tuple[Router, str], other: tuple[Router, str]) -> None:
    """A link between the ports of two routers."""
    ip("link", "add", "name", one[1], "netns", str(one[0].inside), "type", "veth",
       "peer", "name", other[1], "netns", str(other[0].inside))  # fmt: skip


def until_open(router: Router, folder: Path, seconds: float = 20) -> None:
    """Wait until the router's users can log in."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with socket.socket() as probe:
            probe.settimeout(0.5)
            if probe.connect_ex((router.address, 22)) == 0:
                return
        time.sleep(0.1)
    pytest.fail("the router did not come up\n" + (folder / "log").read_text(errors="replace"))
