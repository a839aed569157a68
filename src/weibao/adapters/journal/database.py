"""The database under the journal: opening, migrating, transactions, and errors in words."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    NoSuchModuleError,
    OperationalError,
    SQLAlchemyError,
)

from weibao.adapters.files import make_folder
from weibao.errors import FailedError, InputError, IntegrityError, RefusedError, WeibaoError

__all__ = ["HEAD_REVISION", "Database", "stay_alone"]

HEAD_REVISION = "0006"
"""The newest migration; a database that says another, unknown one is newer than the program."""

_REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006")
_BUSY_SECONDS = 60
_AWAY_SECONDS = 60
"""A server that was there may be away so long: it is restarted, or a standby takes over."""
_POLL_SECONDS = 0.5
_MIGRATION_LOCK = 0x57454942414F
_SQLITE_TROUBLE = {
    "locked": "journal.locked",
    "busy": "journal.locked",
    "full": "journal.full",
    "readonly": "journal.read_only",
    "unable to open": "journal.cannot_open",
    "not a database": "journal.damaged",
    "malformed": "journal.damaged",
}

_LITTLE = 65536
"""Bytes: with less than this a disk counts as full."""


class Database:
    """A migrated SQLite file or PostgreSQL database."""

    def __init__(self, url: str) -> None:
        """Open ``url``, making or migrating the tables where needed.

        Raises:
            InputError: the URL is none, or of a database that is not supported.
            RefusedError: the database was written by a newer program.
            FailedError: it cannot be reached or written.
        """
        self._url = _parse(url)
        self.is_sqlite = self._url.get_backend_name() == "sqlite"
        self._reached = False
        self._file: tuple[int, int] | None = None
        self._engine = self._make_engine()
        with self.explained():
            self._migrate()

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    @property
    def name(self) -> str:
        """The database for people: no password in it."""
        if self.is_sqlite:
            return str(self._url.database)
        return self._url.render_as_string(hide_password=True)

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one unchanging state."""
        with self.explained(), self._connected() as connection:
            if not self.is_sqlite:
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    @contextlib.contextmanager
    def write(self, site: str) -> Iterator[Connection]:
        """A transaction that alone writes to the chain of ``site``; committed at its end."""
        with self.explained(), self._connected() as connection:
            connection = connection.execution_options(weibao_write=True)
            with connection.begin():
                if not self.is_sqlite:
                    _wait_at_most(connection)
                stay_alone(connection, f"weibao ledger {site}")
                yield connection

    @contextlib.contextmanager
    def _connected(self) -> Iterator[Connection]:
        """A connection; waits for a server that was there before."""
        if self._file is not None and self._file != _identity(self._path):
            # SQLite would go on writing into a file that nobody finds any more.
            raise FailedError("journal.gone", database=self.name)
        give_up = time.monotonic() + _AWAY_SECONDS
        while True:
            try:
                connection = self._engine.connect()
                break
            except OperationalError:
                if self.is_sqlite or not self._reached or time.monotonic() > give_up:
                    raise
                time.sleep(_POLL_SECONDS)
        with connection:
            yield connection

    @property
    def _path(self) -> Path:
        return Path(str(self._url.database))

    @contextlib.contextmanager
    def explained(self) -> Iterator[None]:
        """Turn the database's errors into ours, without the password or the parameters."""
        try:
            yield
        except SQLAlchemyError as error:
            said = self._say(error)
        else:
            return
        # Not chained: a driver's error may repeat the password or a configuration's text.
        raise said

    def _say(self, error: SQLAlchemyError) -> WeibaoError:
        origin = str(error.orig if isinstance(error, DBAPIError) else error)
        why = next((line for line in origin.splitlines() if line.strip()), type(error).__name__)
        password = str(self._url.password or "")
        if password:
            why = why.replace(password, "***")
        if self.is_sqlite:
            if "disk I/O" in why and self._disk_is_full():
                return FailedError("journal.full", database=self.name, why=why)
            for words, key in _SQLITE_TROUBLE.items():
                if words in why:
                    kind = IntegrityError if key == "journal.damaged" else FailedError
                    return kind(key, database=self.name, why=why)
        return FailedError("journal.unavailable", database=self.name, why=why)

    def _disk_is_full(self) -> bool:
        """SQLite's shared memory file says "I/O error" where there is no space for it."""
        try:
            return shutil.disk_usage(Path(self._url.database or ".").parent).free < _LITTLE
        except OSError:
            return False

    def _make_engine(self) -> Engine:
        if self.is_sqlite:
            return self._make_sqlite()
        arguments: dict[str, Any] = {}
        if "connect_timeout" not in self._url.query:
            arguments["connect_timeout"] = 10
        return create_engine(
            self._url, connect_args=arguments, pool_pre_ping=True, hide_parameters=True
        )

    def _make_sqlite(self) -> Engine:
        path = self._path
        make_folder(path.parent)
        try:
            # Only a new file is opened here. Closing any descriptor of a file takes away all locks
            # that this process has on it (fcntl(2)), and another connection may be using it:
            # SQLite would no longer know that, and spoil the file.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            if not os.access(path, os.R_OK | os.W_OK):
                why = os.strerror(errno.EACCES)
                raise FailedError("journal.cannot_open", database=path, why=why) from None
        except OSError as error:
            raise FailedError("journal.cannot_open", database=path, why=error.strerror) from error
        self._file = _identity(path)
        engine = create_engine(
            self._url, connect_args={"timeout": _BUSY_SECONDS}, hide_parameters=True
        )
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    def _migrate(self) -> None:
        with self._engine.connect() as connection, connection.begin():
            self._reached = True
            if self._revision(connection) == HEAD_REVISION:
                return
        with self._engine.connect() as connection:
            connection = connection.execution_options(weibao_write=True)
            with connection.begin():
                if not self.is_sqlite:
                    _wait_at_most(connection)
                    connection.execute(
                        text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK}
                    )
                if self._revision(connection) != HEAD_REVISION:  # another process was quicker
                    _upgrade(connection)

    def _revision(self, connection: Connection) -> str | None:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        if found is not None and found not in _REVISIONS:
            raise RefusedError(
                "journal.newer", database=self.name, found=found, known=HEAD_REVISION
            )
        return found


def stay_alone(connection: Connection, name: str) -> None:
    """From here until its end no other transaction that asks for ``name`` goes on.

    On SQLite a transaction that writes is alone anyway.
    """
    if connection.dialect.name != "sqlite":
        statement = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
        connection.execute(statement, {"name": name})


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file a path leads to now."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
        if backend == "sqlite" and parsed.database not in {None, "", ":memory:"}:
            return parsed.set(drivername="sqlite")
        if backend in {"postgresql", "postgres"}:
            return parsed.set(drivername="postgresql+psycopg")
    except (ArgumentError, NoSuchModuleError, ValueError):
        raise InputError("journal.bad_url") from None  # the text may hold a password
    raise InputError("journal.other_database", kind=backend)


def _set_up_sqlite(connection: Any, _record: object) -> None:
    # Transactions are begun by us (below), as Python's driver would begin them too late.
    connection.isolation_level = None
    cursor = connection.cursor()
    try:
        cursor.execute(f"PRAGMA busy_timeout={_BUSY_SECONDS * 1000}")
        _set_wal(cursor)
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
    finally:
        cursor.close()


def _set_wal(cursor: Any) -> None:
    # Changing to WAL does not wait for others by itself; two processes may open at once.
    give_up = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except Exception as error:
            if "locked" not in str(error) or time.monotonic() > give_up:
                raise
            time.sleep(0.05)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("weibao_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _wait_at_most(connection: Connection) -> None:
    connection.execute(text(f"SET LOCAL lock_timeout = '{_BUSY_SECONDS}s'"))


def _upgrade(connection: Connection) -> None:
    from alembic import command  # imported here: it is slow and rarely needed
    from alembic.config import Config

    config = Config()
    folder = Path(__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD_REVISION)
