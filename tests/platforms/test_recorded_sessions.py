"""Real devices as others recorded them: accepted, redacted, recognised (CFG-04, SEC-02).

``sessions/*.json`` are whole devices (``cmds`` maps a command to its output, ``conf`` names
the one that prints the configuration), ``<platform>/<command>/*.raw`` single outputs.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import re
from pathlib import Path
from typing import Any

import pytest

from platforms.case_files import catalogue, tag
from weibao.adapters.network.collect import without_preamble
from weibao.adapters.network.paint import painted
from weibao.adapters.network.replay import play
from weibao.domain.acceptance import judge
from weibao.domain.device_session import DeviceSession, Login, Pager, Protocol
from weibao.domain.platform import Platform, Terminal, TriedOn
from weibao.domain.redaction import MASK, redact
from weibao.domain.resolve_platform import recognise, resolve

RECORDINGS = Path(__file__).parents[3] / "shared" / "device-outputs"
SESSIONS = sorted((RECORDINGS / "sessions").glob("*.json"))
NOT_WHOLE = {"ox-h3c_5130-48G_7.1.070"}
"""Their publisher kept only an excerpt of the configuration."""

STRIPPED = "output stripped"

FOLDERS = {
    "huawei_vrp": "huawei",
    "brocade_fastiron": "ruckus_fastiron",
    "alcatel_sros": "nokia_sros",
    "vyatta_vyos": "vyos",
}
"""Folders of single outputs that are not named as our platforms."""

TELLING = {
    "allied_telesis_awplus/show_system",
    "aruba_aoscx/show_system",
    "cisco_s300/show_system",
    "eltex/show_system",
    "fortinet/get_system_status",
    "hp_procurve/show_system",
    "mikrotik_routeros/system_resource_print",
    "paloalto_panos/show_system_info",
}
"""What has to be recognised besides every platform's ``show version``."""

SECRET_PLACES = [
    r"\bciphertext +(\S+)",
    r"\b(?:password|secret|key) (?:encrypted|\d{1,2}) +(\S+)",
    r"\b(?:password|passphrase|secret|psk|private-key|pre-shared-key)=(\"[^\"\n]*\"|[^\s\\]+)",
    r"^ *snmp-server community (\S+)",
    r"^/snmp community\n(?:(?!/)[^\n]*\n)*?[^\n]*\bname=(\S+)",
    r"\btrap-community=(\S+)",
    r"\bENC +(\S+)",
    r"^ssd-control-end +(\S+)",
    r"encrypted-password \"([^\"]+)\"",
    r"set-key (?:ascii|hex) 0 +(\S+)",
    r"(\$\d{1,2}\$[^\s\";]{6,})",
]
"""Where a reader sees a secret, written without a look at what redaction knows."""

NEIGHBOURS = re.compile("lldp|cdp")
"""Outputs that say what stands at the other end of a line."""

needs = pytest.mark.skipif(not SESSIONS, reason="the recordings of real devices are not here")


@functools.cache
def session(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def configurations() -> list[Any]:
    found = []
    for path in SESSIONS:
        recorded = session(path)
        text = recorded["cmds"].get(recorded.get("conf") or "")
        if text:
            found.append(pytest.param(recorded["platform"], text, path.stem, id=path.stem))
    return found


@needs
@pytest.mark.parametrize(("platform_id", "text", "name"), configurations())
def test_a_whole_configuration_is_accepted(platform_id, text, name):
    verdict = judge(text.encode(), catalogue()[platform_id])
    assert verdict.accepted is (name not in NOT_WHOLE), verdict.reasons


@needs
@pytest.mark.parametrize(("platform_id", "text", "name"), configurations())
def test_no_secret_survives(platform_id, text, name):
    shown = redact(text, catalogue()[platform_id], tag)
    seen = [
        value
        for place in SECRET_PLACES
        for value in re.findall(place, shown, re.MULTILINE)
        if not MASK.search(value)
    ]
    assert seen == []
    assert shown.count("\n") == text.count("\n")
    assert redact(shown, catalogue()[platform_id], tag) == shown


@needs
@pytest.mark.parametrize("path", SESSIONS, ids=lambda path: path.stem)
def test_a_device_is_recognised_by_its_version(path):
    recorded = session(path)
    platform = catalogue()[recorded["platform"]]
    texts = [recorded["cmds"].get(command, "") for command in platform.version]
    if all(not text.strip() or STRIPPED in text for text in texts):
        pytest.skip("its publisher kept no version")
    found = [recognise(catalogue(), text) for text in texts]
    known = [one.id for one in found if one is not None]
    assert set(known) == {platform.id}, [text[:80] for text in texts]


@needs
def test_no_output_of_any_device_is_taken_for_that_of_another():
    wrong, telling = [], set()
    for path in sorted(RECORDINGS.glob("*/*/*.raw")):
        folder = path.parent.parent.name
        platform = resolve(catalogue(), FOLDERS.get(folder, folder))
        if NEIGHBOURS.search(path.parent.name):
            continue
        found = recognise(catalogue(), path.read_text(encoding="utf-8", errors="replace"))
        if found is not None and found is not platform:
            wrong.append(f"{folder}/{path.name}: {found.id}")
        if found is not None:
            telling.add(f"{folder}/{path.parent.name}")
    assert wrong == []
    assert telling >= TELLING


@needs
def test_what_was_recorded_says_so():
    for platform_id in {p.values[0] for p in configurations() if p.values[2] not in NOT_WHOLE}:
        assert TriedOn.recorded in catalogue()[platform_id].tried_on, platform_id


# Each of them played: a terminal that knows the recorded commands and nothing else.


@dataclasses.dataclass(frozen=True)
class Native:
    """What a platform's terminal prints around the recorded answers."""

    prompt: str
    unknown: str
    pager: tuple[str, str]


_CISCO_CARET = "          ^\n% Invalid input detected at '^' marker.\n\n"
_BACKSPACES = "\b" * 9 + " " * 8 + "\b" * 9
NATIVE = {
    "aruba_aoscx": Native(
        "{host}# ", "Invalid input: {word}\n", ("-- MORE --, next page: Space", "\r\x1b[K")
    ),
    "fortinet": Native(
        "{host} # ",
        "Unknown action 0\nCommand fail. Return code -1\n\n",
        ("--More-- ", "\r         \r"),
    ),
    "hp_comware": Native(
        "<{host}>",
        "                  ^\n % Unrecognized command found at '^' position.\n",
        ("---- More ----", "\x1b[16D                \x1b[16D"),
    ),
    "cisco_ios": Native("{host}#", _CISCO_CARET, (" --More-- ", _BACKSPACES)),
    "cisco_nxos": Native(
        "{host}# ",
        "           ^\n% Invalid command at '^' marker.\n",
        ("\x1b[7m--More--\x1b[27m", "\r        \r"),
    ),
    "juniper_junos": Native(
        "\nnetops@{host}> ",
        "            ^\nsyntax error, expecting <command>.\n",
        ("---(more)---", "\r                                        \r"),
    ),
    "mikrotik_routeros": Native(
        "[netops@{host}] > ",
        "bad command name {word} (line 1 column 1)\n",
        ("-- [Q quit|D dump|down]", "\r\x1b[K"),
    ),
    "cisco_s300": Native(
        "{host}#",
        "% Unrecognized command\n",
        ("More: <space>,  Quit: q or CTRL+Z, One line: <return> ", "\r" + " " * 60 + "\r"),
    ),
}


def device_of(recorded: dict[str, Any], name: str, *, paged: bool) -> DeviceSession:
    """The recording as a session that can be played."""
    native = NATIVE[recorded["platform"]]
    host = str(recorded.get("host") or "sw-1").split(".")[0]
    pager = Pager(prints=native.pager[0], wipe=native.pager[1]) if paged else None
    return DeviceSession(
        about=name,
        platform=recorded["platform"],
        login=Login(suffix="+" if recorded["platform"] == "mikrotik_routeros" else ""),
        prompt=native.prompt.replace("{host}", host),
        unknown=native.unknown,
        pager=pager,
        commands={command: text or "" for command, text in recorded["cmds"].items()},
    )


@needs
@pytest.mark.parametrize("over", list(Protocol))
@pytest.mark.parametrize("paged", [False, True], ids=["", "paged"])
@pytest.mark.parametrize("path", SESSIONS, ids=lambda path: path.stem)
def test_it_is_read_from_a_terminal(path, paged, over):
    recorded = session(path)
    platform = catalogue()[recorded["platform"]]
    device = device_of(recorded, path.stem, paged=paged)
    played = play(device, catalogue(), over=over)
    assert played.attempt.trouble is None, played.attempt.trouble
    assert played.running is not None
    sent = next(
        (c.send for c in platform.configuration.running if c.send in recorded["cmds"]), None
    )
    verdict = judge(played.running, platform)
    if sent is None:
        # The publisher recorded another way of asking; the error must not pass for an answer.
        assert not verdict.accepted
        assert "error_text" in {reason.code for reason in verdict.reasons}
        return
    wanted = without_preamble(device.raw(device.commands[sent]).replace(b"\r\n", b"\n"), platform)
    assert printed(played.running, platform) == printed(wanted, platform)
    whole = recorded.get("conf") == sent and path.stem not in NOT_WHOLE
    assert verdict.accepted is whole, verdict.reasons


def printed(text: bytes, platform: Platform) -> str:
    """As it stands on the screen; the answer's last line may have had no line end."""
    painting = platform.session.terminal is Terminal.painted
    return (painted(text) if painting else text).decode().rstrip("\n")
