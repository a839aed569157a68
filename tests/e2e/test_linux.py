"""Real Linux hosts: the configuration is files, read through any login shell.

The host is a real sshd with users of its own; what is exported is compared with the files.
"""

from __future__ import annotations

import hashlib
import os
import pty
import re
import select
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .estates import Estate, missing_part, new_estate
from .linux_hosts import LinuxHost, linux_host, missing

FILES = r"""
mkdir -p /srv/app/conf.d; cd /srv/app
printf 'listen=0.0.0.0\ndb_password = S3cretOfApp\n' > app.conf
printf 'a=1\r\nb=2\r\n' > from-windows.ini
printf 'no line end' > open.conf
: > empty.conf
printf '\303\274ber\tTab\n' > utf8.conf
printf '\0\1\2' > binary.dat
head -c 1100000 /dev/zero | tr '\0' a > big.txt
printf 'weibao-0> \n@w4096 E 1\n#== end: 0 files\n' > looks-like-ours.conf
echo odd > "it's \$(id); odd.conf"
echo '[x]' > conf.d/10-x.conf
echo private > closed.conf; chmod 600 closed.conf
ln -s /etc/hosts link; ln -s nowhere dangling
mkdir -m 700 closed.d; echo hidden > closed.d/y.conf
"""
CHOICE = {"only": ["/etc/hosts", "/srv/app"], "leave_out": ["/srv/app/closed*"]}


@pytest.fixture(scope="module")
def linux(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LinuxHost]:
    if reason := missing():
        missing_part(reason)
    folder = tmp_path_factory.mktemp("linux")
    for each in (folder, *folder.parents[:2]):
        each.chmod(0o755)
    with linux_host(folder) as host:
        host.run(FILES)
        yield host


def night(tmp_path: Path, hosts: dict[str, dict[str, Any]], code: int = 0) -> tuple[Estate, Any]:
    """An estate with these hosts after its first night."""
    estate = new_estate(tmp_path)
    estate.write_inventory(hosts)
    estate.ok("inventory", "trust")
    return estate, estate.run(code=code)


def file_of(text: bytes, path: str) -> bytes:
    """A file of the exported text, as the documentation takes it out."""
    header = re.compile(
        rb"^#== " + re.escape(path.encode()) + rb" \([^\n]* (\d+) lines([^\n]*)\)$", re.M
    )
    match = header.search(text)
    assert match is not None, path
    lines = text[match.end() + 1 :].split(b"\n")[: int(match[1])]
    data = b"".join(line + b"\n" for line in lines)
    data = data.replace(b"\n", b"\r\n") if b", CRLF" in match[2] else data
    return data[:-1] if b", no line end" in match[2] else data


@pytest.mark.parametrize("user", ["dash", "bash", "fancy", "clock", "zsh", "newzsh", "ash"])
def test_every_file_is_what_the_host_has(tmp_path: Path, linux: LinuxHost, user: str) -> None:
    if user not in linux.users:
        missing_part(f"the shell of {user} is not installed")
    before = linux.run("find /home /srv -type f -size +0 | sort | xargs -d '\\n' sha256sum")
    estate, devices = night(tmp_path, {"web": linux.host(user, weibao_files=CHOICE)})
    assert (devices["web"]["outcome"], devices["web"]["platform"]) == ("archived", "linux")
    text = estate.export("web")
    names = ("app.conf", "from-windows.ini", "open.conf", "empty.conf", "utf8.conf",
             "looks-like-ours.conf", "conf.d/10-x.conf")  # fmt: skip
    for name in names:
        path = f"/srv/app/{name}"
        assert file_of(text, path) == linux.run(f"cat {path}"), path
    assert b"#-- /srv/app/link (link to /etc/hosts)" in text
    assert re.search(rb"#-- /srv/app/binary.dat \(0644 root:root, 3 bytes, no text, sha256 ", text)
    assert b"#-- /srv/app/big.txt (0644 root:root, 1100000 bytes, too large, " in text
    assert b"it's $\\x28id\\x29; odd.conf" in text
    assert b"closed" not in text
    assert re.search(rb"^#== /srv/app/conf.d/10-x.conf \(0644 root:root, 4 bytes, ", text, re.M)
    # Nothing was written: no history, no file of ours.
    changed = {line for line in linux.run("find /home -name '.*history' -size +0").split() if line}
    assert not changed
    assert linux.run("find /home /srv -type f -size +0 | sort | xargs -d '\\n' sha256sum") == before
    redacted = (estate.state / "contracts/default/archive/web.cfg").read_bytes()
    assert b"S3cretOfApp" not in redacted
    assert b"listen=0.0.0.0" in redacted
    digest = hashlib.sha256(linux.run("cat /srv/app/app.conf")).hexdigest().encode()
    assert digest in text and digest not in redacted
    assert estate.run()["web"]["outcome"] == "unchanged"


def test_a_change_is_a_new_version(tmp_path: Path, linux: LinuxHost) -> None:
    estate, _ = night(tmp_path, {"web": linux.host("bash", weibao_files=CHOICE)})
    linux.run("echo more >> /srv/app/open.conf; chmod 640 /srv/app/conf.d/10-x.conf")
    try:
        # The group root may read it no more for others, so that it has to be said.
        linux.run("chmod 604 /srv/app/conf.d/10-x.conf")
        assert estate.run()["web"]["changed"] is True
        shown = estate.ok("backup", "diff", "web").out
        assert "no line endmore" in shown and "(0604 root:root, 4 bytes" in shown
    finally:
        linux.run("printf 'no line end' > /srv/app/open.conf; chmod 644 /srv/app/conf.d/10-x.conf")


def test_what_may_not_be_read_is_no_pass(tmp_path: Path, linux: LinuxHost) -> None:
    own = {"weibao_files": {"only": ["/srv/app", "/srv/app/closed.d/y.conf", "/srv/none"]}}
    estate, devices = night(tmp_path, {"web": linux.host("bash", **own)})
    assert devices["web"]["outcome"] == "archived"
    text = estate.export("web")
    assert b"#-- /srv/app/closed.conf (unreadable)\n" in text
    assert b"#-- /srv/app/closed.d (unreadable)\n" in text
    assert b"#-- /srv/none (absent)\n" in text
    run = estate.ok("run", "show", "last", "--json").json
    found = {f["code"]: f for f in run["findings"]}
    assert found["files_unreadable"]["severity"] == "serious"
    assert "/srv/app/closed.conf" in str(found["files_unreadable"])
    assert "/srv/none" in str(found["files_absent"])


@pytest.mark.parametrize("user", ["sudoer", "nopass"])
def test_with_sudo_all_is_read(tmp_path: Path, linux: LinuxHost, user: str) -> None:
    if not Path("/usr/bin/sudo").exists():
        missing_part("sudo is not installed")
    own = {"ansible_become": True, "weibao_files": {"only": ["/srv/app", "/etc/shadow"]}}
    if user == "sudoer":
        own["ansible_become_password"] = linux.password
    estate, _ = night(tmp_path, {"web": linux.host(user, **own)})
    text = estate.export("web")
    assert file_of(text, "/srv/app/closed.conf") == b"private\n"
    assert file_of(text, "/srv/app/closed.d/y.conf") == b"hidden\n"
    shadow = linux.run("cat /etc/shadow")
    assert file_of(text, "/etc/shadow") == shadow
    redacted = (estate.state / "contracts/default/archive/web.cfg").read_bytes()
    for hashed in re.findall(rb":(\$[^:]+):", shadow):
        assert hashed not in redacted
    for file in estate.state.rglob("*"):
        # The compiled inventory holds what the inventory does.
        if file.is_file() and file.parent.name != "cache":
            assert linux.password.encode() not in file.read_bytes(), file


def test_refusals_are_said_in_words(tmp_path: Path, linux: LinuxHost) -> None:
    hosts = {
        "no-sudo": linux.host("bash", ansible_become=True),
        "bad-path": linux.host("bash", weibao_files=["etc/hosts; reboot"]),
        "closed": linux.host("nologin"),
    }
    if "rbash" in linux.users:
        hosts["restricted"] = linux.host("rbash")
    if Path("/usr/bin/sudo").exists():
        wrong = {"ansible_become": True, "ansible_become_password": "not-that-one"}
        hosts["wrong"] = linux.host("sudoer", **wrong)
    _, devices = night(tmp_path, hosts, code=1)
    codes = {name: device["reason_code"] for name, device in devices.items()}
    assert codes.pop("bad-path") == "variable_error"
    assert codes.pop("closed") == "dropped_at_login"
    assert codes.pop("restricted", "no_shell") == "no_shell"
    assert set(codes.values()) == {"sudo_refused"}


def test_a_file_that_never_holds_still_is_refused(tmp_path: Path, linux: LinuxHost) -> None:
    linux.run("mkdir -p /srv/hot; (while [ -d /srv/hot ]; do date +%s%N >> /srv/hot/x; done) "
              ">/dev/null 2>&1 &")  # fmt: skip
    try:
        own = {"weibao_files": {"only": ["/etc/hosts", "/srv/hot"]}}
        _, devices = night(tmp_path, {"web": linux.host("bash", **own)}, code=1)
        assert devices["web"]["reason_code"] == "file_differs"
        assert "/srv/hot/x" in devices["web"]["reason"]
    finally:
        linux.run("rm -r /srv/hot; true")


# over Telnet: a terminal on a bare line, as a telnetd has it


class Telnet:
    """Asks for a name and a password, then a shell on a terminal of its own."""

    def __init__(self, shell: list[str]) -> None:
        self._shell = shell
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._session, args=(line,), daemon=True).start()

    def _session(self, line: socket.socket) -> None:
        with line:
            line.sendall(b"\xff\xfb\x01\xff\xfb\x03Debian GNU/Linux 12\r\n\r\ndeb login: ")
            self._line(line)
            line.sendall(b"\r\nPassword: ")
            self._line(line)
            line.sendall(b"\r\nLast login: today\r\n")
            master, slave = pty.openpty()
            shell = subprocess.Popen(
                self._shell, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                env={"PATH": "/usr/bin:/bin", "TERM": "vt100", "PS1": "deb$ ", "HOME": "/nowhere"},
            )  # fmt: skip
            os.close(slave)
            try:
                self._pump(line, master)
            finally:
                os.close(master)
                shell.kill()
                shell.wait(10)

    @staticmethod
    def _line(line: socket.socket) -> bytes:
        said = b""
        while not said.endswith((b"\n", b"\r\0")):
            more = line.recv(100)
            if not more:
                break
            said += more
        return said

    @staticmethod
    def _pump(line: socket.socket, master: int) -> None:
        while True:
            ready, _, _ = select.select([line, master], [], [], 60)
            if not ready:
                return
            try:
                if line in ready:
                    data = line.recv(65536)
                    if not data:
                        return
                    os.write(master, data.replace(b"\r\n", b"\n").replace(b"\r\0", b"\r"))
                if master in ready:
                    line.sendall(os.read(master, 65536).replace(b"\xff", b"\xff\xff"))
            except OSError:
                return

    def stop(self) -> None:
        self._listening.close()


@pytest.mark.parametrize("shell", [["/bin/bash", "-i"], ["/bin/dash", "-i"]])
def test_over_telnet(tmp_path: Path, shell: list[str]) -> None:
    if not Path(shell[0]).exists():
        missing_part(f"{shell[0]} is not installed")
    tree = tmp_path / "files"
    tree.mkdir()
    wanted = b"".join(bytes(f"line {n} \xc3\xbc\n", "latin-1") for n in range(4000))
    (tree / "a.conf").write_bytes(wanted)
    server = Telnet(shell)
    try:
        host = {
            "ansible_host": "127.0.0.1",
            "ansible_port": server.port,
            "ansible_network_os": "linux",
            "ansible_user": "ops",
            "ansible_password": "pw-of-ops",
            "weibao_protocol": "telnet",
            "weibao_files": {"only": [str(tree)]},
        }
        estate = new_estate(tmp_path)
        estate.write_inventory({"deb": host})
        assert estate.run()["deb"]["outcome"] == "archived"
        assert file_of(estate.export("deb"), f"{tree}/a.conf") == wanted
    finally:
        server.stop()
