"""The differences of many devices with a few git commands instead of some for each.

A night's commit is compared with the one before it once, for all files. That gives a device's
difference exactly where the file was the same in the earlier commit that was asked for as in
the one before: where git has the same blob in both. What is other is left out here.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable

from weibao.adapters.archive._git import Git, text

__all__ = ["PATCH", "common_diffs"]

PATCH = (
    "diff-tree", "-r", "-p", "--text", "--no-color", "--no-renames", "--no-ext-diff",
    "--no-textconv", "--src-prefix=a/", "--dst-prefix=b/",
)  # fmt: skip
_START = b"diff --git "


def common_diffs(git: Git, new: str, wanted: Iterable[tuple[bytes, str]]) -> dict[bytes, str]:
    """By path the difference from an older commit to ``new``, of the paths that allow it.

    ``wanted`` has paths, each with its older commit. Empty where ``new`` has no parent or git
    says anything unexpected.
    """
    asked = dict(wanted)
    between = f"{new}^", new, "--", *map(text, asked)
    raw = git.run("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", *between)
    patch = git.run(*PATCH, *between)
    entries = _entries(raw.out)
    patches = _patches(patch.out)
    if raw.code or patch.code or len(entries) != len(patches):
        return {}
    found = dict(zip(entries, patches, strict=True))
    paths = [path for path in asked if path in entries]
    blobs = _blobs(git, [asked[path].encode() + b":" + path for path in paths])
    same = zip(paths, blobs, strict=True)
    return {path: text(found[path]) for path, blob in same if blob == entries[path]}


def _entries(raw: bytes) -> dict[bytes, str]:
    """By path, in git's order, the blob before."""
    fields = raw.split(b"\0")
    return {
        path: what.split(b" ")[2].decode()
        for what, path in zip(fields[::2], fields[1::2], strict=False)
    }


def _patches(out: bytes) -> list[bytes]:
    """Each file's part: what a file holds never begins in the first column."""
    parts: list[list[bytes]] = []
    for line in out.removesuffix(b"\n").split(b"\n"):
        if line.startswith(_START):
            parts.append([])
        if parts:
            parts[-1].append(line + b"\n")
    return [b"".join(part) for part in parts]


def _blobs(git: Git, names: list[bytes]) -> list[str]:
    """What git calls each; empty where there is none."""
    with git.process("cat-file", "--batch-check=%(objectname)", stdin=subprocess.PIPE) as (
        process,
        _,
    ):
        out, _ = process.communicate(b"".join(name + b"\n" for name in names))
    found = out.decode("ascii", "replace").splitlines()
    found = ["" if " " in line else line for line in found]
    return found if len(found) == len(names) else [""] * len(names)
