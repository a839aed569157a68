"""A PostgreSQL server of a test's own, which goes away and comes back when the test says so."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .estates import missing_part

__all__ = ["Server", "running_server"]


class Server:
    """A PostgreSQL server of a test's own, which can be stopped and started."""

    def __init__(self, folder: Path, program: Path) -> None:
        self.folder = folder
        self.url = f"postgresql://wb@/postgres?host={folder / 's'}"
        self._control = [str(program.with_name("pg_ctl")), "-D", str(folder / "data"), "-w"]

    def start(self) -> None:
        options = f"-k {self.folder / 's'} -c listen_addresses= -c fsync=off"
        _as_postgres([*self._control, "-l", str(self.folder / "log"), "-o", options, "start"])

    def stop(self, how: str = "fast") -> None:
        _as_postgres([*self._control, "-m", how, "stop"])


def _as_postgres(command: list[str]) -> None:
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*user, *command],
        check=False,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
    )
    assert done.returncode == 0, command


@contextlib.contextmanager
def running_server() -> Iterator[Server]:
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    if not programs:
        missing_part("PostgreSQL is not installed")
    folder = Path(tempfile.mkdtemp(prefix="wb-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    made = Server(folder, programs[0])
    try:
        _as_postgres(["mkdir", str(folder / "s")])
        _as_postgres(
            [str(programs[0]), "-D", str(folder / "data"), "-A", "trust", "-E", "UTF8", "-U", "wb"]
        )
        made.start()
        yield made
    finally:
        subprocess.run([*_user(), *made._control, "-m", "immediate", "stop"], check=False, cwd="/",
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        shutil.rmtree(folder, ignore_errors=True)


def _user() -> list[str]:
    return ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
