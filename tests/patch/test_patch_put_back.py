"""Files and folders of a host are put back by the module's own code, in a folder of the test."""

from __future__ import annotations

import ast
import importlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from .test_patch_reading import utils

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="owners are set by root only")


def prints(top: Path) -> dict[str, str]:
    """Of all that lies there, as the module tells it."""
    found: dict[str, str] = utils("linux_services").manifest([str(top) + "/"])
    return found


def tree(top: Path) -> None:
    """Some configuration."""
    (top / "sub").mkdir(parents=True)
    (top / "sub").chmod(0o750)
    (top / "sub" / "a").write_text("old a\n")
    (top / "sub" / "a").chmod(0o640)
    (top / "link").symlink_to("sub/a")
    (top / "empty").mkdir()
    (top / "turns").write_text("a file\n")


def test_files_links_folders_modes_and_owners_go_back_and_nothing_is_lost(tmp_path: Path) -> None:
    module: Any = utils("linux_put_back")
    top, saved, aside = tmp_path / "etc", tmp_path / "saved", tmp_path / "aside"
    tree(top)
    before = prints(top)
    assert before[str(top / "sub")] == "folder:0750:0:0"
    (saved / str(top)[1:]).parent.mkdir(parents=True)
    os.system(f"cp -a {top} {saved}{top}")

    (top / "sub" / "a").write_text("new\n")
    (top / "sub").chmod(0o777)
    os.chown(top / "sub", 33, 33)
    (top / "link").unlink()
    (top / "empty").rmdir()
    (top / "turns").unlink()
    (top / "turns").mkdir()
    (top / "turns" / "into").write_text("a folder\n")
    (top / "added").mkdir()
    (top / "added" / "file").write_text("with the patch\n")
    now = prints(top)
    wanted = {path: known for path, known in before.items() if now.get(path) != known}
    added = sorted(set(now) - set(before) - {str(top / "turns" / "into")})
    assert module.take_away(added, str(aside)) == (2, {}) and len(added) == 2
    assert module.put_back(wanted, str(saved), str(aside)) == {}
    assert prints(top) == before

    kept = Path(f"{aside}{top}")
    assert (kept / "sub" / "a").read_text() == "new\n"
    assert (kept / "added" / "file").read_text() == "with the patch\n"
    assert (kept / "turns" / "into").read_text() == "a folder\n"
    # A second try keeps what was there then, too.
    (top / "sub" / "a").write_text("newer\n")
    module.put_back(
        {str(top / "sub" / "a"): before[str(top / "sub" / "a")]}, str(saved), str(aside)
    )
    assert (kept / "sub" / "a").read_text() == "new\n"
    assert (kept / "sub" / "a.1").read_text() == "newer\n"


def test_a_folder_in_which_somebody_put_something_stays(tmp_path: Path) -> None:
    module: Any = utils("linux_put_back")
    (tmp_path / "added").mkdir()
    (tmp_path / "added" / "mine").write_text("theirs\n")
    assert module.take_away([str(tmp_path / "added")], str(tmp_path / "aside")) == (0, {})
    assert (tmp_path / "added" / "mine").exists()


def test_nobody_reads_a_secret_while_it_is_put_back_or_after_a_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process may end between any two of its steps."""
    module: Any = utils("linux_put_back")
    saved, top = tmp_path / "saved", tmp_path / "etc"
    top.mkdir()
    source = saved / str(top / "shadow")[1:]
    source.parent.mkdir(parents=True)
    source.write_text("root:secret\n")
    source.chmod(0o640)
    os.chown(source, 0, 42)
    seen: list[int] = []
    (top / "shadow").write_text("x")
    fingerprint = utils("linux_services").fingerprint

    def killed(stream: Any, made: Any, *_: Any) -> None:
        made.write(stream.read())
        made.flush()
        seen.append(os.fstat(made.fileno()).st_mode & 0o777)
        raise KeyboardInterrupt

    wanted = {str(top / "shadow"): fingerprint(str(source))}
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(module.shutil, "copyfileobj", killed)
        module.put_back(wanted, str(saved), "")
    assert seen == [0o600]
    # Where even that could not be taken away, somebody's link in its place is not followed.
    (tmp_path / "victim").write_text("untouched")
    (top / "shadow.weibao-new").symlink_to(tmp_path / "victim")
    assert module.put_back(wanted, str(saved), str(tmp_path / "aside")) == {}
    assert (tmp_path / "victim").read_text() == "untouched"
    assert fingerprint(str(top / "shadow")) == wanted[str(top / "shadow")]
    assert [path.name for path in top.iterdir()] == ["shadow"]
    assert (tmp_path / "aside").stat().st_mode & 0o077 == 0


def test_a_folder_is_open_to_nobody_while_it_is_filled(tmp_path: Path) -> None:
    module: Any = utils("linux_put_back")
    modes: list[int] = []
    top, saved = tmp_path / "etc" / "private", tmp_path / "saved"
    (saved / str(top)[1:]).mkdir(parents=True)
    (saved / str(top / "key")[1:]).write_text("key")
    was = module._put_file
    module._put_file = lambda *given: (modes.append(top.stat().st_mode & 0o777), was(*given))
    try:
        wanted = {str(top): "folder:0711:0:0", str(top / "key"): "0644:0:0:x"}
        assert module.put_back(wanted, str(saved), "") == {}
        top.chmod(0o755)
        module.put_back({**wanted, str(top): "folder:0700:0:0"}, str(saved), "")
    finally:
        module._put_file = was
    assert modes == [0o700, 0o700]
    assert top.stat().st_mode & 0o777 == 0o700


def test_one_that_cannot_be_put_back_keeps_no_other_from_it(tmp_path: Path) -> None:
    module: Any = utils("linux_put_back")
    top, saved = tmp_path / "etc", tmp_path / "saved"
    (saved / str(top)[1:]).mkdir(parents=True)
    for name in "abc":
        (saved / str(top / name)[1:]).write_text("old")
    top.mkdir()
    os.mkfifo(top / "b")
    (top / "c").write_text("new")
    (top / "a").mkdir()
    (top / "a" / "busy").mkdir()
    os.system(f"mount -t tmpfs none {top}/a/busy")
    try:
        wanted = {str(top / name): "0644:0:0:x" for name in "abc"}
        problems = module.put_back(wanted, str(saved), str(tmp_path / "aside"))
    finally:
        os.system(f"umount {top}/a/busy {tmp_path}/aside{top}/a/busy 2>/dev/null")
    assert set(problems) <= {str(top / "a")}
    assert [(top / name).read_text() for name in "bc"] == ["old", "old"]


def test_what_lies_behind_a_link_is_not_taken_away(tmp_path: Path) -> None:
    """The patch made a folder of what was a link to elsewhere."""
    module: Any = utils("linux_put_back")
    restic: Any = importlib.import_module(
        "ansible_collections.weibao.core.plugins.modules.back_up_linux"
    )
    target, app, saved = tmp_path / "opt", tmp_path / "app", tmp_path / "saved"
    target.mkdir()
    (target / "x").write_text("real")
    app.symlink_to(target)
    was = prints(tmp_path)
    (saved / str(tmp_path)[1:]).mkdir(parents=True)
    os.system(f"cp -a {app} {saved}{app}")
    assert not restic.came_back(str(app / "x"), was[str(target / "x")], str(saved))
    app.unlink()
    app.mkdir()
    (app / "x").write_text("of the patch")
    assert module.take_away([str(app / "x")], str(tmp_path / "aside"))[0] == 1
    assert module.put_back({str(app): was[str(app)]}, str(saved), str(tmp_path / "aside")) == {}
    assert (app / "x").read_text() == "real" and app.is_symlink()


def test_what_is_kept_once_stays_and_two_things_of_one_name_are_both_kept(tmp_path: Path) -> None:
    module: Any = utils("linux_put_back")
    top, folder = tmp_path / "etc", str(tmp_path / "kept")
    tree(top)
    paths = [str(top / name) for name in ("sub/a", "link", "sub", "none")]
    kept = module.keep(paths, folder)
    assert [*kept] == paths[:2] and kept[paths[0]] == prints(top)[paths[0]]
    assert Path(folder).stat().st_mode & 0o777 == 0o700
    (top / "sub" / "a").write_text("later")
    assert module.keep(paths, folder) == kept
    assert module.put_back({paths[0]: kept[paths[0]]}, folder, "") == {}
    assert (top / "sub" / "a").read_text() == "old a\n"
    # A file, and in the place of that a folder with a file.
    module.move_aside(str(top / "turns"), str(tmp_path / "aside"))
    (top / "turns").mkdir()
    (top / "turns" / "x").write_text("x")
    for _ in range(2):
        (top / "turns" / "x").write_text("x")
        module.move_aside(str(top / "turns" / "x"), str(tmp_path / "aside"))
    assert len([*tmp_path.glob("aside*/**/x*")]) == 2


def test_orders_of_any_length_are_given_to_restic_in_parts() -> None:
    restic: Any = importlib.import_module(
        "ansible_collections.weibao.core.plugins.modules.back_up_linux"
    )
    words = [w for n in range(30000) for w in ("--include", f"/etc/a/rather/long/name/{n}")]
    parts = [*restic.in_parts(words)]
    assert [word for part in parts for word in part] == words
    assert len(parts) > 5 and all(sum(map(len, part)) < 300000 for part in parts)


def test_names_that_are_no_text_are_kept_and_put_back_as_all_others(tmp_path: Path) -> None:
    """One such name in /etc, and nothing of the host could be recorded."""
    module: Any = utils("linux_put_back")
    top, saved = tmp_path / "etc", tmp_path / "saved"
    top.mkdir()
    name = os.fsdecode(b"caf\xe9.conf")
    (top / name).write_text("old")
    (top / "link").symlink_to(name)
    (top / "plain\\xe9").write_text("of that name")
    before = prints(top)
    assert json.loads(json.dumps(before, ensure_ascii=False).encode()) == before
    paths = [path for path in before if not before[path].startswith("folder:")]
    assert set(module.keep(paths, str(saved))) == set(paths) and len(paths) == 3
    for path in (name, "link"):
        (top / path).unlink()
    assert module.put_back({p: before[p] for p in paths}, str(saved), "") == {}
    assert prints(top) == before
    assert module.take_away([str(top / "caf\\xe9.conf")], str(tmp_path / "aside")) == (1, {})
    assert not (top / name).exists()


def test_a_name_that_looks_like_such_bytes_stays_what_it_is() -> None:
    """As systemd writes letters in the names of its units."""
    command: Any = utils("linux_command")
    for path in ("/none/mnt-d\\xc3\\xa9.mount", "/none/dev-by\\x2duuid.swap"):
        assert command.real(path) == path
    assert command.real(command.shown(os.fsdecode(b"/none/\xe9"))) == os.fsdecode(b"/none/\xe9")


def test_nobody_diverts_what_is_put_back_by_a_link_on_the_way(tmp_path: Path) -> None:
    """A folder of a service's user, who makes it a link while root works in it."""
    module: Any = utils("linux_put_back")
    top, target, saved = tmp_path / "app", tmp_path / "cron.d", tmp_path / "saved"
    for folder in (top, target, saved / str(top / "sub")[1:]):
        folder.mkdir(parents=True)
    (saved / str(top / "sub" / "job")[1:]).write_text("evil")
    (target / "theirs").write_text("root's")
    (top / "sub").symlink_to(target)
    asked = ({str(top / "sub" / "job"): "0644:0:0:x"}, str(saved), str(tmp_path / "aside"))
    os.chown(top / "sub", 33, 33, follow_symlinks=False)
    assert [*module.put_back(*asked)] == [str(top / "sub" / "job")]
    gone, problems = module.take_away([str(top / "sub" / "theirs")], str(tmp_path / "aside"))
    assert not gone and [*problems] == [str(top / "sub" / "theirs")]
    with pytest.raises(OSError, match="sub"), module.opened(str(top / "sub")):
        pass
    assert [path.name for path in target.iterdir()] == ["theirs"]
    # One of root's is as good as a folder.
    os.chown(top / "sub", 0, 0, follow_symlinks=False)
    assert module.put_back(*asked) == {}
    assert (target / "job").read_text() == "evil"
    (top / "sub").unlink()
    (top / "sub").symlink_to("../app/./../cron.d")
    assert module.take_away([str(top / "sub" / "job")], "") == (1, {})
    (top / "sub").unlink()
    (top / "sub").symlink_to("sub")
    assert module.put_back(*asked)


def test_owners_of_links_capabilities_and_access_lists_come_back(tmp_path: Path) -> None:
    module: Any = utils("linux_put_back")
    top, folder = tmp_path / "etc", str(tmp_path / "kept")
    top.mkdir()
    (top / "link").symlink_to("x")
    os.chown(top / "link", 33, 34, follow_symlinks=False)
    (top / "tool").write_text("x")
    os.chown(top / "tool", 33, 34)
    capability = bytes.fromhex("0100000200040000000000000000000000000000")
    try:
        os.setxattr(top / "tool", "security.capability", capability)
    except OSError as error:
        pytest.skip(f"no capabilities here: {error}")
    paths = [str(top / "link"), str(top / "tool")]
    kept = module.keep(paths, folder)
    for path in paths:
        Path(path).unlink()
    assert module.put_back(kept, folder, "") == {}
    known = (top / "link").lstat()
    assert (known.st_uid, known.st_gid) == (33, 34)
    assert os.getxattr(top / "tool", "security.capability") == capability


def test_a_pipe_is_passed_over_and_what_did_not_come_back_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module: Any = utils("linux_put_back")
    keep_files: Any = importlib.import_module(
        "ansible_collections.weibao.core.plugins.modules.keep_files"
    )
    os.mkfifo(tmp_path / "pipe")
    assert module.keep([str(tmp_path / "pipe")], str(tmp_path / "kept")) == {}
    with pytest.raises(OSError, match="no file"):
        module.copy(str(tmp_path / "pipe"), str(tmp_path / "copy"))
    (tmp_path / "a").write_text("a")
    folder = str(tmp_path / "kept")
    kept = module.keep([str(tmp_path / "a")], folder)
    (tmp_path / "a").write_text("b")
    said: dict[str, Any] = {}

    class Module:
        check_mode = False
        params = {
            "state": "restored", "folder": folder, "aside": "",
            "files": {**kept, str(tmp_path / "lost"): "0644:0:0:x"},
        }  # fmt: skip

        def __init__(self, **_: Any) -> None:
            pass

        def exit_json(self, **given: Any) -> None:
            said.update(given)

    monkeypatch.setattr(keep_files, "AnsibleModule", Module)
    keep_files.main()
    assert said["restored"] == [str(tmp_path / "a")]
    assert [*said["problems"]] == [str(tmp_path / "lost")]
    assert (tmp_path / "a").read_text() == "a"


@pytest.mark.parametrize("folder", ["modules", "module_utils"])
def test_what_runs_on_hosts_needs_no_newer_python_than_they_may_have(folder: str) -> None:
    """Python 3.8 is the oldest that ansible-core still runs modules with."""
    for path in (Path(__file__).parents[2] / "plugins" / folder).glob("*.py"):
        ast.parse(path.read_text(), str(path), feature_version=(3, 8))
