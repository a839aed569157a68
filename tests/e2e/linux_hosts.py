"""A real Linux host: OpenSSH's sshd, and users whose shells are of every kind."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from .test_logins import keygen

HERE = Path(__file__).parent

SHELLS = {
    "dash": "/usr/bin/dash",
    "bash": "/bin/bash",
    "fancy": "/bin/bash",
    "clock": "/bin/bash",
    "zsh": "/usr/bin/zsh",
    "newzsh": "/usr/bin/zsh",
    "ash": "/usr/bin/busybox",
    "rbash": "/usr/bin/rbash",
    "nologin": "/usr/sbin/nologin",
    "sudoer": "/bin/bash",
    "nopass": "/bin/bash",
}
"""A user for each; what is not installed has none."""

FANCY = r"""
PS1='\[\e]0;\u@\h: \w\a\]\[\e[01;32m\]┌──(\u㉿\h)-[\t]\[\e[0m\]\n└─\[\e[1;34m\]❯\[\e[0m\] '
HISTFILE=~/.bash_history
HISTSIZE=1000
"""
CLOCK = r"""PS1='[\t] \u (main *) → '
"""
ZSH = r"""
PROMPT='%F{green}%n@%m%f %1~ %# '
RPROMPT='%F{yellow}[%D{%H:%M:%S}]%f'
HISTFILE=~/.zsh_history
SAVEHIST=1000
setopt INC_APPEND_HISTORY HIST_IGNORE_SPACE
"""
HOME_FILES = {"fancy": {".bashrc": FANCY}, "clock": {".bashrc": CLOCK}, "zsh": {".zshrc": ZSH}}
SUDOERS = """\
Defaults secure_path="/usr/sbin:/usr/bin:/sbin:/bin"
root ALL=(ALL:ALL) ALL
sudoer ALL=(ALL:ALL) ALL
nopass ALL=(ALL:ALL) NOPASSWD: ALL
"""


@dataclass
class LinuxHost:
    """The host, and a way in that does not use SSH."""

    inside: int
    port: int
    password: str
    users: dict[str, str] = field(default_factory=dict)

    def run(self, script: str) -> bytes:
        """What a script of the superuser prints on the host."""
        return subprocess.run(
            ["nsenter", "--target", str(self.inside), "--mount", "--", "sh", "-c", script],
            check=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
        ).stdout

    def host(self, user: str, **more: Any) -> dict[str, Any]:
        """The inventory's variables for one of its users."""
        return {
            "ansible_host": "127.0.0.1",
            "ansible_port": self.port,
            "ansible_network_os": "linux",
            "ansible_user": user,
            "ansible_password": self.password,
            **more,
        }


def missing() -> str:
    """Why there cannot be such a host here; empty where there can."""
    if not Path("/usr/sbin/sshd").exists():
        return "/usr/sbin/sshd is not installed"
    for name in ("nsenter", "unshare", "openssl", "mount"):
        if shutil.which(name) is None:
            return f"{name} is not installed"
    return "" if os.geteuid() == 0 else "a mount namespace of its own needs root"


def _users(folder: Path, password: str) -> dict[str, str]:
    """The system's users and more, in copies."""
    hashed = subprocess.run(
        ["openssl", "passwd", "-6", "-stdin"], input=password, check=True, capture_output=True,
        text=True,
    ).stdout.strip()  # fmt: skip
    passwd, group, shadow = (Path(f"/etc/{n}").read_text() for n in ("passwd", "group", "shadow"))
    made = {}
    for number, (name, shell) in enumerate(SHELLS.items(), start=64100):
        if not Path(shell).exists():
            continue
        made[name] = shell
        if name == "ash":
            wrapper = folder / "home" / "ash-shell"
            wrapper.parent.mkdir(exist_ok=True)
            wrapper.write_text("#!/bin/sh\nexec busybox ash -l\n")
            wrapper.chmod(0o755)
            shell = "/home/ash-shell"
        passwd += f"{name}:x:{number}:{number}::/home/{name}:{shell}\n"
        group += f"{name}:x:{number}:\n"
        shadow += f"{name}:{hashed}:19000:0:99999:7:::\n"
        home = folder / "home" / name
        home.mkdir(parents=True)
        for file, text in HOME_FILES.get(name, {}).items():
            (home / file).write_text(text, encoding="utf-8")
        for path in (home, *home.iterdir()):
            os.chown(path, number, number)
    for name, text, mode in (
        ("passwd", passwd, 0o644), ("group", group, 0o644), ("shadow", shadow, 0o600),
        ("sudoers", SUDOERS, 0o440),
    ):  # fmt: skip
        (folder / name).write_text(text)
        (folder / name).chmod(mode)
    return made


@contextmanager
def linux_host(folder: Path) -> Iterator[LinuxHost]:
    """A host that ends, with all it made, when its first process does."""
    password = secrets.token_hex(8)
    users = _users(folder, password)
    keygen(folder / "host_key")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "sshd_config").write_text(
        f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {folder}/host_key\nUsePAM no\n"
        "PasswordAuthentication yes\nPidFile none\nStrictModes no\nPrintMotd yes\n"
        "MaxStartups 100\n"
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["unshare", "--mount", "sh", str(HERE / "linux_host.sh"), str(folder)],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            _until_open(port, folder / "log", process)
            yield LinuxHost(process.pid, port, password, users)
        finally:
            process.terminate()
            process.wait(10)


def _until_open(port: int, log: Path, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as probe:
            probe.settimeout(0.5)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail("the host did not come up\n" + log.read_text(errors="replace"))
