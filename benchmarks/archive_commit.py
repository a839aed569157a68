"""How long a night's commit takes: ``python benchmarks/archive_commit.py [DEVICES]``.

Prints seconds for the first night (every device new), a night without changes, one with one
device in a hundred changed, and for a look through all texts and a check of the repository;
then milliseconds for encrypting one text.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from weibao.adapters.archive import GitArchive
from weibao.adapters.vault_file import decrypt, encrypt
from weibao.domain.records import LedgerHead

LINES = 600


def configuration(chance: random.Random, device: int) -> str:
    """A text of about 20 kB."""
    lines = (
        f"interface GigabitEthernet0/0/{n}\n description to-{chance.randrange(10**9)}"
        for n in range(LINES // 2)
    )
    return f"sysname sw{device}\n" + "\n".join(lines) + "\nreturn\n"


def timed(what: str, act: Callable[[], object]) -> None:
    """Print how long ``act`` takes."""
    start = time.perf_counter()
    act()
    print(f"{what:<30} {time.perf_counter() - start:8.3f} s")


def main(devices: int) -> None:
    """Run it."""
    chance = random.Random(0)
    texts = {f"sw{n:05d}": configuration(chance, n) for n in range(devices)}
    size = sum(map(len, texts.values())) / 1e6
    print(f"{devices} devices, {size:.1f} MB")
    with tempfile.TemporaryDirectory() as folder:
        archive = GitArchive(Path(folder) / "default", "default")

        def night() -> str:
            head = LedgerHead(site="main", sequence=1, hash="00")
            return archive.commit(
                texts, run_id="r", author="", subject="night", change_ref="", ledger=head,
                at="2026-01-02T02:00:00+08:00",
            )  # fmt: skip

        timed("first night", night)
        timed("nothing changed", night)
        for device in list(texts)[::100]:
            texts[device] += "!\n"
        timed("1 in 100 changed", night)
        timed("grep", lambda: list(archive.grep("to-12345")))
        timed("check (git fsck --full)", archive.check)
    text = texts["sw00000"].encode()
    sealed = encrypt(text, b"key")
    timed("encrypt 100 texts", lambda: [encrypt(text, b"key") for _ in range(100)])
    timed("decrypt 100 texts", lambda: [decrypt(sealed, b"key") for _ in range(100)])


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
