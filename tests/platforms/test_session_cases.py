"""Every ``cases/<platform>/*.session.yml`` is played through the whole collector (CFG-04).

Dropping a file in is the test. See ``cases/README.md`` for the format.
"""

from __future__ import annotations

import functools
import re
import time
from pathlib import Path

import pytest

from platforms.case_files import CASES, catalogue, tag
from weibao.adapters.network.collect import without_preamble
from weibao.adapters.network.replay import Played, play
from weibao.adapters.network.screen import clean
from weibao.adapters.session_files import SUFFIX, read_session, session_text
from weibao.domain.acceptance import judge
from weibao.domain.collection import ItemKind
from weibao.domain.device_session import DeviceSession, Protocol, Source
from weibao.domain.platform import TriedOn
from weibao.domain.redaction import redact
from weibao.domain.replay import replayed_bytes
from weibao.domain.texts import decode
from weibao_lab.specs import PLATFORMS

SESSIONS = sorted(CASES.glob(f"*/*{SUFFIX}"))
SLOWEST = 1.0
"""Seconds of one session; usually a tenth of it."""

session_of = functools.cache(read_session)


def named(path: Path) -> str:
    return f"{path.parent.name}/{path.name.removesuffix(SUFFIX)}"


def ways() -> list[object]:
    """Each session on each of its lines, with and without a pager that can be switched off."""
    return [
        pytest.param(path, over, heeds, id=f"{named(path)}-{over.value}{'' if heeds else '-paged'}")
        for path in SESSIONS
        for over in session_of(path).over
        for heeds in ((True, False) if session_of(path).pager else (True,))
    ]


@pytest.mark.parametrize(("path", "over", "heeds"), ways())
def test_a_session_is_read(path, over, heeds):
    session = session_of(path)
    began = time.monotonic()
    played = play(session, catalogue(), over=over, heeds_no_paging=heeds)
    check(session, played)
    assert time.monotonic() - began < SLOWEST


@pytest.mark.parametrize("path", SESSIONS, ids=named)
@pytest.mark.parametrize("piece", [1, 97])
def test_the_size_of_the_packets_does_not_matter(path, piece):
    session = session_of(path)
    text = replayed_bytes(session, session.expect.command) if session.expect.command else b""
    if piece == 1 and len(text) > 4000:
        pytest.skip("byte by byte takes long")
    check(session, play(session, catalogue(), over=session.over[0], piece=piece))


def check(session: DeviceSession, played: Played) -> None:
    """What was read is what the session's author expects."""
    expect, platform = session.expect, catalogue()[session.platform]
    trouble = played.attempt.trouble
    assert (trouble.reason.code if trouble else "") == expect.trouble
    if expect.trouble:
        return
    assert played.running is not None
    item = next(i for i in played.attempt.items if i.kind is ItemKind.running)
    assert item.command == (expect.command or platform.configuration.running[0].send)
    if expect.exact and item.command in session.commands:
        printed = clean(replayed_bytes(session, item.command))
        assert played.running.decode("latin-1") == without_preamble(printed, platform).decode(
            "latin-1"
        )
    verdict = judge(played.running, platform)
    assert verdict.accepted is expect.accepted, verdict.reasons
    assert set(expect.reasons) <= {reason.code for reason in verdict.reasons}, verdict.reasons
    if expect.hostname:
        assert verdict.hostname == expect.hostname
    if expect.startup is not None:
        assert (ItemKind.startup in played.texts) is expect.startup
    shown = redact(decode(played.running, platform.encodings), platform, tag)
    assert [secret for secret in expect.secrets if secret in shown] == []
    assert [words for words in expect.kept if words not in shown] == []


@pytest.mark.parametrize("path", SESSIONS, ids=named)
def test_a_file_says_what_it_is_about(path):
    session = session_of(path)
    assert session.platform == path.parent.name
    if session.expect.accepted and not session.expect.trouble:
        text = session.commands[
            session.expect.command or catalogue()[session.platform].configuration.running[0].send
        ]
        for secret in session.expect.secrets:
            assert secret in text, "it is not there in the first place"
        assert session.expect.hostname


@pytest.mark.parametrize("path", SESSIONS, ids=named)
def test_a_file_that_is_written_reads_the_same(path, tmp_path):
    session = session_of(path)
    other = tmp_path / "again.session.yml"
    other.write_text(session_text(session), encoding="utf-8")
    assert read_session(other) == session


def test_the_wrong_password_is_refused():
    session = next(session_of(p) for p in SESSIONS if Protocol.telnet in session_of(p).over)
    known = session.login.model_copy(update={"password": "Another-1"})
    played = play(session, catalogue(), over=Protocol.telnet, login=known)
    assert played.attempt.trouble is not None
    assert played.attempt.trouble.reason.code == "auth_failed"


def test_a_platform_says_on_what_it_was_tried():
    for path in SESSIONS:
        session = session_of(path)
        if session.source is Source.recorded and session.expect.accepted:
            tried = catalogue()[session.platform].tried_on
            assert TriedOn.recorded in tried, session.platform


@pytest.mark.parametrize("path", SESSIONS, ids=named)
def test_the_devices_error_text_is_known(path):
    session = session_of(path)
    platform = catalogue()[session.platform]
    command = platform.configuration.running[0].send
    text = session.unknown.replace("{command}", command).replace("{word}", command.split()[-1])
    said = clean(session.raw(text)).decode("latin-1")
    assert any(re.search(error.match, said, re.MULTILINE) for error in platform.errors), said


SIMULATED = [p.id for p in catalogue().values() if TriedOn.simulated in p.tried_on]


@pytest.mark.parametrize("platform_id", sorted(set(SIMULATED) - set(PLATFORMS)))
def test_what_is_called_simulated_was_played_with_all_that_matters(platform_id):
    """Login, pager and configuration; the error text is asked of every session above."""
    played = [session_of(path) for path in SESSIONS if path.parent.name == platform_id]
    assert any(Protocol.telnet in session.over for session in played)
    assert any(session.pager for session in played)
    assert any(session.expect.accepted and not session.expect.trouble for session in played)
