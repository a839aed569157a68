"""Prompts and pagers as data: a case file may hold ``prompts`` and ``pagers``."""

from __future__ import annotations

import re

import pytest

from platforms.case_files import catalogue, parts
from weibao.domain.platform import compiled
from weibao.domain.resolve_platform import resolve

NAMES = {
    "cisco_xr": "iosxr cisco.iosxr.iosxr cisco_xr_ssh IOS-XR",
    "cisco_asa": "asa cisco.asa.asa",
    "cisco_s300": "cisco_s300_telnet community.ciscosmb.ciscosmb cbs",
    "hp_procurve": "procurve hp_procurve_telnet aruba_osswitch arubaoss",
    "aruba_aoscx": "aoscx arubanetworks.aoscx.aoscx AOS-CX",
    "fortinet": "fortios fortinet.fortios.fortios fortigate",
    "paloalto_panos": "panos paloaltonetworks.panos.panos",
    "mikrotik_routeros": "routeros community.routeros.routeros community.network.routeros",
    "ruckus_fastiron": "brocade_fastiron icx community.network.icx commscope.icx.icx",
    "nokia_sros": "sros alcatel_sros nokia.sros.md community.network.sros",
    "dell_force10": "dellos9 dellemc.os9.os9 ftos",
    "dell_os10": "dellos10 dellemc.os10.os10",
    "extreme_exos": "exos community.network.exos extreme_exos_telnet",
    "zte_zxros": "zxros zte_zxros_telnet ZTE",
    "allied_telesis_awplus": "awplus alliedtelesis.awplus.awplus",
    "eltex": "eltex_mes mes",
    "vyos": "vyos.vyos.vyos vyatta_vyos",
}
"""What Ansible, netmiko and Oxidized call them."""


@pytest.mark.parametrize(("case", "entry"), parts("prompts"))
def test_a_prompt_is_known_and_names_the_device(case, entry):
    pattern = compiled(rf"^(?:{case.platform.session.prompt})\s*\Z")
    match = pattern.search(f"text\n{entry['prompt']} ")
    assert match is not None
    assert match["hostname"] == entry["hostname"]
    assert match.group().strip() == entry["prompt"]


@pytest.mark.parametrize(("case", "printed"), parts("pagers"))
@pytest.mark.parametrize("following", [" description blanks stay", "", "!"])
def test_a_pager_is_taken_out_without_a_trace(case, printed, following):
    text = f"interface X\n{printed}{following}\nnext\n"
    pagers = case.platform.session.pagers
    assert any(compiled(pager.match).search(text) for pager in pagers)
    for pager in pagers:
        text = re.sub(pager.erase, "", text, flags=re.MULTILINE)
    assert text == f"interface X\n{following}\nnext\n"


@pytest.mark.parametrize("platform_id", sorted(catalogue()))
@pytest.mark.parametrize(
    "said", ["busy hours, try again later", "permission denied here", "is locked, in progress"]
)
def test_what_a_person_writes_is_no_error_of_the_device(platform_id, said):
    """A small configuration is searched for error texts as a whole."""
    lines = (f" description {said}\n", f"set x description '{said}'\n", f'    comment "{said}"\n')
    for error in catalogue()[platform_id].errors:
        for line in lines:
            assert not compiled(error.match).search(line), error.match


@pytest.mark.parametrize(("platform_id", "names"), NAMES.items())
def test_the_names_that_inventories_use(platform_id, names):
    for name in names.split():
        found = resolve(catalogue(), name)
        assert found is not None, name
        assert found.id == platform_id, name
