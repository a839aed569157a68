"""Logins with a twist: each is passed, or left alone with a reason; nothing is ever changed."""

from __future__ import annotations

import pytest

from .test_terminals import PLATFORMS, TERMINAL, TEXTS, Case, _run, _text, judge

FASTIRON = (
    (b"\r\nUser Access Verification\r\n\r\nPlease Enter Login Name: ", "admin"),
    (b"Please Enter Password: ", "Right-pw1"),
)
SYSLOG = b"\r\n*Mar  1 00:01:02.345: %LINK-3-UPDOWN: Interface Gi0/1, changed state to up\r\n"
VRP_LOG = b"\r\nNov  5 2023 10:11:12+08:00 SW1 %%01IFNET/4/IF_STATE(l)[12]:Interface up\r\n"
INITIAL = (
    b"An initial password is required for the first login via the console.\r\n"
    b"Set a password and keep it safe. Otherwise you will not be able to log in.\r\n"
    b"Please configure the login password (8-16)\r\nEnter password:"
)
EXPIRES = b"Warning: Your password will expire in 3 days. Do you want to change it? [yes/no]: "
NEEDED = b"The password needs to be changed. Change now? [Y/N]:"

FASTIRON_TEXT = _text(
    *("Current configuration:", "!", "ver 08.0.30tT313", "!", "vlan 1 name DEFAULT-VLAN by port"),
    *("!", "hostname icx", "interface ethernet 1/1/1", " port-name uplink", "!", "end", ""),
)
RUIJIE_TEXT = TEXTS["cisco_ios"].replace(b"version 15.2", b"version S29_RGOS 11.4(1)B42")

PASSED = {
    "names as FastIron asks for them": Case(telnet=True, script={"dialogue": FASTIRON}),
    "a log message behind the question for the name": Case(
        telnet=True,
        script={"dialogue": ((TERMINAL[0][0] + SYSLOG, "admin"), TERMINAL[1])},
    ),
    "a log message behind the question for the password": Case(
        "huawei",
        telnet=True,
        script={"dialogue": (TERMINAL[0], (TERMINAL[1][0] + VRP_LOG, "Right-pw1"))},
    ),
    "an offer to change the password": Case(
        script={"dialogue": [(EXPIRES, "no")]}, secrets=("Right-pw1", "no")
    ),
    "an offer of VRP": Case("huawei", script={"dialogue": [(NEEDED, "n")]}),
    "an offer of Ruijie": Case(
        "ruijie_os", RUIJIE_TEXT, script={"prompt": b"RG#", "dialogue": [(NEEDED, "n")]}
    ),
    "a banner with a pager": Case(
        telnet=True,
        script={"dialogue": [(b"law\r\n" * 20 + b"--More--", " "), *TERMINAL]},
        secrets=("Right-pw1",),
    ),
    "enable asks for the name first": Case(
        "ruckus_fastiron",
        FASTIRON_TEXT,
        script={
            "prompt": b"SSH@icx>",
            "enable": (b"SSH@icx#", b"Password:", "En-1"),
            "enable_user": b"User Name:",
            "unknown": b"Invalid input -> x\r\nType ? for a list\r\n",
        },
        secrets=("Right-pw1", "En-1"),
    ),
    **{
        f"the shell of root on Junos, {prompt!r}": Case(
            "juniper_junos",
            script={
                "prompt": prompt,
                "unknown": b"sh: not found\r\n",
                "switches": {"cli": (b"root@ex1> ", {})},
            },
        )
        for prompt in (b"root@ex1:~ # ", b"root@ex1% ", b"root@:RE:0% ", b"% ")
    },
    "a notice, then another": Case(
        script={
            "dialogue": [
                (b"Authorized use only.\r\nPress any key to continue", None),
                (b"This notice is shown once. Press any key to continue...", None),
            ]
        }
    ),
    "words about a password in a slow banner": Case(
        telnet=True,
        script={
            "banner": [b"Your password must be long.\r\nPassword rules:\r\n", 0.4, b"long\r\n"],
            "dialogue": TERMINAL,
        },
        secrets=("Right-pw1",),
    ),
    "a message of the day that comes slowly": Case(
        script={
            "banner": [b"*" * 60 + b"\r\nWelcome# to\r\n", 1.5, b"the lab>\r\n", 1.5, b"bye\r\n"]
        }
    ),
}
LEFT = {
    "a first login that wants a password": Case(
        "huawei",
        telnet=True,
        script={"dialogue": [(INITIAL, None)]},
        outcome="password_change_demanded",
        secrets=(),
    ),
    "a new enable secret": Case(
        script={"dialogue": [(b"Enter enable secret: ", None)]},
        outcome="password_change_demanded",
        secrets=(),
    ),
}


@pytest.mark.parametrize("name", PASSED)
def test_it_is_passed(name):
    case = PASSED[name]
    result = _run(case)
    assert result.attempt.trouble is None, result.attempt.trouble.reason
    assert result.text == result.expected
    assert judge(result.text, PLATFORMS[case.platform]).accepted
    if case.secrets is not None:
        assert [secret for _, secret in result.device.secrets] == list(case.secrets)


@pytest.mark.parametrize("name", LEFT)
def test_it_is_left_alone(name):
    case = LEFT[name]
    result = _run(case)
    assert result.attempt.trouble.reason.code == case.outcome
    given = [secret for how, secret in result.device.secrets if how == "terminal"]
    assert given == list(case.secrets)
