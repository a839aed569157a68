"""The archive after kills, stale locks, damage, full and unwritable disks."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from weibao.adapters.archive import GitArchive
from weibao.errors import FailedError, IntegrityError

from .helping import Night

Git = Callable[..., str]

LOOP = """
import sys
from pathlib import Path
from weibao.adapters.archive import GitArchive
from weibao.domain.records import LedgerHead
archive = GitArchive(Path(sys.argv[1]), "default")
head = LedgerHead(site="main", sequence=1, hash="00")
for n in range(10**6):
    texts = {f"sw{d}": f"round {n}\\n" * 200 for d in range(60)}
    archive.commit(texts, run_id=str(n), author="", subject="s", change_ref="", ledger=head,
                   at="2026-01-02T02:00:00Z")
    print(n, flush=True)
"""


def test_a_killed_commit_leaves_the_old_one_or_the_new_one(
    archive: GitArchive, night: Night
) -> None:
    chance = random.Random(7)
    for _ in range(5):
        process = subprocess.Popen(
            [sys.executable, "-c", LOOP, str(archive.folder)],
            stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline()
        time.sleep(chance.uniform(0, 0.25))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        assert archive.check() == []
        # A git that had got everything may still finish: all is read from one commit.
        newest = next(archive.anchors())[0]
        assert len({archive.read(f"sw{device}", newest) for device in (0, 30, 59)}) == 1
    commit = night({"sw0": "after\n"})
    assert archive.read("sw0", commit) == "after\n"
    assert (archive.folder / "sw0.cfg").read_text() == "after\n"


def test_a_stream_that_is_cut_off_commits_nothing(archive: GitArchive, night: Night) -> None:
    first = night({"sw1": "a\n"})

    class Cut(dict[str, str]):
        def __getitem__(self, device: str) -> str:
            if device == "sw2":
                raise KeyboardInterrupt
            return super().__getitem__(device)

    with pytest.raises(KeyboardInterrupt):
        night(Cut(sw1="b\n", sw2="c\n"))
    assert archive.check() == []
    assert night({}) == first
    assert archive.read("sw1") == "a\n"


def test_versions_are_read_by_several_threads_with_one_git(
    archive: GitArchive, night: Night
) -> None:
    commits = [night({f"sw{n}": f"text {n} {round_}\n" for n in range(9)}) for round_ in "ab"]
    asked = [(f"sw{n}", commit) for commit in commits for n in range(9)] * 5

    def one(question: tuple[str, str]) -> str:
        try:
            return archive.read(*question)
        except IntegrityError as error:
            return error.key

    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(one, [*asked, ("gone", commits[0]), *asked]))
    wanted = [f"text {d[2:]} {'ab'[commits.index(c)]}\n" for d, c in asked]
    assert found == [*wanted, "archive.no_device", *wanted]
    night({"sw0": "after\n"})
    assert archive.read("sw0") == "after\n"


def test_a_reader_that_git_left_is_started_again(archive: GitArchive, night: Night) -> None:
    commit = night({"sw1": "a\n", "sw2": "b\n"})
    assert archive.read("sw1", commit) == "a\n"
    for child in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
        if "cat-file" in Path(f"/proc/{child}/cmdline").read_text():
            os.kill(int(child), signal.SIGKILL)
    assert archive.read("sw1", commit) == "a\n"
    assert archive.read("sw2", commit) == "b\n"


@pytest.mark.parametrize(
    "lock",
    ["ORIG_HEAD.lock", "index.lock", "refs/heads/main.lock", "HEAD.lock", "packed-refs.lock"],
)
def test_a_dead_gits_lock_is_removed(archive: GitArchive, night: Night, lock: str) -> None:
    night({"sw1": "a\n"})
    path = archive.folder / ".git" / lock
    path.touch()
    os.utime(path, (1_700_000_000, 1_700_000_000))
    night({"sw1": "b\n"})
    assert archive.read("sw1") == "b\n"
    assert (archive.folder / "sw1.cfg").read_text() == "b\n"
    assert not path.exists()


def test_a_living_gits_lock_stays_and_fails_no_commit(archive: GitArchive, night: Night) -> None:
    night({"sw1": "a\n"})
    lock = archive.folder / ".git" / "index.lock"
    lock.touch()
    os.utime(lock, (1_700_000_000, 1_700_000_000))
    with subprocess.Popen(
        ["git", "hash-object", "--stdin"],
        cwd=archive.folder, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
    ) as person:  # fmt: skip
        comm = Path(f"/proc/{person.pid}/comm")
        while not comm.read_text().startswith("git"):  # its name comes a little after its start
            time.sleep(0.01)
        night({"sw1": "b\n"})
        assert lock.exists()
        assert archive.read("sw1") == "b\n"
        assert person.stdin is not None
        person.stdin.close()
    night({"sw1": "b\n"})
    assert (archive.folder / "sw1.cfg").read_text() == "b\n"


@pytest.mark.parametrize("words", ["fast-import", ""])
def test_a_dead_imports_keep_is_removed(archive: GitArchive, night: Night, words: str) -> None:
    """A full disk leaves it behind; the same commit again could not be written."""
    first = night({"sw1": "a\n"})
    pack = next((archive.folder / ".git/objects/pack").glob("*.pack"))
    keep = pack.with_suffix(".keep")
    keep.write_text(words)
    os.utime(keep, (1_700_000_000, 1_700_000_000))
    (archive.folder / ".git/refs/heads/main").unlink()  # as where the import died
    shutil.rmtree(archive.folder / ".git/logs")
    assert night({"sw1": "a\n"}) == first
    assert not keep.exists()
    mine = pack.with_suffix(".keep")
    mine.write_text("kept by hand\n")
    os.utime(mine, (1_700_000_000, 1_700_000_000))
    night({"sw1": "b\n"})
    assert mine.exists()


def test_a_locked_branch_is_said(archive: GitArchive, night: Night) -> None:
    first = night({"sw1": "a\n"})
    lock = archive.folder / ".git" / "refs/heads/main.lock"
    lock.touch()  # younger than this process: perhaps somebody's
    with pytest.raises(FailedError, match="another git"):
        night({"sw1": "b\n"})
    lock.unlink(missing_ok=True)
    assert night({"sw1": "a\n"}) == first


def test_what_people_do_in_the_checkout_is_undone(
    archive: GitArchive, night: Night, git: Git
) -> None:
    first = night({"sw1": "a\n", "sw2": "b\n"})
    second = night({"sw1": "A\n"})
    git("checkout", "-q", first)
    (archive.folder / "sw2.cfg").write_text("edited\n")
    assert archive.read("sw1") == "A\n"
    assert night({"sw1": "A\n"}) == second
    assert (archive.folder / "sw1.cfg").read_text() == "A\n"
    assert (archive.folder / "sw2.cfg").read_text() == "b\n"
    assert git("status", "--porcelain", "--branch").strip() == "## main"


def test_a_broken_index_is_made_again(archive: GitArchive, night: Night) -> None:
    night({"sw1": "a\n"})
    (archive.folder / ".git" / "index").write_bytes(b"garbage")
    night({"sw1": "b\n"})
    assert (archive.folder / "sw1.cfg").read_text() == "b\n"
    assert archive.check() == []


def test_an_init_that_was_killed_is_done_again(archive: GitArchive, night: Night) -> None:
    (archive.folder / ".git" / "refs").mkdir(parents=True)
    assert archive.check() != []
    night({"sw1": "a\n"})
    assert archive.check() == []


def _spoil_ref(git_dir: Path) -> None:
    (git_dir / "refs/heads/main").write_text("garbage\n")


def _drop_ref(git_dir: Path) -> None:
    (git_dir / "refs/heads/main").unlink()


def _wrong_ref(git_dir: Path) -> None:
    (git_dir / "refs/heads/main").write_text("1" * 40 + "\n")


def _spoil_head(git_dir: Path) -> None:
    (git_dir / "HEAD").write_text("garbage\n")


def _drop_head(git_dir: Path) -> None:
    (git_dir / "HEAD").unlink()


def _spoil_config(git_dir: Path) -> None:
    (git_dir / "config").write_text("[[[\n")


def _drop_objects(git_dir: Path) -> None:
    for path in git_dir.glob("objects/pack/*"):
        path.unlink()


@pytest.mark.parametrize(
    "spoil",
    [_spoil_ref, _drop_ref, _wrong_ref, _spoil_head, _drop_head, _spoil_config, _drop_objects],
)
def test_a_damaged_repository_is_named_and_not_touched(
    archive: GitArchive, night: Night, spoil: Callable[[Path], None]
) -> None:
    night({"sw1": "a\n"})
    spoil(archive.folder / ".git")
    for attempt in (
        lambda: night({"sw1": "b\n"}),
        lambda: archive.read("sw1"),
        lambda: list(archive.anchors()),
        lambda: list(archive.grep("a")),
    ):
        with pytest.raises(IntegrityError) as caught:
            attempt()
        assert str(archive.folder) in str(caught.value)
        assert "move the folder aside" in str(caught.value)
        assert "移走" in caught.value.say("zh")
    complaints = archive.check()
    assert complaints
    assert str(archive.folder) in complaints[0]
    archive.folder.rename(archive.folder.with_name("damaged"))  # what the message advises
    night({"sw1": "b\n"})
    assert archive.check() == []


def test_check_names_the_damaged_file(archive: GitArchive, night: Night, git: Git) -> None:
    night({"sw1": "a\n" * 500, "sw2": "b\n"})
    git("repack", "-adq")
    blob = git("rev-parse", "main:sw1.cfg").strip()
    pack = next((archive.folder / ".git/objects/pack").glob("*.pack"))
    aside = archive.folder.parent / "aside.pack"
    pack.rename(aside)
    for path in pack.parent.iterdir():
        path.unlink()
    subprocess.run(
        ["git", "unpack-objects", "-q"], cwd=archive.folder, stdin=aside.open("rb"), check=True
    )
    loose = archive.folder / ".git/objects" / blob[:2] / blob[2:]
    whole = loose.read_bytes()
    loose.chmod(0o600)

    loose.write_bytes(whole[:-6] + bytes([whole[-6] ^ 1]) + whole[-5:])
    assert any(blob in line for line in archive.check())
    with pytest.raises(IntegrityError, match="damaged"):
        archive.read("sw1")
    assert archive.read("sw2") == "b\n"

    loose.unlink()
    assert any("sw1.cfg" in line for line in archive.check())

    loose.write_bytes(whole)
    assert archive.check() == []


def test_a_flipped_byte_in_a_pack_does_not_pass(archive: GitArchive, night: Night) -> None:
    night({"sw1": "a\n" * 500, "sw2": "b\n"})
    pack = next((archive.folder / ".git/objects/pack").glob("*.pack"))
    pack.chmod(0o600)
    data = bytearray(pack.read_bytes())
    data[len(data) // 2] ^= 4
    pack.write_bytes(data)
    assert archive.check() != []


def test_a_file_where_the_folder_should_be(archive: GitArchive, night: Night) -> None:
    archive.folder.parent.mkdir(parents=True)
    archive.folder.write_text("in the way")
    with pytest.raises(FailedError) as caught:
        night({"sw1": "a\n"})
    assert str(archive.folder) in str(caught.value)


def test_a_read_only_folder(archive: GitArchive, night: Night) -> None:
    night({"sw1": "a\n"})
    pack = archive.folder / ".git" / "objects" / "pack"
    pack.chmod(0o500)
    if os.access(pack, os.W_OK):
        pytest.skip("permission bits do not bind root")
    try:
        with pytest.raises(FailedError, match="not allowed"):
            night({"sw1": "b\n"})
    finally:
        pack.chmod(0o700)
    assert archive.read("sw1") == "a\n"


def test_a_full_disk_keeps_the_old_commit(small_disk: Path) -> None:
    archive = GitArchive(small_disk / "default", "default")
    night = Night(archive)
    first = night({"sw1": "a\n"})
    noise = random.Random(1)
    big = {f"sw{n}": noise.randbytes(60_000).hex() for n in range(8)}
    with pytest.raises(FailedError) as caught:
        night(big)
    assert caught.value.key == "archive.full"
    assert archive.check() == []
    assert night({"sw1": "a\n"}) == first
    assert night({"sw1": "b\n"}) != first  # what was written in vain takes no room
    assert archive.check() == []
