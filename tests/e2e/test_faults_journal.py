"""The database goes away in the middle of a run: in collecting, accepting, archiving.

A server that is restarted is waited for. One that stays away, and a SQLite file that is
locked, read-only, removed or replaced, end the run with words; nothing is lost, the next run
finishes what was begun, and ``verify`` passes.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from services.nights import Answer, Night, config
from weibao.adapters.journal import database
from weibao.domain.records import RunState
from weibao.errors import FailedError, IntegrityError, WeibaoError
from weibao.services.recover import recover
from weibao.services.verify import verify

from .database_server import Server
from .estates import new_estate

NAMES = {"sw1": "default", "sw2": "default"}
PHASES = ("collect", "accept", "archive")


def said(*lines: str) -> dict[str, Answer]:
    return {name: Answer(running=config(name, *lines)) for name in NAMES}


def sound(night: Night) -> None:
    parts = night.parts
    found = verify(
        parts.journal, parts.evidence, parts.archive, parts.texts, contracts=parts.contracts
    )
    assert found.passed, (found.problems, found.unchecked)


def at(night: Night, phase: str, act: Callable[[], None]) -> None:
    """Let ``act`` happen once in a phase of the next run."""
    once = iter([act])

    def acting(plain: Callable) -> Callable:
        def call(*given: object, **named: object) -> object:
            next(once, lambda: None)()
            return plain(*given, **named)

        return call

    if phase == "collect":
        night.runner.entry = acting(night.runner.entry)  # type: ignore[method-assign]
    elif phase == "accept":
        night.parts.evidence.adopt = acting(night.parts.evidence.adopt)  # type: ignore[method-assign]
    else:
        archive = night.parts.archive("default")
        archive.commit = acting(archive.commit)  # type: ignore[method-assign]


def finished_by_the_next(night: Night, number: int) -> None:
    """The next run finishes what was begun; both nights' texts are there once."""
    night.reopen()
    recover(night.parts, night.inventory.devices)
    sound(night)
    result = night.run(said(f"vlan {number + 1}"))
    assert result.exit_code == 0
    runs = night.parts.journal.runs(limit=99)
    assert {run.state for run in runs} <= {RunState.finished, RunState.interrupted}
    for run in runs:
        assert {t.device for t in night.parts.journal.targets(run.id)} == set(NAMES)
    versions = night.parts.journal.versions("default", "sw1")
    assert [v.number for v in versions] == list(range(len(versions), 0, -1))
    assert len({v.content_sha256 for v in versions}) == len(versions)
    texts = [night.parts.archive("default").read("sw1", v.commit) for v in versions]
    assert f"vlan {number}" in texts[1]  # what was read in the bad night is not lost
    sound(night)


# --- SQLite


@pytest.fixture
def night(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Night:
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.5)
    made = Night(tmp_path, NAMES)
    made.run(said("vlan 1"))
    return made


def journal_file(night: Night) -> Path:
    return night.workshop.estate.state / "journal.db"


@pytest.mark.parametrize("phase", PHASES)
def test_a_file_that_another_program_locks(night: Night, phase: str) -> None:
    other = sqlite3.connect(journal_file(night), isolation_level=None)
    at(night, phase, lambda: other.execute("BEGIN IMMEDIATE"))  # type: ignore[arg-type, return-value]
    began = time.monotonic()
    with pytest.raises(FailedError) as caught:
        night.run(said("vlan 2"))
    assert time.monotonic() - began < 20
    assert caught.value.key == "journal.locked"
    assert "占用" in caught.value.say("zh") or "锁" in caught.value.say("zh")
    other.execute("ROLLBACK")
    other.close()
    finished_by_the_next(night, 2)


@pytest.mark.parametrize("phase", PHASES)
def test_a_file_that_is_removed(night: Night, phase: str, tmp_path: Path) -> None:
    """SQLite itself would go on and write into nothing."""
    path = journal_file(night)
    aside = tmp_path / "aside"
    aside.mkdir()

    def remove() -> None:
        for each in path.parent.glob("journal.db*"):
            shutil.move(each, aside / each.name)

    at(night, phase, remove)
    with pytest.raises(FailedError) as caught:
        night.run(said("vlan 2"))
    assert caught.value.key == "journal.gone"
    assert "weibao run recover" in caught.value.say("zh")
    assert not path.exists()

    # Begun again on an empty one, nothing is overwritten; it says what to do.
    night.reopen()
    with pytest.raises(IntegrityError) as lost:
        night.run(said("vlan 3"))
    assert lost.value.key == "journal.lost"
    assert str(path) in str(lost.value)
    assert "恢复数据库" in lost.value.say("zh")
    night.parts.journal.close()

    for each in path.parent.glob("journal.db*"):
        each.unlink()
    for each in aside.iterdir():
        shutil.move(each, path.parent / each.name)
    finished_by_the_next(night, 2)


def test_a_file_that_is_replaced(night: Night) -> None:
    path = journal_file(night)

    def replace() -> None:
        copy = path.with_name("copy")
        shutil.copy(path, copy)
        copy.replace(path)

    at(night, "accept", replace)
    with pytest.raises(FailedError, match="replaced"):
        night.run(said("vlan 2"))


@pytest.mark.parametrize("phase", PHASES)
def test_a_file_that_becomes_read_only(night: Night, phase: str) -> None:
    """Its folder too, as on a file system that the kernel took away from writers."""
    path = journal_file(night)

    def protect() -> None:
        night.parts.journal._database._engine.dispose()  # type: ignore[attr-defined]
        connect = sqlite3.connect

        def reading(name: str, *given: object, **named: object) -> sqlite3.Connection:
            return connect(f"file:{path}?mode=ro", *given, **{**named, "uri": True})  # type: ignore[arg-type]

        night.parts.journal._database._engine.dialect.dbapi.connect = reading  # type: ignore[attr-defined]

    plain = night.parts.journal._database._engine.dialect.dbapi.connect  # type: ignore[attr-defined]
    at(night, phase, protect)
    try:
        with pytest.raises(FailedError) as caught:
            night.run(said("vlan 2"))
    finally:
        night.parts.journal._database._engine.dialect.dbapi.connect = plain  # type: ignore[attr-defined]
    assert caught.value.key == "journal.read_only"
    assert "不可写" in caught.value.say("zh")
    finished_by_the_next(night, 2)


# --- PostgreSQL


@pytest.fixture
def on_server(tmp_path: Path, server: Server) -> Night:
    made = Night(tmp_path, NAMES, settings=f'database: "{server.url}"')
    made.run(said("vlan 1"))
    return made


@pytest.mark.parametrize("phase", PHASES)
def test_a_server_that_is_restarted_is_waited_for(
    on_server: Night, server: Server, phase: str
) -> None:
    back: list[threading.Timer] = []

    def restart() -> None:
        server.stop("immediate" if phase == "accept" else "fast")
        back.append(threading.Timer(2, server.start))
        back[0].start()

    at(on_server, phase, restart)
    result = on_server.run(said("vlan 2"))
    back[0].join()
    assert {t.outcome.value for t in result.targets} == {"archived"}
    assert result.exit_code == 0
    sound(on_server)
    finished_by_the_next(on_server, 2)


@pytest.mark.parametrize("phase", PHASES)
def test_a_server_that_stays_away(
    on_server: Night, server: Server, phase: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_AWAY_SECONDS", 1)
    at(on_server, phase, server.stop)
    began = time.monotonic()
    with pytest.raises(WeibaoError) as caught:
        on_server.run(said("vlan 2"))
    assert time.monotonic() - began < 30
    assert caught.value.key == "journal.unavailable"
    assert caught.value.exit_code == 1
    assert "数据库" in caught.value.say("zh")
    server.start()
    finished_by_the_next(on_server, 2)


# --- nobody watches a night of the timer


class _Heard(BaseHTTPRequestHandler):
    """Keeps what it is sent."""

    bodies: ClassVar[list[dict]] = []

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        self.bodies.append(json.loads(data))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


def test_a_night_that_the_database_stops_is_told(tmp_path: Path) -> None:
    server = HTTPServer(("127.0.0.1", 0), _Heard)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    now = datetime.now(UTC)
    estate = new_estate(
        tmp_path,
        database="postgresql://wb:s3cret@127.0.0.1:1/weibao",
        time_zone="UTC",
        schedule={"backup_at": f"{now:%H:%M}", "grace_minutes": 60},
        notify={"webhooks": [{"kind": "generic", "url": f"http://127.0.0.1:{server.server_port}"}]},
    )
    _Heard.bodies.clear()
    try:
        by_hand = estate.weibao("backup", "run")
        assert by_hand.code == 1
        assert not _Heard.bodies
        said = estate.weibao("backup", "run", "--scheduled")
    finally:
        server.shutdown()
        server.server_close()
    assert said.code == 1, said.all
    assert "s3cret" not in said.all
    (body,) = _Heard.bodies
    assert "s3cret" not in str(body)
    assert "journal.unavailable" in str(body)
    assert "weibao run recover" in str(body)
