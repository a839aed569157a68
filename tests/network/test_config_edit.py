"""Lines between two configurations: the way there and the way back are each other's inverse."""

from __future__ import annotations

import pytest

from weibao.adapters.platform_files import load_platforms
from weibao.domain.config_edit import commands, foretell, same_lines, unmet
from weibao.domain.config_tree import parse_tree, render
from weibao_lab.configs import generate_body
from weibao_lab.specs import DeviceSpec

PLATFORMS = load_platforms()
INDENTED = ["huawei", "hp_comware", "ruijie_os", "cisco_ios", "cisco_nxos", "arista_eos"]


def tree(text: str, platform: str):
    found = PLATFORMS[platform]
    return parse_tree(text, found.change, found.configuration.separator)


@pytest.mark.parametrize("platform", INDENTED)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_tree_prints_as_the_text_that_it_was(platform, seed):
    body = generate_body(DeviceSpec("sw-1", platform, seed=seed)).strip("\n")
    assert render(tree(body, platform)).strip("\n") == body
    assert commands(tree(body, platform), tree(body, platform), PLATFORMS[platform].change) == []


@pytest.mark.parametrize("platform", INDENTED)
def test_two_devices_differ_in_lines_both_ways(platform):
    rules = PLATFORMS[platform].change
    one, other = (
        tree(generate_body(DeviceSpec(f"sw-{n}", platform, seed=n)), platform) for n in (1, 2)
    )
    assert commands(one, other, rules)
    assert commands(other, one, rules)
    assert not same_lines(one, other, rules)


CASES = [
    # platform, before, after, the lines that lead there
    (
        "huawei",
        "vlan batch 10 20 30",
        "vlan batch 10 to 12 20",
        ["undo vlan batch 30", "vlan batch 11 to 12"],
    ),
    (
        "huawei",
        "interface GigabitEthernet0/0/1\n description old\n shutdown",
        "interface GigabitEthernet0/0/1\n description new",
        ["interface GigabitEthernet0/0/1", "undo shutdown", "description new", "quit"],
    ),
    (
        "huawei",
        "interface GigabitEthernet0/0/1\n description old\n#\n"
        "interface Vlanif9\n ip address 1.1.1.1 24",
        "",
        [
            "undo interface Vlanif9",
            "interface GigabitEthernet0/0/1",
            "undo description",
            "quit",
        ],
    ),
    (
        "huawei",
        "interface Vlanif9\n ip address 1.1.1.1 24",
        "interface Vlanif9\n ip address 1.1.1.2 24",
        ["interface Vlanif9", "ip address 1.1.1.2 24", "quit"],
    ),
    (
        "cisco_ios",
        "interface Vlan9\n no ip address",
        "interface Vlan9\n ip address 1.1.1.2 255.0.0.0",
        ["interface Vlan9", "ip address", "ip address 1.1.1.2 255.0.0.0", "exit"],
    ),
    (
        "cisco_ios",
        "ip access-list extended A\n permit ip any any\n deny ip any any",
        "ip access-list extended A\n deny ip any any\n permit ip any any",
        [
            "no ip access-list extended A",
            "ip access-list extended A",
            "deny ip any any",
            "permit ip any any",
            "exit",
        ],
    ),
    (
        "cisco_nxos",
        "vlan 1,10,20",
        "vlan 1,10,30",
        ["no vlan 20", "vlan 30"],
    ),
    (
        "cisco_ios",
        "banner motd ^C\nold text\nend\n^C",
        "banner motd ^C\nnew text\nend\n^C",
        ["banner motd ^C\nnew text\nend\n^C"],
    ),
]


@pytest.mark.parametrize(("platform", "before", "after", "lines"), CASES)
def test_the_lines_between_two_texts(platform, before, after, lines):
    rules = PLATFORMS[platform].change
    assert commands(tree(before, platform), tree(after, platform), rules) == lines


def test_what_lines_would_do_is_foretold_as_far_as_the_data_knows():
    rules = PLATFORMS["huawei"].change
    before = tree(
        "vlan batch 10\n#\ninterface GigabitEthernet0/0/1\n description old\n shutdown", "huawei"
    )
    wanted = tree(
        "vlan batch 20\n"
        "interface GigabitEthernet0/0/1\n description new\n undo shutdown\n"
        "interface Vlanif20\n ip address 10.0.0.1 24",
        "huawei",
    )
    after = foretell(before, wanted, rules)
    assert render(after) == (
        "vlan batch 10 20\n#\ninterface GigabitEthernet0/0/1\n description new\n"
        "interface Vlanif20\n ip address 10.0.0.1 24\n"
    )
    assert [one.shown for one in unmet(before, wanted, rules)]
    assert unmet(after, wanted, rules) == []


def test_a_line_with_a_secret_is_compared_as_far_as_the_device_shows_it():
    rules = PLATFORMS["cisco_ios"].change
    wanted = tree("username tom secret Plain-Word-1", "cisco_ios")
    shown = tree("username tom secret 9 $9$abc", "cisco_ios")
    places = {"username tom secret Plain-Word-1": len("username tom secret ")}
    assert unmet(shown, wanted, rules, places) == []
    assert unmet(tree("username ann secret 9 x", "cisco_ios"), wanted, rules, places)
