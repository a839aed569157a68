"""What would be run of an estate, as hashes, wired."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weibao.adapters.digest_source import FileDigestSource
from weibao.adapters.package_data import data_folder
from weibao.adapters.vault_values import opener

if TYPE_CHECKING:
    from weibao.bootstrap.workshop import Workshop

__all__ = ["digest_source"]


def digest_source(workshop: Workshop) -> FileDigestSource:
    """What would be run of an estate, as hashes."""
    estate = workshop.estate
    compiler = (
        workshop.inventory._compiler
    )  # its environment is Ansible's, with the estate's config
    return FileDigestSource(
        estate.folder,
        workshop.keys,
        functools.partial(_document, workshop),
        opened=opener(estate.folder, compiler.env, workshop.vault_options),
        runbooks=(estate.folder / "runbooks", data_folder("runbooks")),
    )


def _document(workshop: Workshop, sources: Sequence[str]) -> Mapping[str, Any]:
    """The compiled inventory; one that was compiled here already is only read."""
    if len(sources) == 1 and "," not in sources[0]:
        file = Path(sources[0])
        beside = (file.parent / "group_vars", file.parent / "host_vars")
        ours = file.parent == workshop.estate.cache and file.name.startswith("inventory-")
        if ours and not any(folder.exists() for folder in beside):
            document: dict[str, Any] = json.loads(file.read_bytes())
            return document
    return workshop.inventory.compile(tuple(sources)).document
