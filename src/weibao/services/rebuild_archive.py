"""A lost archive, made again from the encrypted full texts and the journal."""

from __future__ import annotations

import json

from weibao.errors import RefusedError
from weibao.services.ingest import commit_versions
from weibao.services.parts import Parts
from weibao.services.recover import by_run, redacted_texts

__all__ = ["rebuild_archive"]


def rebuild_archive(parts: Parts, contract: str, actor: str) -> int:
    """Commit every version of ``contract`` again, run by run; how many versions.

    The archive must have been moved away first: nothing is overwritten.

    Raises:
        RefusedError: there is an archive.
        IntegrityError: a full text is missing or not what was recorded.
        UncheckedError: the key is missing.
    """
    if not parts.archive(contract).is_empty():
        raise RefusedError("backup.archive_there", contract=contract)
    versions = [v for v in parts.journal.all_versions() if v.contract == contract]
    versions.sort(key=lambda v: (v.collected_at, v.device))
    for group in by_run(versions):
        run = parts.journal.run(group[0].run_id)
        if run is not None:
            commit_versions(parts, run, group, redacted_texts(parts, group), rebuilt=True)
    payload = json.dumps({"versions": len(versions)}, sort_keys=True, separators=(",", ":"))
    subject = f"archive/{contract}"
    parts.journal.append(parts.clock.now(), actor, "archive.rebuilt", subject, payload)
    return len(versions)
