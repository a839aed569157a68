"""Opening: migrations, newer databases, and trouble said in words without the password."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from records_made import ACTOR, START, batch, run, target
from ticking import TickingClock

from weibao.adapters import journal as package
from weibao.adapters.journal import SqlJournal, database, schema
from weibao.adapters.journal.change_tables import CHANGE_TABLES, change_plan_bodies
from weibao.adapters.journal.patch_tables import PATCH_TABLES
from weibao.adapters.journal.port_tables import PORT_TABLES, port_bodies
from weibao.errors import FailedError, InputError, IntegrityError, RefusedError, WeibaoError


def script_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(package.__file__).parent / "migrations"))
    return config


def engine_of(url: str) -> sqlalchemy.Engine:
    return sqlalchemy.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))


def open_journal(url: str, tmp_path: Path) -> SqlJournal:
    return SqlJournal(url, site="main", clock=TickingClock(), mark=tmp_path / "mark")


def test_the_program_knows_its_migrations() -> None:
    script = ScriptDirectory.from_config(script_config())
    assert script.get_current_head() == database.HEAD_REVISION
    known = {revision.revision for revision in script.walk_revisions()}
    assert known == set(database._REVISIONS)


def test_migrations_make_what_the_program_expects(url: str, journal: SqlJournal) -> None:
    with engine_of(url).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, schema.METADATA) == []


def test_an_old_database_is_migrated_with_its_records(
    url: str, journal: SqlJournal, tmp_path: Path
) -> None:
    journal.open_run(run())
    journal.record("r1", batch("sw1", "sw2"), ACTOR)
    before = journal.last_good(), journal.last_attempts()
    journal.close()
    with engine_of(url).begin() as connection:  # as the first version left it
        bodies = (port_bodies, change_plan_bodies)
        for table in (*PATCH_TABLES, *bodies, *PORT_TABLES, *reversed(CHANGE_TABLES)):
            table.drop(connection)
        connection.execute(sqlalchemy.text("DROP TABLE device_state"))
        connection.execute(sqlalchemy.text("UPDATE alembic_version SET version_num = '0001'"))
    with open_journal(url, tmp_path) as migrated:
        assert (migrated.last_good(), migrated.last_attempts()) == before
        assert [reason.code for reason in migrated.verify()] == ["unchecked_ledger_end"]
        assert list(migrated.targets("r1")) == [target("sw1"), target("sw2")]
        assert migrated.changes() == []


def test_a_migration_that_fails_leaves_the_old_database(
    url: str, journal: SqlJournal, tmp_path: Path
) -> None:
    journal.open_run(run())
    journal.close()
    with engine_of(url).begin() as connection:  # device_state is in the way of the migration
        connection.execute(sqlalchemy.text("UPDATE alembic_version SET version_num = '0001'"))
    with pytest.raises(FailedError):
        open_journal(url, tmp_path)
    with engine_of(url).begin() as connection:
        found = connection.execute(sqlalchemy.text("SELECT version_num FROM alembic_version"))
        assert found.scalar() == "0001"


def test_a_newer_database_is_refused(url: str, journal: SqlJournal, tmp_path: Path) -> None:
    journal.close()
    with engine_of(url).begin() as connection:
        connection.execute(sqlalchemy.text("UPDATE alembic_version SET version_num = '0999'"))
    with pytest.raises(RefusedError) as caught:
        open_journal(url, tmp_path)
    assert "0999" in str(caught.value)
    assert "升级" in caught.value.say("zh")


@pytest.mark.parametrize(
    "url",
    [
        "nonsense with s3cret",
        "mysql://u:s3cret@h/d",
        "oracle+nothing://u:s3cret@h/d",
        "sqlite://",
        "sqlite:///:memory:",
        "postgresql://u:s3cret@h:port/d",
    ],
)
def test_a_url_that_is_none(url: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        open_journal(url, tmp_path)
    assert "s3cret" not in str(caught.value)


def everything_said(error: BaseException | None) -> str:
    said = ""
    while error is not None:
        said += repr(error) + str(error)
        error = error.__cause__ or error.__context__
    return said


def test_a_server_that_is_gone(tmp_path: Path) -> None:
    url = "postgresql://someone:s3cret@127.0.0.1:1/weibao"
    with pytest.raises(FailedError) as caught:
        open_journal(url, tmp_path)
    assert "someone:***@127.0.0.1:1" in str(caught.value)
    assert "s3cret" not in everything_said(caught.value)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "j.db").write_bytes(b"not a database, far from it" * 100)
    with pytest.raises(IntegrityError, match="damaged"):
        open_journal(f"sqlite:///{tmp_path / 'j.db'}", tmp_path)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(WeibaoError, match="file"):
        open_journal(f"sqlite:///{tmp_path / 'file' / 'j.db'}", tmp_path)


def test_a_locked_database_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.2)
    path = tmp_path / "j.db"
    with open_journal(f"sqlite:///{path}", tmp_path) as journal:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(FailedError, match="locked"):
            journal.open_run(run())
        assert journal.runs() == []  # reading goes on
        other.execute("COMMIT")
        other.close()
        journal.open_run(run())


def test_a_full_disk_is_said_and_leaves_nothing_half_done(tmp_path: Path) -> None:
    with open_journal(f"sqlite:///{tmp_path / 'j.db'}", tmp_path) as journal:
        journal.open_run(run())
        with journal._database._engine.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 2}")
        with pytest.raises(FailedError) as caught:
            journal.record("r1", batch(*(f"sw{n}" for n in range(200))), ACTOR)
        assert caught.value.key == "journal.full"
        assert "sw1" not in everything_said(caught.value)
        assert list(journal.targets("r1")) == []
        assert journal.head().sequence == 1
        assert list(journal.verify()) == []


def test_the_file_and_the_mark_are_the_owners_alone(tmp_path: Path) -> None:
    with open_journal(f"sqlite:///{tmp_path / 'deep' / 'j.db'}", tmp_path) as journal:
        journal.append(START, ACTOR, "x.y", "s", "{}")
        files = [*(tmp_path / "deep").iterdir(), tmp_path / "mark"]
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_a_row_changed_into_nonsense_is_named(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    with open_journal(f"sqlite:///{path}", tmp_path) as journal:
        journal.open_run(run())
        other = sqlite3.connect(path)
        other.execute("UPDATE runs SET state = 'nonsense'")
        other.commit()
        other.close()
        with pytest.raises(IntegrityError, match="runs"):
            journal.runs()
        assert [reason.code for reason in journal.verify()] == ["row_edited"]


LOCKED = """
import fcntl, sys
with open(sys.argv[1], "r+b") as file:  # the bytes that SQLite's readers hold (os_unix.c)
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 510, 0x40000002)
    except OSError:
        print("held")
"""


def test_opening_it_again_leaves_the_first_ones_locks(tmp_path: Path) -> None:
    """Without them another process believes to be alone, and the file is spoilt."""
    path = tmp_path / "j.db"

    def held() -> bool:
        command = [sys.executable, "-c", LOCKED, str(path)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout != ""

    with open_journal(f"sqlite:///{path}", tmp_path) as first:
        first.open_run(run())
        assert held()
        with open_journal(f"sqlite:///{path}", tmp_path) as second:
            assert second.runs()
        assert held()
        first.append(START, ACTOR, "x.y", "s", "{}")
