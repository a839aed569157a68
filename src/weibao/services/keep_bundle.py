"""Taking what a playbook left in its run's folder into the evidence."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

from weibao.boundary import OutcomeBatch
from weibao.domain.collection import DeviceCollection
from weibao.domain.records import EvidenceRecord, Run
from weibao.errors import IntegrityError
from weibao.services.parts import Parts

__all__ = ["keep_bundle"]


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
                for item in entry.items:
                    sealed = functools.partial(bundle.sealed, item.sha256)
                    data, stored = parts.evidence.adopt(entry.contract, item.sha256, sealed)
                    take(entry, data)
                    records.append(
                        EvidenceRecord(
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
                    )
                    kept[entry.device] = (*kept.get(entry.device, ()), item.sha256)
        except IntegrityError:
            if bundle.begun:
                raise
        parts.journal.record(run.id, OutcomeBatch(evidence=tuple(records)), run.actor)
        bundle.discard_blobs()
    return kept
