"""What a report comes to in one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Level", "Verdict"]

Level = Literal["good", "attention", "incomplete"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How good it is, the sentence, and what else belongs in the first breath."""

    level: Level
    label: str
    sentence: str
    details: tuple[str, ...]
