"""Packages of our own in two versions, and a repository that serves them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent

from .booted import Booted, Host, run

SERVER = """\
import http.server
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"version {version}")
    def log_message(self, *words): pass
http.server.HTTPServer(("", {port}), Page).serve_forever()
"""
UNIT = """\
[Unit]
Description={name}
[Service]
ExecStart=/usr/bin/python3 /usr/lib/{name}/server.py
[Install]
WantedBy=multi-user.target
"""
START = """\
#!/bin/sh
set -e
if [ "$1" = configure ]; then
    systemctl daemon-reload
    systemctl enable -q {name}.service
    [ -n "$2" ] || systemctl start {name}.service
fi
"""


class Package:
    """What one version of a package holds."""

    def __init__(
        self,
        name: str,
        version: str,
        files: Mapping[str, str | bytes],
        *,
        postinst: str = "",
        postrm: str = "",
        depends: str = "",
        conffiles: tuple[str, ...] = (),
        suite: str = "main",
        arch: str = "all",
    ) -> None:
        """One of a single ``arch`` can stand beside itself of another."""
        self.name, self.version, self.files = name, version, files
        self.postinst, self.depends, self.conffiles = postinst, depends, conffiles
        self.postrm = postrm
        self.suite, self.arch = suite, arch

    def build(self, pool: Path) -> Path:
        """The .deb in ``pool``."""
        tree = pool.parent / "trees" / f"{self.name}-{self.version}-{self.arch}"
        control = tree / "DEBIAN"
        control.mkdir(parents=True, exist_ok=True)
        for path, text in self.files.items():
            file = tree / path.lstrip("/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text if isinstance(text, bytes) else text.encode())
        depends = f"Depends: {self.depends}\n" if self.depends else ""
        depends += "" if self.arch == "all" else "Multi-Arch: same\n"
        size = sum(len(text) for text in self.files.values()) // 1024 + 1
        (control / "control").write_text(
            f"Package: {self.name}\nVersion: {self.version}\nArchitecture: {self.arch}\n"
            f"Maintainer: Lab <lab@example.invalid>\nInstalled-Size: {size}\n{depends}"
            f"Description: {self.name} of the lab\n"
        )
        if self.conffiles:
            (control / "conffiles").write_text("".join(f"{c}\n" for c in self.conffiles))
        for script, text in (("postinst", self.postinst), ("postrm", self.postrm)):
            if text:
                (control / script).write_text(text)
                (control / script).chmod(0o755)
        target = pool / f"{self.name}_{self.version}_{self.arch}.deb"
        run("dpkg-deb", "--root-owner-group", "-Znone", "--build", str(tree), str(target))
        return target


def web(name: str, version: str, port: int, **more: object) -> Package:
    """A service that says its version."""
    files: dict[str, str | bytes] = {
        f"/usr/lib/{name}/server.py": SERVER.format(version=version, port=port),
        f"/lib/systemd/system/{name}.service": UNIT.format(name=name),
        f"/etc/{name}/{name}.conf": f"version={version}\n",
    }
    given = {"postinst": START.format(name=name), "conffiles": (f"/etc/{name}/{name}.conf",)}
    return Package(name, version, files, **{**given, **more})  # type: ignore[arg-type]


def tool(name: str, version: str, **more: object) -> Package:
    """A file that says its version."""
    return Package(name, version, {f"/usr/share/{name}/v": version}, **more)  # type: ignore[arg-type]


ASKS_REBOOT = dedent("""\
    #!/bin/sh
    [ "$1" != configure ] || [ -z "$2" ] || dpkg --compare-versions "$2" gt 2 ||
        { touch /run/reboot-required; echo wb-kernel >> /run/reboot-required.pkgs; }
    """)
FIRST = (
    tool("wb-tool", "1.0"),
    tool("wb-lib", "1.0"),
    web("wb-web", "1.0", 8080, depends="wb-lib"),
    web("wb-dead", "1.0", 8081),
    tool("wb-broken", "1.0"),
    tool("wb-kernel", "1.0"),
    Package("wb-fat", "1.0", {"/opt/small/blob": b"1" * 1000}),
)
SECOND = (
    tool("wb-tool", "2.0", suite="security"),
    tool("wb-lib", "2.0"),
    tool("wb-new", "1.0"),
    web("wb-web", "2.0", 8080, depends="wb-lib (>= 2), wb-new"),
    web("wb-dead", "2.0", 99999999),
    tool("wb-broken", "2.0", postinst="#!/bin/sh\nexit 1\n"),
    tool("wb-kernel", "2.0", postinst=ASKS_REBOOT),
    Package("wb-fat", "2.0", {"/opt/small/blob": b"2" * 3_000_000}),
)


@contextmanager
def stocked(lab: Booted) -> Iterator[Repository]:
    """A repository that answers; the hosts have the first versions, and it the second ones too.

    The hosts are kept as they are then, for ``Host.reset``.
    """
    repository = Repository(lab, lab.folder / "pool")
    repository.add(*FIRST)
    repository.serve()
    try:
        for host in lab.hosts.values():
            repository.use_on(host)
            host.keep()
        repository.add(*SECOND)
        yield repository
    finally:
        repository.stop()


LAB = {"main": {"Label": "Lab"}, "security": {"Label": "Lab-Security"}}
DEBIAN = {
    "main": {"Label": "Debian", "Suite": "oldstable", "Version": "12.0"},
    "security": {"Label": "Debian-Security", "Suite": "oldstable-security", "Version": "12"},
}


class Pool:
    """Suites ``main`` and ``security`` in a folder.

    ``release`` says, by suite, what its Release file states.
    """

    def __init__(self, folder: Path, release: Mapping[str, Mapping[str, str]] = LAB) -> None:
        self.folder, self.release = folder, release
        self.indexed = 0.0
        for suite in ("main", "security"):
            (folder / suite).mkdir(parents=True, exist_ok=True)

    def add(self, *packages: Package) -> None:
        """Put packages in and renew the lists."""
        for package in packages:
            package.build(self.folder / package.suite)
        self.index()

    def remove(self, name: str) -> None:
        """Take a file away, as repositories do with old versions."""
        for path in self.folder.glob(f"*/{name}"):
            path.unlink()
        self.index()

    def index(self) -> None:
        """Renew the lists."""
        self.indexed = max(time.time(), self.indexed + 1)
        for suite in ("main", "security"):
            place = self.folder / suite
            packages = run("apt-ftparchive", "packages", ".", cwd=place).stdout
            (place / "Packages").write_text(packages)
            stated = {"Origin": "Lab", "Suite": suite, **self.release[suite]}
            options = [word for key, value in stated.items() for word in
                       ("-o", f"APT::FTPArchive::Release::{key}={value}")]  # fmt: skip
            release = run("apt-ftparchive", *options, "release", ".", cwd=place).stdout
            (place / "Release").write_text(release)
            # Served with whole seconds: lists renewed within one would be taken for the same.
            os.utime(place / "Packages", (self.indexed, self.indexed))
            os.utime(place / "Release", (self.indexed, self.indexed))


class Repository(Pool):
    """A pool that is served inside the lab's network."""

    def __init__(
        self, lab: Booted, folder: Path, release: Mapping[str, Mapping[str, str]] = LAB
    ) -> None:
        super().__init__(folder, release)
        self.lab = lab
        self.server: subprocess.Popen[bytes] | None = None

    def serve(self) -> None:
        """Begin to answer."""
        self.server = subprocess.Popen(
            [*self.lab.inside, sys.executable, "-m", "http.server", "--bind", "10.77.0.1", "80"],
            cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        for _ in range(100):
            asked = [*self.lab.inside, "bash", "-c", "exec 3<>/dev/tcp/10.77.0.1/80"]
            if run(*asked, check=False).returncode == 0:
                return
            time.sleep(0.1)
        raise AssertionError("the repository does not answer")

    def stop(self) -> None:
        """Be gone."""
        if self.server is not None:
            self.server.terminate()
            self.server.wait()
            self.server = None

    def use_on(self, host: Host, versions: Mapping[str, str] | None = None) -> None:
        """Make a host take its packages from here, and give it these versions.

        Without ``versions``, the first one of all packages of our own.
        """
        given = {p.name: p.version for p in FIRST} if versions is None else versions
        lines = [f"deb [trusted=yes] http://10.77.0.1/{s} ./\n" for s in ("main", "security")]
        host.file("/etc/apt/sources.list").write_text("".join(lines))
        names = " ".join(f"{name}={version}" for name, version in given.items())
        host.ssh("mkdir -p /opt/small && apt-get -q update", timeout=120)
        host.ssh(
            "DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 LANG=C.UTF-8 "
            f"apt-get -q -y --allow-downgrades install {names}",
            timeout=120,
        )
