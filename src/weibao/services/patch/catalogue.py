"""The catalogue of updates, from the journal's patch states (PAT-01)."""

from __future__ import annotations

import fnmatch
from datetime import datetime

from weibao.boundary.patch import PatchHistory
from weibao.domain.patch_catalogue import CatalogueEntry, catalogue
from weibao.errors import UncheckedError

__all__ = ["read_catalogue"]


def read_catalogue(
    history: PatchHistory,
    *,
    since: datetime | None = None,
    security: bool = False,
    product: str = "",
) -> tuple[tuple[CatalogueEntry, ...], tuple[str, ...]]:
    """The entries, and the hosts whose newest reading could not be checked.

    Of such a host the newest reading that was checked counts.

    Raises:
        UncheckedError: no host was ever read.
    """
    latest = history.latest_patch_states()
    if not latest:
        raise UncheckedError("patch.no_states")
    histories = [history.patch_states(state.device, state.contract) for state in latest]
    entries = tuple(
        entry
        for entry in catalogue(histories)
        if (since is None or entry.found_at >= since)
        and (entry.security or not security)
        and (not product or fnmatch.fnmatchcase(entry.product, product))
    )
    return entries, tuple(state.device for state in latest if not state.checked)
