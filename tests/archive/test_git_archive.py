"""What a user of the archive relies on (CFG-03, CFG-04, CFG-10)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from weibao.adapters.archive import GitArchive
from weibao.boundary import ConfigArchive
from weibao.domain.records import LedgerHead
from weibao.errors import FailedError, InputError, IntegrityError

from .helping import Night

Git = Callable[..., str]

ODD = {
    "核心交换机-1": "sysname 核心交换机-1\n",
    "with space": "a\n",
    "-dash": "b\n",
    ".dot": "c\n",
    ".git": "d\n",
    "quo\"te's": "e\n",
    "star*[x]?": "f\n",
    ":colon:1": "g\n",
    "tab\there": "h\n",
    "HEAD": "i\n",
    "長" * 90: "a name too long for a file\n",
}


def test_it_is_a_config_archive(archive: GitArchive) -> None:
    offered: ConfigArchive = archive
    assert offered is archive


def test_people_find_the_files_and_who_changed_them(
    archive: GitArchive, night: Night, git: Git
) -> None:
    commit = night({"sw1": "hostname sw1\n", "sw2": "hostname sw2\n"}, change_ref="CHG-2026-001")
    assert (archive.folder / "sw1.cfg").read_text() == "hostname sw1\n"
    assert git("status", "--porcelain") == ""
    assert git("log", "-1", "--format=%H|%an|%ae|%cn|%aI|%s").strip() == (
        f"{commit}|ops|ops@jump1|Weibao|2026-01-02T02:00:00+08:00|nightly backup"
    )
    assert git("log", "-1", "--format=%(trailers)").split("\n")[:3] == [
        "Weibao-Run: 20260102-r1",
        "Weibao-Change: CHG-2026-001",
        f"Weibao-Ledger: main 7 {'ab' * 32}",
    ]


@pytest.mark.parametrize(
    ("author", "shown"),
    [
        ("", "weibao <weibao@localhost>"),
        ("ops@jump1", "ops <ops@jump1>"),
        ("王 工 <wang@example.com>", "王 工 <wang@example.com>"),
        ("nightly", "nightly <nightly@localhost>"),
        ("x\n<evil> <a", "x evil a <xevila@localhost>"),
    ],
)
def test_any_author_will_do(night: Night, git: Git, author: str, shown: str) -> None:
    night({"sw1": "a\n"}, author=author)
    assert git("log", "-1", "--format=%an <%ae>").strip() == shown


def test_no_change_no_commit(archive: GitArchive, night: Night, git: Git) -> None:
    assert night({}) == ""
    first = night({"sw1": "a\n", "sw2": "b\n"})
    assert night({"sw1": "a\n"}) == first
    assert night({}) == first
    second = night({"sw1": "a\n", "sw2": "B\n"})
    assert second != first
    assert git("diff", "--name-only", first, second) == "sw2.cfg\n"
    assert archive.devices() == ["sw1", "sw2"]


def test_texts_are_kept_to_the_byte(archive: GitArchive, night: Night) -> None:
    texts = {
        "crlf": "a\r\nb\r\n",
        "open": "no newline at the end",
        "empty": "",
        "chinese": "description 到核心机房\n",
        "undecoded": b"description \xb5\xbd\xba\xcb\xd0\xc4 end\n".decode(
            "utf-8", "surrogateescape"
        ),
        "control": "a\x1b[7mb\x00c\n",
        "marker": "done\ncommit refs/heads/main\ndata 3\n",
    }
    night(texts)
    assert {device: archive.read(device) for device in texts} == texts
    assert (archive.folder / "crlf.cfg").read_bytes() == b"a\r\nb\r\n"
    assert b"\xb5\xbd\xba\xcb" in (archive.folder / "undecoded.cfg").read_bytes()
    assert night(texts) == night({})


def test_odd_names_work_everywhere(archive: GitArchive, night: Night) -> None:
    first = night(ODD)
    assert archive.devices() == sorted(ODD)
    assert night(ODD) == first
    assert {device: archive.read(device) for device in ODD} == ODD
    second = night({device: f"new {text}" for device, text in ODD.items()})
    for device, text in ODD.items():
        assert archive.read(device, first) == text
        assert f"-{text}+new {text}" in archive.diff(device, first, second)
    assert {(d, n, line + "\n") for d, n, line in archive.grep("^new ")} == {
        (device, 1, f"new {text}") for device, text in ODD.items()
    }
    assert archive.check() == []


@pytest.mark.parametrize("device", ["", "a/b", "../x", "a\nb", "a\0b"])
def test_a_name_that_is_no_file_is_refused(archive: GitArchive, night: Night, device: str) -> None:
    with pytest.raises(InputError):
        night({device: "x"})


def test_read_names_what_is_not_there(archive: GitArchive, night: Night) -> None:
    with pytest.raises(IntegrityError, match="no version yet"):
        archive.read("sw1")
    commit = night({"sw1": "a\n"})
    with pytest.raises(IntegrityError, match="sw2"):
        archive.read("sw2")
    for wrong in ("0" * 40, "--help", "HEAD", "main~1"):
        with pytest.raises(IntegrityError, match="no commit"):
            archive.read("sw1", wrong)
    assert archive.read("sw1", commit[:12]) == "a\n"


def test_diff_reads_as_people_know_it(archive: GitArchive, night: Night) -> None:
    first = night({"sw1": "a\nvlan 10\nz\n", "sw2": "x\n"})
    second = night({"sw1": "a\nvlan 20\nz\n", "sw2": "y\n"})
    assert archive.diff("sw1", first, second).splitlines()[2:] == [
        "--- a/sw1.cfg", "+++ b/sw1.cfg", "@@ -1,3 +1,3 @@", " a", "-vlan 10", "+vlan 20", " z",
    ]  # fmt: skip
    assert archive.diff("sw1", first, first) == ""
    assert "+vlan 10" in archive.diff("sw1", "", first)
    assert archive.diff("sw1", first, "") == archive.diff("sw1", first, second)
    assert archive.diff("nobody", first, second) == ""


def test_grep(archive: GitArchive, night: Night) -> None:
    night({"sw1": "vlan 10\r\n name 办公\r\n", "sw2": "VLAN 10:20\nno\n", "a:3:b": "vlan 7\n"})
    assert sorted(archive.grep("^vlan [0-9]+")) == [("a:3:b", 1, "vlan 7"), ("sw1", 1, "vlan 10\r")]
    assert list(archive.grep("vlan 10:", ignore_case=True)) == [("sw2", 1, "VLAN 10:20")]
    assert list(archive.grep("^ name 办.")) == [("sw1", 2, " name 办公\r")]
    assert list(archive.grep("-nothing")) == []
    for wrong in ("(", "[a", "", "a\0"):
        with pytest.raises(InputError):
            list(archive.grep(wrong))
    assert next(archive.grep("vlan"))  # the rest is not read


def test_anchors_are_read_from_trailers_alone(archive: GitArchive, night: Night, git: Git) -> None:
    assert list(archive.anchors()) == []
    first = night(
        {"sw1": "a\n"}, subject="Weibao-Ledger: forged 1 00\n\nWeibao-Ledger: forged 2 00"
    )
    (archive.folder / "note.txt").write_text("by hand\n")
    git("add", ".")
    git("-c", "user.name=p", "-c", "user.email=p@x", "commit", "-qm", "a person's commit")
    second = night({"sw1": "b\n"}, run_id="r2\nWeibao-Ledger: forged 3 00")
    head = LedgerHead(site="main", sequence=7, hash="ab" * 32)
    assert list(archive.anchors()) == [(second, head), (first, head)]


def test_sites_with_spaces_anchor_too(archive: GitArchive) -> None:
    head = LedgerHead(site="上海 2 号机房", sequence=12, hash="00")
    commit = archive.commit(
        {"a": "b"}, run_id="r", author="", subject="s", change_ref="", ledger=head,
        at="2026-01-02T02:00:00Z",
    )  # fmt: skip
    assert list(archive.anchors()) == [(commit, head)]


def test_a_time_without_zone_is_a_mistake(night: Night) -> None:
    with pytest.raises(ValueError, match="time zone"):
        night({"a": "b"}, at="2026-01-02T02:00:00")


def test_nothing_of_the_user_or_the_machine_has_a_say(
    archive: GitArchive, night: Night, git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    trap = tmp_path / "trap"
    bait = tmp_path / "bait.sh"
    bait.write_text(f"#!/bin/sh\ntouch {trap}\nexit 1\n")
    bait.chmod(0o755)
    (home / ".gitconfig").write_text(
        "[commit]\n gpgsign = true\n[core]\n autocrlf = true\n quotePath = true\n"
        "[init]\n defaultBranch = trunk\n defaultObjectFormat = sha256\n"
        f"[gpg]\n program = {bait}\n[diff]\n external = {bait}\n noprefix = true\n"
        "[user]\n name = Nobody Else\n[color]\n ui = always\n"
    )
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Nobody Else")
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "elsewhere.index"))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", str(bait))
    first = night({"sw1": "a\r\n"})
    hooks = archive.folder / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for hook in ("pre-commit", "reference-transaction", "post-checkout", "post-index-change"):
        (hooks / hook).symlink_to(bait)
    with (archive.folder / ".git" / "config").open("a") as config:
        config.write(f"[core]\n fsmonitor = {bait}\n worktree = /\n hooksPath = {hooks}\n")
        config.write(
            f"[diff]\n external = {bait}\n[grep]\n column = true\n[log]\n showSignature = true\n"
        )
    second = night({"sw1": "b\r\n"})
    assert archive.diff("sw1", first, second).startswith("diff --git a/sw1.cfg b/sw1.cfg\n")
    assert list(archive.grep("b")) == [("sw1", 1, "b\r")]
    assert [commit for commit, _ in archive.anchors()] == [second, first]
    assert (archive.folder / "sw1.cfg").read_bytes() == b"b\r\n"
    assert archive.check() == []
    assert not trap.exists()
    assert not (tmp_path / "elsewhere").exists()
    assert not (tmp_path / "elsewhere.index").exists()


def test_neither_home_nor_identity_is_needed(
    night: Night, archive: GitArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "USER", "LOGNAME", "EMAIL", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    night({"sw1": "a\n"}, author="")
    assert archive.check() == []


def test_an_estate_inside_of_a_repository_keeps_an_archive_of_its_own(
    archive: GitArchive, night: Night, git: Git, tmp_path: Path
) -> None:
    git("init", "-q", folder=tmp_path)
    with pytest.raises(IntegrityError):
        archive.read("sw1")
    night({"sw1": "a\n"})
    assert (archive.folder / ".git").is_dir()
    assert "no commit" not in "".join(archive.check())


def test_only_the_owner_may_read(archive: GitArchive, night: Night) -> None:
    night({"sw1": "a\n"})
    assert archive.folder.stat().st_mode & 0o077 == 0
    assert (archive.folder / "sw1.cfg").stat().st_mode & 0o077 == 0


def test_without_git_it_says_so(
    night: Night, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FailedError) as caught:
        night({"sw1": "a\n"})
    assert "git" in caught.value.say("zh")
    assert "install" in caught.value.say("en")
