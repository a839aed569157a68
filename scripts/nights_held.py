"""What must hold of an estate's records, however a night ended.

Used by ``kill_nights.py`` and by the end-to-end tests of faults.
"""

from __future__ import annotations

import collections
import itertools
from collections.abc import Collection, Iterator
from pathlib import Path

from weibao.domain.records import ConfigVersion, RunState
from weibao.domain.texts import decode
from weibao.services.parts import Parts
from weibao.services.recover import redacted_texts
from weibao.services.versions import full_text

__all__ = ["Broken", "check_folder", "check_records", "hold"]

_NEWEST = 3
"""So many versions of each device are opened; all of them are counted."""

_LEFT = (
    "runs/*/redacted",
    "runs/*/bundle/blobs",
    "runs/**/ansible/env",
    "runs/**/ansible/artifacts/*/command",
    "runs/*/ahead-*",
    "changes/*/*/bundle/blobs",
    "changes/**/ansible/env",
    "changes/**/ansible/artifacts/*/command",
    "contracts/*/archive/.git/**/*.lock",
    "contracts/*/archive/.git/objects/pack/tmp_*",
    "contracts/*/archive/.git/objects/??/tmp_*",
    "contracts/*/archive/.git/fast_import_crash_*",
    "locks/*.holder",
)


class Broken(AssertionError):
    """Something that must hold does not."""


def hold(true: object, words: str) -> None:
    """Raise Broken unless ``true``."""
    if not true:
        raise Broken(words)


def check_records(parts: Parts, names: Collection[str]) -> None:
    """Runs, outcomes, versions, archive and texts say the same; none is lost or double.

    ``names`` are the devices that every run was to reach.
    """
    journal = parts.journal
    for run in journal.runs(limit=1_000_000):
        found = [target.device for target in journal.targets(run.id)]
        hold(run.state is not RunState.running, f"{run.id} is still running")
        hold(sorted(found) == sorted(names), f"{run.id}: outcomes of {found}")
        if run.state is RunState.interrupted:
            codes = {finding.code.value for finding in journal.findings(run.id)}
            hold("interrupted_run" in codes, f"{run.id}: not said to be interrupted")
    hold(not journal.uncommitted_versions(), "versions without a commit")
    for device, versions in _by_device(parts).items():
        numbers = [version.number for version in versions]
        hold(numbers == list(range(1, len(numbers) + 1)), f"{device}: versions {numbers}")
        for one, other in itertools.pairwise(versions):
            again = one.content_sha256 == other.content_sha256
            hold(not again, f"{device}: version {other.number} is {one.number} again")
        for version in versions[-_NEWEST:]:
            _check_version(parts, version)
        _check_newest(parts, versions[-1])


def _by_device(parts: Parts) -> dict[str, list[ConfigVersion]]:
    found: dict[str, list[ConfigVersion]] = collections.defaultdict(list)
    for version in parts.journal.all_versions():
        found[version.device].append(version)
    return found


def _check_version(parts: Parts, version: ConfigVersion) -> None:
    key = (version.contract, version.device, version.number)
    text = decode(full_text(parts, version), parts.platforms[version.platform].encodings)
    hold(text.strip(), f"{key}: empty")
    kept = parts.archive(version.contract).read(version.device, version.commit)
    hold(kept == redacted_texts(parts, [version])[key], f"{key}: archive and text differ")


def _check_newest(parts: Parts, version: ConfigVersion) -> None:
    archive = parts.archive(version.contract)
    kept = archive.read(version.device, version.commit)
    hold(archive.read(version.device) == kept, f"{version.device}: main is not the newest")
    shown = Path(parts.runs.parent / "contracts" / version.contract / "archive")
    found = (shown / f"{version.device}.cfg").read_bytes().decode("utf-8", "surrogateescape")
    hold(found == kept, f"{version.device}: the checkout is not the newest")


def check_folder(base: Path, state: Path, secrets: Collection[str], but: Collection[Path]) -> None:
    """No temporary file and no plain text lies about below ``base``.

    ``secrets`` stand in no file; ``but`` are places where they may.
    """
    left = [*base.rglob(".*.weibao-tmp"), *itertools.chain(*map(state.glob, _LEFT))]
    hold(not left, f"left behind: {[str(path.relative_to(base)) for path in left]}")
    for path in _files(base, but):
        data = path.read_bytes()
        for secret in secrets:
            hold(secret.encode() not in data, f"plain text in {path.relative_to(base)}")


def _files(base: Path, but: Collection[Path]) -> Iterator[Path]:
    for path in base.rglob("*"):
        allowed = any(path.is_relative_to(place) for place in but)
        if path.is_file() and not path.is_symlink() and not allowed:
            yield path
