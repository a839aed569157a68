"""What the tests of this folder share."""

from __future__ import annotations

import os

__all__ = ["clean_env"]


def clean_env(**more: str) -> dict[str, str]:
    """The environment without what a developer's shell says to Ansible."""
    return {k: v for k, v in os.environ.items() if not k.startswith("ANSIBLE_")} | more
