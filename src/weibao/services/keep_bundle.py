"""Taking what a playbook left in its run's folder into the evidence."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path

from weibao.boundary import Bundle, OutcomeBatch
from weibao.domain.collection import DeviceCollection
from weibao.domain.records import EvidenceRecord, Run
from weibao.errors import IntegrityError
from weibao.services.parts import Parts

__all__ = ["adopted", "keep_bundle"]


def adopted(
    parts: Parts, run: Run, bundle: Bundle, entry: DeviceCollection
) -> Iterator[tuple[EvidenceRecord, bytes]]:
    """Take each piece of an entry into the evidence: its record, not recorded yet, and its bytes.

    Raises:
        IntegrityError: a piece is missing or damaged.
        FailedError: the evidence cannot be written.
    """
    for item in entry.items:
        sealed = functools.partial(bundle.sealed, item.sha256)
        data, stored = parts.evidence.adopt(entry.contract, item.sha256, sealed)
        record = EvidenceRecord(
            contract=entry.contract,
            sha256=item.sha256,
            stored_sha256=stored,
            size=item.size,
            device=entry.device,
            kind=item.kind.value,
            command=item.command,
            run_id=run.id,
            collected_at=item.collected_at,
            note="encrypted",
        )
        yield record, data


def keep_bundle(
    parts: Parts,
    run: Run,
    folder: Path,
    take: Callable[[DeviceCollection, bytes], None] = lambda _entry, _data: None,
) -> dict[str, tuple[str, ...]]:
    """Keep all pieces of the bundle in ``folder``; by device their names.

    ``take`` is handed each piece in clear. A folder without a bundle keeps nothing.

    Raises:
        IntegrityError: the bundle is damaged.
        FailedError: evidence or journal cannot be written.
    """
    with parts.bundle_lock(folder):
        bundle = parts.bundle(folder / "bundle")
        records: list[EvidenceRecord] = []
        kept: dict[str, tuple[str, ...]] = {}
        try:
            for entry in bundle.entries():
                for record, data in adopted(parts, run, bundle, entry):
                    take(entry, data)
                    records.append(record)
                    kept[entry.device] = (*kept.get(entry.device, ()), record.sha256)
        except IntegrityError:
            if bundle.begun:
                raise
        parts.journal.record(run.id, OutcomeBatch(evidence=tuple(records)), run.actor)
        bundle.discard_blobs()
    return kept
