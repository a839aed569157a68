"""What the tests of the archive share: a key ring, a ledger head, real programs."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from weibao.adapters.archive import GitArchive

from .helping import Night, OneKey, need


@pytest.fixture
def archive(tmp_path: Path) -> GitArchive:
    need("git")
    return GitArchive(tmp_path / "archive" / "default", "default")


@pytest.fixture
def night(archive: GitArchive) -> Night:
    return Night(archive)


@pytest.fixture
def git(archive: GitArchive) -> Callable[..., str]:
    """The user's own git in the archive's folder."""

    def run(*arguments: str, folder: Path = archive.folder) -> str:
        done = subprocess.run(
            ["git", "-c", "core.quotePath=false", *arguments],
            cwd=folder, check=True, capture_output=True,
        )  # fmt: skip
        return done.stdout.decode()

    return run


@pytest.fixture
def keys(tmp_path: Path) -> OneKey:
    return OneKey(tmp_path / "default.key")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB; needs root."""
    place = tmp_path / "small"
    place.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", str(place)])
    if made.returncode:
        pytest.skip("cannot mount a small file system here (needs root)")
    yield place
    subprocess.run(["umount", str(place)], check=True)
