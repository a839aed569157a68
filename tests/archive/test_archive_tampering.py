"""What somebody does to the archive by hand is named; what git alone would not say, too."""

from __future__ import annotations

from collections.abc import Callable

from weibao.adapters.archive import GitArchive

from .helping import Night


def test_a_sound_archive(archive: GitArchive, night: Night) -> None:
    night({"sw1": "a\n"})
    night({"sw1": "b\n", "sw2": "c\n"})
    assert archive.check() == []
    assert archive.edited() == []


def test_a_commit_by_hand(archive: GitArchive, night: Night, git: Callable[..., str]) -> None:
    night({"sw1": "a\n"})
    (archive.folder / "sw1.cfg").write_text("falsified\n")
    git("-c", "user.name=x", "-c", "user.email=x@x", "commit", "-qam", "nothing to see")
    (found,) = archive.check()
    assert "carries no ledger head" in found


def test_a_file_edited_in_the_folder(archive: GitArchive, night: Night) -> None:
    night({"sw1": "a\n", "sw2": "b\n", "sw3": "c\n"})
    (archive.folder / "sw1.cfg").write_text("falsified\n")
    (archive.folder / "sw2.cfg").unlink()
    (archive.folder / "sw3.cfg").write_text("c\n")
    assert archive.check() == []
    assert archive.edited() == ["sw1.cfg", "sw2.cfg"]


def test_a_head_and_replaced_objects_that_show_people_something_else(
    archive: GitArchive, night: Night, git: Callable[..., str]
) -> None:
    first = night({"sw1": "a\n"})
    second = night({"sw1": "b\n"})
    git("replace", second, first)
    assert any("refs/replace/" in found for found in archive.check())
    git("replace", "-d", second)
    git("checkout", "-q", "-b", "other")
    assert any("HEAD is not" in found for found in archive.check())
