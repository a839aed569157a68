"""What people write into a change stands there for ever: no secret in clear (CHG-28)."""

from __future__ import annotations

import pytest

from weibao.adapters.platform_files import load_platforms
from weibao.errors import InputError
from weibao.services.changes.clear_text import check_text, check_values

PLATFORMS = load_platforms()


@pytest.mark.parametrize(
    "text",
    [
        "无", "none", "刘某，电话，13800138000，03:10", "口令已由客户更换，见密码库",
        "password rotated by the customer", "secret documents archived", "enable secret changed",
        "更换 key 模块", "拓扑图 v12", "snmp-agent community read cipher {{ snmp_ro }}",
    ],
)  # fmt: skip
def test_people_may_write_of_passwords(text: str) -> None:
    for platform in ("huawei", "cisco_ios", "linux"):
        check_text([PLATFORMS[platform]], {"purpose": text})
    check_text((), {"why": text})


@pytest.mark.parametrize(
    "text",
    [
        "口令：Abc123!x", "密码为 hunter2", "password: letmein", "登录密码 Huawei@123",
        "the password is letmein", "first line\nsnmp-agent community read Pub-lic1",
    ],
)  # fmt: skip
def test_but_not_the_password_itself(text: str) -> None:
    with pytest.raises(InputError) as caught:
        check_text([PLATFORMS["huawei"]], {"purpose": text})
    assert caught.value.key == "change.secret_in_text"
    said = caught.value.say("zh") + caught.value.say("en")
    assert not any(secret in said for secret in ("Abc123", "hunter2", "letmein", "Huawei@", "Pub-"))
    assert f"line {1 + text.count(chr(10))}" in said


def test_lines_of_a_configuration_are_judged_strictly() -> None:
    with pytest.raises(InputError, match="line 2"):
        check_values(
            [PLATFORMS["huawei"]], {"lines": "vlan 7\nlocal-user bob password cipher letmein\n"}
        )
