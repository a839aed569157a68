"""Terminals that paint their text, as lines of a script: what is read is what was meant."""

from __future__ import annotations

import pytest

from weibao.adapters.network.paint import painted
from weibao.adapters.network.received import Received

from .test_terminals import PLATFORMS, Case, _run, _text, judge

BOTTOM = b"\x1b[24;1H"
PROCURVE = _text(
    *("; J9775A Configuration Editor; Created on release #YA.16.10.0003", ""),
    *('hostname "acc-7"', "module 1 type j9775a", "interface 1", '   name "uplink"', "   exit"),
    *('snmp-server community "invented" unrestricted', "vlan 1", '   name "DEFAULT_VLAN"'),
    *("   untagged 1-28", "   ip address dhcp-bootp", "   exit", "password manager", ""),
)
ROUTEROS = _text(
    *("# 2024-03-12 02:00:09 by RouterOS 7.14", "# software id = AAAA-BBBB", "#"),
    *("/interface bridge", "add name=bridge1", "/ip address"),
    *("add address=10.0.0.1/24 comment=\\", '    "a long comment goes on" interface=bridge1'),
    *("/system identity", "set name=core"),
)
EXOS = _text(
    *("#", "# Module devmgr configuration.", "#", 'configure snmp sysName "x450"', "#"),
    *(
        "# Module vlan configuration.",
        "#",
        "configure vlan default delete ports all",
        "#",
        "# Module vsm configuration.",
        "#",
        "",
    ),
)
PANOS = _text(
    *("set deviceconfig system hostname PA-1", "set deviceconfig system timezone UTC"),
    *("set network profiles x y", "set mgt-config users admin phash $5$invented"),
    *("set shared local-user-database", ""),
)
XOS_PROMPT = b"x450.1 # "


def procurve_echo(prompt: bytes, command: bytes) -> bytes:
    """Each character is followed by a move to where the next one goes."""
    drawn = b""
    for number in range(len(command)):
        at = len(prompt) + number
        drawn += command[number : number + 1] + b"\x1b[24;%dH\x1b[?25h" % (at + 2)
    return drawn + b"\x1b[24;0H"


def procurve_prompt() -> bytes:
    name = b"acc-7# "
    place = b"\x1b[24;%dH" % (len(name) + 1)
    return (
        b"\x1b[1;24r"
        + BOTTOM
        + b"\x1b[2K"
        + BOTTOM
        + b"\x1b[?25h"
        + BOTTOM
        + name
        + BOTTOM
        + place
        + BOTTOM
        + b"\x1b[?25h"
        + place
    )


def redrawn(prompt: bytes, command: bytes) -> bytes:
    """The whole line again for each character."""
    return b"".join(b"\r\x1b[K" + prompt + command[: n + 1] for n in range(len(command)))


def twice() -> bytes:
    return b"\r[admin@core] > " + b" " * 20 + b"\r[admin@core] > "


LOGIN = (
    (b"\x1b[2J\x1b[?7l\x1b[3;23r\x1b[1;1HHP J9775A\x1b[2;1HPress any key to continue", None),
    (b"\x1b[2J" + BOTTOM + b"\x1b[2KUsername: \x1b[?25h" + b"\x1b[24;11H", "admin"),
    (b"\x1b[24;1H\x1b[2K" + BOTTOM + b"Password: \x1b[24;11H\x1b[?25h", "Right-pw1"),
)
SEEN_BEFORE = b"\r\nYour previous successful login (as manager) was on 2024-03-11 09:00:01\r\n"
PAGER = b"-- MORE --, next page: Space, next line: Enter, quit: Control-C"

CASES = {
    "ProCurve": Case(
        "hp_procurve",
        PROCURVE,
        script={
            "prompt": procurve_prompt,
            "echo": b"\x1bE",
            "echo_as": procurve_echo,
            "banner": SEEN_BEFORE,
            "unknown": b"Invalid input: terminal\r\n",
        },
    ),
    "ProCurve on Telnet": Case(
        "hp_procurve",
        PROCURVE,
        telnet=True,
        script={
            "prompt": procurve_prompt,
            "echo": b"\x1bE",
            "echo_as": procurve_echo,
            "dialogue": LOGIN,
        },
        secrets=("Right-pw1",),
    ),
    "ProCurve that wipes the echo": Case(
        "hp_procurve",
        PROCURVE,
        script={"prompt": procurve_prompt, "echo": BOTTOM + b"\x1b[2K" + BOTTOM},
    ),
    "ProCurve with a pager": Case(
        "hp_procurve",
        PROCURVE,
        script={
            "prompt": procurve_prompt,
            "echo": b"\x1bE",
            "pager": (PAGER, b"\r\x1b[24;1H\x1b[2K" + BOTTOM + b"\x1b[1;24r" + BOTTOM, 4),
        },
    ),
    "RouterOS": Case(
        "mikrotik_routeros",
        ROUTEROS,
        script={
            "prompt": twice,
            "echo_as": redrawn,
            "newline_at_empty": b"\r\n\r\r\r\n",
            "enter": b"\r",
            "username": "admin+cet511w4098h",
        },
    ),
    "RouterOS that knows no suffix": Case(
        "mikrotik_routeros",
        ROUTEROS,
        script={"prompt": twice, "echo_as": redrawn},
        secrets=("Right-pw1",),
    ),
    "RouterOS in colours": Case(
        "mikrotik_routeros",
        ROUTEROS.replace(b"/ip address", b"\x1b[m\x1b[36m/ip address\x1b[m"),
        expected=ROUTEROS.replace(b"\r\n", b"\n"),
        script={"prompt": b"\x1b[9999B[\x1b[1madmin\x1b[m@core] > ", "echo_as": redrawn},
    ),
    "EXOS": Case("extreme_exos", EXOS, script={"prompt": XOS_PROMPT, "echo_as": redrawn}),
    "PAN-OS": Case(
        "paloalto_panos",
        PANOS,
        script={"prompt": b"\x1b[?1h\x1b=\r\x1b[Kadmin@PA-1> ", "echo_as": redrawn},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_painted_text_is_read_exactly(name):
    case = CASES[name]
    result = _run(case)
    assert result.attempt.trouble is None, result.attempt.trouble.reason
    assert result.text == result.expected
    assert judge(result.text, PLATFORMS[case.platform]).accepted
    if case.secrets is not None:
        assert [secret for _, secret in result.device.secrets] == list(case.secrets)
    assert result.seconds < 12


@pytest.mark.parametrize(
    ("drawn", "seen"),
    [
        (b"a\x1bEb", b"a\nb"),
        (b"one\r\ntwo  \r\n", b"one\ntwo  \n"),
        (b"\x1b[1;1Hrow one\x1b[2;1Hrow two", b"row one\nrow two"),
        (b"\x1b[24;1Hsw# \x1b[24;1H\x1b[24;5Hshow", b"sw# show"),
        (b"abc\rab\x1b[K\r\n", b"ab\n"),
        (b"sh\r\x1b[Ksho\r\x1b[Kshow\r\n", b"show\n"),
        (b"sw# no page\x1b[24;1H\x1b[2Ksw# ", b"sw# no page\nsw# "),
        (b"ab\x08\x08xy", b"xy"),
        (b"x" * 80 + b" \ryz\r\n", b"x" * 80 + b"yz\n"),
        ("\x1b[32m核心\x1b[0m\n".encode(), "核心\n".encode()),
        (b"po\0rt\x0c\r\n", b"po\0rt\x0c\n"),
    ],
)
def test_what_stands_on_the_screen(drawn, seen):
    assert painted(drawn) == seen


@pytest.mark.parametrize("paints", [False, True])
@pytest.mark.parametrize("step", [1, 7, 1000])
def test_an_answer_in_pieces_is_the_answer(paints, step):
    raw = b"".join(b"line %d of it \r\r\n" % n for n in range(400)) + b"sw# "
    received = Received(paints=paints)
    for at in range(0, len(raw), step):
        received.add(raw[at : at + step])
    assert received.text() == raw.replace(b"\r", b"")
    assert received.tail(20) == received.text()[-len(received.tail(20)) :]
