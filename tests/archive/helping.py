"""Parts that the tests of the archive use."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from weibao.adapters.archive import GitArchive
from weibao.domain.records import LedgerHead


class OneKey:
    """A key ring with one key in a file."""

    def __init__(self, file: Path, password: bytes = b"k3y-of-the-contract") -> None:
        self.file = file
        file.write_bytes(password + b"\n")

    def password(self, contract: str) -> bytes:
        return self.file.read_bytes().strip()

    def path(self, contract: str) -> str:
        return str(self.file)

    def create(self, contract: str) -> str:
        return str(self.file)


class Night:
    """Commits with everything but the texts given."""

    def __init__(self, archive: GitArchive) -> None:
        self.archive = archive

    def __call__(self, texts: dict[str, str], **change: str) -> str:
        given = {
            "run_id": "20260102-r1",
            "author": "ops@jump1",
            "subject": "nightly backup",
            "change_ref": "",
            "at": "2026-01-02T02:00:00+08:00",
        } | change
        head = LedgerHead(site="main", sequence=7, hash="ab" * 32)
        return self.archive.commit(texts, ledger=head, **given)


def need(program: str) -> str:
    """Its path; skips where it is missing, but never in CI."""
    beside = Path(sys.executable).parent / program
    found = str(beside) if beside.exists() else shutil.which(program)
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{program} is missing")
        pytest.skip(f"{program} is not installed")
    return found
