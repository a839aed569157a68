"""Configurations of several texts: contexts and admin planes, in one file, each exact."""

from __future__ import annotations

import pytest

from weibao.domain.config_parts import join, split
from weibao.domain.platform import Platform

from .test_terminals import PLATFORMS, Case, _run, _text, judge


def asa(kind: str, name: str, *lines: str) -> bytes:
    return _text(
        *(": Saved", "", ": Serial Number: JAD000", f"ASA Version 9.8(2) <{kind}>", "!"),
        *(f"hostname {name}", *lines, "Cryptochecksum:0123", ": end"),
    )


SYSTEM = asa("system", "fw", "admin-context admin", "context admin", "  config-url disk0:/a.cfg")
SYSTEM = SYSTEM.replace(b"Cryptochecksum", b"context web\r\n  config-url disk0:/w.cfg\r\nCrypto")
ADMIN = asa("context", "fw-admin", "interface Gi0/0", " nameif inside")
WEB = asa("context", "fw-web", "interface Gi0/1", " nameif web")
SINGLE = asa("none", "fw", "interface Gi0/1").replace(b" <none>", b"")
MORE = "more system:running-config"
NOT_HERE = b"Command not valid in current execution space\r\n"
INVALID = b"ERROR: % Invalid input detected at '^' marker.\r\n"
TO_SYSTEM = (b"fw# ", {MORE: SYSTEM})
TO_ADMIN = (b"fw/admin# ", {MORE: ADMIN})
TO_WEB = (b"fw/web# ", {MORE: WEB})
SWITCHES = {
    "changeto system": TO_SYSTEM,
    "changeto context admin": TO_ADMIN,
    "changeto context web": TO_WEB,
}
XR = _text(
    *("!! IOS XR Configuration 6.1.3", "hostname r1", "!", "interface Loopback0"),
    *(" ipv4 address 10.0.0.1 255.255.255.255", "!", "end", ""),
)
XR_ADMIN = _text("Building configuration...", "!! IOS XR Admin Configuration", "username a", "end")
XR_PROMPT = b"RP/0/RSP0/CPU0:r1#"


def plain(text: bytes) -> bytes:
    return text.replace(b"\r\n", b"\n")


def test_contexts_of_an_asa_stand_behind_its_system(tmp_path):
    script = {"prompt": b"fw# ", "switches": SWITCHES, "unknown": INVALID}
    result = _run(Case("cisco_asa", SYSTEM, script=script))
    assert result.attempt.trouble is None, result.attempt.trouble.reason
    main, parts = split(result.text, PLATFORMS["cisco_asa"])
    assert main == plain(SYSTEM)
    assert [(part.title, part.text) for part in parts] == [
        ("context admin", plain(ADMIN)),
        ("context web", plain(WEB)),
    ]
    assert judge(result.text, PLATFORMS["cisco_asa"]).accepted
    assert result.attempt.items[0].restorable


def test_from_the_admin_context_the_system_is_found():
    script = {"prompt": b"fw/admin# ", "switches": SWITCHES, "unknown": INVALID}
    result = _run(Case("cisco_asa", ADMIN, script=script))
    _, parts = split(result.text, PLATFORMS["cisco_asa"])
    assert [part.title for part in parts] == ["system", "context admin", "context web"]


def test_a_context_that_may_not_be_entered_is_named():
    switches = {name: to for name, to in SWITCHES.items() if "web" not in name}
    answers = {MORE: SYSTEM, "changeto context web": b"ERROR: Command authorization failed\r\n"}
    answers["terminal pager 0"] = b""
    script = {"prompt": b"fw# ", "switches": switches, "answers": answers, "unknown": INVALID}
    result = _run(Case("cisco_asa", SYSTEM, script=script))
    _, parts = split(result.text, PLATFORMS["cisco_asa"])
    assert parts[1].title == "context web"
    assert parts[1].why == "unauthorised"
    warning = next(w for w in result.attempt.warnings if w.code == "part_unreadable")
    assert warning.params["part"] == "context web"
    assert not result.attempt.items[0].restorable
    assert judge(result.text, PLATFORMS["cisco_asa"]).accepted


@pytest.mark.parametrize("unknown", [INVALID, NOT_HERE])
@pytest.mark.parametrize("text", [SINGLE, ADMIN])
def test_an_asa_without_contexts_is_one_text(text, unknown):
    result = _run(Case("cisco_asa", text, script={"prompt": b"fw# ", "unknown": unknown}))
    assert result.text == plain(text)
    assert not [w for w in result.attempt.warnings if w.code == "part_unreadable"]
    assert result.attempt.items[0].restorable


def test_the_admin_plane_of_ios_xr():
    answers = {"show running-config": XR, "admin show running-config": XR_ADMIN}
    script = {"prompt": XR_PROMPT, "answers": answers}
    result = _run(Case("cisco_xr", XR, script=script))
    main, parts = split(result.text, PLATFORMS["cisco_xr"])
    assert (main, parts[0].title, parts[0].text) == (plain(XR), "admin", plain(XR_ADMIN))
    assert judge(result.text, PLATFORMS["cisco_xr"]).accepted


def test_a_router_without_an_admin_plane_is_one_text():
    result = _run(Case("cisco_xr", XR, script={"prompt": XR_PROMPT}))
    assert result.text == plain(XR)


def test_a_cut_part_is_refused_by_name():
    text = join(plain(SYSTEM), [*split(join(b"", []), PLATFORMS["cisco_asa"])[1]])
    assert judge(text, PLATFORMS["cisco_asa"]).accepted
    cut = text + b"\n!!!! weibao: context web !!!!\n" + plain(WEB)[:60]
    verdict = judge(cut, PLATFORMS["cisco_asa"])
    assert {reason.code for reason in verdict.reasons} == {"part_broken"}
    assert verdict.reasons[0].params["part"] == "context web"


def test_a_line_that_looks_like_a_part_of_another_platform_is_text():
    ios: Platform = PLATFORMS["cisco_ios"]
    text = b"banner\n!!!! weibao: admin !!!!\nend\n"
    assert split(text, ios) == (text, [])


ROS6 = _text(
    *("# mar/12/2024 02:00:09 by RouterOS 6.49.10", "# software id = AAAA-BBBB", "#"),
    *("/ip address", "add address=10.0.0.1/24 interface=ether1", "/ppp secret"),
    *("add name=u password=Invented9", "/system identity", "set name=core"),
)


def test_a_variant_is_asked_for_and_recorded():
    answers = {
        "/system resource print": b"  uptime: 1w\r\n  version: 6.49.10 (long-term)\r\n",
        "/export": ROS6,
    }
    script = {
        "prompt": b"[admin@core] > ",
        "answers": answers,
        "unknown": b"expected end of command (line 1 column 9)\r\n",
    }
    result = _run(Case("mikrotik_routeros", ROS6, script=script))
    item = result.attempt.items[0]
    assert (item.command, item.variant, item.restorable) == ("/export", "routeros_6", True)
    assert result.text == plain(ROS6)
    assert "/export show-sensitive" not in result.device.lines


def test_no_version_is_asked_of_a_platform_without_variants():
    result = _run(Case())
    assert not [line for line in result.device.lines if "version" in line]


def test_a_part_that_is_met_with_silence_does_not_cost_the_main_text():
    answers = {"show running-config": XR, "admin show running-config": [30.0]}
    result = _run(Case("cisco_xr", XR, script={"prompt": XR_PROMPT, "answers": answers}))
    main, parts = split(result.text, PLATFORMS["cisco_xr"])
    assert (main, parts[0].why) == (plain(XR), "silent")
    assert result.seconds < 15
