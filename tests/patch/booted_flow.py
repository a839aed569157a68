"""What tests on booted hosts share: the hosts themselves, and an estate that has them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from change.flows import Flow

from .booted import Booted, Host, booted, make_image, missing

__all__ = ["BootedFlow", "some_hosts"]


@contextmanager
def some_hosts(
    factory: pytest.TempPathFactory, names: Sequence[str], **more: Any
) -> Iterator[Booted]:
    """Booted hosts; the image is made once for all workers."""
    if reason := missing():
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    shared = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder = shared / "booted"
    folder.mkdir(exist_ok=True)
    with FileLock(folder / "lock"):
        make_image(folder)
    with booted(folder, names, **more) as lab:
        yield lab


class BootedFlow(Flow):
    """The estate of change control's tests, called where the hosts can be reached."""

    variables: Mapping[str, Any] = {}
    """Of all hosts, beside how they are reached."""
    patience = 900

    def __init__(self, base: Path, lab: Booted, hosts: Sequence[Host], **more: Any) -> None:
        self.lab, self.booted_hosts = lab, hosts
        self.inside = lab.inside
        self.extra: dict[str, dict[str, Any]] = {}
        super().__init__(base, **more)

    def write_inventory(self, **extra: Any) -> None:
        """The hosts by their addresses; ``extra`` are variables by host."""
        self.extra.update(extra)
        options = " ".join(w for w in self.lab.ssh_options if w not in ("-i", str(self.lab.key)))
        variables = {
            "ansible_user": "root",
            "ansible_ssh_private_key_file": str(self.lab.key),
            "ansible_ssh_common_args": options,
            "ansible_python_interpreter": "/usr/bin/python3",
            # A socket's path has 108 bytes, and a test's folder many.
            "ansible_control_path_dir": f"/tmp/wbcp-{os.getpid()}",
            "contract": "default",
            **self.variables,
        }
        hosts = {
            host.name: {"ansible_host": host.address, **self.extra.get(host.name, {})}
            for host in self.booted_hosts
        }
        document = {"all": {"vars": variables, "hosts": hosts}}
        (self.folder / "inventory" / "hosts.yml").write_text(json.dumps(document))
