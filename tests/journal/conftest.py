"""Databases for the journal's tests: SQLite always, PostgreSQL where it can be had."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from ticking import TickingClock

from weibao.adapters.journal import SqlJournal

_NUMBERS = itertools.count(1)


def _as_postgres(command: list[str]) -> list[str]:
    return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else command


def _initdb() -> Path | None:
    return next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)), None)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL server on which databases may be made."""
    given = os.environ.get("WEIBAO_TEST_POSTGRES")
    if given:
        yield given
        return
    initdb = _initdb()
    if initdb is None:
        if os.environ.get("CI") == "true":
            pytest.fail("PostgreSQL is not installed")
        pytest.skip("PostgreSQL is not installed and WEIBAO_TEST_POSTGRES is not set")
    folder = Path(tempfile.mkdtemp(prefix="wb-pg-"))  # short: a socket's path has 107 bytes
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    data, socket = folder / "data", folder / "s"
    options = f"-k {socket} -c listen_addresses= -c fsync=off -c max_connections=40"
    control = [str(initdb.with_name("pg_ctl")), "-D", str(data), "-w"]
    try:
        _run(_as_postgres(["mkdir", str(socket)]))
        _run(_as_postgres([str(initdb), "-D", str(data), "-A", "trust", "-E", "UTF8", "-U", "wb"]))
        log = str(folder / "log")
        _run(_as_postgres([*control, "-l", log, "-o", options, "start"]))
        try:
            yield f"postgresql://wb@/postgres?host={socket}"
        finally:
            _run(_as_postgres([*control, "-m", "immediate", "stop"]))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(command: list[str]) -> None:
    subprocess.run(
        command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/"
    )


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.e2e)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'journal.db'}"
    server: str = request.getfixturevalue("postgres")
    name = f"weibao_{os.getpid()}_{next(_NUMBERS)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return server.replace("/postgres", f"/{name}", 1)


Opener = Callable[..., SqlJournal]


@pytest.fixture
def opened(url: str, tmp_path: Path) -> Iterator[Opener]:
    """Opens journals on the database and closes them afterwards."""
    journals: list[SqlJournal] = []

    def make(site: str = "main") -> SqlJournal:
        mark = tmp_path / "marks" / f"{site}.json"
        journals.append(SqlJournal(url, site=site, clock=TickingClock(), mark=mark))
        return journals[-1]

    yield make
    for journal in journals:
        journal.close()


@pytest.fixture
def journal(opened: Opener) -> SqlJournal:
    """An open journal of site ``main``."""
    return opened()
