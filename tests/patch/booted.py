"""Booted Linux hosts: real systemd and sshd in containers of systemd-nspawn, on a bridge of
their own in a network namespace. Needs root; ends with all it made."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

INCLUDED = (
    *("python3", "python3-apt", "openssh-server", "iproute2", "procps", "needrestart", "restic"),
    *("systemd", "systemd-sysv", "dbus", "sudo", "dnf", "python3-dnf", "rpm", "faketime"),
)
TOOLS = (
    "mmdebstrap",
    "systemd-nspawn",
    "apt-ftparchive",
    "dpkg-deb",
    "ip",
    "nsenter",
    "ssh-keygen",
)
GUEST_REBOOTED = 133


def missing() -> str:
    """Why there can be no such host here; empty where there can."""
    lacking = [tool for tool in TOOLS if shutil.which(tool) is None]
    if lacking:
        return f"{', '.join(lacking)} not installed"
    return "" if os.geteuid() == 0 else "booting hosts needs root"


def run(*argv: str, check: bool = True, **more: object) -> subprocess.CompletedProcess[str]:
    """A command, its output caught."""
    done: subprocess.CompletedProcess[str] = subprocess.run(
        argv, capture_output=True, text=True, stdin=subprocess.DEVNULL, **more
    )  # type: ignore[call-overload]
    if check and done.returncode:
        raise AssertionError(f"{argv}: {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done


def make_image(folder: Path) -> Path:
    """The folder that all hosts have below them; made once."""
    image = Path(os.environ.get("WEIBAO_TEST_IMAGE") or folder / "image")
    image.parent.mkdir(parents=True, exist_ok=True)
    done = image.with_name(image.name + ".done")
    if not done.exists():
        shutil.rmtree(image, ignore_errors=True)
        run("mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(INCLUDED)}",
            "bookworm", str(image))  # fmt: skip
        _settle(image)
        done.touch()
    return image


def _settle(image: Path) -> None:
    """Nothing that asks the outside or works by itself."""
    (image / "etc/resolv.conf").write_text("")
    (image / "etc/apt/sources.list").write_text("")
    for timer in ("apt-daily", "apt-daily-upgrade"):
        run("systemctl", f"--root={image}", "mask", f"{timer}.timer", check=False)


class Host:
    """One booted host; ``root`` shows its files from outside."""

    def __init__(self, lab: Booted, name: str, address: str) -> None:
        self.lab, self.name, self.address = lab, name, address
        self.folder = lab.folder / name
        self.root = self.folder / "root"
        self.space = f"{lab.space}-{name}"
        self.process: subprocess.Popen[bytes] | None = None
        self.comes_back = True

    def boot(self) -> None:
        """Start it; ``wait`` says when it is reachable."""
        if not self.root.is_mount():
            for part in ("upper", "work", "root"):
                (self.folder / part).mkdir(parents=True, exist_ok=True)
            layers = f"lowerdir={self.lab.image},upperdir={self.folder}/upper"
            run("mount", "-t", "overlay", "overlay", "-o", f"{layers},workdir={self.folder}/work",
                str(self.root))  # fmt: skip
            (self.root / "etc/hostname").write_text(self.name + "\n")
            keys = self.root / "root/.ssh"
            keys.mkdir(mode=0o700, exist_ok=True)
            shutil.copy(self.lab.key.with_suffix(".pub"), keys / "authorized_keys")
            (keys / "authorized_keys").chmod(0o600)
            os.chown(keys / "authorized_keys", 0, 0)
        self._spawn()

    def _spawn(self) -> None:
        script = f"""
for hierarchy in systemd unified; do
    place=/sys/fs/cgroup/$hierarchy/{self.space}
    mkdir -p "$place" 2>/dev/null && echo $$ > "$place/cgroup.procs" 2>/dev/null || true
done
while :; do
    systemd-nspawn --quiet --boot --directory={self.root} --register=no --keep-unit \\
        --network-namespace-path=/run/netns/{self.space} --machine={self.name} \\
        --resolv-conf=off --timezone=off --console=pipe \\
        --capability=CAP_NET_ADMIN,CAP_NET_RAW,CAP_SYS_ADMIN \\
        {" ".join(self.lab.options)} </dev/null
    [ $? -eq {GUEST_REBOOTED} ] && [ ! -e {self.folder}/stay-down ] || break
done
"""
        log = (self.folder / "console").open("ab")
        self.process = subprocess.Popen(
            ["sh", "-c", script], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        log.close()

    @property
    def leader(self) -> int:
        """The process that is init inside."""
        assert self.process is not None
        children = [self.process.pid]
        for _ in range(2):
            found = run("pgrep", "-P", ",".join(map(str, children)), check=False).stdout.split()
            children = [int(pid) for pid in found]
        return children[0]

    def wait(self, seconds: float = 60) -> None:
        """Until it can be logged in to."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            done = self.ssh("systemctl is-system-running", check=False, timeout=5)
            if done.stdout.strip() in {"running", "degraded"}:
                return
            time.sleep(0.2)
        raise AssertionError(
            f"{self.name} did not come up\n{(self.folder / 'console').read_text()}"
        )

    def ssh(self, script: str, *, check: bool = True, timeout: float = 60):  # type: ignore[no-untyped-def]
        """Run a script on it."""
        try:
            return run(*self.lab.inside, "ssh", *self.lab.ssh_options, f"root@{self.address}",
                       script, check=check, timeout=timeout)  # fmt: skip
        except subprocess.TimeoutExpired:
            if check:
                raise
            return subprocess.CompletedProcess((), 255, "", "timeout")

    def packages(self) -> dict[str, str]:
        """Name and version of what is installed, by dpkg's own records."""
        said = run("dpkg-query", f"--admindir={self.root}/var/lib/dpkg", "-W",
                   "-f", "${db:Status-Abbrev} ${Package} ${Version}\n").stdout  # fmt: skip
        rows = [line.split() for line in said.splitlines()]
        return {row[1]: row[2] for row in rows if row[0] == "ii"}

    def boot_id(self) -> str:
        """Of its present start."""
        return Path(f"/proc/{self.leader}/root/proc/sys/kernel/random/boot_id").read_text().strip()

    def file(self, path: str) -> Path:
        """A file of it, seen from outside."""
        return self.root / path.lstrip("/")

    def stop(self) -> None:
        """End it."""
        if self.process is not None and self.process.poll() is None:
            (self.folder / "stay-down").touch()
            with contextlib.suppress(ProcessLookupError, IndexError):
                os.kill(self.leader, signal.SIGKILL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(10)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)
        (self.folder / "stay-down").unlink(missing_ok=True)

    def keep(self) -> None:
        """What it is now is what ``reset`` goes back to."""
        kept = self.folder / "kept"
        shutil.rmtree(kept, ignore_errors=True)
        self.ssh("sync")
        run("cp", "-a", str(self.folder / "upper"), str(kept))

    def reset(self) -> None:
        """As if it had not been changed since ``keep``."""
        self.stop()
        for _ in range(50):
            if run("umount", str(self.root), check=False).returncode == 0:
                break
            time.sleep(0.1)
        for part in ("upper", "work"):
            shutil.rmtree(self.folder / part)
        if (self.folder / "kept").exists():
            run("cp", "-a", str(self.folder / "kept"), str(self.folder / "upper"))
        self.boot()


class Booted:
    """A bridge, hosts on it, and the controller's side of it."""

    def __init__(
        self, folder: Path, image: Path, options: Sequence[str] = (), mark: str = ""
    ) -> None:
        """``mark`` tells several labs of one process apart."""
        self.folder, self.image, self.options = folder, image, options
        self.space = f"wb{os.getpid()}{mark}"
        self.key = folder / "id"
        self.hosts: dict[str, Host] = {}
        folder.mkdir(parents=True, exist_ok=True)
        if not self.key.exists():
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.key))
        run("ip", "netns", "add", self.space)
        self._ip("link", "set", "lo", "up")
        self._ip("link", "add", "br0", "type", "bridge")
        self._ip("addr", "add", "10.77.0.1/24", "dev", "br0")
        self._ip("link", "set", "br0", "up")

    @property
    def inside(self) -> tuple[str, ...]:
        """Before a command that is to run in the hosts' network."""
        return ("nsenter", f"--net=/run/netns/{self.space}")

    @property
    def ssh_options(self) -> tuple[str, ...]:
        """So that nothing is asked and the key is ours."""
        return ("-i", str(self.key), "-o", "StrictHostKeyChecking=no", "-o", "BatchMode=yes",
                "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
                "-o", "ConnectTimeout=4")  # fmt: skip

    def _ip(self, *words: str) -> None:
        run("ip", "-n", self.space, *words)

    def add(self, name: str) -> Host:
        """One more host, booting."""
        number = 11 + len(self.hosts)
        host = Host(self, name, f"10.77.0.{number}")
        run("ip", "netns", "add", host.space)
        side = f"v{number}"
        self._ip("link", "add", side, "type", "veth", "peer", "name", "eth0",
                 "netns", host.space)  # fmt: skip
        self._ip("link", "set", side, "master", "br0", "up")
        for words in (("addr", "add", f"{host.address}/24", "dev", "eth0"),
                      ("link", "set", "eth0", "up"), ("link", "set", "lo", "up"),
                      ("route", "add", "default", "via", "10.77.0.1")):  # fmt: skip
            run("ip", "-n", host.space, *words)
        self.hosts[name] = host
        host.boot()
        return host

    def close(self) -> None:
        """End everything."""
        for host in self.hosts.values():
            host.stop()
            run("umount", "-l", str(host.root), check=False)
            run("ip", "netns", "del", host.space, check=False)
            for hierarchy in ("systemd", "unified"):
                place = Path("/sys/fs/cgroup", hierarchy, host.space)
                for sub in sorted(place.rglob("*"), reverse=True):
                    with contextlib.suppress(OSError):
                        sub.rmdir() if sub.is_dir() else None
                with contextlib.suppress(OSError):
                    place.rmdir()
        run("ip", "netns", "del", self.space, check=False)


@contextlib.contextmanager
def booted(
    folder: Path, names: Sequence[str], options: Sequence[str] = (), mark: str = ""
) -> Iterator[Booted]:
    """Hosts of these names, reachable."""
    image = make_image(folder)
    lab = Booted(folder / f"lab-{os.getpid()}{mark}", image, options, mark)
    try:
        for name in names:
            lab.add(name)
        for host in lab.hosts.values():
            host.wait()
        yield lab
    finally:
        lab.close()
