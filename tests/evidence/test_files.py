"""Files are whole or not there: after a full disk, a killed writer, two writers at once."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from weibao.adapters.files import make_folder, replace, sha256_file, sweep, write_once
from weibao.errors import FailedError


def test_the_first_content_stays(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "piece"
    assert write_once(path, b"first")
    assert not write_once(path, b"second")
    assert path.read_bytes() == b"first"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_one_of_many_writers_wins_and_no_temporary_is_left(tmp_path: Path) -> None:
    path = tmp_path / "piece"
    barrier = threading.Barrier(8)
    won: list[bytes] = []

    def write(data: bytes) -> None:
        barrier.wait()
        if write_once(path, data):
            won.append(data)

    threads = [threading.Thread(target=write, args=(bytes([n]) * 1000,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert won == [path.read_bytes()]
    assert list(tmp_path.iterdir()) == [path]


def test_replace_sets_bytes_and_mode(tmp_path: Path) -> None:
    path = tmp_path / "mark"
    replace(path, b"1")
    replace(path, b"2", 0o644, durable=False)
    assert path.read_bytes() == b"2"
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("code", "key"), [(errno.ENOSPC, "files.full"), (errno.EACCES, "files.denied")]
)
def test_a_full_disk_is_said_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, key: str
) -> None:
    path = tmp_path / "piece"
    replace(path, b"old")

    def fail(descriptor: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(FailedError) as caught:
        replace(path, b"new")
    assert caught.value.key == key
    assert str(path) in str(caught.value)
    assert str(path) in caught.value.say("zh")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_in_the_way_of_a_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises(FailedError, match="cannot write"):
        write_once(tmp_path / "a" / "b" / "c", b"x")
    with pytest.raises(FailedError):
        make_folder(tmp_path / "a" / "b")


def test_sweep_takes_what_the_dead_left_and_no_more(tmp_path: Path) -> None:
    script = (
        "import sys, os, time; from pathlib import Path; from weibao.adapters import files\n"
        "p = Path(sys.argv[1])\n"
        "fd, t = files._open_temporary(p, 0o600); print(t, flush=True); time.sleep(60)\n"
    )
    path = tmp_path / "deep" / "piece"
    path.parent.mkdir()
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(path)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        for _ in range(2)
    ]
    try:
        left = [Path(w.stdout.readline().strip()) for w in writers if w.stdout]
        writers[0].send_signal(signal.SIGKILL)
        writers[0].wait()
        assert sweep(tmp_path) == [left[0]]
        assert not left[0].exists()
        assert left[1].exists()
    finally:
        for writer in writers:
            writer.kill()
            writer.wait()
            if writer.stdout:
                writer.stdout.close()


def test_sha256_file(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"abc")
    assert sha256_file(tmp_path / "f").startswith("ba7816bf")
    with pytest.raises(FileNotFoundError):
        sha256_file(tmp_path / "g")
