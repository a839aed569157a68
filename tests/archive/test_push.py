"""Pushing: it arrives, or says why not, and never shows a credential."""

from __future__ import annotations

import base64
import http.server
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from weibao.adapters.archive import GitArchive
from weibao.errors import FailedError

from .helping import Night

Git = Callable[..., str]
SECRET = "c4nary-Pa55"


@pytest.fixture
def remote(tmp_path: Path, git: Git) -> Path:
    place = tmp_path / "remote.git"
    place.mkdir()
    git("init", "-q", "--bare", "-b", "main", ".", folder=place)
    return place


def _failed(archive: GitArchive, remote: str, timeout: float = 20) -> FailedError:
    with pytest.raises(FailedError) as caught:
        archive.push(remote, timeout)
    said = caught.value.say("zh") + caught.value.say("en") + repr(caught.value.params)
    assert SECRET not in said
    assert "{" not in caught.value.say("zh") + caught.value.say("en")
    return caught.value


def test_main_arrives(
    archive: GitArchive, night: Night, git: Git, remote: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(
        "[push]\n gpgSign = true\n followTags = true\n default = nothing\n"
    )
    monkeypatch.setenv("HOME", str(home))
    archive.push(f"file://{remote}", 20)  # nothing archived yet, nothing to push
    for text in ("a\n", "b\n"):
        commit = night({"sw1": text})
        archive.push(f"file://{remote}", 20)
        archive.push(f"file://{remote}", 20)
        assert git("rev-parse", "main", folder=remote).strip() == commit


def test_a_remote_with_other_commits_is_never_overwritten(
    archive: GitArchive, night: Night, git: Git, remote: Path, tmp_path: Path
) -> None:
    other = GitArchive(tmp_path / "other", "default")
    theirs = Night(other)({"sw9": "somebody else's\n"})
    other.push(str(remote), 20)
    night({"sw1": "a\n"})
    assert _failed(archive, str(remote)).key == "archive.push_rejected"
    assert git("rev-parse", "main", folder=remote).strip() == theirs


def test_a_hook_that_declines_is_quoted(archive: GitArchive, night: Night, remote: Path) -> None:
    hook = remote / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'only on Mondays'\nexit 1\n")
    hook.chmod(0o755)
    night({"sw1": "a\n"})
    error = _failed(archive, str(remote))
    assert error.key == "archive.push_declined"
    assert "only on Mondays" in str(error)


def test_a_lock_that_a_killed_push_left_is_named(
    archive: GitArchive, night: Night, remote: Path
) -> None:
    night({"sw1": "a\n"})
    (remote / "HEAD.lock").touch()
    error = _failed(archive, str(remote))
    assert error.key == "archive.push_locked"
    (remote / "HEAD.lock").unlink()
    archive.push(str(remote), 20)


@pytest.mark.parametrize("wrong", ["", "  ", "--upload-pack=touch /tmp/x", "http://[::1"])
def test_no_remote(archive: GitArchive, night: Night, wrong: str) -> None:
    night({"sw1": "a\n"})
    assert _failed(archive, wrong).key == "archive.push_no_remote"


@pytest.mark.parametrize("wrong", ["/nowhere/at/all.git", "backup", "file:///nowhere.git"])
def test_an_unknown_remote(archive: GitArchive, night: Night, wrong: str) -> None:
    night({"sw1": "a\n"})
    assert _failed(archive, wrong).key == "archive.push_not_found"


def test_a_dead_url_with_credentials_in_it(archive: GitArchive, night: Night) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        night({"sw1": "a\n"})
        for url in (
            f"http://backup:{SECRET}@127.0.0.1:{port}/x.git",
            f"http://{SECRET}@127.0.0.1:{port}/x.git",
            f"http://127.0.0.1:{port}/x.git?private_token={SECRET}",
        ):
            error = _failed(archive, url)
            assert error.key == "archive.push_unreachable"
            assert "127.0.0.1" in str(error)


def test_ssh_takes_no_password_from_a_url(archive: GitArchive, night: Night) -> None:
    night({"sw1": "a\n"})
    error = _failed(archive, f"ssh://backup:{SECRET}@127.0.0.1/x.git")
    assert error.key == "archive.push_ssh_password"


class _Guarded(http.server.BaseHTTPRequestHandler):
    """Asks for a password, notes what it is given, and looks who shows it."""

    given: list[str]
    shown: list[str]

    def do_GET(self) -> None:
        given = self.headers.get("Authorization")
        if given:
            self.given.append(given)
        for process in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                line = process.read_bytes()
            except OSError:
                continue
            if SECRET.encode() in line:
                self.shown.append(line.decode())
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="archive"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def guarded() -> Iterator[tuple[int, type[_Guarded]]]:
    handler = type("Handler", (_Guarded,), {"given": [], "shown": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1], handler
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_password_in_the_url_reaches_the_server_and_nobody_else(
    archive: GitArchive, night: Night, guarded: tuple[int, type[_Guarded]],
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    port, handler = guarded
    heard = tmp_path / "heard"
    config = tmp_path / "config"
    config.write_text(f'[credential]\n helper = "!cat >> {heard}; true"\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    night({"sw1": "a\n"})
    password = SECRET + "%40%25"
    error = _failed(archive, f"http://backup:{password}@127.0.0.1:{port}/x.git")
    assert error.key == "archive.push_denied"
    expected = base64.b64encode(f"backup:{SECRET}@%".encode()).decode()
    assert handler.given == [f"Basic {expected}"]
    assert handler.shown == []
    assert not heard.exists()
    for path in archive.folder.rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes()


def test_a_server_that_is_silent_is_left(archive: GitArchive, night: Night) -> None:
    night({"sw1": "a\n"})
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        error = _failed(archive, f"http://u:{SECRET}@127.0.0.1:{port}/x.git", timeout=1)
        assert error.key == "archive.push_timeout"
        left = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
        assert f"127.0.0.1:{port}" not in left


def test_ssh_never_asks(
    archive: GitArchive, night: Night, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in for ssh notes how it is called; the user's own setting comes first."""
    noted = tmp_path / "noted"
    program = tmp_path / "bin" / "ssh"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\necho "$0 $@" >> {noted}\necho "Permission denied (publickey)." >&2\nexit 255\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    monkeypatch.delenv("GIT_SSH_COMMAND", raising=False)
    night({"sw1": "a\n"})
    assert _failed(archive, "backup@nas.example:x.git").key == "archive.push_denied"
    assert "-oBatchMode=yes" in noted.read_text()
    noted.unlink()
    monkeypatch.setenv("GIT_SSH_COMMAND", f"{program} -i my-key")
    _failed(archive, "backup@nas.example:x.git")
    assert "-i my-key" in noted.read_text()
    assert "BatchMode" not in noted.read_text()
