"""Platform files: loading, names, prompts, pagers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from platforms.case_files import catalogue
from weibao.adapters.platform_files import load_platforms, packaged_folder, read_platform
from weibao.domain.resolve_platform import recognise, resolve, variant_of, with_variant
from weibao.errors import InputError

ALL = sorted(catalogue())
READING = re.compile(
    r"(?:show|display|get|more) |/export\b|/system resource print$|admin (?:show|display-config)\b"
    # Of the session alone.
    r"|(?:screen-length|terminal|set (?:cli|terminal)|environment|console local-terminal) "
    r"|no page$|skip-page-display$|disable (?:clipaging session|cli prompting)$|show$"
    r"|changeto (?:system|context)\b|cli$"
)
RECORDINGS = Path(__file__).parents[3] / "shared" / "device-outputs"


def patterns(value):
    """Every pattern of a platform file, by walking its content."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in {"send", "answer", "note", "title", "command", "prepare", "username_suffix"}:
                continue
            yield from patterns(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from patterns(inner)
    elif isinstance(value, str):
        yield value


@pytest.mark.parametrize("platform_id", ALL)
def test_every_packaged_file_is_valid_and_works_on_bytes(platform_id):
    platform = read_platform(packaged_folder() / f"{platform_id}.yml")
    assert platform.id == platform_id
    for pattern in patterns(platform.model_dump()["session"]) if platform else ():
        re.compile(b"(?:" + pattern.encode() + b")", re.MULTILINE)
    for error in platform.errors:
        re.compile(b"(?:" + error.match.encode() + b")", re.MULTILINE)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("huawei huawei_vrp huawei_vrpv8 huawei_telnet vrp ce community.network.ce", "huawei"),
        ("hp_comware comware h3c H3C h3c_comware h3c-comware hp_comware_telnet", "hp_comware"),
        ("ruijie_os rgos ruijie ruijie_os_ssh ruijie_os_telnet Ruijie-OS", "ruijie_os"),
        ("cisco_ios ios cisco.ios.ios cisco.ios cisco_xe IOS-XE cisco_ios_telnet", "cisco_ios"),
        ("cisco_nxos nxos cisco.nxos.nxos nx-os cisco_nxos_ssh", "cisco_nxos"),
        ("arista_eos eos arista.eos.eos EOS arista_eos_telnet", "arista_eos"),
        ("juniper_junos junos junipernetworks.junos.junos juniper JunOS", "juniper_junos"),
        ("frr vtysh FRR frr.frr.frr", "frr"),
    ],
)
def test_the_names_that_inventories_use(names, expected):
    for name in names.split():
        platform = resolve(catalogue(), name)
        assert platform is not None, name
        assert platform.id == expected, name


@pytest.mark.parametrize("name", ["", "nosuch", "cisco", "unix", "cisco_ios_x", "ios.", "."])
def test_an_unknown_name_is_nobodys(name):
    assert resolve(catalogue(), name) is None


@pytest.mark.parametrize(
    ("platform_id", "prompt", "hostname"),
    [
        ("huawei", "<HUAWEI>", "HUAWEI"),
        ("huawei", "[~HUAWEI]", "HUAWEI"),
        ("huawei", "[*CE-1-GE1/0/1]", "CE-1-GE1/0/1"),
        ("huawei", "HRP_M<USG6000>", "USG6000"),
        ("hp_comware", "<H3C>", "H3C"),
        ("cisco_ios", "sw1#", "sw1"),
        ("cisco_ios", "sw1>", "sw1"),
        ("cisco_ios", "sw1(config-if)#", "sw1"),
        ("cisco_nxos", "n9k-1#", "n9k-1"),
        ("cisco_nxos", "n9k-1(config)#", "n9k-1"),
        ("arista_eos", "leaf1(config-if-Et1)#", "leaf1"),
        ("ruijie_os", "Ruijie#", "Ruijie"),
        ("juniper_junos", "netops@ex1>", "ex1"),
        ("juniper_junos", "{master:0}\nnetops@ex1>", "ex1"),
        ("juniper_junos", "{primary:node0}\nroot@srx>", "srx"),
        ("frr", "r1#", "r1"),
    ],
)
def test_prompts(platform_id, prompt, hostname):
    match = re.search(
        rf"^(?:{catalogue()[platform_id].session.prompt})\s*\Z", f"text\n{prompt} ", re.MULTILINE
    )
    assert match is not None
    assert match["hostname"] == hostname
    assert match.group().strip() == prompt


@pytest.mark.parametrize("platform_id", ALL)
def test_lines_of_a_configuration_are_no_prompt(platform_id):
    prompt = rf"^(?:{catalogue()[platform_id].session.prompt})\s*\Z"
    for line in (
        "interface Vlan1",
        " description <to core> ok",
        "!",
        "#",
        "    }",
        "end",
        "return",
    ):
        if line == "#" and catalogue()[platform_id].session.own_shell:
            continue  # a login shell's; once ours has taken over, the prompt is ours
        assert not re.search(prompt, f"x\n{line}\n", re.MULTILINE), line


@pytest.mark.parametrize(
    ("platform_id", "printed"),
    [
        ("huawei", "  ---- More ----\x1b[16D                \x1b[16D"),
        ("huawei", "  ---- More ----\x1b[42D                                          \x1b[42D"),
        ("hp_comware", "  ---- More ----\x1b[16D                \x1b[16D"),
        ("hp_comware", "---- More ----\r                 \r"),
        ("cisco_ios", " --More-- \x08\x08\x08\x08\x08\x08\x08\x08\x08        "
         "\x08\x08\x08\x08\x08\x08\x08\x08\x08"),
        ("cisco_ios", " --More-- \r          \r"),
        ("cisco_nxos", "\x1b[7m--More--\x1b[27m\r        \r"),
        ("cisco_nxos", "\x1b[7m--More--\x1b[m\r\x1b[K"),
        ("arista_eos", " --More-- \r\x1b[K"),
        ("ruijie_os", " --More-- \x08\x08\x08\x08\x08\x08\x08\x08\x08\x08          "
         "\x08\x08\x08\x08\x08\x08\x08\x08\x08\x08"),
        ("juniper_junos", "---(more)---\r                    \r"),
        ("juniper_junos", "---(more 45%)---\r                    \r"),
    ],
)  # fmt: skip
def test_a_pager_is_taken_out_without_a_trace(platform_id, printed):
    for following in (" description blanks stay", "", "!"):
        text = f"interface X\n{printed}{following}\nnext\n"
        for pager in catalogue()[platform_id].session.pagers:
            assert re.search(pager.match, text.split(printed[-3:])[0], re.MULTILINE)
            text = re.sub(pager.erase, "", text, flags=re.MULTILINE)
        assert text == f"interface X\n{following}\nnext\n"


def test_the_configuration_that_is_not_the_running_one_never_stands_in():
    sent = [command.send for command in catalogue()["cisco_ios"].configuration.running]
    assert "show configuration" not in sent
    eos = catalogue()["arista_eos"].configuration.running
    assert [command.restorable for command in eos] == [True, False]


@pytest.mark.parametrize("platform_id", ALL)
def test_nothing_that_is_sent_enters_a_configuration_mode(platform_id):
    platform = catalogue()[platform_id]
    if platform.session.own_shell:
        pytest.skip("commands of a shell have a test of their own")
    sent = [
        *platform.session.prepare,
        *platform.version,
        *(c.send for c in platform.configuration.running),
        *(c.send for c in platform.configuration.startup),
        *(c.send for p in platform.configuration.also for c in p.configuration.running),
        *(c for p in platform.configuration.also for c in (*p.enter, *p.leave)),
        *(c.send for v in platform.variants for c in v.configuration.running),
        *(c for v in platform.variants for c in v.session.prepare),
    ]
    for command in sent:
        assert READING.match(command), command
    if platform.session.shell:  # from there to the CLI: a program, and nothing more
        assert re.fullmatch(r"(?:cli|vtysh|tmsh|imish)", platform.session.shell.command)


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the recordings of real devices are not here")
def test_versions_of_real_devices_are_recognised():
    known = {
        "huawei_vrp/display_version": "huawei",
        "cisco_ios/show_version": "cisco_ios",
        "cisco_nxos/show_version": "cisco_nxos",
        "arista_eos/show_version": "arista_eos",
        "juniper_junos/show_version": "juniper_junos",
        "brocade_fastiron/show_version": "ruckus_fastiron",
        "ruckus_fastiron/show_version": "ruckus_fastiron",
        "cisco_asa/show_version": "cisco_asa",
        "cisco_s300/show_version": "cisco_s300",
        "cisco_xr/show_version": "cisco_xr",
        "cisco_xr/show_version_brief": "cisco_xr",
        "dell_force10/show_version": "dell_force10",
        "ubiquiti_edgerouter/show_version": "vyos",
    }
    seen = 0
    for path in sorted(RECORDINGS.glob("*/*version*/*.raw")):
        found = recognise(catalogue(), path.read_text(encoding="utf-8", errors="replace"))
        expected = known.get(f"{path.parent.parent.name}/{path.parent.name}")
        assert (found.id if found else None) == expected, path.name
        seen += expected is not None
    assert seen >= 10


# an estate's own files

OWN = """\
id: acme_os
title: Acme
vendor: Acme
netmiko: generic
names: [acme]
session:
  prompt: '(?P<hostname>\\w+)#'
configuration:
  running:
    - send: show all
"""


def estate(tmp_path, **files):
    folder = tmp_path / "platforms"
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.yml").write_text(text, encoding="utf-8")
    return folder


def test_an_estate_adds_a_platform(tmp_path):
    found = load_platforms([estate(tmp_path, acme=OWN)])
    assert resolve(found, "ACME").title == "Acme"
    assert len(found) == len(catalogue()) + 1


def test_an_estate_replaces_one_by_its_id(tmp_path):
    folder = estate(tmp_path, mine=OWN.replace("acme_os", "frr"))
    assert load_platforms([folder])["frr"].title == "Acme"
    assert catalogue()["frr"].title != "Acme"


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        (OWN.replace("send: show all", "sned: show all"), 10, "sned"),
        (OWN.replace(r"(?P<hostname>\w+)#", "(?P<hostname>"), 7, "regular expression"),
        (OWN.replace(r"(?P<hostname>\w+)#", r"\w+#"), 6, "hostname"),
        (OWN + "colour: red\n", 11, "colour"),
        (OWN + "title: again\n", 11, "twice"),
        (OWN.replace("vendor: Acme", "vendor: [Acme"), 4, ""),
        (OWN.replace("vendor: Acme\n", ""), 1, "vendor"),
        (OWN.replace("names: [acme]", "names: [acme, ios]"), 5, "cisco_ios"),
        ("- a\n- b\n", 1, "mapping"),
        ("", 1, "mapping"),
    ],
)
def test_a_bad_file_is_named_with_line_and_reason(tmp_path, text, line, what):
    with pytest.raises(InputError) as caught:
        load_platforms([estate(tmp_path, bad=text)])
    assert caught.value.params["file"].endswith("bad.yml")
    assert caught.value.params["line"] == line
    assert what in str(caught.value)
    assert "bad.yml" in caught.value.say("zh")


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(InputError, match="nowhere"):
        load_platforms([tmp_path / "nowhere"])


def test_a_variant_says_only_what_differs(tmp_path):
    variant = """\
variants:
  - name: old
    match: 'Acme 1\\.'
    configuration:
      running: [{send: show old}]
    session:
      prepare: [no more]
"""
    acme = load_platforms([estate(tmp_path, acme=OWN + variant)])["acme_os"]
    old = with_variant(acme, variant_of(acme, "Acme 1.2"))
    assert old.configuration.running[0].send == "show old"
    assert old.configuration.begins == acme.configuration.begins
    assert old.session.prepare == ("no more",)
    assert old.session.prompt == acme.session.prompt
    assert variant_of(acme, "Acme 2.0") == ""
    assert with_variant(acme, "") is acme
