"""Debian hosts without root: a root folder in namespaces of the user's own, with an SSH server.

There is no systemd in them: packages are installed for real, services and restarts are not.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

__all__ = ["TOOLS", "Host", "make_base", "spaces", "why_not"]

TOOLS = ("mmdebstrap", "unshare", "newuidmap", "ssh-keygen", "ssh", "dpkg-deb", "apt-ftparchive")
INCLUDED = "python3,python3-apt,openssh-server,restic,procps"
SUITE = "bookworm"
INSIDE = """
set -e
root=$1 name=$2 port=$3
hostname "$name"
mount --rbind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/run"
mkdir -p "$root/run/sshd" "$root/run/lock"
for device in null zero full random urandom tty; do
    touch "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
ln -sfn /proc/self/fd "$root/dev/fd"
exec chroot "$root" /usr/sbin/sshd -D -e -p "$port" -o ListenAddress=127.0.0.1 \\
    -o UsePAM=no -o PasswordAuthentication=no -o PermitRootLogin=prohibit-password
"""


def spaces() -> list[str]:
    """The beginning of a command that is root in namespaces of its own."""
    own = [] if os.geteuid() == 0 else ["--user", "--map-auto", "--map-root-user"]
    return ["unshare", *own, "--mount", "--pid", "--fork", "--uts", "--ipc", "--kill-child"]


def why_not() -> str:
    """Why there can be no such host here, as the tool says it; empty where there can."""
    lacking = [tool for tool in TOOLS if shutil.which(tool) is None]
    if lacking:
        return f"{', '.join(lacking)}: not installed"
    test = "mount -t proc proc /proc && mount -t tmpfs tmpfs /mnt && chown 33:33 /mnt"
    done = subprocess.run(
        [*spaces(), "sh", "-c", test], check=False, capture_output=True, text=True
    )
    return "" if done.returncode == 0 else " ".join(done.stderr.split()) or "unshare failed"


def make_base(archive: Path) -> None:
    """A small Debian as an archive of files; made once."""
    if archive.exists():
        return
    archive.parent.mkdir(parents=True, exist_ok=True)
    mode = "root" if os.geteuid() == 0 else "unshare"
    partial = archive.with_name(f"part-{archive.name}")
    subprocess.run(
        ["mmdebstrap", "--quiet", f"--mode={mode}", "--variant=minbase",
         f"--include={INCLUDED}", SUITE, str(partial)],
        check=True,
    )  # fmt: skip
    partial.rename(archive)


class Known(NamedTuple):
    """How a host is reached."""

    port: int
    key: str
    """Its own public key, read from its files."""


class Host:
    """One host; ``root`` are its files, seen from outside."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        self.root = folder / "root"
        self.process: subprocess.Popen[bytes] | None = None

    def unpack(self, archive: Path, public_key: str) -> None:
        """Its files, and who may log in."""
        self.root.mkdir(parents=True)
        self._do("tar", "-C", str(self.root), "--exclude=./dev/*", "-xf", str(archive))
        ssh = self.root / "root" / ".ssh"
        ssh.mkdir(mode=0o700, exist_ok=True)
        (ssh / "authorized_keys").write_text(public_key)

    def start(self) -> Known:
        """Begin to answer.

        Raises:
            RuntimeError: it does not.
        """
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port: int = free.getsockname()[1]
        log = (self.folder / "log").open("ab")
        self.process = subprocess.Popen(
            [*spaces(), "sh", "-c", INSIDE, "sh", str(self.root), self.name, str(port)],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
        log.close()
        for _ in range(150):
            if self.process.poll() is not None:
                break
            try:
                with socket.create_connection(("127.0.0.1", port), 1):
                    pub = self.root / "etc/ssh/ssh_host_ed25519_key.pub"
                    return Known(port, " ".join(pub.read_text().split()[:2]))
            except OSError:
                time.sleep(0.2)
        raise RuntimeError((self.folder / "log").read_text()[-500:])

    def packages(self) -> dict[str, str]:
        """Name and version of what is installed, by dpkg's own records."""
        form = "${db:Status-Abbrev} ${Package} ${Version}\n"
        said = subprocess.run(
            ["dpkg-query", f"--admindir={self.root}/var/lib/dpkg", "-W", "-f", form],
            check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
        rows = [line.split() for line in said.splitlines()]
        return {row[1]: row[2] for row in rows if row[0] == "ii"}

    def stop(self) -> None:
        """End it; its namespaces end with it."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait(5)

    def remove(self) -> None:
        """Take its files away; most belong to users that only its namespaces know."""
        if self.folder.exists():
            self._do("rm", "-rf", str(self.root))
            shutil.rmtree(self.folder, ignore_errors=True)

    @staticmethod
    def _do(*words: str) -> None:
        done: Sequence[str] = [*spaces(), *words]
        subprocess.run(done, check=True, stdin=subprocess.DEVNULL, stdout=sys.stderr)
