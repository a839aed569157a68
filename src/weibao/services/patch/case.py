"""One host at one stage of patching, and what is found of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from weibao.boundary.patch import PatchRecords
from weibao.domain.patch import HostPlan, PatchWishes
from weibao.domain.patch_facts import Facts
from weibao.domain.reasons import Reason

__all__ = ["FOLDER", "Case", "Judged", "Stage", "kept_place"]

FOLDER = "/var/lib/weibao/patch"
"""On the hosts: below it a folder for each change."""


def kept_place(change: str, kind: str, at: str = "") -> str:
    """On the hosts: where files are kept; those of each time, ``at``, apart."""
    stamp = "".join(c for c in at.partition(".")[0] if c.isalnum())
    return f"{FOLDER}/{change}/{kind}" + (f"-{stamp}" if stamp else "")


@dataclass(frozen=True)
class Case:
    """One host at one stage."""

    device: str
    change: str
    now: datetime
    wishes: PatchWishes
    facts: Facts
    said: Mapping[str, Mapping[str, Any]]
    """What other tasks of the host returned, by their short name."""
    plan: HostPlan | None
    """As it was approved."""
    records: PatchRecords
    supplied: str = ""
    """The folder of the customer's package files, on the controller."""


@dataclass(frozen=True)
class Judged:
    """What became of a host, and what to do with it next."""

    why: tuple[Reason, ...] = ()
    """What stands against it; empty where it is well."""
    changed: bool = False
    difference: str = ""
    plan: HostPlan | None = None
    order: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[Reason, ...] = ()
    """Worth knowing, and no harm."""

    @property
    def ok(self) -> bool:
        """Whether nothing stands against it."""
        return not self.why


Stage = Callable[[Case], Judged]
