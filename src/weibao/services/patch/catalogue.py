"""The catalogue of updates, from the journal's patch states and vendors' notices (PAT-01)."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable
from datetime import datetime

from weibao.boundary.patch import PatchHistory
from weibao.domain.patch_catalogue import CatalogueEntry, catalogue, in_order
from weibao.errors import UncheckedError

__all__ = ["read_catalogue"]


def read_catalogue(
    history: PatchHistory,
    notices: Iterable[CatalogueEntry] = (),
    *,
    since: datetime | None = None,
    security: bool = False,
    product: str = "",
) -> tuple[tuple[CatalogueEntry, ...], tuple[str, ...]]:
    """The entries, and the hosts whose newest reading could not be checked (``*``: no host was
    ever read).

    Of such a host the newest reading that was checked counts.

    Raises:
        UncheckedError: no host was ever read, and no vendor's notice is known.
    """
    latest = history.latest_patch_states()
    noted = tuple(notices)
    if not latest and not noted:
        raise UncheckedError("patch.no_states")
    histories = [history.patch_states(state.device, state.contract) for state in latest]
    entries = tuple(
        entry
        for entry in in_order((*catalogue(histories), *noted))
        if (since is None or entry.found_at >= since)
        and (entry.security or not security)
        and (not product or fnmatch.fnmatchcase(entry.product, product))
    )
    unchecked = tuple(state.device for state in latest if not state.checked)
    return entries, unchecked if latest else ("*",)
