"""Inventories as Ansible users have them, read by the real ``ansible-inventory``."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest_estate import clean_env

from weibao.adapters.ansible_inventory import AnsibleInventory
from weibao.errors import InputError

HOSTS = """\
all:
  hosts:
    lone:
  children:
    核心:
      vars: {ansible_group_priority: 5, x: 1, contract: hospital}
      hosts:
        sw1:
          ansible_host: 10.0.0.1
          ansible_port: 2222
          ansible_network_os: huawei_vrp
          site: 门诊楼
          role: [核心, 汇聚]
          number: 7
          flag: true
          text: "0123"
          template: "{{ inventory_hostname }}-{{ lookup('env', 'CITY') }}"
          file: "{{ inventory_dir }}/id"
          literal: !unsafe "{{ no }}"
        "101": {ansible_host: 10.0.0.2, ansible_network_os: cisco.ios.ios}
    b:
      vars: {x: 2}
      hosts: {sw1: , odd: {ansible_network_os: foo_os}}
"""


@pytest.fixture
def folder(write):
    return write({"inventory/hosts.yml": HOSTS})


@pytest.fixture(scope="module")
def compiled_once(tmp_path_factory):
    """A folder with the same inventory, and ``resolve`` of it with a warm cache."""
    folder = tmp_path_factory.mktemp("limits")
    (folder / "inventory").mkdir()
    (folder / "inventory" / "hosts.yml").write_text(HOSTS)
    resolve = AnsibleInventory(folder, folder / "cache", lambda name: name, env=clean_env()).resolve
    resolve(("inventory",))
    return folder, resolve


def vault(folder: Path, *arguments: str, text: bytes | None = None) -> str:
    (folder / "vault.password").write_text("opens\n")
    done = subprocess.run(
        [sys.executable, "-m", "ansible", "vault", *arguments],
        cwd=folder,
        env=clean_env(ANSIBLE_VAULT_PASSWORD_FILE="vault.password"),
        input=text,
        capture_output=True,
        check=True,
    )
    return done.stdout.decode()


def play(folder: Path, compiled: str, expression: str, **env: str) -> dict[str, object]:
    """What ``expression`` is on each host when a playbook runs on the compiled inventory."""
    (folder / "play.json").write_text(
        json.dumps(
            [
                {
                    "hosts": "all",
                    "gather_facts": False,
                    "connection": "local",
                    "tasks": [{"ansible.builtin.debug": {"msg": f"{{{{ {expression} }}}}"}}],
                }
            ]
        )
    )
    done = subprocess.run(
        [sys.executable, "-m", "ansible", "playbook", "-i", compiled, "play.json"],
        cwd=folder,
        env=clean_env(ANSIBLE_NOCOLOR="1", **env),
        capture_output=True,
        check=False,
    )
    text = done.stdout.decode()
    assert done.returncode == 0, text
    found = {}
    for part in text.split("ok: [")[1:]:
        name, _, rest = part.partition("] => ")
        if rest.startswith("{"):
            found[name] = json.JSONDecoder().raw_decode(rest)[0]["msg"]
    return found


def test_devices_are_what_the_inventory_says(folder, inventory):
    snapshot = inventory().resolve(("inventory",))
    by_name = {device.name: device for device in snapshot.devices}
    assert (snapshot.total, list(by_name)) == (4, ["lone", "sw1", "101", "odd"])
    sw1 = by_name["sw1"]
    assert (sw1.address, sw1.port, sw1.platform) == ("10.0.0.1", 2222, "huawei")
    assert (sw1.contract, sw1.site, sw1.role) == ("hospital", "门诊楼", "核心, 汇聚")
    assert (by_name["101"].platform, by_name["101"].problem) == ("cisco_ios", None)
    assert (by_name["lone"].address, by_name["lone"].platform, by_name["lone"].problem) == (
        "lone",
        "",
        None,
    )


def test_an_unknown_platform_is_that_devices_problem_alone(folder, inventory):
    devices = inventory().resolve(("inventory",)).devices
    problems = {d.name: d.problem.code for d in devices if d.problem}
    assert problems == {"odd": "unknown_platform"}


def test_a_compiled_inventory_means_the_same_to_ansible(folder, inventory):
    compiled = inventory().resolve(("inventory",)).compiled
    assert stat.S_IMODE(Path(compiled).stat().st_mode) == 0o600
    seen = play(
        folder,
        compiled,
        "{'x': x | default(0), 'n': number | default(0), 'f': flag | default(0),"
        " 't': text | default(''), 'p': template | default(''), 'l': literal | default(''),"
        " 'd': file | default(''), 'g': group_names}",
        CITY="上海",
    )
    assert seen["sw1"] == {
        "x": 1,  # the group's priority counts
        "n": 7,
        "f": True,
        "t": "0123",
        "p": "sw1-上海",
        "l": "{{ no }}",
        "d": f"{folder}/inventory/id",
        "g": ["b", "核心"],
    }
    assert seen["lone"]["g"] == ["ungrouped"]


def test_group_vars_beat_inline_vars_as_in_ansible(write, inventory):
    folder = write(
        {
            "inventory/hosts.yml": "a: {children: {b: {vars: {x: inline}, hosts: {sw1: }}}}\n",
            "inventory/group_vars/a.yml": "x: file\n",
        }
    )
    assert play(folder, inventory().resolve(("inventory",)).compiled, "x") == {"sw1": "file"}


def test_inline_vault_values_stay_encrypted_and_open_later(write, inventory, tmp_path):
    sealed = vault(tmp_path, "encrypt_string", "--stdin-name", "ansible_password", text=b"canary-1")
    folder = write({"inventory/hosts.yml": "all: {hosts: {sw1: }}\n"})
    write({"inventory/group_vars/all.yml": sealed})
    env = clean_env(ANSIBLE_VAULT_PASSWORD_FILE="vault.password")
    compiled = inventory(env=env).resolve(("inventory",)).compiled
    assert "canary-1" not in Path(compiled).read_text()
    seen = play(folder, compiled, "ansible_password", ANSIBLE_VAULT_PASSWORD_FILE="vault.password")
    assert seen == {"sw1": "canary-1"}


def test_a_file_encrypted_as_a_whole_is_not_written_in_plain_text(write, inventory, tmp_path):
    folder = write(
        {
            "inventory/hosts.yml": "all: {hosts: {sw1: {part: two}}}\n",
            "inventory/group_vars/all/vault.yml": (
                "ansible_password: canary-one\nansible_become_password: 12345678\n"
                "nested: {deep: [canary-three]}\nmixed: '{{ ansible_password }}-{{ part }}'\n"
                "ansible_network_os: huawei\n"
            ),
        }
    )
    vault(folder, "encrypt", "inventory/group_vars/all/vault.yml")
    env = clean_env(ANSIBLE_VAULT_PASSWORD_FILE="vault.password")
    snapshot = inventory(env=env).resolve(("inventory",))
    text = Path(snapshot.compiled).read_text()
    assert "canary" not in text
    assert "12345678" not in text
    assert snapshot.devices[0].platform == "huawei"
    seen = play(
        folder,
        snapshot.compiled,
        "[ansible_password, ansible_become_password, nested.deep, mixed]",
        ANSIBLE_VAULT_PASSWORD_FILE="vault.password",
    )
    assert seen["sw1"] == ["canary-one", "12345678", ["canary-three"], "canary-one-two"]


def test_a_missing_vault_password_names_the_variable_and_the_way_out(write, inventory, tmp_path):
    sealed = vault(tmp_path, "encrypt_string", "--stdin-name", "ansible_password", text=b"x")
    write(
        {"inventory/hosts.yml": "all: {hosts: {sw1: }}\n", "inventory/group_vars/all.yml": sealed}
    )
    with pytest.raises(InputError) as error:
        inventory().resolve(("inventory",))
    for word in ("sw1", "ansible_password", "vault_password_file", "ANSIBLE_VAULT_PASSWORD_FILE"):
        assert word in str(error.value)
    write({"ansible.cfg": "[defaults]\nvault_password_file = vault.password\n"})
    assert inventory().resolve(("inventory",)).total == 1


def test_a_missing_or_wrong_password_for_a_whole_file(write, inventory):
    folder = write({"inventory/hosts.yml": "all: {hosts: {sw1: }}\n"})
    write({"inventory/group_vars/all.yml": "x: 1\n", "wrong": "other\n"})
    vault(folder, "encrypt", "inventory/group_vars/all.yml")
    with pytest.raises(InputError, match=r"inventory/group_vars/all\.yml.*vault_password_file"):
        inventory().resolve(("inventory",))
    env = clean_env(ANSIBLE_VAULT_PASSWORD_FILE="wrong")
    with pytest.raises(InputError, match=r"does not open inventory/group_vars/all\.yml"):
        inventory(env=env).resolve(("inventory",))


@pytest.mark.parametrize(
    ("limit", "names"),
    [
        ("", ["lone", "sw1", "101", "odd"]),
        ("all", ["lone", "sw1", "101", "odd"]),
        ("sw1", ["sw1"]),
        ("101", ["101"]),
        ("核心", ["sw1", "101"]),
        ("核心:!sw1", ["101"]),
        ("核心:&b", ["sw1"]),
        ("ungrouped", ["lone"]),
        ("~(lone|odd)", ["lone", "odd"]),
        ("l*,s?1", ["lone", "sw1"]),
        ("核心[0]", ["sw1"]),
        ("核心[1:1]", ["101"]),
        ("@retry", ["101", "odd"]),
    ],
)
def test_limits_are_ansibles_patterns(compiled_once, limit, names):
    folder, resolve = compiled_once
    (folder / "retry").write_text("101\nodd\n")
    assert [d.name for d in resolve(("inventory",), limit).devices] == names


@pytest.mark.parametrize("limit", ["nobody", "核心:!核心", "@nothere", "核心[9]"])
def test_a_limit_that_selects_nothing_is_an_error(compiled_once, limit, capfd):
    with pytest.raises(InputError):
        compiled_once[1](("inventory",), limit)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("files", "sources", "said"),
    [
        (
            {"h.yml": "all:\n  hosts:\n    a:\n      x: 1\n     y: 2\n"},
            ("h.yml",),
            "h.yml:5: Ansible cannot parse it: YAML parsing failed",
        ),
        (
            {"i/h.yml": "all: {hosts: {a: }}\n", "i/group_vars/all.yml": "x: 1\n y: 2\n"},
            ("i",),
            "i/group_vars/all.yml:2: Ansible cannot parse it",
        ),
        (
            {"h": "[core]\na ansible_password=half canary\n"},
            ("h",),
            "h:2: Ansible cannot parse it: Expected key",
        ),
        ({"h.yml": "all: {hosts: {7: }}\n"}, ("h.yml",), "Host pattern 7 must be a string"),
        ({}, ("nothere.yml",), "nothere.yml"),
    ],
)
def test_what_does_not_parse_is_named(write, inventory, files, sources, said):
    write(files)
    with pytest.raises(InputError) as error:
        inventory().resolve(sources)
    assert said in str(error.value)
    assert "Traceback" not in str(error.value)
    assert "canary" not in str(error.value)


def test_several_sources_and_a_list_of_hosts(write, inventory):
    write({"a.yml": "all: {hosts: {a: }}\n", "b.ini": "[g]\nb ansible_host=10.0.0.9\n"})
    snapshot = inventory().resolve(("a.yml", "b.ini", "c,d"))
    assert {d.name: d.address for d in snapshot.devices} == {
        "a": "a",
        "b": "10.0.0.9",
        "c": "c",
        "d": "d",
    }


def test_nothing_is_compiled_twice_until_something_changes(folder, inventory):
    first = inventory().resolve(("inventory",))
    stamp = Path(first.compiled).stat().st_ino
    assert inventory().resolve(("inventory",)) == first
    assert Path(first.compiled).stat().st_ino == stamp
    (folder / "inventory" / "group_vars").mkdir()
    (folder / "inventory" / "group_vars" / "b.yml").write_text("ansible_network_os: huawei\n")
    second = inventory().resolve(("inventory",), "odd")
    assert second.digest != first.digest
    other = inventory(env=clean_env(ANSIBLE_HASH_BEHAVIOUR="merge")).resolve(("inventory",))
    assert other.digest != second.digest


def test_a_damaged_cache_is_made_again(folder, inventory):
    first = inventory().resolve(("inventory",))
    Path(first.compiled).write_text("{")
    assert inventory().resolve(("inventory",)) == first


def test_a_program_is_asked_every_time(write, inventory):
    script = (
        '#!/bin/sh\nN=$(cat count); echo $((N+1)) >count\necho \'{"g": {"hosts": ["s\'$N\'"]}}\'\n'
    )
    folder = write({"dynamic.sh": script, "count": "1\n"})
    (folder / "dynamic.sh").chmod(0o755)
    names = [inventory().resolve(("dynamic.sh",)).devices[0].name for _ in range(2)]
    assert len(set(names)) == 2


def test_an_inventory_plugin_is_asked_every_time(write, inventory):
    write(
        {
            "inventory/1.yml": "all: {hosts: {sw1: {site: a}}}\n",
            "inventory/2.yml": "plugin: ansible.builtin.constructed\nstrict: false\n"
            "groups: {in_a: site == 'a'}\n",
        }
    )
    snapshot = inventory().resolve(("inventory",), "in_a")
    assert [d.name for d in snapshot.devices] == ["sw1"]


def test_names_that_no_file_can_have_and_contracts_that_nobody_knows(write, inventory):
    write(
        {
            "h.yml": "all:\n  hosts:\n    a/b: {ansible_host: 10.0.0.1}\n"
            "    c: {contract: nobody}\n    d: {ansible_port: 99999}\n"
            "    e: {ansible_host: '{{ base }}.5', ansible_port: '{{ p }}'}\n"
            "    '-': {ansible_host: 10.0.0.6}\n"
        }
    )
    devices = inventory().resolve(("h.yml",)).devices
    assert [d.problem.code if d.problem else "" for d in devices] == [
        "host_name_unusable",
        "unknown_contract",
        "port_invalid",
        "",
        "host_name_unusable",  # records of changes say so for a whole wave
    ]
    assert devices[3].address == "{{ base }}.5"


def test_ten_thousand_hosts_are_there_in_a_moment_once_compiled(write, inventory, tmp_path):
    """The cold price is Ansible's own; here only what every command pays is measured."""
    hosts = {f"sw{n}": {"ansible_host": f"10.0.{n // 250}.{n % 250}"} for n in range(10_000)}
    document = {"all": {"hosts": hosts, "children": {"g": {"hosts": dict.fromkeys(hosts)}}}}
    write({"h.yml": json.dumps(document)})
    maker = inventory()
    digest = maker._compiler._digest((str(tmp_path / "h.yml"),)).sha256
    cache = tmp_path / "var" / "cache"
    cache.mkdir(parents=True)
    (cache / f"inventory-{digest}.json").write_text(json.dumps(document))
    maker.resolve(("h.yml",), "sw1")  # the import of Ansible's code is paid once
    start = time.monotonic()
    snapshot = inventory().resolve(("h.yml",), "sw77")
    assert (snapshot.total, snapshot.devices[0].name) == (10_000, "sw77")
    assert time.monotonic() - start < 2


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("group_vars/all.yml", "site: new\n"),  # beside the estate's files, which counts too
        ("host_vars/a/x.yml", "site: new\n"),
        ("inventory/host_vars/a", "site: new\n"),
        ("inventory/more.ini", "a site=new\n"),
        ("inventory/h.yml", "all: {hosts: {a: {site: new}}}\n"),
        ("ansible.cfg", "[defaults]\nhash_behaviour = merge\nvars_plugins = plugins\n"),
        ("home/.ansible.cfg", "[defaults]\nvars_plugins = ../plugins\n"),
    ],
)
def test_a_change_anywhere_is_seen(write, inventory, name, text):
    env = clean_env(HOME=str(write({"home/.x": ""}) / "home"))
    write(
        {"inventory/h.yml": "all: {vars: {site: old}, hosts: {a: }}\n", "plugins/p.py": SITE_PLUGIN}
    )
    assert inventory(env=env).resolve(("inventory",)).devices[0].site == "old"
    write({name: text})
    assert inventory(env=env).resolve(("inventory",)).devices[0].site == "new"


SITE_PLUGIN = """\
from ansible.plugins.vars import BaseVarsPlugin
from pathlib import Path
class VarsModule(BaseVarsPlugin):
    def get_vars(self, loader, path, entities, cache=True):
        return {"site": Path(__file__).with_name("site").read_text()
                if Path(__file__).with_name("site").exists() else "new"}
"""


def test_what_a_plugin_says_is_asked_every_time(write, inventory):
    write({"inventory/h.yml": "all: {hosts: {a: }}\n", "plugins/p.py": SITE_PLUGIN})
    write({"ansible.cfg": "[defaults]\nvars_plugins = plugins\n", "plugins/site": "one"})
    assert inventory().resolve(("inventory",)).devices[0].site == "one"
    write({"plugins/site": "two"})
    assert inventory().resolve(("inventory",)).devices[0].site == "two"


def test_variables_beside_a_playbook_that_ansible_is_told_of(write, inventory):
    write({"inventory/h.yml": "all: {hosts: {a: }}\n", "play/group_vars/all.yml": "site: one\n"})
    write({"ansible.cfg": "[defaults]\nplaybook_dir = play\n"})
    assert inventory().resolve(("inventory",)).devices[0].site == "one"
    write({"play/group_vars/all.yml": "site: two\n"})
    assert inventory().resolve(("inventory",)).devices[0].site == "two"


def test_one_command_asks_a_program_once(write, inventory):
    script = (
        '#!/bin/sh\nN=$(cat count); echo $((N+1)) >count\necho \'{"g": {"hosts": ["s\'$N\'"]}}\'\n'
    )
    folder = write({"dynamic.sh": script, "count": "1\n"})
    (folder / "dynamic.sh").chmod(0o755)
    command = inventory()
    seen = [command.resolve(("dynamic.sh",), limit).devices[0].name for limit in ("", "g", "s1")]
    assert seen == ["s1"] * 3


FEW = """\
g:
  hosts:
    a: {ansible_host: 10.0.0.1, of_groups: "{{ groups['g'] | join(' ') }}", mine: 1}
    b: {of_others: "{{ hostvars['c'].ansible_host }}"}
    c: {ansible_host: 10.0.0.3, ansible_password: canary}
    d: {tricky: [{deep: "{{ vars['host' ~ 'vars'].c.ansible_host }}"}]}
h: {hosts: {a: , c: }}
"""


def test_few_targets_are_given_their_own_variables_only(write, inventory):
    folder = write({"inventory/h.yml": FEW})
    snapshot = inventory().resolve(("inventory",), "a")
    assert "canary" not in Path(snapshot.compiled).read_text()
    assert snapshot.total == 4
    expression = "[of_groups, mine, group_names, groups.h, ansible_host]"
    seen = play(folder, snapshot.compiled, f"{expression} if mine is defined else 0")
    assert seen["a"] == ["a b c d", 1, ["g", "h"], ["a", "c"], "10.0.0.1"]


@pytest.mark.parametrize("host", ["b", "d"])
def test_who_looks_at_other_hosts_is_given_all(write, inventory, host):
    write({"inventory/h.yml": FEW})
    command = inventory()
    whole = command.resolve(("inventory",))
    assert command.resolve(("inventory",), host).compiled == whole.compiled
    assert command.resolve(("inventory",), "all").compiled == whole.compiled
