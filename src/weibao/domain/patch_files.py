"""Which configuration files the way back puts back, and which are somebody's work since.

Fingerprints by path, as the hosts tell them: of files, links and folders.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["as_begun", "changed_files", "differences", "new_files", "their_files"]

Prints = Mapping[str, str]

_VOLATILE = re.compile(
    r"/etc/(ld\.so\.cache|mtab|adjtime|resolv\.conf|machine-id|\.pwd\.lock|\.updated)|.*~"
)
"""What changes by itself."""
_BESIDE = re.compile(r".*(\.(dpkg|ucf)-(dist|new|old)|\.rpm(new|save|orig))")
"""What lies beside the file that counts."""
_ACCOUNTS = re.compile(r"/etc/(passwd|shadow|group|gshadow|subuid|subgid)-?")
"""Passwords and accounts of people: the state of yesterday would lock them out."""
_FOLDER = "folder:"


def changed_files(before: Prints, after: Prints) -> tuple[str, ...]:
    """Files and folders that are not as they were, gone ones too; passing ones left out."""
    return tuple(
        sorted(
            path
            for path, known in before.items()
            if after.get(path) != known
            and not _VOLATILE.fullmatch(path)
            and not _BESIDE.fullmatch(path)
        )
    )


def new_files(before: Prints, after: Prints) -> tuple[str, ...]:
    """Files and folders that were not there; what packages laid beside others too."""
    folders = any(known.startswith(_FOLDER) for known in before.values())
    return tuple(
        sorted(
            path
            for path, known in after.items()
            if path not in before
            and not _VOLATILE.fullmatch(path)
            and (folders or not known.startswith(_FOLDER))
        )
    )


def as_begun(before: Prints, started: Prints) -> dict[str, str]:
    """What the host was when the patch began: ``started`` is what had changed since the backup."""
    found = {**before, **started}
    return {path: known for path, known in found.items() if known}


def differences(before: Prints, now: Prints) -> dict[str, str]:
    """By path what is there now in the place of what was; empty where it is gone."""
    paths = (*changed_files(before, now), *new_files(before, now))
    return {path: now.get(path, "") for path in paths}


def their_files(
    before: Prints,
    started: Prints,
    settled: Prints | None,
    now: Prints,
    *,
    is_late: bool = False,
) -> dict[str, str]:
    """What is not as it was and is not the patch's work: people's, or other programs'.

    ``started`` and ``settled`` are the differences when the patch began, and when the host was
    found well after it; None where it never was, so that all since then is taken for its work,
    but for accounts and passwords where people have had time to change them (``is_late``).
    """
    found = set()
    for path, known in differences(before, now).items():
        if settled is None:
            theirs = started.get(path) == known or (is_late and bool(_ACCOUNTS.fullmatch(path)))
        else:
            patched = path in settled and settled[path] != started.get(path)
            since = settled.get(path) != known
            theirs = not patched or (since and bool(_ACCOUNTS.fullmatch(path)))
        if theirs:
            found.add(path)
    # A new folder that holds what is theirs stays as well.
    new = [path for path in new_files(before, now) if now[path].startswith(_FOLDER)]
    found |= {
        path for path in new if any(one.startswith(path + "/") and now.get(one) for one in found)
    }
    return {path: now.get(path, "") for path in sorted(found)}
