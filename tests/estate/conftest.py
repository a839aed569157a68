from __future__ import annotations

from pathlib import Path

import pytest
from conftest_estate import clean_env

from weibao.adapters.ansible_inventory import AnsibleInventory

PLATFORMS = {"huawei": "huawei", "huawei_vrp": "huawei", "cisco.ios.ios": "cisco_ios"}


@pytest.fixture
def write(tmp_path: Path):
    """Write files below the test's folder: name to text."""

    def put(files: dict[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path

    return put


@pytest.fixture
def inventory(tmp_path: Path):
    """An inventory of the test's folder."""

    def make(**options) -> AnsibleInventory:
        options.setdefault("env", clean_env())
        options.setdefault("contracts", ("default", "hospital"))
        return AnsibleInventory(tmp_path, tmp_path / "var" / "cache", PLATFORMS.get, **options)

    return make
