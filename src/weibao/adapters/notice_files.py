"""Vendors' notices of updates: ``notices/<name>.yml`` of the estate (PAT-01)."""

from __future__ import annotations

from pathlib import Path

from weibao.adapters.yaml_lines import read_model
from weibao.domain.patch_catalogue import VendorNotice

__all__ = ["read_notices"]


def read_notices(estate: Path) -> dict[str, VendorNotice]:
    """Those that are not dealt with, by the file's name as messages say it.

    Raises:
        InputError: a file is wrong, or cannot be read.
    """
    found = {
        f"notices/{path.name}": read_model(VendorNotice, path, f"notices/{path.name}")
        for path in sorted((estate / "notices").glob("*.yml"))
    }
    return {name: notice for name, notice in found.items() if notice.done_on is None}
