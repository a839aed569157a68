"""Shared by the tests of change control."""

from __future__ import annotations

import os
import shutil

import pytest


@pytest.fixture(scope="session")
def ssh_keygen() -> str:
    found = shutil.which("ssh-keygen")
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail("ssh-keygen is missing")
        pytest.skip("ssh-keygen is missing")
    return found
