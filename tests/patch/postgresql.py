"""Debian's own PostgreSQL packages for booted hosts, and a newer build of each."""

from __future__ import annotations

import shutil
from pathlib import Path

from .booted import Host, run
from .debian import Apt
from .packages import Repository

SERVER = ("libpq5", "postgresql-client-15", "postgresql-15")
BUMP = "+wb1"


def fetched(image: Path) -> Path:
    """The server's packages with all that the image lacks of them, fetched once.

    Raises:
        AssertionError: they are not to be had.
    """
    place = image.with_name(image.name + ".postgresql")
    if (place / "done").exists():
        return place
    shutil.rmtree(place, ignore_errors=True)
    Apt(place, image).get("--download-only", "install", *SERVER)
    (place / "done").touch()
    return place


def offer(repository: Repository, image: Path, folder: Path) -> None:
    """Put the packages into the repository: those of Debian, to begin with."""
    for left in (repository.folder / "main").glob("*_newer.deb"):
        left.unlink()
    for file in sorted((fetched(image) / "archives").glob("*.deb")):
        shutil.copy(file, repository.folder / "main")
    repository.index()
    folder.mkdir(exist_ok=True)


def offer_newer(repository: Repository, image: Path, folder: Path) -> None:
    """Put a newer build of the server's packages beside them, with the same contents."""
    for name in SERVER:
        file = next((fetched(image) / "archives").glob(f"{name}_*.deb"))
        tree = folder / name
        run("dpkg-deb", "-R", str(file), str(tree))
        control = tree / "DEBIAN" / "control"
        lines = [
            line + BUMP if line.startswith("Version: ") else line
            for line in control.read_text().splitlines()
        ]
        control.write_text("\n".join(lines) + "\n")
        target = repository.folder / "main" / f"{name}_newer.deb"
        run("dpkg-deb", "--root-owner-group", "-Znone", "--build", str(tree), str(target))
        shutil.rmtree(tree)
    repository.index()


def sql(host: Host, statement: str) -> str:
    """What the host's server answers, asked on the host."""
    done = host.ssh(f"runuser -u postgres -- psql -AtXc '{statement}'", timeout=30)
    return str(done.stdout.strip())


def install(host: Host) -> None:
    """The server, running, with Debian's version."""
    host.ssh(
        "apt-get -q update && DEBIAN_FRONTEND=noninteractive LANG=C.UTF-8 "
        f"apt-get -q -y --no-install-recommends install {' '.join(SERVER)}",
        timeout=300,
    )


def replicate(primary: Host, replica: Host) -> None:
    """Make one stream to the other."""
    conf = "/etc/postgresql/15/main"
    primary.ssh(
        f"echo \"listen_addresses = '*'\" >> {conf}/postgresql.conf && "
        f"echo 'host replication,all all 10.77.0.0/24 trust' >> {conf}/pg_hba.conf && "
        "systemctl restart postgresql@15-main"
    )
    data = "/var/lib/postgresql/15/main"
    replica.ssh(
        f"systemctl stop postgresql@15-main && rm -rf {data} && runuser -u postgres -- "
        f"pg_basebackup -R -X stream -c fast -h {primary.address} -D {data} && "
        "systemctl start postgresql@15-main",
        timeout=120,
    )
