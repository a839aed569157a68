"""Which updates assets lack, since when, and what is recommended (PAT-01, PAT-18)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from weibao.domain.base import Moment, Value
from weibao.domain.patch import PackageChange, PatchStatus

__all__ = ["CatalogueAsset", "CatalogueEntry", "catalogue"]


class CatalogueAsset(Value):
    """An asset that lacks an update."""

    device: str
    installed: str
    """The version that it has."""
    since: Moment
    """When it was first found to lack it."""


class CatalogueEntry(Value):
    """One version of one product."""

    product: str
    version: str
    source: str = ""
    """Where it is to be had, as the package manager says."""
    security: bool = False
    advisory: str = ""
    found_at: Moment
    """When an asset was first found to lack it."""
    assets: tuple[CatalogueAsset, ...]

    @property
    def recommendation(self) -> Literal["soon", "next_window"]:
        """Security updates do not wait for the next planned window."""
        return "soon" if self.security else "next_window"


def catalogue(histories: Iterable[Sequence[PatchStatus]]) -> tuple[CatalogueEntry, ...]:
    """Of hosts' states, newest first each, what they lack now; security first, then the newest.

    An update counts as found when the host's readings first named this very version and have done
    so ever since; a reading that could not be checked says nothing either way.
    """
    lacking: dict[tuple[str, str], list[tuple[PackageChange, CatalogueAsset]]] = {}
    for states in histories:
        checked = [state for state in states if state.checked]
        for package in checked[0].missing if checked else ():
            key = package.name, package.version
            since = checked[0].at
            for state in checked[1:]:
                if key not in {(one.name, one.version) for one in state.missing}:
                    break
                since = state.at
            asset = CatalogueAsset(device=checked[0].device, installed=package.before, since=since)
            lacking.setdefault(key, []).append((package, asset))
    entries = [_entry(found) for found in lacking.values()]
    entries.sort(key=lambda e: (e.product, e.version))
    entries.sort(key=lambda e: (e.security, e.found_at), reverse=True)
    return tuple(entries)


def _entry(found: Sequence[tuple[PackageChange, CatalogueAsset]]) -> CatalogueEntry:
    packages = [package for package, _ in found]
    return CatalogueEntry(
        product=packages[0].name,
        version=packages[0].version,
        source=packages[0].source,
        security=any(package.security for package in packages),
        advisory=next((package.advisory for package in packages if package.advisory), ""),
        found_at=min(asset.since for _, asset in found),
        assets=tuple(sorted((asset for _, asset in found), key=lambda asset: asset.device)),
    )
