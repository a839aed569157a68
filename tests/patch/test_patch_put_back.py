"""Files and folders of a host are put back by the module's own code, in a folder of the test."""

from __future__ import annotations

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
    module.put_back(wanted, str(saved), str(aside))
    added = sorted(set(prints(top)) - set(before))
    assert module.take_away(added, str(aside)) == len(added) == 2
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
    assert module.take_away([str(tmp_path / "added")], str(tmp_path / "aside")) == 0
    assert (tmp_path / "added" / "mine").exists()
