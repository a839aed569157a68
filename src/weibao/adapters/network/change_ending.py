"""How a step ended on one device, before it becomes an outcome."""

from __future__ import annotations

from dataclasses import dataclass, field

from weibao.domain.change_outcome import ChangeResult
from weibao.domain.change_rules import Safety
from weibao.domain.difference import Difference
from weibao.domain.reasons import Reason

__all__ = ["Ending"]


@dataclass
class Ending:
    """Holds device texts: never printed."""

    result: ChangeResult
    reason: Reason | None = None
    by_hand: Reason | None = None
    difference: Difference | None = None
    commands: tuple[str, ...] = ()
    as_foretold: bool | None = None
    unmet: tuple[str, ...] = ()
    saved: bool | None = None
    safety: Safety | None = None
    texts: dict[str, bytes] = field(default_factory=dict, repr=False)
    """By the kind of item: before, running, startup, meant."""
