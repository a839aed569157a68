"""Rules of acceptance that hold for every platform."""

from __future__ import annotations

import pytest

from platforms.case_files import catalogue, whole
from weibao.domain.acceptance import Limits, Previous, hostname_of, judge
from weibao.domain.texts import decode

CASES = {str(case): case for case in whole()}
IOS = CASES["cisco_ios/ios15-isr"]
VRP = CASES["huawei/vrp5-s5700"]


def codes(text, case, **options):
    return [reason.code for reason in judge(text, case.platform, **options).reasons]


@pytest.mark.parametrize("case", whole(), ids=str)
@pytest.mark.parametrize("character", ["\x00", "\x07", "\x08", "\x0c", "\x1b", "\x7f", "\r"])
def test_control_characters_are_refused_with_their_line(case, character):
    lines = case.text.split("\n")
    place = len(lines) // 2
    lines[place] = f"{lines[place][:3]}{character}{lines[place][3:]}x"
    reasons = judge(case.bytes("\n".join(lines)), case.platform).reasons
    found = next(r for r in reasons if r.code == "control_characters")
    assert found.params == {"code": f"0x{ord(character):02x}", "line": str(place + 1)}


def test_a_banner_may_be_delimited_by_the_character_itself():
    """Some IOS releases print end-of-text and not ``^C``."""
    text = IOS.text.replace("^C", "\x03")
    assert judge(IOS.bytes(text), IOS.platform).accepted
    assert codes(IOS.bytes(text.replace("aaa new", "aaa \x03new")), IOS) == ["control_characters"]


def test_descriptions_in_gbk_are_ordinary_text():
    gbk = VRP.text.encode("gb18030")
    assert judge(gbk, VRP.platform).accepted
    assert "二楼201室打印机" in decode(gbk, VRP.platform.encodings)


def test_mixed_encodings_lose_nothing():
    data = "一楼\n".encode() + "二楼abc\n".encode("gb18030") + b"odd \xff\xff byte\n"
    shown = decode(data)
    assert shown.splitlines() == ["一楼", "二楼abc", "odd \\xff\\xff byte"]


def test_shrinking_beyond_belief_is_refused_and_can_be_confirmed():
    text = IOS.bytes()
    assert codes(text, IOS, previous=Previous(size=len(text) * 3)) == ["shrunk"]
    assert codes(text, IOS, previous=Previous(size=len(text) + 500)) == []
    confirmed = Limits(shrink_ratio=0.0)
    assert codes(text, IOS, previous=Previous(size=len(text) * 3), limits=confirmed) == []


def test_a_small_text_may_lose_a_large_part():
    frr = CASES["frr/frr10"]
    assert codes(frr.bytes(), frr, previous=Previous(size=len(frr.bytes()) * 4)) == []


def test_words_of_error_inside_a_whole_text_do_not_refuse_it():
    for line in ("% Invalid input detected at '^' marker.", "Error: Unrecognized command"):
        text = IOS.text.replace("hostname br3", f"!\n{line}\n!\nhostname br3")
        assert "error_text" not in codes(IOS.bytes(text), IOS)


def test_an_error_before_the_configuration_refuses_it():
    text = b"% Invalid input detected at '^' marker.\n\n" + IOS.bytes()
    assert codes(text, IOS) == ["error_text"]


def test_a_log_message_in_a_cut_text_is_no_error_of_the_command():
    text = b"#\n sysname a\n%Apr 26 12:00:01:123 2013 a SHELL/5/SHELL_LOGIN: ops logged in.\n#\n"
    found = codes(text, CASES["hp_comware/comware5-s3600"])
    assert found[:2] == ["log_line_interleaved", "truncated_no_end"]


def test_a_reason_never_shows_configuration_text():
    text = IOS.text.replace(
        "enable secret 9", "enable secret Mar 12 09:13:01.123: %SYS-5-CONFIG_I: Configured"
    )
    reasons = judge(IOS.bytes(text), IOS.platform).reasons
    shown = " ".join(value for reason in reasons for value in reason.params.values())
    assert "%SYS-5-CONFIG_I" in shown
    assert "aB4nR7tWc2" not in shown
    assert "enable secret" not in shown


def test_masked_secrets_make_a_text_that_cannot_be_restored_from():
    junos = CASES["juniper_junos/junos22-srx"]
    text = junos.text.replace('"$9$MnOpQrStUvWx"', "/* SECRET-DATA */")
    verdict = judge(junos.bytes(text), junos.platform)
    assert verdict.accepted
    assert not verdict.restorable


@pytest.mark.parametrize("platform_id", sorted(catalogue()))
def test_nothing_at_all_is_refused(platform_id):
    platform = catalogue()[platform_id]
    for text in (b"", b"\n\n \n", b"\xff\xfe", b"}" * 50, b"end\n", b"return\n"):
        assert not judge(text, platform).accepted
        assert hostname_of(text, platform) == ""
