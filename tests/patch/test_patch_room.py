"""Nothing that is written before a patch fills a disk; on a small file system of the test."""

from __future__ import annotations

import importlib
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .booted import run
from .test_patch_reading import utils

MB = 1 << 20


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 MB."""
    place = tmp_path / "small"
    place.mkdir()
    done = run("mount", "-t", "tmpfs", "-o", "size=64m,nr_inodes=2000", "tmpfs", str(place),
               check=False)  # fmt: skip
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    try:
        yield place
    finally:
        run("umount", "-l", str(place))


def free(place: Path) -> int:
    known = os.statvfs(place)
    return known.f_bavail * known.f_frsize


class Ended(Exception):
    """What a module said at its end."""


class Host:
    """In the place of Ansible's module."""

    def __init__(self, **params: Any) -> None:
        self.params = params
        self.ended: dict[str, Any] = {}

    def fail_json(self, **said: Any) -> None:
        raise Ended(said["msg"])

    def exit_json(self, **said: Any) -> None:
        self.ended = said


def module(name: str) -> Any:
    """Of the collection."""
    return importlib.import_module(f"ansible_collections.weibao.core.plugins.modules.{name}")


def test_a_command_is_ended_before_it_fills_a_disk(small: Path) -> None:
    watched = utils("linux_command").watched
    began = time.monotonic()
    grow = f"while :; do head -c 1000000 /dev/zero >> {small}/blob; sleep 0.05; done"
    done = watched(["sh", "-c", grow], 60, {str(small): 20 * MB})
    assert done["rc"] == 125 and str(small) in done["err"]
    assert free(small) > 0 and time.monotonic() - began < 30
    assert watched(["sh", "-c", "echo yes"], 60, {str(small): 1})["out"] == "yes\n"
    assert watched(["sleep", "60"], 1, {str(small): 1})["rc"] == 124
    assert watched(["/no/such"], 1, {})["rc"] == 127


def test_a_dump_that_is_too_large_leaves_nothing_behind(small: Path) -> None:
    asked = {"name": "all", "command": [
        "sh", "-c", "while :; do head -c 1000000 /dev/zero; sleep 0.02; done"]}  # fmt: skip
    host = Host(folder=str(small), timeout=60, keep_free_mb=20)
    with pytest.raises(Ended, match="MB free"):
        module("dump_linux").dump(host, asked)
    assert list(small.iterdir()) == []


def backing_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module, which writes nowhere else."""
    backup = module("back_up_linux")
    monkeypatch.setattr(backup, "CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(backup, "MARKS", str(tmp_path / "marks"))
    return backup


def asked_of(tmp_path: Path, data: Path) -> dict[str, Any]:
    """To back up a folder."""
    return {
        "repository": str(tmp_path / "r"), "password": "p", "paths": [str(data)], "tag": "t",
        "scratch": str(tmp_path / "restore"), "keep_free_mb": 1,
    }  # fmt: skip


@pytest.mark.skipif(shutil.which("restic") is None, reason="restic is not installed")
def test_data_that_is_written_to_meanwhile_is_backed_up_and_a_lost_file_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database goes on living: it differs from its backup, and no file of it is at fault."""
    backup = backing_up(tmp_path, monkeypatch)
    data = tmp_path / "data"
    data.mkdir()
    for name in ("orders", "still"):
        (data / name).write_text("1\n")
        os.utime(data / name, (1, 1))
    time.sleep(1.2)
    taken = backup.manifest

    def meanwhile(paths: list[str]) -> Any:
        (data / "orders").write_text("1\n2\n")
        return taken(paths)

    monkeypatch.setattr(backup, "manifest", meanwhile)
    given = asked_of(tmp_path, data)
    host = Host(**given)
    backup.back_up(host)
    assert host.ended["snapshot"]

    run_restic = backup.Restic.run

    def loses(self: Any, *words: str, **more: Any) -> Any:
        done = run_restic(self, *words, **more)
        if words[0] == "restore":
            Path(f"{words[-1]}{data}/still").unlink()
        return done

    monkeypatch.setattr(backup.Restic, "run", loses)
    with pytest.raises(Ended, match=r"does not come back as it was: .*still"):
        backup.back_up(Host(**given))


@pytest.mark.skipif(shutil.which("restic") is None, reason="restic is not installed")
def test_a_backup_that_cannot_be_tried_for_want_of_room_fails(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module("back_up_linux"), "CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(module("back_up_linux"), "MARKS", str(tmp_path / "marks"))
    data = tmp_path / "data"
    data.mkdir()
    (data / "blob").write_bytes(os.urandom(50 * MB))

    def backed_up(**more: Any) -> Host:
        host = Host(
            repository=str(tmp_path / "repository"), password="p", paths=[str(data)], tag="t",
            scratch=str(small / "restore"), **{"keep_free_mb": 1, **more},
        )  # fmt: skip
        module("back_up_linux").back_up(host)
        return host

    assert backed_up().ended["bytes"] == 50 * MB
    with pytest.raises(Ended, match="no room to try the restore"):
        backed_up(keep_free_mb=30)
    for number in range(1500):
        (data / str(number)).touch()
    with pytest.raises(Ended, match="files more"):
        backed_up()
    assert not [path for path in small.rglob("*") if path.is_file()]


def test_a_disk_that_is_full_is_not_a_package_that_is_not_to_be_had(
    small: Path, tmp_path: Path
) -> None:
    source = tmp_path / "big.deb"
    source.write_bytes(os.urandom(70 * MB))
    asked = {"name": "big", "version": "2", "file": "big.deb", "sha256": "0" * 64,
             "uri": f"file:{source}", "size": 70 * MB}  # fmt: skip
    folder = small / "C" / "packages"
    with pytest.raises(Ended, match=r"^no room in .*/C/packages for big=2: .*No space left"):
        module("stage_packages").lay(Host(), str(folder), [asked], "apt")
    assert list(folder.iterdir()) == []
    gone = {**asked, "uri": "file:/nonexistent/big.deb", "size": 1}
    with pytest.raises(Ended, match=r"^big=2 is not to be had as it was approved: "):
        module("stage_packages").lay(Host(), str(folder), [gone], "apt")


@pytest.mark.skipif(shutil.which("restic") is None, reason="restic is not installed")
def test_no_repository_is_begun_where_one_was_or_where_something_else_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The backup's disk was not mounted, and the copies went to the disk they were to save."""
    backup = backing_up(tmp_path, monkeypatch)
    data, repository = tmp_path / "data", tmp_path / "repository"
    data.mkdir()
    given = {"repository": str(repository), "password": "p", "paths": [str(data)], "tag": "t",
             "scratch": str(tmp_path / "restore"), "keep_free_mb": 1}  # fmt: skip
    repository.mkdir()
    (repository / "photos").touch()
    with pytest.raises(Ended, match="not empty"):
        backup.back_up(Host(**given))
    (repository / "photos").rename(data / "photos")
    backup.back_up(Host(**given))
    repository.rename(tmp_path / "unmounted")
    with pytest.raises(Ended, match="is gone; is its disk mounted"):
        backup.back_up(Host(**given))
    assert not repository.exists()


@pytest.mark.skipif(shutil.which("restic") is None, reason="restic is not installed")
def test_what_a_link_leads_to_is_backed_up_and_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The link alone was saved, and the files compared with themselves."""
    backup = backing_up(tmp_path, monkeypatch)
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "orders").write_text("12345")
    (tmp_path / "data").symlink_to(tmp_path / "real")
    left = tmp_path / "restore" / "weibao-trial-earlier"
    (left / "etc").mkdir(parents=True)
    host = Host(**asked_of(tmp_path, tmp_path / "data"))
    backup.back_up(host)
    assert host.ended["bytes"] == 5
    assert not left.exists()  # of a run that was killed, whatever its tag
    # What somebody else made is not restored into.
    (tmp_path / "restore" / "weibao-trial-t").symlink_to(tmp_path / "real")
    with pytest.raises(FileExistsError):
        backup.trial_folder(host.params, "t")


@pytest.mark.skipif(shutil.which("restic") is None, reason="restic is not installed")
def test_a_file_that_restic_cannot_restore_keeps_no_other_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = backing_up(tmp_path, monkeypatch)
    data = tmp_path / "data"
    data.mkdir()
    names = ("a", "b")
    for name in names:
        (data / name).write_text("old")
    wanted = {str(data / name): utils("linux_services").fingerprint(data / name) for name in names}
    given = asked_of(tmp_path, data)
    host = Host(**given)
    backup.back_up(host)
    for name in names:
        (data / name).write_text("new")
    (data / "added").touch()
    run_restic, halved = backup.Restic.run, ["b"]

    def halves(self: Any, *words: str, **more: Any) -> Any:
        done = run_restic(self, *words, **more)
        for name in halved:
            Path(f"{tmp_path}/restore/weibao-trial-t-files{data}/{name}").write_text("o")
        return {**done, "rc": 1, "err": "b: no room"}

    monkeypatch.setattr(backup.Restic, "run", halves)
    asked = {**given, "snapshot": host.ended["snapshot"], "files": wanted, "aside": "",
             "removed": [str(data / "added")]}  # fmt: skip
    back = Host(**asked)
    backup.restore(back)
    assert back.ended["problems"] == {str(data / "b"): "restic restore: b: no room"}
    assert [(data / name).read_text() for name in names] == ["old", "new"]
    assert not (data / "added").exists()
    # Where none came, all the rest is done, and the role goes on to the restarts.
    (data / "added").touch()
    (data / "a").write_text("new")
    halved.append("a")
    back = Host(**asked)
    backup.restore(back)
    assert set(back.ended["problems"]) == {str(data / name) for name in names}
    assert not (data / "added").exists() and (data / "a").read_text() == "new"
