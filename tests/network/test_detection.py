"""A platform that the inventory does not name is found by questions that only read."""

from __future__ import annotations

import time

import pytest

from weibao.adapters.network.detect import _questions

from .conftest import Reader
from .scripted import Printed, Script, Scripted
from .test_terminals import PLATFORMS, _text

IOS = b"% Invalid input detected at '^' marker.\r\n\r\n"
VRP = b"                 ^\r\nError: Unrecognized command found at '^' position.\r\n"
LINES = b"x\r\n" * 30
MORE = (b" --More-- ", b"\r" + b" " * 20 + b"\r", 24)
VRP_MORE = (b"  ---- More ----", b"\x1b[16D" + b" " * 16 + b"\x1b[16D", 24)
EOS_VERSION = _text("Arista DCS-7050T", "Software image version: 4.28.3M")
FRR = _text("FRRouting 8.4.4 (r1) on Linux(5.10).", "Copyright 1996-2005 Kunihiro")
VERSIONS: dict[str, tuple[str, dict[str, Printed], dict]] = {
    "IOS 12": (
        "cisco_ios",
        {"show version": b"Cisco Internetwork Operating System Software \r\n" + LINES},
        {"prompt": b"SW1#", "unknown": IOS, "pager": MORE},
    ),
    "IOS XE 17": (
        "cisco_ios",
        {"show version": b"Cisco IOS XE Software, Version 17.06.05\r\n" + LINES},
        {"prompt": b"SW1#", "unknown": IOS, "pager": MORE},
    ),
    "VRP 5": (
        "huawei",
        {"display version": b"Huawei Versatile Routing Platform Software\r\n" + LINES},
        {"prompt": b"<SW>", "unknown": VRP, "pager": VRP_MORE},
    ),
    "Comware 5": (
        "hp_comware",
        {"display version": b"H3C Comware Platform Software\r\nComware Software, Version 5.20\r\n"},
        {
            "prompt": b"<H3C>",
            "unknown": b" ^\r\n % Unrecognized command found at '^' position.\r\n",
        },
    ),
    "EOS": ("arista_eos", {"show version": EOS_VERSION}, {"prompt": b"sw1>", "unknown": IOS}),
    "FRR": ("frr", {"show version": FRR}, {"prompt": b"r1# ", "unknown": IOS}),
    "FortiOS": (
        "fortinet",
        {"get system status": b"Version: FortiGate-60F v7.0.5,build0304,220208 (GA)\r\n"},
        {"prompt": b"FW-1 # ", "unknown": b"Unknown action 0\r\n\r\n"},
    ),
    "RouterOS": (
        "mikrotik_routeros",
        {"/system resource print": b"  version: 7.14\r\n  platform: MikroTik\r\n"},
        {
            "prompt": b"\x1b[9999B\x1b[6n[admin@core] > ",
            "unknown": b"bad command name show (line 1 column 1)\r\n",
        },
    ),
    "PAN-OS": (
        "paloalto_panos",
        {"show system info": b"hostname: PA-1\r\nsw-version: 10.1.3\r\n"},
        {"prompt": b"admin@PA-1> ", "unknown": b"Unknown command: x\r\n"},
    ),
}


@pytest.mark.parametrize("name", VERSIONS)
def test_a_device_is_found_out(name):
    platform, answers, options = VERSIONS[name]
    with Scripted(Script(answers=answers, **options)) as device:
        attempt = Reader().read(device, network_os="")
    assert attempt.platform == platform
    asked = [line for line in device.lines if line]
    allowed = {c for p in PLATFORMS.values() for c in p.version}
    rules = PLATFORMS[platform].configuration
    after = {*PLATFORMS[platform].session.prepare, "enable"}
    after |= {command.send for command in (*rules.running, *rules.startup)}
    after |= {
        command.send for v in PLATFORMS[platform].variants for command in v.configuration.running
    }
    assert set(asked) <= allowed | after
    assert (device.answered > 0) == (name == "RouterOS")


def test_the_common_questions_come_first():
    questions = _questions(PLATFORMS)
    assert questions[:2] == ["show version", "display version"]
    assert len(questions) < 20


def test_a_device_that_nobody_knows_is_left_in_bounded_time():
    began = time.monotonic()
    with Scripted(Script(unknown=IOS)) as device:
        attempt = Reader().read(device, network_os="")
    assert attempt.trouble.reason.code == "platform_undetected"
    assert time.monotonic() - began < 12
