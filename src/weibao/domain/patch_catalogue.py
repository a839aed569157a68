"""Which updates assets lack, since when, and what is recommended (PAT-01, PAT-17, PAT-18)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Literal

from pydantic import Field

from weibao.domain.base import Moment, Value
from weibao.domain.patch import PackageChange, PatchStatus

__all__ = ["CatalogueAsset", "CatalogueEntry", "VendorNotice", "catalogue", "in_order", "noticed"]


class VendorNotice(Value):
    """A vendor's notice of an update or patch: of device software, firmware, third-party or
    application software, which no package manager lists (PAT-01, PAT-17)."""

    schema_version: int = 1
    vendor: str = ""
    product: str = Field(min_length=1)
    version: str = Field(min_length=1)
    """The version that is to be had."""
    found_on: date
    """When it was found."""
    security: bool = False
    advisory: str = ""
    """The vendor's number of it, or its CVE."""
    source: str = ""
    """Where it was found: an address, a mail, a meeting."""
    affects: str = Field(min_length=1)
    """The assets that it concerns: a pattern of Ansible's inventory."""
    installed: dict[str, str] = {}
    """By host, the version that it has, where it is known."""
    recommendation: dict[str, str] = {}
    """What to do, by language; without it: soon where it is for security, else the next window."""
    done_on: date | None = None
    """When it was dealt with: installed, or decided against. Then it is no longer listed."""


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
    """Where it is to be had, as the package manager or a vendor's notice says."""
    security: bool = False
    advisory: str = ""
    found_at: Moment
    """When an asset was first found to lack it."""
    assets: tuple[CatalogueAsset, ...]
    vendor: str = ""
    """Of a vendor's notice."""
    advice: dict[str, str] = {}
    """What to do, by language, where a vendor's notice says it."""

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
            asset = CatalogueAsset(device=checked[0].device, installed=package.now, since=since)
            lacking.setdefault(key, []).append((package, asset))
    return in_order(_entry(found) for found in lacking.values())


def in_order(entries: Iterable[CatalogueEntry]) -> tuple[CatalogueEntry, ...]:
    """Security first, then the newest."""
    by_name = sorted(entries, key=lambda e: (e.product, e.version))
    return tuple(sorted(by_name, key=lambda e: (e.security, e.found_at), reverse=True))


def noticed(notice: VendorNotice, devices: Iterable[str], at: datetime) -> CatalogueEntry:
    """The entry of a notice that concerns ``devices``, found ``at``."""
    return CatalogueEntry(
        product=notice.product,
        version=notice.version,
        vendor=notice.vendor,
        source=notice.source,
        security=notice.security,
        advisory=notice.advisory,
        found_at=at,
        assets=tuple(
            CatalogueAsset(device=device, installed=notice.installed.get(device, ""), since=at)
            for device in sorted(devices)
        ),
        advice=notice.recommendation,
    )


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
