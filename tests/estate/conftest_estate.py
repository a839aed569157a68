"""What the tests of this folder share."""

from __future__ import annotations

import os
import shutil

import pytest

__all__ = ["clean_env", "needs_program"]


def clean_env(**more: str) -> dict[str, str]:
    """The environment without what a developer's shell says to Ansible."""
    return {k: v for k, v in os.environ.items() if not k.startswith("ANSIBLE_")} | more


def needs_program(name: str) -> pytest.MarkDecorator:
    """Skip where a program is missing, but never in the gate (CI=true)."""
    missing = shutil.which(name) is None and os.environ.get("CI") != "true"
    return pytest.mark.skipif(missing, reason=f"{name} is not installed")
