"""What ``weibao.core.read_linux`` says of a host, as values; unknown fields are passed over."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

from pydantic import BaseModel, ConfigDict

from weibao.domain.patch import Leftovers, Probe, Versions, versions_of

__all__ = ["Facts", "Said", "unpack"]

_LIMIT = 64 << 20
"""Bytes of facts; more than that no host has."""


class _Open(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Said(_Open):
    """What a command said."""

    rc: int = 0
    out: str = ""
    err: str = ""


class System(_Open):
    """Operating system and present start."""

    id: str = ""
    name: str = ""
    version: str = ""
    level: str = ""
    kernel: str = ""
    kernels: tuple[str, ...] = ()
    container: str = ""
    boot_id: str = ""
    uptime: float = 0
    systemd: bool = False


class Clock(_Open):
    """The host's time beside the controller's when it was asked."""

    host: float = 0
    asked: float = 0
    synchronised: str = ""


class Reboot(_Open):
    """Whether the host says that it wants one."""

    required: bool = False
    packages: tuple[str, ...] = ()


class Refresh(_Open):
    """How fetching the package lists ended."""

    rc: int = 0
    error: str = ""


class Updates(_Open):
    """What there is to be had, in the package manager's own words."""

    upgrade: Said | None = None
    full: Said | None = None
    sources: Said | None = None
    """Which versions there are, and from where."""
    dnf: dict[str, Any] | None = None


class Running(_Open):
    """What a service runs."""

    packages: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    started: float | None = None
    owner: str = ""
    """The package that brings its unit file."""


class Units(_Open):
    """systemd's services."""

    failed: tuple[str, ...] = ()
    active: tuple[str, ...] = ()
    known: bool = False
    starts: dict[str, tuple[int, float]] = {}
    """Of services that systemd starts again: how often it did, and seconds since it started."""


class Line(_Open):
    """A severe log line."""

    unit: str = ""
    priority: int = 3
    message: str = ""


class Disk(_Open):
    """A file system."""

    free: int = 0
    total: int = 0
    inodes: int = 0
    """Free ones."""
    all_inodes: int = 0
    """0 where the file system has no such limit."""
    device: int = 0


class Facts(_Open):
    """Everything that was read; a part that was not asked for is None."""

    manager: str = ""
    clock: Clock = Clock()
    system: System = System()
    reboot: Reboot = Reboot()
    lock: str = ""
    refresh: Refresh = Refresh()
    packages: tuple[tuple[str, str, str], ...] | None = None
    unfinished: tuple[tuple[str, str, str], ...] = ()
    """Packages that are there, but not whole: unpacked, or their configuring failed."""
    residual: tuple[tuple[str, str], ...] = ()
    """Name and architecture of what is removed, but has left its configuration and data (dpkg)."""
    held: tuple[str, ...] = ()
    auto: tuple[tuple[str, str], ...] = ()
    """Name and architecture of what came by itself (apt), and goes with what needed it."""
    broken: str = ""
    last_patched: float = 0
    leftovers: Leftovers = {}
    updates: Updates | None = None
    services: dict[str, Running] | None = None
    units: Units | None = None
    probes: tuple[Probe, ...] = ()
    listening: tuple[str, ...] = ()
    log: tuple[Line, ...] | None = ()
    """None where the journal could not be read, which is not the same as no lines."""
    log_cut: bool = False
    """There were more different lines than are read."""
    disks: dict[str, Disk] = {}
    files: dict[str, str] | None = None

    @property
    def versions(self) -> Versions:
        """What is installed, by name and by name and architecture."""
        return versions_of(self.packages or ())


def unpack(packed: str) -> Facts:
    """The facts of a module's result.

    Raises:
        ValueError: it is not what the module writes.
    """
    try:
        reader = zlib.decompressobj()
        data = reader.decompress(base64.b64decode(packed, validate=True), _LIMIT)
        return Facts.model_validate(json.loads(data))
    except (zlib.error, TypeError) as error:
        raise ValueError(str(error)) from error
