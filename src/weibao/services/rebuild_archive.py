"""A lost archive, made again from the encrypted full texts and the journal."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime

from weibao.domain.records import ConfigVersion
from weibao.errors import RefusedError
from weibao.services.ingest import commit_versions
from weibao.services.parts import Parts
from weibao.services.recover import by_run, redacted_texts

__all__ = ["rebuild_archive"]

_ALL = 1_000_000_000


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
    versions.sort(key=_order(parts, versions))
    for group in by_run(versions):
        run = parts.journal.run(group[0].run_id)
        if run is not None:
            commit_versions(parts, run, group, redacted_texts(parts, group), rebuilt=True)
    payload = json.dumps({"versions": len(versions)}, sort_keys=True, separators=(",", ":"))
    subject = f"archive/{contract}"
    parts.journal.append(parts.clock.now(), actor, "archive.rebuilt", subject, payload)
    return len(versions)


def _order(
    parts: Parts, versions: list[ConfigVersion]
) -> Callable[[ConfigVersion], tuple[int, datetime, str]]:
    """The order of the runs in the ledger; by time where another site made some of them.

    Times alone do not tell: a clock may have been set back in between.
    """
    opened = {
        json.loads(row.payload)["id"]: row.sequence
        for row in parts.journal.ledger_of("run.opened", _ALL)
    }
    known = all(version.run_id in opened for version in versions)
    return lambda v: (opened[v.run_id] if known else 0, v.collected_at, v.device)
