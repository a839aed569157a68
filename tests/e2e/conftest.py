"""A lab for all end-to-end tests, and estates."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("asyncssh", reason="the lab needs asyncssh")

from weibao_lab import DeviceHandle, DeviceSpec, Lab

from .database_server import Server, running_server
from .estates import Estate, missing_part, new_estate

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is end to end."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """Fourteen devices of all seven platforms."""
    with Lab.start(Lab.default_specs(14, seed=7)) as running:
        yield running


@pytest.fixture
def server() -> Iterator[Server]:
    """A PostgreSQL server of this test's own."""
    with running_server() as running:
        yield running


@pytest.fixture
def devices(lab: Lab) -> Iterator[list[DeviceHandle]]:
    """The lab's devices, healthy again afterwards."""
    known = list(lab.devices.values())
    yield known
    for device in known:
        device.clear_faults()


@pytest.fixture
def estate(tmp_path: Path, devices: list[DeviceHandle]) -> Estate:
    """An estate with five of the lab's devices, trusted."""
    return new_estate(tmp_path, devices[:5])


@pytest.fixture
def own_lab() -> Iterator[Callable[..., Lab]]:
    """Makes labs with devices of a test's own."""
    running: list[Lab] = []

    def make(*specs: DeviceSpec, **options: object) -> Lab:
        running.append(Lab.start(specs, **options))  # type: ignore[arg-type]
        return running[-1]

    yield make
    for lab in running:
        lab.stop()


def _as_postgres(command: list[str]) -> None:
    runuser = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run(
        [*runuser, *command],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
    )


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server of our own on a socket; it ends with the session."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    if not programs:
        missing_part("PostgreSQL is not installed")
    folder = Path(tempfile.mkdtemp(prefix="wb-pg-"))  # short: a socket's path has 107 bytes
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    data, socket, program = folder / "data", folder / "s", programs[0]
    control = [str(program.with_name("pg_ctl")), "-D", str(data), "-w"]
    try:
        _as_postgres(["mkdir", str(socket)])
        _as_postgres([str(program), "-D", str(data), "-A", "trust", "-E", "UTF8", "-U", "wb"])
        options = f"-k {socket} -c listen_addresses= -c fsync=off -c max_connections=40"
        _as_postgres([*control, "-l", str(folder / "log"), "-o", options, "start"])
        try:
            yield f"postgresql://wb@/postgres?host={socket}"
        finally:
            _as_postgres([*control, "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)
