"""Real devices as others recorded them: accepted, redacted, recognised (CFG-04, SEC-02).

``sessions/*.json`` are whole devices (``cmds`` maps a command to its output, ``conf`` names
the one that prints the configuration), ``<platform>/<command>/*.raw`` single outputs.
"""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import Any

import pytest

from platforms.case_files import catalogue, tag
from weibao.domain.acceptance import judge
from weibao.domain.platform import TriedOn
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
