"""What leaks is what counts (SEC-02, CFG-10): no secret of any recording survives."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from platforms.case_files import Case, catalogue, tag, whole
from weibao.domain.redaction import MASK, redact

WHOLE = pytest.mark.parametrize("case", whole(), ids=str)
RECORDINGS = Path(__file__).parents[3] / "shared" / "device-outputs"


def redacted(case: Case) -> str:
    return redact(case.text, case.platform, tag)


@WHOLE
def test_no_secret_survives(case):
    text = redacted(case)
    for secret in case.content["secrets"]:
        assert str(secret) in case.text, f"{secret!r} is not in the recording"
        assert str(secret) not in text, next(x for x in text.split("\n") if str(secret) in x)


@WHOLE
def test_what_is_no_secret_stays(case):
    text = redacted(case)
    for words in case.content["kept"]:
        assert str(words) in text, words


@WHOLE
def test_a_redacted_text_stays_as_it_is(case):
    text = redacted(case)
    assert redact(text, case.platform, tag) == text
    fewer = case.content.get("fewer_lines", 0)
    assert len(text.split("\n")) == len(case.text.split("\n")) - fewer


@WHOLE
def test_only_the_secrets_change(case):
    before, after = case.text.split("\n"), redacted(case).split("\n")
    changed = sum(line not in after for line in before) - case.content.get("fewer_lines", 0)
    assert changed <= len(case.content["secrets"]) + 4


def test_the_same_secret_has_the_same_tag_and_another_one_another():
    ios = catalogue()["cisco_ios"]
    one = redact("enable password Alpha1234\n", ios, tag)
    assert one == redact("enable password Alpha1234\n", ios, tag)
    assert one != redact("enable password Alpha1235\n", ios, tag)
    assert MASK.search(one)


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        (" description 上联, 密码:Abc@1234", "Abc@1234"),
        (" description the password is Summer2024", "Summer2024"),
        ("banner motd # password: Winter2024 #", "Winter2024"),
        ("ip http client password 0 with blanks in it", "blanks"),
        ("boot config ftp://u:p@ss/w0rd@10.0.0.1/x", "p@ss/w0rd"),
        ('username x secret "quoted secret"', "quoted secret"),
        ("alias exec x username y password zzz99", "zzz99"),
        ("set security ike policy p pre-shared-key ascii-text hunter2", "hunter2"),
        ("wpa-psk ascii 0 wlanword", "wlanword"),
        ("login-password cipher Xy12!", "Xy12!"),
        ("mka pre-shared-key cak 7 0a0b0c0d", "0a0b0c0d"),
        (" set session-key outbound esp 257 cipher 0a authenticator 9876fedc", "9876fedc"),
        ("  sap pmk 1234abcdef mode-list gcm-encrypt", "1234abcdef"),
        ("event manager environment _pw Hunter22", "Hunter22"),
        ("ppp pap local-user u password cipher %$%$ab c%$%$", "ab c"),
        ("pre-shared-key address 10.0.0.1 255.255.255.0 key IkeWord", "IkeWord"),
        ("tacacs-server host 10.0.0.1 key tackey single-connection", "tackey"),
        ("sent-username u password p4p", "p4p"),
        ("   secret 0 7 sharedprofile receive-lifetime infinite", "sharedprofile"),
    ],
)
def test_other_ways_to_write_a_secret(line, secret):
    for platform in (None, catalogue()["cisco_ios"], catalogue()["huawei"]):
        assert secret not in redact(f"{line}\n", platform, tag)


@pytest.mark.parametrize(
    "line",
    [
        "service password-encryption",
        "no password",
        "password-policy minimum length 10",
        "key chain NAME",
        "crypto key generate rsa modulus 2048",
        "ip access-list standard PASSWORDS",
        "authentication-order [ radius password ];",
        "ssh user admin authentication-type password",
        " description key customer, room 5",
        " match community 4",
        "aaa authentication login default group radius local",
        "super password complexity-check disable",
        "set system login password minimum-length 10",
        "set security authentication-key-chains key-chain KC key 1 start-time 2020-1-1.00:00",
        "dot1x credentials PROFILE",
        "undo password recovery",
        "snmp-server group G v3 priv read VIEW",
        "local-user admin service-type ssh",
        "ssh authorized-key ssh-rsa AAAAB3NzaC1yc2EAAAADAQAB",
    ],
)
def test_what_only_sounds_like_a_secret_stays(line):
    of_switches = ("cisco_ios", "cisco_nxos", "huawei", "hp_comware", "ruijie_os", "arista_eos")
    for name in (*of_switches, "juniper_junos", "frr", ""):
        platform = catalogue().get(name)
        assert redact(f"{line}\n", platform, tag) == f"{line}\n"


def test_a_private_key_over_several_lines():
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\nabcdef0123456789==\n"
    text = f"crypto x\n{key}-----END RSA PRIVATE KEY-----\nhostname r\n"
    shown = redact(text, None, tag)
    assert "MIIE" not in shown
    assert "abcdef" not in shown
    assert "END RSA PRIVATE KEY" in shown
    assert shown.endswith("hostname r\n")
    assert redact(shown, None, tag) == shown
    assert "MIIE" not in redact(f"crypto x\n{key}", None, tag)


def test_a_secret_told_again_elsewhere_is_hidden_too():
    text = "username a password 0 Qwerty1234\nline vty 0\n note Qwerty1234 was here\n"
    assert "Qwerty1234" not in redact(text, catalogue()["cisco_ios"], tag)


WORDS = """
password secret key 7 0 cipher community snmp-server host user auth priv md5 $9$abcdef
%^%#abc%^%# "a b" x1y2z3 role privilege 15 { } ; ## SECRET-DATA <secret:1234abcd> :// u:p@h
description version 2c 10.0.0.1 key-string simple authentication-mode 密码: #x " ' [ ]
"""
WORD = st.sampled_from(WORDS.split())


@settings(max_examples=300)
@given(
    lines=st.lists(st.lists(WORD, max_size=9).map(" ".join), max_size=8),
    platform_id=st.sampled_from(["cisco_ios", "huawei", "juniper_junos"]),
)
def test_redacting_twice_changes_nothing(lines, platform_id):
    platform = catalogue()[platform_id]
    once = redact("\n".join(lines), platform, tag)
    assert redact(once, platform, tag) == once
    assert once.count("\n") == max(0, len(lines) - 1)


@settings(max_examples=200)
@given(secret=st.from_regex(r"[A-Za-z0-9!@#%^&*+=_-]{6,24}", fullmatch=True))
@pytest.mark.parametrize(
    ("platform_id", "form"),
    [
        ("cisco_ios", "username u privilege 15 secret 5 {}"),
        ("cisco_ios", "snmp-server community {} RO 10"),
        ("cisco_ios", "tacacs-server key 7 {}"),
        ("huawei", " local-user u password cipher {}"),
        ("huawei", " snmp-agent community read {}"),
        ("hp_comware", " key authentication simple {}"),
        ("juniper_junos", '    secret "{}"; ## SECRET-DATA'),
        ("arista_eos", "   neighbor 10.0.0.1 password 7 {}"),
        ("cisco_nxos", "snmp-server host 10.0.0.1 traps version 2c {}"),
    ],
)
def test_any_secret_in_a_usual_place_is_hidden(platform_id, form, secret):
    assume(set(secret) != {"*"})  # that one is hidden already
    text = form.format(secret) + "\n"
    if form.replace("{}", "").count(secret):
        return
    shown = redact(text, catalogue()[platform_id], tag)
    assert secret not in MASK.sub("", shown), shown


EVIL = {
    "one word": "a" * 2_000_000 + " key x",
    "passwords": "password " * 220_000,
    "quotes": '"' * 2_000_000 + " secret",
    "marks": "%^%#" * 500_000,
    "dollars": "$a" * 1_000_000,
    "urls": "://" + "a:" * 1_000_000,
    "blanks": " " * 2_000_000 + "key",
    "key lines": " key 1\n" * 30_000,
    "keys that never end": "-----BEGIN PRIVATE KEY-----\n" * 10_000,
    "banners that never end": "banner motd ^C\n" * 10_000,
}


@pytest.mark.parametrize("name", EVIL)
def test_no_text_takes_for_ever(name):
    begin = time.perf_counter()
    redact(EVIL[name], catalogue()["cisco_ios"], tag)
    assert time.perf_counter() - begin < 30


def test_two_megabytes_of_configuration_take_seconds():
    lines = "".join(
        f"interface GigabitEthernet1/0/{n}\n description port {n} key room\n"
        " switchport mode access\n"
        f" ip ospf message-digest-key 1 md5 7 {n:012X}\n!\n"
        for n in range(16_000)
    )
    assert len(lines) > 2_000_000
    begin = time.perf_counter()
    shown = redact(lines, catalogue()["cisco_ios"], tag)
    assert time.perf_counter() - begin < 30
    assert "md5 7 0000" not in shown


# real output of public projects

SHOWN = re.compile(
    r"(?i)SECR3T|PASSW0RD|SECRET_REMOVED|REMOVED_SECRET|very-secret-encrypted|AAAAAAAAAABBBB"
    r"|7df35f90c92ecff2a803|community oxidized|community (?:Abcdef|findit) r[ow]"
    r"|password=password|dddd5d7b474d2c78|password encrypted ABCD"
)


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the recordings of real devices are not here")
def test_no_secret_of_a_real_recording_survives():
    texts = [
        text
        for path in sorted((RECORDINGS / "sessions").glob("*.json"))
        for text in json.loads(path.read_text(encoding="utf-8"))["cmds"].values()
    ]
    texts += [
        path.read_text(encoding="utf-8", errors="replace")
        for path in sorted(RECORDINGS.glob("*/*/*.raw"))
    ]
    before = sum(len(SHOWN.findall(text)) for text in texts)
    assert before > 20
    for text in texts:
        for platform in (None, catalogue()["cisco_ios"], catalogue()["juniper_junos"]):
            shown = redact(text, platform, tag)
            assert not SHOWN.search(shown), SHOWN.search(shown)
            assert redact(shown, platform, tag) == shown
