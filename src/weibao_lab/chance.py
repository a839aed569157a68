"""Repeatable pseudo-random choices: the same device looks the same in every run."""

from __future__ import annotations

import random

__all__ = ["chance"]


def chance(*parts: object) -> random.Random:
    """A generator that depends on nothing but ``parts``."""
    return random.Random("/".join(map(str, parts)))  # noqa: S311 - made-up devices, no secrets
