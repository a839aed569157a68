"""The recorder, on played devices: what it writes is whole, and nobody's (SEC-02)."""

from __future__ import annotations

import re

import pytest

from platforms.case_files import catalogue
from platforms.test_session_cases import SESSIONS, named, session_of
from weibao.adapters.network.job import Endpoint, Job, Limits
from weibao.adapters.network.record import Recorded, record
from weibao.adapters.network.replay import ReplayWire
from weibao.adapters.session_files import read_session
from weibao.domain.device_session import DeviceSession, Protocol, from_pictures
from weibao.domain.disguise import Disguise, Piece, Whose
from weibao.domain.disguise_words import DEFAULT_NAMES, KEPT
from weibao.domain.replay import Player

JOB = Job(
    bundle="",
    known_hosts="no-such-folder/known_hosts",
    platform_folders=(),
    passwords={},
    threads=1,
    limits=Limits(),
    endpoints=(),
)
READABLE = [path for path in SESSIONS if not session_of(path).expect.trouble]


def recorded(session: DeviceSession, over: Protocol, name: str = "lab-sw-01") -> Recorded:
    """Record a played device."""
    wires: list[ReplayWire] = []

    def opener(*_, **__):
        enter = b"\n" if over is Protocol.ssh else b"\r\n"
        wires.append(ReplayWire(Player(session, over), enter))
        return wires[-1]

    login = session.login
    endpoint = Endpoint(
        device=name,
        contract="default",
        address="10.20.30.40",
        port=22,
        network_os=session.platform,
        protocol=over.value,
        username=login.user,
        password=login.password,
        enable_secret=login.enable_secret,
    )
    return record(
        JOB,
        catalogue(),
        endpoint,
        b"k" * 32,
        opener=opener,
        now=lambda: sum(wire.now() for wire in wires),
    )


@pytest.mark.parametrize("path", READABLE, ids=named)
def test_what_is_recorded_is_as_good_as_the_device(path, tmp_path):
    session = session_of(path)
    made = recorded(session, session.over[0])
    assert made.trouble is None
    assert made.session is not None
    assert [w for w in made.warnings if w.code != "record_no_pager"] == []
    expect = made.session.expect
    assert expect.accepted is session.expect.accepted
    assert expect.startup is (session.expect.startup or expect.startup)
    file = tmp_path / "x.session.yml"
    file.write_text(made.text, encoding="utf-8")
    assert read_session(file) == made.session
    assert (made.session.pager is None) or session.pager is not None


@pytest.mark.parametrize("path", READABLE, ids=named)
def test_nothing_in_it_is_the_devices_own(path):
    session = session_of(path)
    made = recorded(session, session.over[0])
    login = session.login
    own = {login.password, *session.expect.secrets}
    own |= {login.enable_secret} if session.enable else set()
    names = {name for name in (session.expect.hostname, login.user) if not is_nobody(name)}
    plain = from_pictures(made.text)
    assert [secret for secret in own if secret in plain and not is_nobody(secret)] == []
    for name in names:
        assert not re.search(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", plain), name


def is_nobody(word: str) -> bool:
    return word.lower() in KEPT | DEFAULT_NAMES or len(word) < 3


# the disguise by itself

TEXT = """\
hostname gov-core-01
username zhang.wei privilege 15 secret 5 $1$abcd$QWERTYuiopASDFghjkl0
! by zhang.wei
ip domain-name net.yunxi.gov.cn
interface Vlan10
 description to gov-core-02, Wang Fang tel 138 0013 8000
 ip address 10.1.2.3 255.255.255.0
 ipv6 address 2400:3200:1:2::10/64
 name 财务科
snmp-server location third floor, Renmin Road 5
snmp-server contact wang.fang@yunxi.gov.cn 13800138000
snmp-server host 10.1.2.9 version 2c yunXi2024ro
ip route 10.9.0.0 255.255.0.0 10.1.2.254
mac address-table static 3c8c.4012.abcd vlan 10
! Serial number: FOC1234X0AB
banner motd ^C
Property of the city of Yunxi
gov-core-01# end
^C
end
"""


def disguised(text: str, **whose) -> str:
    return Disguise(b"k" * 32, catalogue()["cisco_ios"], Whose(**whose)).over([Piece(text)])[0]


@pytest.mark.parametrize(
    "word",
    [
        *("gov-core", "zhang", "QWERTY", "yunxi", "Yunxi", "Wang", "Fang", "0013", "10.1.2."),
        *("2400:3200", "财务", "Renmin", "third", "fang", "13800138000", "yunXi2024ro", "10.9."),
        *("4012", "FOC1234", "Property"),
    ],
)
def test_words_that_say_whose_it_is_are_gone(word):
    assert word not in disguised(TEXT)


def test_what_shows_the_form_stays():
    shown = disguised(TEXT)
    for words in (
        "hostname ",
        " privilege 15 secret 5 $1$",
        " 255.255.255.0\n",
        "version 2c ",
        "\n^C\nend\n",
        "ipv6 address 2001:db8:",
        "mac address-table static 0000.5e00.53",
    ):
        assert words in shown, words
    lines, made = TEXT.splitlines(), shown.splitlines()
    assert len(made) == len(lines)
    for number in (5, 8, 9, 16):
        assert len(made[number]) == len(lines[number])


def test_the_same_is_replaced_by_the_same():
    shown = disguised(TEXT)
    name = re.search(r"^hostname (\S+)", shown, re.MULTILINE)[1]
    user = re.search(r"^username (\S+)", shown, re.MULTILINE)[1]
    assert f"\n{name}# end" in shown
    assert f"\n! by {user}\n" in shown
    network = re.search(r"ip address (\S+)\.3 ", shown)[1]
    assert f"snmp-server host {network}.9 " in shown
    assert f" {network}.254\n" in shown


def test_a_name_that_the_prompt_cuts_off_is_cut_off_again():
    session = "hostname a-very-long-name-of-a-switch\n"
    pieces = [Piece(session), Piece("a-very-long-name-of-#")]
    disguise = Disguise(
        b"k" * 32, catalogue()["cisco_ios"], Whose(hostnames=("a-very-long-name-of-",))
    )
    text, prompt = disguise.over(pieces)
    assert text.split()[1].startswith(prompt.rstrip("#"))


def test_another_recording_gives_other_words():
    other = Disguise(b"another key", catalogue()["cisco_ios"], Whose()).over([Piece(TEXT)])[0]
    assert other != disguised(TEXT)


def test_a_stated_length_is_corrected():
    text = "Current configuration : 100 bytes\nip address 10.1.1.1 255.255.255.0\nend\n"
    shown = disguised(text)
    stated = int(re.search(r": (\d+) bytes", shown)[1])
    assert stated - 100 == len(shown) - len(text)
