"""Snapshots of a real Btrfs on a loop file: made, gone back to, and refused elsewhere."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from .booted import Booted, Host, run
from .booted_flow import some_hosts

ANSIBLE = Path(sys.executable).with_name("ansible")


@pytest.fixture
def subvolume(tmp_path: Path) -> Iterator[Path]:
    """A mounted subvolume."""
    image, place = tmp_path / "disk", tmp_path / "mnt"
    why = "" if os.geteuid() == 0 else "mounting needs root"
    why = why or ("" if shutil.which("mkfs.btrfs") else "btrfs-progs not installed")
    if not why:
        place.mkdir()
        with image.open("wb") as stream:
            stream.truncate(200 << 20)
        run("mkfs.btrfs", "-q", str(image))
        done = run("mount", "-o", "loop", str(image), str(place), check=False)
        why = done.stderr.strip() if done.returncode else ""
    if why:
        pytest.skip(f"no Btrfs here: {why}")
    try:
        run("btrfs", "subvolume", "create", str(place / "data"))
        yield place / "data"
    finally:
        run("umount", "-l", str(place))


def module(
    path: Path | str,
    state: str,
    fails: bool = False,
    before: Sequence[str] = (),
    where: Sequence[str] = ("localhost", "-e", f"ansible_python_interpreter={sys.executable}"),
) -> dict[str, Any]:
    """The module's answer; ``before`` the command, and ``where`` it works."""
    given = json.dumps({"subvolumes": [str(path)], "name": "weibao-CHG-1", "state": state})
    done = subprocess.run(
        [*before, str(ANSIBLE), *where, "-m", "weibao.core.btrfs_snapshot", "-a", given],
        capture_output=True, text=True,
    )  # fmt: skip
    assert bool(done.returncode) == fails, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout.partition(" => ")[2])
    return found


def contents(top: Path) -> dict[str, tuple[int, str]]:
    """Mode and contents of what lies there, by name."""
    found = {}
    for path in sorted(top.rglob("*")):
        name = str(path.relative_to(top))
        if name.startswith(".weibao-"):
            continue
        what = str(path.readlink()) if path.is_symlink() else ""
        found[name] = (path.lstat().st_mode, what or (path.read_text() if path.is_file() else ""))
    return found


def test_a_subvolume_goes_back_to_its_snapshot_as_a_whole(subvolume: Path) -> None:
    (subvolume / "sub").mkdir()
    (subvolume / "sub" / "config").write_text("old\n")
    (subvolume / "link").symlink_to("sub/config")
    (subvolume / "gone").write_text("comes back\n")
    (subvolume / "sub" / "config").chmod(0o640)
    before = contents(subvolume)
    assert module(subvolume, "present")["changed"]
    assert not module(subvolume, "present")["changed"]  # the first one stays what it is

    (subvolume / "sub" / "config").write_text("new\n")
    (subvolume / "sub" / "config").chmod(0o600)
    (subvolume / "gone").unlink()
    (subvolume / "added").mkdir()
    (subvolume / "link").unlink()
    assert module(subvolume, "reverted")["changed"]
    assert contents(subvolume) == before
    assert not module(subvolume, "reverted")["changed"]

    assert module(subvolume, "absent")["changed"]
    assert not list(subvolume.glob(".weibao-*"))
    assert contents(subvolume) == before
    assert "no snapshot" in module(subvolume, "reverted", fails=True)["msg"]


def test_what_was_written_since_is_kept_in_another_snapshot(subvolume: Path) -> None:
    (subvolume / "orders").write_text("1\n")
    module(subvolume, "present")
    (subvolume / "orders").write_text("1\n2\n")
    module(subvolume, "reverted")
    assert (subvolume / "orders").read_text() == "1\n"
    assert (subvolume / ".weibao-CHG-1-until" / "orders").read_text() == "1\n2\n"
    # So is what was written before it goes back once more.
    (subvolume / "orders").write_text("1\n3\n")
    module(subvolume, "reverted")
    assert (subvolume / "orders").read_text() == "1\n"
    assert (subvolume / ".weibao-CHG-1-until" / "orders").read_text() == "1\n2\n"
    assert (subvolume / ".weibao-CHG-1-until.1" / "orders").read_text() == "1\n3\n"
    module(subvolume, "absent")
    assert not list(subvolume.glob(".weibao-*"))


def test_only_a_read_only_snapshot_of_this_subvolume_counts(subvolume: Path) -> None:
    """Any folder of the name was taken for one, and the contents would have become its."""
    place = subvolume / ".weibao-CHG-1"
    (subvolume / "kept").write_text("mine\n")
    place.mkdir()
    for state in ("present", "reverted"):
        assert "mere folder" in module(subvolume, state, fails=True)["msg"]
    place.rmdir()
    run("btrfs", "subvolume", "create", str(place))
    assert "written to" in module(subvolume, "present", fails=True)["msg"]
    run("btrfs", "subvolume", "delete", str(place))
    run("btrfs", "subvolume", "create", str(subvolume.parent / "other"))
    run("btrfs", "subvolume", "snapshot", "-r", str(subvolume.parent / "other"), str(place))
    for state in ("present", "reverted"):
        assert "no snapshot of" in module(subvolume, state, fails=True)["msg"]
    assert (subvolume / "kept").read_text() == "mine\n"


def test_what_a_snapshot_does_not_hold_is_refused_before_and_untouched_after(
    subvolume: Path,
) -> None:
    """Another subvolume below it, or a mounted file system: both came back empty."""
    inner = subvolume / "app" / "inner"
    mounted = subvolume / "app" / "mounted"
    (subvolume / "app").mkdir()
    mounted.mkdir()
    (subvolume / "app" / "file").write_text("old\n")
    assert module(subvolume, "present")["changed"]
    run("btrfs", "subvolume", "create", str(inner))
    (inner / "orders").write_text("1\n")
    inner.chmod(0o700)
    run("mount", "-t", "tmpfs", "tmpfs", str(mounted))
    try:
        (mounted / "there").write_text("1\n")
        (subvolume / "app" / "file").write_text("new\n")
        said = module(subvolume, "present", fails=True)["msg"]
        assert str(inner) in said and str(mounted) in said
        assert module(subvolume, "reverted")["changed"]
        assert (subvolume / "app" / "file").read_text() == "old\n"
        assert (inner / "orders").read_text() == "1\n"
        assert inner.stat().st_mode & 0o777 == 0o700
        assert (mounted / "there").read_text() == "1\n"
    finally:
        run("umount", str(mounted))


def test_nothing_is_put_back_under_a_process_that_uses_it(subvolume: Path) -> None:
    (subvolume / "log").write_text("old\n")
    module(subvolume, "present")
    with subprocess.Popen(
        ["tail", "-f", str(subvolume / "log")], stdout=subprocess.DEVNULL
    ) as user:
        try:
            (subvolume / "log").write_text("new\n")
            said = module(subvolume, "reverted", fails=True)["msg"]
        finally:
            user.kill()
    assert str(user.pid) in said
    assert (subvolume / "log").read_text() == "new\n"
    assert module(subvolume, "reverted")["changed"]


def test_what_is_no_subvolume_is_refused(subvolume: Path, tmp_path: Path) -> None:
    (subvolume / "plain").mkdir()
    for path in (subvolume / "plain", tmp_path, Path("/")):
        assert module(path, "present", fails=True)["msg"]
    assert list(subvolume.iterdir()) == [subvolume / "plain"]


@pytest.fixture
def lab(subvolume: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Booted]:
    """A booted host that has the subvolume as /srv/app."""
    options = [f"--bind={subvolume}:/srv/app"]
    with some_hosts(tmp_path_factory, ["snap1"], options=options, mark="snap") as found:
        yield found


def with_btrfs(host: Host) -> None:
    """It has the program and its libraries of this machine."""
    program = shutil.which("btrfs")
    assert program
    libraries = [word for word in run("ldd", program).stdout.split() if word.startswith("/")]
    for name in [program, *libraries]:
        place = host.file(f"/usr/lib/wb-btrfs/{Path(name).name}")
        place.parent.mkdir(exist_ok=True)
        shutil.copy(name, place)
    loader = next(Path(name).name for name in libraries if "ld-linux" in name)
    wrapper = host.file("/usr/local/bin/btrfs")
    folder = "/usr/lib/wb-btrfs"
    wrapper.write_text(
        f'#!/bin/sh\nexec {folder}/{loader} --library-path {folder} {folder}/btrfs "$@"\n'
    )
    wrapper.chmod(0o755)


UNIT = """\
[Service]
ExecStart=/bin/sh -c 'exec 3>>/srv/app/log; echo start >&3; exec sleep 9999'
"""


def test_services_that_use_a_subvolume_are_stopped_meanwhile(lab: Booted, subvolume: Path) -> None:
    host = lab.hosts["snap1"]
    with_btrfs(host)
    host.file("/etc/systemd/system/wb-db.service").write_text(UNIT)
    host.ssh("systemctl daemon-reload && systemctl start wb-db && sleep 0.5")
    options = " ".join(lab.ssh_options[2:])
    where = (
        *("all", "-i", f"{host.address},", "-u", "root", "--private-key", str(lab.key)),
        *(f"--ssh-common-args={options}", "-e", "ansible_python_interpreter=/usr/bin/python3"),
    )
    asked: dict[str, Any] = {"before": lab.inside, "where": where}

    assert module("/srv/app", "present", **asked)["changed"]
    first = host.ssh("systemctl show -P MainPID wb-db").stdout
    (subvolume / "orders").write_text("1\n")
    said = module("/srv/app", "reverted", **asked)
    assert said["stopped"] == ["wb-db.service"]
    assert not (subvolume / "orders").exists()
    assert (subvolume / ".weibao-CHG-1-until" / "orders").read_text() == "1\n"
    assert host.ssh("systemctl is-active wb-db").stdout.strip() == "active"
    assert host.ssh("systemctl show -P MainPID wb-db").stdout != first
    assert (subvolume / "log").read_text() == "start\nstart\n"
