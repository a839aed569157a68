"""What tests of services have in common."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.port_days import Days


@pytest.fixture
def days(tmp_path: Path) -> Days:
    """Two switches of one contract."""
    return Days(tmp_path, {"sw1": "default", "sw2": "default"})
