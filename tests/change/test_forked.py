"""What Ansible's workers find loaded: they are forked for each task of each host."""

from __future__ import annotations

import subprocess
import sys

import pytest

LOADED = """
import importlib, sys
importlib.import_module("ansible_collections.weibao.core.plugins.action." + sys.argv[1])
before = set(sys.modules)
importlib.import_module("weibao.bootstrap." + sys.argv[1])
import weibao.adapters.journal, sqlalchemy.dialects.sqlite
print(*sorted(set(sys.modules) - before))
"""


@pytest.mark.parametrize("plugin", ["gate", "judge_patch"])
def test_what_is_asked_for_every_host_is_loaded_before_the_fork(plugin: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED, plugin], capture_output=True, text=True, check=True
    )
    late = [name for name in done.stdout.split() if name.startswith(("weibao", "sqlalchemy"))]
    assert late == []
