"""What the notification tests share."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from weibao.boundary.notify import Notice

NOW = datetime(2026, 5, 2, 1, 30, tzinfo=UTC)


class FixedClock:
    def now(self) -> datetime:
        return NOW


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def notice() -> Notice:
    return Notice(
        subject="[维保] 配置备份:2 台失败",
        text="失败:core-sw-01(登录被拒绝)\n变更:3 台\n",
        markdown="### 配置备份\n\n- 失败:**2**\n- 变更:3\n",
        failed=True,
        data={"run": "20260502-0200", "failed": 2},
    )


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
