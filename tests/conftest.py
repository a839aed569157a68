"""What every test stands on: nothing of the user's own Ansible, and a umask that stays."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# What is asserted is never how fast a busy machine is.
settings.register_profile("weibao", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("weibao")


@pytest.fixture(autouse=True, scope="session")
def _ansible_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """An older weibao.core in ``~/.ansible`` would be found before this one."""
    before = os.environ.get("ANSIBLE_HOME")
    os.environ["ANSIBLE_HOME"] = str(tmp_path_factory.mktemp("ansible"))
    yield
    if before is None:
        del os.environ["ANSIBLE_HOME"]
    else:
        os.environ["ANSIBLE_HOME"] = before


@pytest.fixture(autouse=True)
def _umask() -> Iterator[None]:
    """The command called in this process makes all it writes private."""
    before = os.umask(0o022)
    os.umask(before)
    yield
    os.umask(before)
