"""Booted hosts for all tests of patching, with packages of our own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .booted import Booted
from .booted_flow import some_hosts
from .packages import Repository, stocked
from .patching import PatchFlow


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs booted hosts is end to end."""
    for item in items:
        if "lab" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Booted]:
    """Three hosts."""
    with some_hosts(tmp_path_factory, ["web1", "web2", "db1"]) as lab:
        yield lab


@pytest.fixture(scope="session")
def pool(lab: Booted) -> Iterator[Repository]:
    """The repository; the hosts have the first versions of all packages."""
    with stocked(lab) as repository:
        yield repository


@pytest.fixture
def flow(tmp_path: Path, lab: Booted, pool: Repository) -> Iterator[Callable[..., PatchFlow]]:
    """Makes an estate with some of the hosts, which are as new afterwards."""
    used: set[str] = set()

    def make(*names: str, **terms: object) -> PatchFlow:
        used.update(names)
        hosts = [lab.hosts[name] for name in names]
        return PatchFlow(tmp_path, lab, hosts, **terms)

    yield make
    for name in used:
        lab.hosts[name].reset()
    for name in used:
        lab.hosts[name].wait()
