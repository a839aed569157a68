"""An estate's change control, wired."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from weibao.adapters.left_running import left_running
from weibao.adapters.ssh_signatures import SshSignatures
from weibao.bootstrap.workshop import later
from weibao.errors import InputError
from weibao.services.changes.desk import STARTING, Desk
from weibao.services.parts import Parts

if TYPE_CHECKING:
    from weibao.bootstrap.workshop import Workshop
    from weibao.boundary.changes import DigestSource
    from weibao.services.ports.port_parts import PortParts

__all__ = ["open_desk"]

_PATIENCE = {"run.lock": 600.0, STARTING: 60.0}
"""Seconds for which a lock of that name is waited for: a night may be going on."""


def open_desk(workshop: Workshop) -> Desk:
    """The desk of an estate."""
    parts = workshop.parts()
    return Desk(
        parts=parts,
        records=workshop.journal,
        signatures=SshSignatures(workshop.estate.folder / "contracts"),
        digests=later(lambda: _digests(workshop)),
        hold=lambda name, what: workshop.lock_named(name, what, _PATIENCE.get(name, 0.0)),
        read_text=_read_text,
        ports=functools.cache(lambda: _ports(workshop, parts)),
        left_running=left_running,
    )


def _digests(workshop: Workshop) -> DigestSource:
    from weibao.bootstrap.digests import digest_source  # list is quick without

    return digest_source(workshop)


def _ports(workshop: Workshop, parts: Parts) -> PortParts:
    from weibao.bootstrap.ports import port_parts

    return port_parts(workshop, parts)


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError("change.file", file=path, why=error.strerror) from error
    except UnicodeDecodeError as error:
        raise InputError("change.file", file=path, why="UTF-8?") from error
