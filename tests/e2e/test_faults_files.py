"""Files that cannot be written before there is a night: compiled inventory, Ansible's folder."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from services.nights import Night
from weibao.adapters.ansible_inventory import AnsibleInventory
from weibao.adapters.playbook_runner import AnsiblePlaybookRunner
from weibao.errors import FailedError

INVENTORY = "all:\n  hosts:\n    sw1: {ansible_host: 192.0.2.1, ansible_network_os: cisco_ios}\n"


def limited(size: int, work: Callable[[], object]) -> str:
    """What ``work`` says in a process whose files end at ``size`` bytes."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        said = "no error"
        try:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
            work()
        except FailedError as error:
            said = f"{error.key}: {error} {error.say('zh')}"
        except BaseException as error:
            said = f"raw: {error!r}"
        os.write(writer, said.encode()[:4000])
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as stream:
        said = stream.read()
    os.waitpid(child, 0)
    return said


@pytest.mark.parametrize("size", [0, 60])
def test_the_compiled_inventory(tmp_path: Path, size: int) -> None:
    night = Night(tmp_path, {"sw1": "default"})
    source = night.folder / "inventory/hosts.yml"
    source.write_text(INVENTORY)
    cache = night.workshop.estate.cache

    def resolve() -> object:
        inventory = AnsibleInventory(night.folder, cache, lambda name: name, contracts=("default",))
        return inventory.resolve((str(source),))

    said = limited(size, resolve)
    assert said.startswith(("files.", "estate.")), said
    assert str(cache) in said
    assert not [path for path in cache.rglob("*") if path.is_file() and path.stat().st_size]
    snapshot = resolve()
    assert [device.name for device in snapshot.devices] == ["sw1"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("size", [0, 3])
def test_ansibles_private_folder(tmp_path: Path, size: int) -> None:
    """No traceback, no playbook without its limit, and nothing of the environment left."""
    folder = tmp_path / "run"
    folder.mkdir()
    runner = AnsiblePlaybookRunner(tmp_path)
    said = limited(
        size,
        lambda: runner.run(
            "weibao.core.backup_configs",
            inventory="sw1,",
            limit=("sw1", "sw2", "sw3"),
            variables={},
            folder=folder,
        ),
    )
    assert said.startswith("runner.unwritable"), said
    assert str(folder) in said
    assert not list(folder.rglob("envvars"))
